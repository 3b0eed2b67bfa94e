"""What is seldom changed about a step: its name, what happens on an error, how often and how long it is tried."""

from __future__ import annotations

import json

from components import form_parts, retry_fields
from components.action_form import select
from components.editor_draft import Json
from components.form_parts import Words
from components.plain_fields import KeptField, number
from components.step_fields import StepFields
from streamline_ui.workflows.runner import STEP_SECONDS
from streamline_ui.workflows.steps import LONGEST_TIMEOUT

ON_ERROR = [("stop", "End the run as failed"), ("continue", "Go on with the next step")]
REPEAT = [("", "As the service says"), ("true", "Send it again"), ("false", "Never send it twice")]


def draw(fields: StepFields) -> None:
    """Draw it folded away."""
    step = fields.step
    is_action = step["type"] == "action"
    with form_parts.folded("Advanced" if is_action else "Name") as box:
        if _is_changed(step):
            box.props["open"] = True
        KeptField("Name", str(step.get("name", "")), lambda text: _rename(fields, text), maxlength="200")
        Words(f"Later steps find its output as steps.{step['id']}.output.", "small muted", "p")
        if is_action:
            _draw_errors(fields, step)


def _draw_errors(fields: StepFields, step: Json) -> None:
    def put(key: str, value: object) -> None:
        fields.edit(lambda found: _put(found, key, value), key)

    select("If it fails", ON_ERROR, step.get("onError", "stop"), lambda value: put("onError", value))
    repeat = step.get("repeatable")
    select(
        "If nobody knows whether it was done",
        REPEAT,
        "" if repeat is None else json.dumps(repeat),
        lambda value: put("repeatable", json.loads(value) if value else None),
        hint="After a time-out the message may have been sent. Sending it again may send it twice.",
    )
    retry_fields.draw(
        lambda: fields.step, lambda change, key: fields.edit(lambda _: change(), key), "As for the workflow"
    )
    number(
        "Time-out",
        step.get("timeoutSeconds"),
        (1, LONGEST_TIMEOUT),
        lambda value: put("timeoutSeconds", value),
        hint="How long one try may take.",
        unit="seconds",
        placeholder=str(STEP_SECONDS),
    )


def _is_changed(step: Json) -> bool:
    """Whether something in it is not as usual, and should be seen."""
    return step.get("onError", "stop") != "stop" or any(
        step.get(key) is not None for key in ("retry", "timeoutSeconds", "repeatable")
    )


def _put(step: Json, key: str, value: object) -> None:
    if value is None:
        step.pop(key, None)
    else:
        step[key] = value


def _rename(fields: StepFields, text: str) -> None:
    fields.edit(lambda step: step.update(name=text.strip()[:200]), "name")
