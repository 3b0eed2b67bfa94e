"""A form for a pydantic model: the same for a connection's settings and for the parameters of an action."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from nicegui.element import Element
from pydantic import BaseModel

from components import elements, form_fields, form_inputs, form_parts
from components.form_fields import FormField
from components.form_parts import Words, tag
from components.key_rows import KeyRows

Entered = Callable[[FormField, str], Any]
ICONS = {"ok": "check", "warn": "triangle-alert", "bad": "circle-x"}


class Line:
    """The line below a field: what was done to the value, what is wrong with it, or what to do about it."""

    def __init__(self) -> None:
        self.box = tag("div", "sl-help line", aria_live="polite")

    def say(self, text: str, tone: str = "") -> Element:
        """Show a sentence; `tone` is "", "ok", "warn" or "bad". Returns the line, for a button after it."""
        self.box.clear()
        self.box.classes(replace=f"sl-help line {tone}")
        if text:
            with self.box:
                if tone in ICONS:
                    elements.icon(ICONS[tone])
                Words(text)
        return self.box


class SchemaForm:
    """Draws the fields of a model, and turns what was typed into its JSON.

    `shown` is what is there already, as it may be shown: a secret in it is masked and stays unless it is replaced.
    `start` are values to begin with, in place of the model's own.
    `entered` hears of every text that was pasted, or typed and left. `after_label` draws something beside a label.
    """

    def __init__(
        self,
        model: type[BaseModel],
        *,
        shown: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
        entered: Entered | None = None,
    ) -> None:
        self.fields = form_fields.fields_of(model)
        self.shown = shown
        self.start = start or {}
        self.entered = entered
        self.after_label: dict[str, Callable[[], None]] = {}
        self.inputs: dict[str, Element] = {}
        self.lines: dict[str, Line] = {}
        self.boxes: dict[str, Element] = {}
        self.rows = {group: KeyRows(group, self._further(group)) for group in form_fields.open_ended(model)}
        self._openers: dict[str, Callable[[], None]] = {}

    def draw(self, names: Collection[str]) -> None:
        """Draw these fields here."""
        for field in self.fields:
            if field.name in names:
                self._draw(field)

    def adopt(self, name: str, element: Element, label: Element) -> None:
        """Take in a field that is not the model's own, so that it can be blamed like the others."""
        self.lines[name] = Line()
        self._tie(name, element, label, [self.lines[name].box])

    def first(self) -> Element | None:
        """Where the keyboard should start, if any of the fields can be typed in."""
        wanted = (field.name for field in self.fields if field.wanted)
        return next((self.inputs[name] for name in wanted if name in self.inputs), None)

    def replace_first(self) -> None:
        """Make room for a new value of the first secret that is stored."""
        if opener := next(iter(self._openers.values()), None):
            opener()

    def carry(self, name: str, value: str) -> FormField | None:
        """Put in what was pasted elsewhere; returns the field, or None where it became a row or has no place."""
        if name in self.inputs:
            form_parts.put(self.inputs[name], value)
            return next(field for field in self.fields if field.name == name)
        group, _, key = name.partition(".")
        if group in self.rows and key:
            self.rows[group].carry(key, value)
        return None

    def values(self, typed: Mapping[str, str]) -> dict[str, Any]:
        """What was typed, as JSON. What was there and is now blank is null; a masked secret is left out."""
        values = form_fields.collect(self.fields, typed)
        for field in self.fields:
            is_blank = field.name in typed and not typed[field.name].strip()
            if is_blank and field.kind not in ("secret", "switch") and self._stored(field.name) is not None:
                form_fields.put(values, field.name, None)
        for group, rows in self.rows.items():
            for name in rows.removed:
                values.setdefault(group, {}).setdefault(name, None)
        return values

    def blame(self, sentences: Mapping[str, str]) -> bool:
        """Say below each field what is wrong with it, and go to the first. False if none of them is on the form."""
        for name in self.lines:
            self.say(name, sentences.get(name, ""), "bad" if name in sentences else "")
        found = next((name for name in self.lines if name in sentences), None)
        if found is not None:
            form_parts.focus(self.inputs[found])
        return found is not None

    def say(self, name: str, text: str, tone: str) -> Element:
        """Put a sentence below a field. Returns its line."""
        element = self.inputs[name]
        if tone == "bad":
            element.props["aria-invalid"] = "true"
        elif "aria-invalid" in element.props:
            del element.props["aria-invalid"]
            element.update()
        return self.lines[name].say(text, tone)

    def _draw(self, field: FormField) -> None:
        value = self._stored(field.name) if self.shown is not None else self.start.get(field.name, field.default)
        with tag("div", "sl-field") as box:
            self.boxes[field.name] = box
            if field.kind == "switch":
                self._input(field, value)
                return
            with tag("div", "row between"):
                label = Words(field.title, "sl-label", "label")
                if field.name in self.after_label:
                    self.after_label[field.name]()
                elif not field.wanted:
                    Words("Optional", "small muted")
            if field.kind == "secret" and isinstance(value, Mapping):
                self._masked(field, value, label, box)
            else:
                self._input(field, value, label)

    def _input(self, field: FormField, value: Any, label: Element | None = None) -> None:
        """Draw an input with its line and its hint, and tie them together."""
        element = (form_inputs.switch if field.kind == "switch" else form_inputs.draw)(field, value)
        self.lines[field.name] = Line()
        described_by = [self.lines[field.name].box]
        if (hint := field.hint) and field.kind != "switch":
            described_by.append(Words(hint, "sl-help", "div"))
        self._tie(field.name, element, label, described_by)
        if self.entered is not None and field.kind != "switch" and not field.choices:
            entered = self.entered
            form_parts.when_entered(element, lambda text: entered(field, text))

    def _tie(self, name: str, element: Element, label: Element | None, described_by: list[Element]) -> None:
        self.inputs[name] = element
        element.props["aria-describedby"] = " ".join(each.html_id for each in described_by)
        if label is not None:
            label.props["for"] = element.html_id

    def _masked(self, field: FormField, value: Mapping[str, Any], label: Element, box: Element) -> None:
        """What is stored, masked, until "Replace" makes room for a new value."""
        with tag("div", "sl-input masked") as masked:
            elements.icon("lock")
            Words(mask(value), "mono grow")
            replace = tag("button", "sl-btn sm", type_="button", aria_label=f"Replace {field.title}")
            with replace:
                Words("Replace")

        def open_field() -> None:
            self._openers.pop(field.name, None)
            with box:
                self._input(field, None, label)
            masked.delete()
            form_parts.focus(self.inputs[field.name])

        self._openers[field.name] = open_field
        replace.on("click", open_field)

    def _stored(self, name: str) -> Any:
        return form_fields.at(self.shown or {}, name)

    def _further(self, group: str) -> dict[str, Mapping[str, Any]]:
        """The stored rows that are no declared fields."""
        declared = {field.name for field in self.fields}
        stored = self._stored(group) or {}
        return {name: value for name, value in stored.items() if f"{group}.{name}" not in declared}


def mask(value: Mapping[str, Any]) -> str:
    """A stored secret as it may be shown."""
    return "••••" + str(value.get("hint", "")).removeprefix("…")
