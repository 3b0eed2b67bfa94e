"""Workflows that run when another one fails."""

from __future__ import annotations

from sqlmodel import col, select

from streamline_ui import live
from streamline_ui.errors import NotFound
from streamline_ui.storage import db
from streamline_ui.storage.workflow_tables import Execution, Workflow, WorkflowVersion
from streamline_ui.workflows import catalog, occurrences, vigil
from streamline_ui.workflows.triggers import FailureTrigger

BAD = vigil.BAD
MARK = '"trigger":{"type":"failure"}'  # as definitions are stored; inside a text its quotes would be escaped


def failed(execution: Execution) -> list[Execution]:
    """Queue what the execution's owner wants to run when one ends badly, and return it. Once for each execution.

    What fails while it runs for a failure starts nothing more, so that failures never go round in circles.
    """
    if execution.status not in BAD:
        return []
    vigil.failed(execution)
    if _is_about_failure(execution):
        return []
    with db.writing() as session:
        origin = session.get(Workflow, execution.workflow_id)
        listening = (
            select(Workflow)
            .join(WorkflowVersion, col(WorkflowVersion.workflow_id) == Workflow.id)
            .where(
                Workflow.user_id == execution.user_id,
                col(Workflow.is_active).is_(True),
                col(Workflow.deleted_at).is_(None),
                WorkflowVersion.version == Workflow.version,
                col(WorkflowVersion.definition).contains(MARK, autoescape=True),
            )
        )
        trigger = {
            "type": "failure",
            "workflowId": execution.workflow_id,
            "workflowName": origin.name if origin else "",
            "executionId": execution.id,
            "error": execution.error,
        }
        found = [
            occurrences.note(session, workflow, f"failure {execution.id}", trigger)
            for workflow in session.exec(listening).all()
        ]
    started = [each for each in found if each is not None]
    for each in started:
        live.tell(each.user_id, "execution", each.id)
    return started


def _is_about_failure(execution: Execution) -> bool:
    try:
        return isinstance(catalog.published(execution.workflow_id, execution.version).trigger, FailureTrigger)
    except NotFound:  # its workflow was removed meanwhile, and its executions with it
        return True
