"""What a service's event asks for, such as the table, and what becomes of events that wait already."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel

from components import form_fields, form_parts, links, plain_fields
from components.action_form import put, select
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.form_fields import FormField
from components.form_parts import Words, tag
from components.offered_values import OfferedValues
from components.plain_fields import KeptField
from streamline_ui.integrations import calls
from streamline_ui.integrations.choosing import Offered
from streamline_ui.providers import choices
from streamline_ui.providers.describe import Provider

BACKLOG = [("skip", "Leave it: only what is new from now on"), ("process", "Start with it, the oldest first")]


def draw(session: EditorSession, provider: Provider[Any]) -> None:
    """Draw the parameters of the chosen event, and the choice about what waits."""
    trigger: Json = session.draft.values[TRIGGER]
    found = next((each for each in provider.triggers if each.event == trigger.get("event")), None)
    if found is None:
        return
    if found.params is not None:
        _draw_fields(session, found.params)
    if provider.feed(found.event) is not None:
        current = trigger.get("backlog", "skip")
        select(
            "What waits already", BACKLOG, current, lambda value: _edit(session, lambda now: now.update(backlog=value))
        )
    elif provider.entered is not None and trigger.get("integrationId"):
        with tag("p", "small muted"):
            Words("The service sends it to an address that is this connection's own. ")
            link = Words("Open the connection to copy it", "link", "a")
            link.props["href"] = links.to(f"/integrations/{trigger['integrationId']}")


def _edit(session: EditorSession, change: Callable[[Json], Any], key: str = "") -> None:
    session.change(lambda: change(session.draft.values[TRIGGER]), key and f"trigger.{key}")


def _draw_fields(session: EditorSession, model: type[BaseModel]) -> None:
    fields = form_fields.fields_of(model)
    main = [each for each in fields if each.wanted or not each.advanced]
    rest = [each for each in fields if each not in main]
    for each in main:
        _draw_field(session, model, each)
    if rest:
        with form_parts.folded("More fields"):
            for each in rest:
                _draw_field(session, model, each)


def _draw_field(session: EditorSession, model: type[BaseModel], field: FormField) -> None:
    trigger: Json = session.draft.values[TRIGGER]
    value = form_fields.at(trigger.get("params") or {}, field.name)

    def keep(text: str) -> None:
        _edit(session, lambda now: put(now.setdefault("params", {}), field, text), field.name)

    def turn(is_on: bool) -> None:
        _edit(session, lambda now: form_fields.put(now.setdefault("params", {}), field.name, is_on))

    if field.kind == "switch":
        plain_fields.switch(field.title, field.help, bool(field.default if value is None else value), turn)
        return
    text = form_fields.as_text(value if value is not None or not field.choices else field.default)
    if field.choices:
        listed = list(field.choices) if field.required else [("", "As usual"), *field.choices]
        select(field.title, listed, text, keep, hint=field.hint)
        return
    drawn = KeptField(field.title, text, keep, hint=field.hint, placeholder=field.placeholder or None)
    if choices.of(model, field.name) is not None:
        OfferedValues(field.title, drawn.field, partial(_load, session, field.name), text)


async def _load(session: EditorSession, name: str, query: str) -> Offered:
    trigger: Json = session.draft.values[TRIGGER]
    params = trigger.get("params") or {}
    return await calls.choices(session.user_id, trigger["integrationId"], trigger["event"], name, params, q=query)
