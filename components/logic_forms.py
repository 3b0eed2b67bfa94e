"""The panels of the steps that need no connection: filter, branch, loop, wait, values, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components import editor_words as words
from components import elements
from components.action_form import select
from components.condition_form import ConditionForm
from components.editor_draft import Json
from components.form_fields import as_text
from components.form_parts import Words, tag
from components.step_fields import StepFields
from components.template_field import Look, listen

Redraw = Callable[[], Any]
LONGEST_DELAY = 30 * 24 * 3600


def draw(fields: StepFields, redraw: Redraw) -> None:
    """Draw what this type of step needs."""
    kind = fields.step["type"]
    if kind == "filter":
        Words("The workflow goes on only if this holds.", "sub", "p")
        ConditionForm(fields, "condition", lambda step: step)
        fields.draw_picker()
    elif kind == "branch":
        _draw_branch(fields, redraw)
    elif kind == "for_each":
        _draw_loop(fields)
    elif kind == "delay":
        _draw_delay(fields)
    elif kind == "set":
        _draw_values(fields, redraw)
    elif kind == "stop":
        Words("The run ends here, as a success. Steps after this are not done.", "sub", "p")


def _draw_branch(fields: StepFields, redraw: Redraw) -> None:
    Words("The first way whose condition holds is taken; if none does, the last one.", "sub", "p")
    for number in range(len(fields.step["branches"])):
        with tag("section", "sl-card pad sl-arm", aria_label=f"Way {number + 1}"):
            with tag("div", "row between"):
                Words(f"Way {number + 1}", "sl-h3", "h3")
                if len(fields.step["branches"]) > 1:
                    remove = elements.button("Remove this way", kind="ghost sm", icon="trash-2")
                    remove.on("click", lambda number=number: _remove_way(fields, redraw, number), args=[])
            ConditionForm(fields, f"branches.{number}.condition", lambda step, number=number: step["branches"][number])  # type: ignore[misc]
    with tag("div", "row"):
        elements.button("Add a way", kind="sm", icon="plus").on("click", lambda: _add_way(fields), args=[])
    fields.draw_picker()


def _add_way(fields: StepFields) -> None:
    fields.session.change(lambda: fields.step["branches"].append({"condition": "", "steps": []}), shape=True)


def _remove_way(fields: StepFields, redraw: Redraw, number: int) -> None:
    fields.session.change(lambda: fields.step["branches"].pop(number), shape=True)
    redraw()


def _draw_loop(fields: StepFields) -> None:
    Words("The steps inside are done once for each entry, which they see as item.", "sub", "p")
    look = Look("List", "One list of the data, for example {{ trigger.body.items }}", template="alone")
    items = fields.step.get("items", "")
    text = items if isinstance(items, str) else ""
    fields.draw("items", look, text, lambda step, typed: step.update(items=typed))
    fields.draw_picker()


def _draw_delay(fields: StepFields) -> None:
    amount, unit = words.in_unit(int(fields.step.get("seconds", 60)))
    chosen = {"amount": amount, "factor": dict(words.UNITS)[unit]}
    with tag("div", "sl-pair"):
        with tag("div", "sl-field"):
            label = Words("How long", "sl-label", "label")
            with tag("div", "sl-input"):
                field = tag("input", type_="text", inputmode="numeric", defaultValue=str(amount), autocomplete="off")
            label.props["for"] = field.html_id
        units = [(str(factor), name.capitalize()) for name, factor in reversed(words.UNITS)]
        select("Unit", units, str(chosen["factor"]), lambda value: change(factor=int(value)))
    note = Words("", "sl-help bad", "div")

    def change(**part: int) -> None:
        chosen.update(part)
        seconds = chosen["amount"] * chosen["factor"]
        if 1 <= seconds <= LONGEST_DELAY:
            note.set_text("")
            fields.edit(lambda step: step.update(seconds=seconds), "seconds")
        else:
            note.set_text("Between 1 second and 30 days.")

    def typed(text: str) -> None:
        change(amount=int(text) if text.isdecimal() and len(text) < 9 else 0)

    listen(field, typed)


def _draw_values(fields: StepFields, redraw: Redraw) -> None:
    Words("Each value gets a name, by which later steps find it.", "sub", "p")
    values: Json = fields.step.setdefault("values", {})
    for name in list(values):
        with tag("fieldset", "sl-value"):
            Words(f"Value {name}", "sr", "legend")
            _draw_name(fields, redraw, name)
            fields.draw(f"values.{name}", Look("Value", lines=3), as_text(values[name]), _setter(name))
    with tag("div", "row"):
        elements.button("Add a value", kind="sm", icon="plus").on("click", lambda: _add_value(fields, redraw), args=[])
    fields.draw_picker()


def _setter(name: str) -> Callable[[Json, str], None]:
    return lambda step, text: step["values"].__setitem__(name, text)


def _draw_name(fields: StepFields, redraw: Redraw, name: str) -> None:
    with tag("div", "row"):
        with tag("div", "sl-field grow"):
            label = Words("Name", "sl-label", "label")
            with tag("div", "sl-input"):
                field = tag("input", type_="text", defaultValue=name, autocomplete="off", spellcheck="false")
            label.props["for"] = field.html_id
        remove = elements.button(f"Remove {name}", kind="ghost", icon="trash-2", only_icon=True).classes("sl-low")
    field.on(
        "change", lambda event: _rename(fields, redraw, name, event.args), js_handler="(e) => emit(e.target.value)"
    )

    def take_out() -> None:
        fields.edit(lambda step: step["values"].pop(name, None))
        redraw()

    remove.on("click", take_out, args=[])


def _rename(fields: StepFields, redraw: Redraw, old: str, new: Any) -> None:
    wanted = new.strip()[:100] if isinstance(new, str) else ""
    if wanted and wanted not in fields.step["values"]:

        def rename(step: Json) -> None:
            step["values"] = {(wanted if name == old else name): value for name, value in step["values"].items()}

        fields.edit(rename)
    redraw()


def _add_value(fields: StepFields, redraw: Redraw) -> None:
    taken = fields.step["values"]
    name = next(each for each in ("text", *(f"value_{number}" for number in range(2, 500))) if each not in taken)
    fields.edit(lambda step: step["values"].__setitem__(name, ""))
    redraw()
