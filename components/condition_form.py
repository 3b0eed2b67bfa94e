"""A condition as rows of field, operator and value; and as it is written, for what rows cannot say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from components import elements
from components.action_form import select
from components.editor_draft import Json
from components.form_parts import Words, tag
from components.step_fields import StepFields
from components.template_field import Look, listen
from streamline_ui.errors import Invalid
from streamline_ui.workflows import conditions
from streamline_ui.workflows.conditions import Form, Operator, Row


class ConditionForm:
    """`at` is the condition's place in the step; `holder` gives the part of the step that has it."""

    def __init__(self, fields: StepFields, at: str, holder: Callable[[Json], Json]) -> None:
        self.fields, self.at, self.holder = fields, at, holder
        source = holder(fields.step).get("condition", "")
        form = conditions.read(source) if source.strip() else Form((Row("", "equals", ""),))
        self.rows = list(form.rows) if form else []
        self.joined = form.joined if form else "and"
        self.is_raw = form is None
        self.box = tag("div", "sl-condition")
        self._draw()

    def _draw(self) -> None:
        self.box.clear()
        with self.box:
            if self.is_raw:
                self._draw_raw()
            else:
                self._draw_rows()

    def _draw_raw(self) -> None:
        look = Look(
            "Condition",
            'For example: trigger.body.total > 10 and trigger.body.country == "CH"',
            3,
            template="path",
            is_code=True,
        )
        source = self.holder(self.fields.step).get("condition", "")
        self.fields.draw(self.at, look, source, self._write, picks=False)
        with tag("div", "row"):
            elements.button("Use a form", kind="sm").on("click", self._use_form)

    def _draw_rows(self) -> None:
        for number, row in enumerate(self.rows):
            with tag("fieldset", "sl-cond-row"):
                Words(f"Condition {number + 1}", "sr", "legend")
                look = Look("Field", template="path", placeholder="trigger.body.total")
                self.fields.draw(f"{self.at}.{number}", look, row.field, self._setter(number, "field"))
                titles: list[tuple[str, str]] = [*conditions.TITLES.items()]
                select("Operator", titles, row.operator, partial(self._operate, number))
                if row.operator not in conditions.WITHOUT_VALUE:
                    self._draw_value(number, row)
                if len(self.rows) > 1:
                    elements.button("Remove this condition", kind="ghost sm", icon="trash-2").on(
                        "click", lambda number=number: self._remove(number), args=[]
                    )
        if len(self.rows) > 1:
            both = [("and", "All of these hold"), ("or", "Any of these holds")]
            select("It goes on if", both, self.joined, self._join)
        with tag("div", "row wrap"):
            elements.button("Add a condition", kind="sm", icon="plus").on("click", self._add, args=[])
            elements.button("Write it myself", kind="ghost sm", icon="code").on("click", self._use_text, args=[])
        self.note = Words("", "sl-help bad", "div")

    def _draw_value(self, number: int, row: Row) -> None:
        with tag("div", "sl-field"):
            label = Words("Value", "sl-label", "label")
            with tag("div", "sl-input"):
                field = tag("input", type_="text", defaultValue=_shown(row.value), autocomplete="off")
            label.props["for"] = field.html_id
        listen(field, lambda text: self.fields.edit(lambda step: self._setter(number, "value")(step, text), self.at))

    def _setter(self, number: int, part: str) -> Callable[[Json, str], None]:
        def write(step: Json, text: str) -> None:
            old = self.rows[number]
            if part == "field":
                self.rows[number] = Row(text.strip(), old.operator, old.value)
            else:
                self.rows[number] = Row(old.field, old.operator, _value(text))
            self._put(step)

        return write

    def _operate(self, number: int, operator: str) -> None:
        old = self.rows[number]
        value = old.value if old.value is not None else ""
        self.rows[number] = new = Row(old.field, cast("Operator", operator), value)
        self.fields.edit(self._put)
        if (old.operator in conditions.WITHOUT_VALUE) != (new.operator in conditions.WITHOUT_VALUE):
            self._draw()

    def _join(self, joined: str) -> None:
        self.joined = "or" if joined == "or" else "and"
        self.fields.edit(self._put)

    def _add(self) -> None:
        self.rows.append(Row("", "equals", ""))
        self._draw()

    def _remove(self, number: int) -> None:
        del self.rows[number]
        self.fields.edit(self._put)
        self._draw()

    def _use_text(self) -> None:
        self.is_raw = True
        self._draw()

    def _use_form(self) -> None:
        source = self.holder(self.fields.step).get("condition", "")
        form = conditions.read(source) if source.strip() else Form((Row("", "equals", ""),))
        if form is None:
            elements.toast("This condition is more than a form can show.")
            return
        self.rows, self.joined, self.is_raw = list(form.rows), form.joined, False
        self._draw()

    def _put(self, step: Json) -> None:
        try:
            written = conditions.write(Form(tuple(self.rows), self.joined))
        except Invalid as error:
            self.note.set_text(next(iter(error.fields.values()), error.message))
            written = ""
        else:
            self.note.set_text("")
        self._write(step, written)

    def _write(self, step: Json, text: str) -> None:
        self.holder(step)["condition"] = text


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _value(text: str) -> str | int | float | bool:
    """A number or a truth value where it reads like one."""
    if text in ("true", "false"):
        return text == "true"
    for read in (int, float):
        try:
            number = read(text)
        except ValueError:
            continue
        if str(number) == text:
            return number
    return text
