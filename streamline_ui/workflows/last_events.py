"""The real events of a service that came lately, to pick data from: those that workflows were started with.

An event is the connection's, whichever of the user's workflows heard it. What somebody typed in for a run by hand, or
what was run once more, is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from streamline_ui.storage import db
from streamline_ui.storage.workflow_tables import Execution, Workflow, WorkflowUse
from streamline_ui.workflows import catalog
from streamline_ui.workflows.triggers import IntegrationTrigger

LOOKED_AT = 200  # executions, as one event may have started several
LARGEST = 500_000  # characters of one that is shown in a list


@dataclass(frozen=True, slots=True)
class LastEvent:
    """An event, with the execution that it started first. `trigger` is what templates see of it."""

    execution_id: str
    at: datetime
    trigger: Mapping[str, Any]


def page(user_id: str, trigger: IntegrationTrigger, limit: int = 20) -> list[LastEvent]:
    """The events that this trigger heard, or would have heard, the newest first; each once."""
    with db.reading() as session:
        same = _same(session, user_id, trigger)
        newest = (
            select(Execution.id, Execution.created_at, Execution.trigger)
            .where(
                Execution.user_id == user_id,
                col(Execution.workflow_id).in_(same),
                col(Execution.event_id).is_not(None),
                col(Execution.replay_of).is_(None),
            )
            .order_by(col(Execution.created_at).desc(), col(Execution.id).desc())
        )
        found: dict[str, LastEvent] = {}
        for execution_id, at, text in session.exec(newest.limit(LOOKED_AT)).all() if same else ():
            value = json.loads(text) if len(text) <= LARGEST else None
            if isinstance(value, dict) and value.get("type") == "integration":
                found[text] = LastEvent(execution_id, at, value)
                if len(found) > limit:
                    break
    return list(found.values())[:limit]


def _same(session: Session, user_id: str, trigger: IntegrationTrigger) -> list[str]:
    """The workflows that listen to the same."""
    listening = select(WorkflowUse.workflow_id).where(
        WorkflowUse.integration_id == trigger.integration_id, col(WorkflowUse.is_trigger).is_(True)
    )
    mine = select(Workflow).where(
        Workflow.user_id == user_id, col(Workflow.id).in_(listening), col(Workflow.deleted_at).is_(None)
    )
    return [row.id for row in session.exec(mine).all() if _hears(row, trigger)]


def _hears(row: Workflow, trigger: IntegrationTrigger) -> bool:
    other = catalog.current(row).trigger
    return isinstance(other, IntegrationTrigger) and (other.event, other.params) == (trigger.event, trigger.params)
