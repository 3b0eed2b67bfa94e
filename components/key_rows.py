"""Any number of further keys: a name and a value in each row, with buttons that add and remove rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui.element import Element

from components import elements, form_inputs, form_parts
from components.form_fields import ROW
from components.form_parts import Words, tag


class KeyRows:
    """The rows below a group of keys. `stored` are those already there; `removed` collects the names thrown away."""

    def __init__(self, group: str, stored: Mapping[str, Mapping[str, Any]]) -> None:
        self.group = group
        self.stored = stored
        self.removed: list[str] = []
        self._count = 0

    def draw(self) -> None:
        """Draw the rows that are there, and the button for one more."""
        with tag("div", "sl-rows", role="group", aria_label="More keys"):
            self._place = tag("div", "contents")
            with self._place:
                for name, value in self.stored.items():
                    self._stored_row(name, value)
            button = tag("button", "sl-btn sm", type_="button").on("click", self.add)
            with button:
                elements.icon("plus")
                Words("Add a key")

    def add(self) -> None:
        """One more row, ready to be typed in."""
        name, _ = self._row()
        form_parts.focus(name)

    def carry(self, name: str, value: str) -> None:
        """One more row, with what was pasted elsewhere."""
        for field, text in zip(self._row(), (name, value), strict=True):
            form_parts.put(field, text)

    def _row(self) -> tuple[Element, Element]:
        """Draw an empty row; returns its two fields."""
        self._count += 1
        key = f"{self.group}.{ROW}.{self._count}"
        with self._place, tag("div", "sl-key-row") as row:
            with tag("div", "sl-input"):
                name = tag(
                    "input", type_="text", name=f"{key}.name", aria_label="Name of the key", placeholder="Name",
                    maxlength=form_inputs.LONGEST_NAME, **form_inputs.PRIVATE,
                )  # fmt: skip
            value = form_inputs.secret(
                "the value", name=f"{key}.value", aria_label="Value of the key", placeholder="Value"
            )
            self._remove_button("this key", row)
        return name, value

    def _stored_row(self, name: str, value: Mapping[str, Any]) -> None:
        with tag("div", "sl-key-row") as row:
            Words(name, "sl-input masked mono trunc")
            hint = str(value.get("hint", "")).removeprefix("…") if isinstance(value, Mapping) else ""
            Words("••••" + hint, "sl-input masked mono")
            self._remove_button(name, row, name)

    def _remove_button(self, what: str, row: Element, stored: str | None = None) -> None:
        def remove() -> None:
            row.delete()
            if stored is not None:
                self.removed.append(stored)

        button = tag("button", "sl-btn icon ghost sm", type_="button", aria_label=f"Remove {what}").on("click", remove)
        with button:
            elements.icon("x")
