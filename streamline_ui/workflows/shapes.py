"""What templates find right below `trigger`, by what starts the workflow, and what to say of a key that never is there.

Only the first key is judged, and only where it is certain: what is below it is the sender's affair, and a sample may
lack what a real event has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from streamline_ui.providers.describe import Provider
from streamline_ui.workflows import templates
from streamline_ui.workflows.templating import missing
from streamline_ui.workflows.triggers import IntegrationTrigger, Trigger

_REQUEST = {"method": "POST", "query": {}, "headers": {}, "body": {}, "receivedAt": "", "files": ""}
_TIME = "2030-01-31T09:00:00Z"
ALWAYS = ("type", "input", "size")  # `input` is what a run by hand is given


@dataclass(frozen=True, slots=True)
class Shape:
    """`known` is an event with all its first keys, apart from `others`; `inside` the one under which the data are."""

    title: str
    known: Mapping[str, Any]
    others: Literal["none", "some", "any"] = "none"
    inside: str = ""

    def complaint(self, path: Sequence[object]) -> str | None:
        """What is wrong with a path that starts with `trigger`, or None where there may be something."""
        key = path[1] if len(path) > 1 else None
        if not isinstance(key, str) or key in self.known or key in ALWAYS or self.others == "any":
            return None
        if self.others == "some" and key not in _REQUEST:
            return None
        return f"{self.title} has no {missing.path(('trigger', key))}. {self._instead(path)}"

    def _instead(self, path: Sequence[object]) -> str:
        if self.inside:
            rest = path[2:] if path[1] in ("body", "input") else path[1:]
            return f"Did you mean {missing.path(('trigger', self.inside, *rest))}?"
        near = templates.near(path, {"trigger": dict(self.known)}) or []
        return f"Available: {', '.join(near)}."


SHAPES = {
    "webhook": Shape("An incoming webhook", _REQUEST, inside="body"),
    "manual": Shape("A run by hand", {}, inside="input"),
    "schedule": Shape("A schedule", {"scheduledAt": _TIME, "firedAt": _TIME, "input": None}),
    "failure": Shape("A failure", {"error": "", "workflowName": "", "workflowId": "", "executionId": ""}),
}


def of(trigger: Trigger, provider: Provider[Any] | None) -> Shape | None:
    """The shape of what starts the workflow, or None where it is not known. `provider` is the trigger's service."""
    if not isinstance(trigger, IntegrationTrigger):
        return SHAPES[trigger.type]
    event = next((each for each in provider.triggers if each.event == trigger.event), None) if provider else None
    if provider is None or event is None:
        return None
    return Shape(f"{provider.name}'s “{event.title}”", event.sample, event.others)
