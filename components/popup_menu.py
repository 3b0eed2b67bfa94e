"""One menu for a page, opened at whichever button asks for it. Arrow keys move in it, Escape leads back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from components import elements
from components.form_parts import Words, tag

MOVES = """(e) => {
const step = {ArrowDown: 1, ArrowUp: -1, Home: -99, End: 99}[e.key];
if (!step) return;
e.preventDefault();
const items = [...e.currentTarget.querySelectorAll('[role=menuitem]')];
const at = items.indexOf(document.activeElement) + step;
items[Math.abs(step) === 99 ? (step > 0 ? items.length - 1 : 0) : (at + items.length) % items.length]?.focus();
}"""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a menu."""

    label: str
    icon: str
    action: Callable[[], Any]
    is_danger: bool = False


class PopupMenu:
    """Empty until it is opened."""

    def __init__(self) -> None:
        with ui.menu().props("no-parent-event role=menu transition-duration=100").classes("sl-menu") as self.menu:
            self.list = tag("div", "col").on("keydown", js_handler=MOVES)

    def open(self, label: str, items: Sequence[Item], button_id: str) -> None:
        """Open it below the button with that id."""
        self.list.clear()
        with self.list:
            for number, item in enumerate(items):
                self._draw(item, is_first=number == 0)
        self.menu.props["aria-label"] = label
        self.menu.props["target"] = f"#{button_id}"
        self.menu.run_method("show")

    def _draw(self, item: Item, *, is_first: bool) -> None:
        classes = "sl-menu-item danger" if item.is_danger else "sl-menu-item"
        button = tag("button", classes, type_="button", role="menuitem", autofocus=True if is_first else None)
        button.props["tabindex"] = "0" if is_first else "-1"

        def chosen() -> Any:
            self.menu.close()
            return item.action()

        with button.on("click", chosen):
            elements.icon(item.icon)
            Words(item.label)
