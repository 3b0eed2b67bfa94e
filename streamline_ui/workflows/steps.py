"""The steps of a workflow, as JSON describes them.

Only the form is checked here, so that a half-finished draft can be kept: an action without an integration is one.
`problems` says what is still missing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from streamline_ui.workflows.triggers import Part

LONGEST_DELAY = 30 * 24 * 3600
LONGEST_TIMEOUT = 900

Id = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=100_000)]
Reference = Annotated[str, Field(max_length=100)]


class Retry(Part):
    """How often a step is tried where trying again can help, the first time included.

    `delays` are the seconds between the tries; the last one is repeated. Without, the usual ones grow to 10 hours.
    """

    max_attempts: Annotated[int, Field(ge=1, le=50)] = 9
    delays: Annotated[list[Annotated[int, Field(ge=1, le=86_400)]], Field(min_length=1, max_length=50)] | None = None


class Action(Part):
    """Something a service does. `repeatable` overrules what the service says about doing it twice."""

    id: Id
    name: Name = ""
    type: Literal["action"]
    integration_id: Reference = ""
    action: Reference = ""
    params: dict[str, JsonValue] = Field(default_factory=dict)
    on_error: Literal["stop", "continue"] = "stop"
    retry: Retry | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=LONGEST_TIMEOUT)] | None = None
    repeatable: bool | None = None


class Filter(Part):
    """Go on only if the condition holds."""

    id: Id
    name: Name = ""
    type: Literal["filter"]
    condition: Text = ""


class Arm(Part):
    """One way of a branch."""

    condition: Text = ""
    steps: list[Step] = Field(default_factory=list)


class Branch(Part):
    """Go the first way whose condition holds, or the other one."""

    id: Id
    name: Name = ""
    type: Literal["branch"]
    branches: list[Arm] = Field(default_factory=list)
    otherwise: list[Step] = Field(default_factory=list)


class ForEach(Part):
    """Run the steps once for each entry of a list, which they see as `item`."""

    id: Id
    name: Name = ""
    type: Literal["for_each"]
    items: Text | list[JsonValue] = ""
    steps: list[Step] = Field(default_factory=list)


class Delay(Part):
    """Wait."""

    id: Id
    name: Name = ""
    type: Literal["delay"]
    seconds: Annotated[int, Field(ge=1, le=LONGEST_DELAY)] = 60


class Set(Part):
    """Make values, for later steps to use as its output."""

    id: Id
    name: Name = ""
    type: Literal["set"]
    values: dict[str, JsonValue] = Field(default_factory=dict)


class Stop(Part):
    """End here."""

    id: Id
    name: Name = ""
    type: Literal["stop"]


Step = Annotated[Action | Filter | Branch | ForEach | Delay | Set | Stop, Field(discriminator="type")]

for _model in (Arm, Branch, ForEach):
    _model.model_rebuild()
