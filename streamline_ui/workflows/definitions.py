"""A workflow's definition: what starts it, its steps, and how it runs.

`parse` accepts whatever has the right form, also a half-finished draft; `problems` says what keeps it from being
published. The JSON of a definition never has a secret in it: `public` puts `{"set": true}` in its place, and that is
also the form to store; `secret` gives the one that was just entered, to be sealed beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr, ValidationError

from streamline_ui import names
from streamline_ui.errors import Invalid
from streamline_ui.providers import wording
from streamline_ui.workflows.checks import Lookup, Problem, may_repeat, problems
from streamline_ui.workflows.cron import next_fire
from streamline_ui.workflows.outline import Definition, Settings, find, integrations, is_empty, key, order, walk
from streamline_ui.workflows.steps import Step
from streamline_ui.workflows.triggers import Held, Trigger, Verification, WebhookTrigger

__all__ = [
    "Definition",
    "Lookup",
    "Problem",
    "Settings",
    "dump",
    "find",
    "integrations",
    "is_empty",
    "key",
    "load",
    "may_repeat",
    "next_fire",
    "order",
    "parse",
    "problems",
    "public",
    "secret",
    "walk",
    "without_secret",
]

STEPS = 200
NESTING = 10
DEPTH = 64
SIZE = 1_000_000


def parse(values: Mapping[str, Any]) -> Definition:
    """The definition for JSON. Raises Invalid with a sentence for each field, such as `steps.2.seconds`."""
    _bound(values)
    try:
        definition = Definition.model_validate(dict(values))
    except ValidationError as error:
        fields = _sentences(error, values)
        message = next(iter(fields.values())) if len(fields) == 1 else "Some parts of the workflow cannot be used."
        raise Invalid(message, fields) from None
    if said := names.problem(definition.name):
        raise Invalid(said, {"name": said})
    _count(definition.steps)
    return definition


def load(stored: str) -> Definition:
    """The definition for the JSON text that `dump` made."""
    return Definition.model_validate_json(stored)


def dump(definition: Definition) -> str:
    """The JSON text to store, without secrets."""
    return json.dumps(public(definition), ensure_ascii=False, separators=(",", ":"))


def public(definition: Definition) -> dict[str, Any]:
    """The JSON to show, export and store: of a secret only that it is set, and the end of a long one."""
    shown = definition.model_copy(update={"trigger": _masked(definition.trigger)})
    return shown.model_dump(mode="json", by_alias=True, exclude_none=True)


def secret(definition: Definition) -> str | None:
    """The verification secret that came with the definition, or None where none was entered with it."""
    verification = _verification(definition)
    entered = verification.secret if verification else None
    return entered.get_secret_value() if isinstance(entered, SecretStr) else None


def without_secret(definition: Definition) -> Definition:
    """The definition as for somebody who has to enter the secret again: after an import, or as a copy."""
    trigger = definition.trigger
    if not isinstance(trigger, WebhookTrigger):
        return definition
    bare = trigger.verification.model_copy(update={"secret": None})
    return definition.model_copy(update={"trigger": trigger.model_copy(update={"verification": bare})})


def _verification(definition: Definition) -> Verification | None:
    return definition.trigger.verification if isinstance(definition.trigger, WebhookTrigger) else None


def _masked(trigger: Trigger) -> Trigger:
    if not isinstance(trigger, WebhookTrigger) or not isinstance(trigger.verification.secret, SecretStr):
        return trigger
    text = trigger.verification.secret.get_secret_value()
    held = Held(set=True, hint=f"…{text[-4:]}" if len(text) >= 16 else "") if text else None
    return trigger.model_copy(update={"verification": trigger.verification.model_copy(update={"secret": held})})


def _bound(values: object) -> None:
    """Refuse what is too big or too deep for the model to look at."""
    stack, size = [(values, 0)], 0
    while stack:
        value, depth = stack.pop()
        size += len(value) + 8 if isinstance(value, str) else 8
        if depth > DEPTH:
            raise Invalid("The workflow is nested too deeply.", {"": f"At most {DEPTH} levels are possible."})
        if isinstance(value, Mapping):
            size += sum(len(str(name)) for name in value)
            stack.extend((each, depth + 1) for each in value.values())
        elif isinstance(value, list | tuple):
            stack.extend((each, depth + 1) for each in value)
        if size > SIZE:
            raise Invalid("The workflow is too large.", {"": f"At most {SIZE:,} characters are possible."})


def _count(steps: Sequence[Step]) -> None:
    total = 0
    for total, (at, _) in enumerate(walk(steps), 1):
        if total > STEPS:
            raise Invalid(f"A workflow has at most {STEPS} steps.", {at: f"A workflow has at most {STEPS} steps."})
        if at.count("steps") + at.count("otherwise") > NESTING:
            sentence = f"Steps can be nested {NESTING} levels deep at most."
            raise Invalid(sentence, {at: sentence})


def _sentences(error: ValidationError, values: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in error.errors(include_input=False, include_url=False):
        path = _place(problem["loc"], values, problem["type"])
        name = wording.title(path) if path else "The workflow"
        found.setdefault(".".join(path), _sentence(problem["type"], problem.get("ctx", {}), name))
    return found


def _sentence(kind: str, context: Mapping[str, Any], name: str) -> str:
    if kind == "union_tag_not_found":
        return f"{name} needs a type."
    if kind == "union_tag_invalid":
        return f"{name} must be one of {context['expected_tags']}."
    return wording.sentence(kind, context, name)


def _place(location: Sequence[str | int], values: object, kind: str) -> tuple[str, ...]:
    """Where an error is in the JSON. Pydantic also names the types it tried, which are no places."""
    found: list[str] = []
    here: Any = values
    type_is_next = False
    for index, part in enumerate(location):
        if type_is_next and isinstance(here, Mapping) and part == here.get("type"):
            type_is_next = False
        elif _has(here, part):
            found.append(str(part)[:60])
            here = here[part]
            type_is_next = found[-1] == "trigger" or (len(found) > 1 and found[-2] in ("steps", "otherwise"))
        elif kind == "missing" and index == len(location) - 1:
            found.append(str(part))
    return tuple(found)


def _has(here: object, part: str | int) -> bool:
    if isinstance(here, Mapping):
        return part in here
    return isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)
