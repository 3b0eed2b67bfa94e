"""Events that arise in here (a time has come, an execution failed), written down like those that come from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from streamline_ui.storage.models import new_id
from streamline_ui.storage.workflow_tables import Event, Execution, Workflow


def note(session: Session, workflow: Workflow, source_id: str, trigger: Mapping[str, Any]) -> Execution | None:
    """Write an event down, with the execution that it starts. None where it was written down before.

    `source_id` tells the event from every other one of this workflow.
    """
    known = select(Event.id).where(Event.workflow_id == workflow.id, Event.source_id == source_id)
    if session.exec(known).first() is not None:
        return None
    event = Event(id=new_id(), workflow_id=workflow.id, source_id=source_id)
    execution = Execution(
        user_id=workflow.user_id,
        workflow_id=workflow.id,
        version=workflow.version,
        event_id=event.id,
        trigger=json.dumps(trigger, ensure_ascii=False, separators=(",", ":")),
    )
    session.add_all((event, execution))
    return execution


def written(moment: datetime) -> str:
    """A time as templates see it: "2030-01-31T09:00:00Z"."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
