"""The pieces a form is made of, as the browser's own elements.

What is typed stays in the browser until the form is sent: no value is ever part of the page that the server keeps, so
that a typed secret is not sent back, and no letter is lost on a slow line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from components import icons

_TYPED = "Object.fromEntries([...new FormData({form})].filter(pair => typeof pair[1] === 'string'))"
_SEND = f"(e) => {{ e.preventDefault(); emit({_TYPED.format(form='e.target')}); }}"
_READ = f"(e) => emit({_TYPED.format(form='e.target.closest(`form`)')})"
_SOON = (
    "{ const go = (n) => { const e = getHtmlElement(%d); if (e) { %s } else if (n) setTimeout(() => go(n - 1), 16); };"
    " go(60); }"
)
IS_DIRTY = (
    "[...(getHtmlElement(%d)?.querySelectorAll('input, textarea') ?? [])].some((e) => /radio|checkbox/.test(e.type)"
    " ? e.checked !== e.defaultChecked : e.value !== e.defaultValue)"
)
"""A JavaScript expression: whether anything inside an element was typed or ticked."""


def tag(name_: str, classes: str = "", **attributes: Any) -> Element:
    """An element with attributes; `_` in a name stands for `-`, one at the end is dropped, None leaves it out."""
    element = ui.element(name_).classes(classes)
    for key, value in attributes.items():
        if value is not None:
            element.props[key.rstrip("_").replace("_", "-")] = value
    return element


def form(on_send: Callable[[dict[str, str]], Any], classes: str = "") -> Element:
    """A form that hands over all that was typed in one go, when Enter or its first button is pressed."""
    return tag("form", classes, novalidate=True).on("submit", lambda event: on_send(typed(event)), js_handler=_SEND)


def when_pressed(button: Element, action: Callable[[dict[str, str]], Any]) -> None:
    """Let a button hand over what was typed in the form around it."""
    button.on("click", lambda event: action(typed(event)), js_handler=_READ)


def typed(event: GenericEventArguments) -> dict[str, str]:
    """What a form handed over, and nothing but texts."""
    sent = event.args if isinstance(event.args, dict) else {}
    return {str(name): value for name, value in sent.items() if isinstance(value, str)}


def when_entered(field: Element, action: Callable[[str], Any]) -> None:
    """Hear of a field's text once it is pasted, or typed and left."""

    def heard(event: GenericEventArguments) -> Any:
        return action(event.args) if isinstance(event.args, str) else None

    field.on("change", heard, js_handler="(e) => emit(e.target.value)")
    field.on("input", heard, js_handler="(e) => { if (/Paste|Drop/.test(e.inputType ?? '')) emit(e.target.value); }")


def put(field: Element, value: str) -> None:
    """Replace what stands in a field in the browser."""
    field.client.run_javascript(_SOON % (field.id, f"e.value = {_quoted(value)};"))


def leave(field: Element, text: str, rest: str) -> None:
    """Leave only the rest of a field's text, unless somebody went on typing.

    It is told by its places in the text: a secret that was typed is not sent back.
    """
    places = _places(text, rest)
    cut = f"e.value = {places}.map(([from, to]) => e.value.slice(from, to)).join('');"
    if places:
        field.client.run_javascript(_SOON % (field.id, f"if (e.value.length === {_length(text)}) {cut}"))


def _places(text: str, rest: str) -> list[list[int]]:
    """Where the pieces of the rest stand in the text, as JavaScript counts; nothing where they do not."""
    start = text.find(rest)
    if start >= 0:
        before = _length(text[:start])
        return [[before, before + _length(rest)]]
    found: list[list[int]] = []
    at, place = 0, 0
    for character in text:
        if at < len(rest) and character == rest[at]:
            at += 1
            if found and found[-1][1] == place:
                found[-1][1] += _length(character)
            else:
                found.append([place, place + _length(character)])
        place += _length(character)
    return found if at == len(rest) else []


def _length(text: str) -> int:
    """In UTF-16 units, which is what JavaScript counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def settle(element: Element) -> None:
    """Take what stands in the fields inside as no longer new: leaving asks no question until more is typed."""
    each = "f.type === 'checkbox' || f.type === 'radio' ? f.defaultChecked = f.checked : f.defaultValue = f.value"
    fields = f"for (const f of e.querySelectorAll('input, textarea')) {each};"
    element.client.run_javascript(_SOON % (element.id, fields))


def focus(element: Element) -> None:
    """Move the keyboard there, as soon as it is on the page."""
    element.client.run_javascript(_SOON % (element.id, "e.focus();"))


def _quoted(value: str) -> str:
    return json.dumps(value)


class Words(TextElement):
    """A text in whatever element the document's structure asks for."""

    def __init__(self, text: str, classes: str = "", name: str = "span") -> None:
        super().__init__(tag=name, text=text)
        self.classes(classes)


def folded(label: str) -> Element:
    """What is needed seldom, behind a line that opens it. Fill it by `with`."""
    box = tag("details", "sl-folded")
    with box, tag("summary"):
        ui.html(icons.html("chevron-right"), sanitize=False, tag="span").classes("contents")
        Words(label)
    return box
