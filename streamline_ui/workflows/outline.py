"""The whole of a definition, and ways to go through its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from streamline_ui.workflows.steps import LONGEST_TIMEOUT, Action, Branch, ForEach, Name, Retry, Step
from streamline_ui.workflows.triggers import Held, Part, Trigger


class Settings(Part):
    """How a workflow runs. `timeoutSeconds` counts work, not delays and waits between tries.

    `concurrency` is how many executions may run at a time; `keepOrder` makes that one, in the order of arrival.
    `missedRuns` says what becomes of scheduled times while the program was down. Incoming requests larger than
    `maxBodyBytes` get 413, those beyond `ratePerMinute` 429; of the latter, one a minute is kept among the requests.
    With `expectEvery`, in seconds, its owner is told when no event has come for that long, and once they come again.
    """

    timeout_seconds: Annotated[int, Field(ge=1, le=LONGEST_TIMEOUT)] = LONGEST_TIMEOUT
    concurrency: Annotated[int, Field(ge=1, le=100)] | None = None
    keep_order: bool = False
    missed_runs: Literal["skip", "once", "catchUp"] = "once"
    retry: Retry = Retry()
    rate_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_body_bytes: Annotated[int, Field(ge=1_000, le=5_000_000)] = 1_000_000
    expect_every: Annotated[int, Field(ge=60, le=31_622_400)] | None = None


class Definition(Part):
    """A workflow, as it is written."""

    name: Annotated[Name, Field(min_length=1)]
    trigger: Trigger
    steps: list[Step] = Field(default_factory=list)
    settings: Settings = Settings()


def children(step: Step) -> Iterator[tuple[str, Sequence[Step]]]:
    """The lists of steps inside a step, with where they are: `branches.0.steps`, `otherwise`, `steps`."""
    if isinstance(step, Branch):
        for index, arm in enumerate(step.branches):
            yield f"branches.{index}.steps", arm.steps
        yield "otherwise", step.otherwise
    elif isinstance(step, ForEach):
        yield "steps", step.steps


def walk(steps: Sequence[Step], at: str = "steps") -> Iterator[tuple[str, Step]]:
    """Every step with its place (`steps.1.branches.0.steps.2`), from the top down."""
    for index, step in enumerate(steps):
        yield f"{at}.{index}", step
        for inner, listed in children(step):
            yield from walk(listed, f"{at}.{index}.{inner}")


def order(definition: Definition) -> list[str]:
    """The ids of all steps, from the top down."""
    return [step.id for _, step in walk(definition.steps)]


def find(definition: Definition, step_id: str) -> Step | None:
    """The step with that id."""
    return next((step for _, step in walk(definition.steps) if step.id == step_id), None)


def integrations(definition: Definition) -> dict[str, str]:
    """Every integration that is used, with the first place where: `{"…": "steps.0.integrationId"}`."""
    found: dict[str, str] = {}
    if definition.trigger.type == "integration":
        found[definition.trigger.integration_id] = "trigger.integrationId"
    for at, step in walk(definition.steps):
        if isinstance(step, Action):
            found.setdefault(step.integration_id, f"{at}.integrationId")
    return {integration_id: at for integration_id, at in found.items() if integration_id}


def key(step_id: str, loops: Sequence[tuple[str, int]] = ()) -> str:
    """What a step is called in an execution: `post`, or `fetch[3].post` in the fourth turn of the loop `fetch`."""
    return ".".join([*(f"{loop}[{index}]" for loop, index in loops), step_id])


def is_empty(secret: SecretStr | Held | None) -> bool:
    """Whether no secret is there: neither kept from before nor entered."""
    return secret is None or (isinstance(secret, SecretStr) and not secret.get_secret_value().strip())


def around(definition: Definition, at: str) -> set[str] | None:
    """The keys of the loops and branches that a step stands in, from its own key. None where there is no such step."""
    *turns, step_id = at.split(".")
    path = _path(definition.steps, step_id)
    if path is None or [turn.partition("[")[0] for turn in turns] != [each.id for each in path if _is_loop(each)]:
        return None
    found: set[str] = set()
    deep = 0
    for step in path:
        found.add(".".join([*turns[:deep], step.id]))
        deep += _is_loop(step)
    return found


def _path(steps: Sequence[Step], step_id: str) -> list[Step] | None:
    """The steps around a step, the outermost first."""
    for step in steps:
        if step.id == step_id:
            return []
        for _, listed in children(step):
            if (inner := _path(listed, step_id)) is not None:
                return [step, *inner]
    return None


def _is_loop(step: Step) -> bool:
    return isinstance(step, ForEach)
