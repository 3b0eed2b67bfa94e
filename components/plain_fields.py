"""Fields that are kept while they are typed, and say below themselves what cannot be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.element import Element

from components.form_parts import Words, tag
from components.schema_form import Line
from components.template_field import listen


class KeptField:
    """A line of text. `keep` gets what was typed; what it raises as ValueError stands below, and nothing is kept."""

    def __init__(
        self, title: str, value: str, keep: Callable[[str], Any], *, hint: str = "", unit: str = "", **attributes: Any
    ) -> None:
        self.keep = keep
        with tag("div", "sl-field"):
            label = Words(title, "sl-label", "label")
            with tag("div", "sl-input"):
                usual: dict[str, Any] = {"type_": "text", "autocomplete": "off", "spellcheck": "false"}
                self.field = tag("input", defaultValue=value, **{**usual, **attributes})
                if unit:
                    Words(unit, "sl-unit")
            label.props["for"] = self.field.html_id
            self.line = Line()
            described = [self.line.box.html_id]
            if hint:
                described.append(Words(hint, "sl-help", "div").html_id)
            self.field.props["aria-describedby"] = " ".join(described)
        listen(self.field, self._typed)

    def _typed(self, text: str) -> None:
        try:
            self.keep(text)
        except ValueError as error:
            self._blame(str(error))
        else:
            self._blame("")

    def _blame(self, sentence: str) -> None:
        if sentence:
            self.field.props["aria-invalid"] = "true"
        else:
            self.field.props.pop("aria-invalid", None)
            self.field.update()
        self.line.say(sentence, "bad" if sentence else "")


def number(
    title: str,
    value: int | None,
    limits: tuple[int, int],
    keep: Callable[[int | None], Any],
    *,
    hint: str = "",
    unit: str = "",
    placeholder: str = "",
) -> KeptField:
    """A whole number within limits, or nothing."""
    low, high = limits

    def read(text: str) -> None:
        typed = text.strip()
        if not typed:
            keep(None)
            return
        if not (typed.isascii() and typed.isdigit()) or len(typed) > 12 or not low <= int(typed) <= high:
            raise ValueError(f"A whole number from {low:,} to {high:,}.")
        keep(int(typed))

    shown = "" if value is None else str(value)
    return KeptField(title, shown, read, hint=hint, unit=unit, inputmode="numeric", placeholder=placeholder or None)


def switch(title: str, help_text: str, value: bool, keep: Callable[[bool], Any]) -> Element:
    """A switch with its title and what it does."""
    with tag("label", "sl-toggle"):
        box = tag("input", type_="checkbox", role="switch")
        box.props["defaultChecked"] = value
        with tag("span"):
            Words(title, "b")
            Words(" " + help_text, "sub")
    box.on("change", lambda event: keep(event.args is True), js_handler="(e) => emit(e.target.checked)")
    return box
