"""One input for each kind of field: text, secret, number, several lines, a choice, a switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.element import Element

from components import elements
from components.form_fields import FormField, as_text
from components.form_parts import Words, tag

LONGEST_KEY = 4096
LONGEST_TEXT = 20_000
LONGEST_NAME = 100
"""How many characters fit, so that a slip of the clipboard is never sent."""
PRIVATE = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "data_1p_ignore": "true"}
"""What keeps browsers and password managers from remembering or correcting keys."""


def draw(field: FormField, value: Any) -> Element:
    """Draw the input with what it starts from; returns the element that has the focus and the name."""
    common: dict[str, Any] = {"name": field.name, "aria_required": "true" if field.wanted else None}
    if field.kind == "secret":
        return secret(field.title, placeholder=field.placeholder or None, **common)
    if field.choices:
        return _choice(field, as_text(value), **common)
    if field.lines > 1 or field.kind == "json":
        return _area(field, as_text(value), **common)
    with tag("div", "sl-input"):
        return tag(
            "input",
            type_="text",
            inputmode="decimal" if field.kind == "number" else None,
            placeholder=field.placeholder or None,
            defaultValue=as_text(value),
            maxlength=LONGEST_KEY,
            **PRIVATE,
            **common,
        )


def secret(title: str, **attributes: Any) -> Element:
    """An input that hides what is typed, with a button that shows it."""
    with tag("div", "sl-input"):
        elements.icon("key-round")
        common: dict[str, Any] = {**PRIVATE, "autocomplete": "new-password", "maxlength": LONGEST_KEY}
        field = tag("input", type_="password", **common, **attributes)
        field.props["id"] = field.html_id
        button = tag("button", "sl-eye", type_="button", aria_label=f"Show {title}", aria_pressed="false")
        button.props["data-reveal"] = field.html_id  # the browser does it, also while the server is away
        with button:
            elements.icon("eye")
    return field


def _area(field: FormField, value: str, **attributes: Any) -> Element:
    with tag("div", "sl-input area" if field.kind == "json" else "sl-input area prose"):
        rows = max(field.lines, 3)
        common: dict[str, Any] = {"rows": rows, "maxlength": LONGEST_TEXT, "placeholder": field.placeholder or None}
        return tag("textarea", defaultValue=value, **common, **attributes)


def _choice(field: FormField, value: str, **attributes: Any) -> Element:
    with tag("div", "sl-input select"):
        select = tag("select", **attributes)
        with select:
            if not field.required and field.default is None:
                tag("option", value="")
            for choice, label in field.choices:
                option = Words(label, name="option")
                option.props["value"] = choice
                if choice == value:
                    option.props["selected"] = True
        elements.icon("chevron-down")
    return select


def switch(field: FormField, value: Any) -> Element:
    """A switch with its title beside it. Its shadow tells an unticked switch from one that is not on the form."""
    with tag("label", "sl-toggle"):
        box = tag("input", type_="checkbox", role="switch", name=field.name)
        box.props["defaultChecked"] = bool(value)
        with tag("span"):
            Words(field.title, "b")
            if field.help:
                Words(" " + field.help, "sub")
    tag("input", type_="hidden", name=field.name + "?", value="1")
    return box


def option_cards(
    field: FormField, question: str, value: str, texts: dict[str, tuple[str, str, str]], chosen: Callable[[str], Any]
) -> None:
    """A choice as cards below a question: `texts` has title, mark and sentence of each."""
    with tag("fieldset", "sl-options"):
        Words(question, "sl-label", "legend")
        for choice, label in field.choices:
            title, mark, sentence = texts.get(choice, (label, "", ""))
            with tag("label", "sl-opt"):
                radio = tag("input", "sl-radio-input", type_="radio", name=field.name, value=choice)
                radio.props["defaultChecked"] = choice == value
                radio.on("change", lambda choice=choice: chosen(choice))
                with tag("span", "grow"):
                    Words(title, "b")
                    if mark:
                        Words(mark, "sl-tag")
                    Words(sentence, "small sub block")
