"""JSON to read: a tree that the server draws, of which the browser only holds what was looked at.

The first 200 nodes are there at once. Behind a button are the rest of a long list, what is inside a value that did not
fit, and the end of a long text; each comes when it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
from nicegui import ui
from nicegui.events import GenericEventArguments

from components import elements
from components.form_parts import tag

FIRST = 200  # nodes
MORE = 100  # entries of a list that come at a time
OPEN_LEVELS = 4
TEXT = 500  # characters of a text
LONGEST_TEXT = 200_000
COPIED = 1_000_000  # characters; what is longer can be saved
CLICKED = "(e) => { const b = e.target.closest('[data-more]'); if (b) emit(b.dataset.more, b.dataset.from); }"
REPLACE = """{
const button = document.querySelector('#%s [data-more="%s"][data-from="%s"]');
if (button) {
  const before = button.previousElementSibling, around = button.parentElement;
  button.outerHTML = %s;
  const come = before ? before.nextElementSibling : around.firstElementChild;
  (come?.querySelector('summary, button') ?? around.closest('[tabindex]'))?.focus();
}
}"""


def html(value: Any) -> str:
    """The tree of a value, without a way to ask for more."""
    return _Drawing(FIRST, lambda _path, _start, words: f'<span class="d">{escape(words)}</span>').node(value, "")


def more(value: Any, path: str, start: int) -> str:
    """What is behind a button: at `path`, which counts the entries of each level ("0.12"), from an entry on.

    Raises LookupError and ValueError for what is not there.
    """
    found: Any = value
    key: str | None = None
    for part in path.split(".") if path else ():
        place = int(part)
        if place < 0:
            raise LookupError(path)
        key, found = _entries(found)[place]
    drawing = _Drawing(FIRST, _button)
    if isinstance(found, str):
        return f'<span class="s">{escape(json.dumps(found[:LONGEST_TEXT], ensure_ascii=False))}</span>'
    if start == 0:
        return drawing.node(found, path, key, is_asked_for=True)
    return drawing.inside(found, path, start)


class JsonTree:
    """Shows a value, and hands it over whole. `name` is the file that it is saved as."""

    def __init__(self, value: Any, name: str = "data.json") -> None:
        self.value, self.name = value, name
        self.text = _written(value)
        with tag("div", "sl-jsontree"):
            with tag("div", "sl-jsontree-tools row"):
                if len(self.text) <= COPIED:
                    elements.button("Copy", self._copy, kind="ghost sm", icon="copy", only_icon=True)
                elements.button("Save as a file", self._save, kind="ghost sm", icon="download", only_icon=True)
            self.tree = ui.html(_Drawing(FIRST, _button).node(value, ""), sanitize=False).classes("sl-json")
            self.tree.props.update({"tabindex": "0", "role": "region", "aria-label": "JSON"})
            self.tree.on("click", self._more, js_handler=CLICKED)

    def _copy(self) -> None:
        ui.run_javascript(f"slCopy({json.dumps(self.text)})")
        elements.toast("Copied.")

    def _save(self) -> None:
        ui.download.content(self.text, self.name, "application/json")

    def _more(self, event: GenericEventArguments) -> None:
        path, start = (str(part) for part in event.args)
        try:
            drawn = more(self.value, path, int(start))
        except (LookupError, ValueError):
            return
        ui.run_javascript(REPLACE % (self.tree.html_id, path, int(start), json.dumps(drawn)))


@dataclass(slots=True)
class _Drawing:
    """Draws until `left` nodes are drawn; `rest` makes what stands for the others, from path, entry and words."""

    left: int
    rest: Callable[[str, int, str], str]

    def node(
        self, value: Any, path: str, key: str | None = None, comma: str = "", *, is_asked_for: bool = False
    ) -> str:
        """One value with what is inside it."""
        self.left -= 1
        name = "" if key is None else f'<span class="k">{escape(json.dumps(key, ensure_ascii=False))}</span>: '
        if not isinstance(value, dict | list):
            return f'<div class="sl-json-leaf">{name}{self._leaf(value, path)}{comma}</div>'
        left, right = ("{", "}") if isinstance(value, dict) else ("[", "]")
        if not value:
            return f'<div class="sl-json-leaf">{name}{left} {right}{comma}</div>'
        if self.left <= 0 and not is_asked_for:
            return f'<div class="sl-json-leaf">{name}{self.rest(path, 0, f"{left}{_count(value)}{right}")}{comma}</div>'
        deep = path.count(".") + 1 if path else 0
        opened = " open" if is_asked_for or deep < OPEN_LEVELS else ""
        closed = f'<span class="sl-json-closed d">{_count(value)}{right}{comma}</span>'
        return (
            f"<details{opened}><summary>{name}{left}{closed}</summary>"
            f'<div class="sl-json-in">{self.inside(value, path, 0)}</div>'
            f'<div class="sl-json-end">{right}{comma}</div></details>'
        )

    def inside(self, value: Any, path: str, start: int) -> str:
        """The entries of a list or an object, from one on."""
        entries = _entries(value)
        end = min(start + MORE, len(entries))
        drawn: list[str] = []
        for place in range(start, end):
            if self.left <= 0 and place > start and isinstance(value, list):  # an object shows all that it has
                end = place
                break
            key, entry = entries[place]
            comma = "," if place < len(entries) - 1 else ""
            drawn.append(self.node(entry, f"{path}.{place}" if path else str(place), key, comma))
        if end < len(entries):
            drawn.append(self.rest(path, end, f"{min(len(entries) - end, MORE)} more of {len(entries):,}"))
        return "".join(drawn)

    def _leaf(self, value: Any, path: str) -> str:
        if isinstance(value, str):
            shown = escape(json.dumps(value[:TEXT], ensure_ascii=False))
            if len(value) <= TEXT:
                return f'<span class="s">{shown}</span>'
            whole = "all" if len(value) <= LONGEST_TEXT else f"{LONGEST_TEXT:,}"
            button = self.rest(path, 0, f"{whole} of {len(value):,} characters")
            return f'<span class="s">{shown.removesuffix("&quot;")}…</span> {button}'
        if value is None or isinstance(value, bool):
            return f'<span class="t">{json.dumps(value)}</span>'
        return f'<span class="n">{escape(json.dumps(value))}</span>'


def _written(value: Any) -> str:
    """The whole of it, as one reads it. Of 2 MB that takes 20 ms here, and a second where the standard library does."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # integers beyond 64 bits, and halves of characters
        return json.dumps(value, ensure_ascii=False, indent=2)


def _entries(value: Any) -> list[tuple[str | None, Any]]:
    """What is inside, with its names."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return [(None, entry) for entry in value]
    raise LookupError("nothing is inside")


def _button(path: str, start: int, words: str) -> str:
    place = f'data-more="{path}" data-from="{start}"'
    return f'<button type="button" class="link sl-json-more" {place}>{escape(words)}</button>'


def _count(value: dict[str, Any] | list[Any]) -> str:
    one, many = ("entry", "entries") if isinstance(value, list) else ("field", "fields")
    return f" {len(value):,} {one if len(value) == 1 else many} "
