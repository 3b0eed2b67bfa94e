"""What may come in about workflows. Only the outline is checked here; definitions say what is wrong inside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from streamline_ui.api.bodies import Body

SHOWN_ONLY = frozenset({"id", "webhookUrl", "nextRunAt", "createdAt", "updatedAt"})

Name = Annotated[str, Field(max_length=100, examples=["Forward orders"])]
Trigger = Annotated[dict[str, Any], Field(examples=[{"type": "webhook"}])]
Steps = Annotated[
    list[dict[str, Any]],
    Field(
        max_length=200,
        examples=[
            [
                {
                    "id": "post",
                    "type": "action",
                    "integrationId": "…",
                    "action": "send_message",
                    "params": {"content": "Order {{ trigger.body.id }}"},
                }
            ]
        ],
    ),
]
Settings = dict[str, Any]


class Written(Body):
    """The base of what describes a workflow: what was read may be sent back as it is."""

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_only_shown(cls, body: Any) -> Any:
        return {k: v for k, v in body.items() if k not in SHOWN_ONLY} if isinstance(body, dict) else body

    def values(self) -> dict[str, Any]:
        """The parts of a definition that were given."""
        given = self.model_dump(include={"name", "trigger", "steps", "settings"}, exclude_none=True)
        return {name: value for name, value in given.items() if name in self.model_fields_set}


class NewWorkflow(Written):
    """A workflow to be made. `version` is not looked at: it is there so that a copy can be made of what was read."""

    name: Name
    trigger: Trigger
    steps: Steps
    settings: Settings | None = None
    is_active: bool = True
    version: int | None = None


class WorkflowVersion(Written):
    """A new version of a workflow. `version` is the one it was read at."""

    name: Name
    trigger: Trigger
    steps: Steps
    settings: Settings | None = None
    is_active: bool | None = None
    version: int | None = None


class WorkflowChange(Written):
    """What changes about a workflow. Other steps, triggers and settings make a new version."""

    name: Name | None = None
    trigger: Trigger | None = None
    steps: Steps | None = None
    settings: Settings | None = None
    is_active: bool | None = None
    version: int | None = None


class Run(Body):
    """What a run by hand begins with: any JSON, in place of the event."""

    input: Any = None


class Replay(Body):
    """How to run an execution again. `fromStep` is the `key` of one of its steps; those before keep their results."""

    from_step: Annotated[str, Field(max_length=1000)] | None = None
    version: Literal["original", "current"] = "original"
