"""The panel of an action: which connection, what to do there, and with what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import elements, form_fields, form_inputs, form_parts
from components.editor_draft import Json
from components.form_fields import FormField
from components.form_parts import Words, tag
from components.offered_values import OfferedValues
from components.step_fields import StepFields
from components.template_field import Look
from streamline_ui.integrations import calls
from streamline_ui.integrations.choosing import Offered
from streamline_ui.providers import PROVIDERS, choices
from streamline_ui.providers.describe import Action

NEW = "+"


class ActionForm:
    """`connect` opens the connect dialog for a service and comes back with the connection's id."""

    def __init__(self, fields: StepFields, redraw: Callable[[], Any], connect: Callable[[str], Any]) -> None:
        self.fields, self.redraw, self.connect = fields, redraw, connect
        step = fields.step
        self._draw_connection(step)
        provider = fields.session.provider(step["integrationId"])
        if provider is None:
            return
        self._draw_action(step, provider.actions)
        action = provider.actions.get(step["action"])
        if action is not None:
            self._draw_parameters(step, action)

    def _draw_connection(self, step: Json) -> None:
        rows = [row for row in self.fields.session.rows if PROVIDERS.get(row.type) and PROVIDERS[row.type].actions]
        known = [(row.id, f"{row.name} · {PROVIDERS[row.type].name}") for row in rows]
        if step["integrationId"] and step["integrationId"] not in {row.id for row in rows}:
            known.insert(0, (step["integrationId"], "A connection that was deleted"))
        offered = [(f"{NEW}{each.type}", f"New connection: {each.name}") for each in PROVIDERS.values() if each.actions]
        select("Connection", [("", "Choose…"), *known, *offered], step["integrationId"], self._chosen)

    def _chosen(self, value: str) -> Any:
        if value.startswith(NEW):
            self.redraw()
            return self.connect(value.removeprefix(NEW))
        provider = self.fields.session.provider(value)

        def choose(step: Json) -> None:
            step["integrationId"] = value
            actions = list(provider.actions) if provider else []
            if step["action"] not in actions:
                step["action"], step["params"] = (actions[0] if actions else ""), {}

        self.fields.edit(choose)
        return self.redraw()

    def _draw_action(self, step: Json, actions: dict[str, Action[Any]]) -> None:
        listed = [(name, each.title) for name, each in actions.items()]
        if step["action"] not in actions:
            listed.insert(0, ("", "Choose…"))
        if len(listed) > 1 or not step["action"]:
            select("What to do", listed, step["action"], self._act)

    def _act(self, name: str) -> None:
        def choose(step: Json) -> None:
            step["action"], step["params"] = name, {}

        self.fields.edit(choose)
        self.redraw()

    def _draw_parameters(self, step: Json, action: Action[Any]) -> None:
        known = form_fields.fields_of(action.params)
        main = [each for each in known if each.wanted or not each.advanced][:8]
        rest = [each for each in known if each not in main]
        self.model = action.params
        for number, each in enumerate(main):
            self._draw_parameter(step, each)
            if number == 0:
                self.fields.draw_picker()
        if rest:
            with form_parts.folded("More fields"):
                for each in rest:
                    self._draw_parameter(step, each)

    def _draw_parameter(self, step: Json, field: FormField) -> None:
        value = form_fields.at(step["params"], field.name)
        if field.kind == "switch":
            box = form_inputs.switch(field, field.default if value is None else value)
            box.on("change", lambda event: self._write_switch(field, event), js_handler="(e) => emit(e.target.checked)")
            return
        if field.choices and not isinstance(value, dict | list):
            listed = list(field.choices) if field.required else [("", "As usual"), *field.choices]
            text = form_fields.as_text(value if value is not None else field.default)
            select(field.title, listed, text, lambda chosen: self._write(field, chosen), hint=field.hint)
            return
        look = Look(
            title=field.title,
            help=field.hint,
            lines=3 if field.kind == "json" else field.lines,
            wanted=field.wanted,
            placeholder=field.placeholder,
            is_code=field.kind == "json",
            limit=field.limit or 0,
        )
        text = form_fields.as_text(value)
        drawn = self.fields.draw(
            f"params.{field.name}", look, text, lambda step, typed: put(step["params"], field, typed)
        )
        if choices.of(self.model, field.name) is not None:
            with drawn.box:
                OfferedValues(field.title, drawn.field, partial(self._offered, field.name), text)

    async def _offered(self, name: str, query: str) -> Offered:
        """Ask the connection what may be chosen, with what is filled in so far."""
        step = self.fields.step
        user_id, known = self.fields.session.user_id, step.get("params", {})
        return await calls.choices(user_id, step["integrationId"], step["action"], name, known, q=query)

    def _write(self, field: FormField, text: str) -> None:
        self.fields.edit(lambda step: put(step["params"], field, text), field.name)

    def _write_switch(self, field: FormField, event: GenericEventArguments) -> None:
        self.fields.edit(lambda step: form_fields.put(step["params"], field.name, event.args is True))


def select(
    title: str, choices: list[tuple[str, str]], value: str, chosen: Callable[[str], Any], *, hint: str = ""
) -> Element:
    """A choice with its label; `chosen` hears the new value."""
    with tag("div", "sl-field"):
        label = Words(title, "sl-label", "label")
        with tag("div", "sl-input select"):
            made = tag("select")
            with made:
                for key, words in choices:
                    option = Words(words, name="option")
                    option.props["value"] = key
                    if key == value:
                        option.props["selected"] = True
            elements.icon("chevron-down")
        label.props["for"] = made.html_id
        if hint:
            Words(hint, "sl-help", "div")

    def heard(event: GenericEventArguments) -> Any:
        return chosen(event.args) if isinstance(event.args, str) else None

    made.on("change", heard, js_handler="(e) => emit(e.target.value)")
    return made


def put(params: Json, field: FormField, text: str) -> None:
    """What was typed as the service wants it; what is blank is left out."""
    found = form_fields.collect([field], {field.name: text})
    value = form_fields.at(found, field.name)
    if value is None:
        _drop(params, field.name)
    else:
        form_fields.put(params, field.name, value)


def _drop(values: Json, name: str) -> None:
    *path, last = name.split(".")
    for part in path:
        values = values.get(part, {})
    values.pop(last, None)
