"""Runs that a person asks for, of a workflow with any trigger: with an input in place of the event."""

from __future__ import annotations

from typing import Any

from streamline_ui.errors import Conflict
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows import catalog, executions, occurrences, payloads
from streamline_ui.workflows.definitions import Definition


def run(user_id: str, workflow_id: str, given: Any = None) -> Execution:
    """Queue an execution of the published version, also of a workflow that is off. Raises NotFound and Conflict."""
    workflow = catalog.one(user_id, workflow_id)
    if workflow.version == 0:
        raise Conflict("This workflow was never published.", hints=["Publish it; then it can run."])
    definition = catalog.published(workflow.id, workflow.version)
    return executions.start(user_id, workflow.id, workflow.version, trigger(definition, given))


def trigger(definition: Definition, given: Any) -> dict[str, Any]:
    """What templates see as `trigger`, in the form of the workflow's own trigger.

    The input is the body of a webhook's request; of an event that is an object it gives or replaces the fields; it
    is always there as `trigger.input`.
    """
    at = now()
    if definition.trigger.type == "webhook":
        return {**payloads.trigger("POST", "", {}, given, at), "input": given}
    fields = given if isinstance(given, dict) else {}
    if definition.trigger.type == "manual":
        return {"type": "manual", "input": given}
    if definition.trigger.type == "schedule":
        time = occurrences.written(at)
        fields = {"scheduledAt": time, "firedAt": time, **fields}
    return {**fields, "type": definition.trigger.type, "input": given}
