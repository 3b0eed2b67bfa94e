"""Trying again what went wrong: from the step where it did, without doing the steps before it a second time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlmodel import col, select

from streamline_ui.errors import StreamlineError
from streamline_ui.storage import db
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun
from streamline_ui.workflows import catalog, executions

STUCK = (Progress.FAILED, Progress.UNKNOWN, Progress.WAITING, Progress.RUNNING)


def stuck_at(execution: Execution, steps: Sequence[StepRun]) -> StepRun | None:
    """The step that an execution which is over did not get past."""
    if execution.status not in (Progress.FAILED, Progress.UNKNOWN, Progress.CANCELLED):
        return None
    return next((step for step in reversed(steps) if step.status in STUCK), None)


def retry(user_id: str, execution_id: str, version: int | None = None) -> Execution:
    """Run it again from the step that it did not get past, or from the top where there is none; with its own version,
    or another. Raises what `executions.replay` raises.
    """
    execution = executions.one(user_id, execution_id)
    stuck = stuck_at(execution, executions.steps(execution_id))
    return executions.replay(user_id, execution_id, version, stuck.key if stuck else None)


def retry_current(user_id: str, execution_id: str) -> Execution:
    """The same with the version that is published now, or with its own where that one no longer has the step."""
    version = catalog.one(user_id, executions.one(user_id, execution_id).workflow_id).version
    try:
        return retry(user_id, execution_id, version or None)
    except StreamlineError:
        return retry(user_id, execution_id)


def retried(user_id: str, ids: Collection[str]) -> dict[str, str]:
    """Those of these executions that were run again, with the newest that came of it."""
    query = select(Execution.replay_of, Execution.id).where(
        Execution.user_id == user_id, col(Execution.replay_of).in_(ids)
    )
    with db.reading() as session:
        found = session.exec(query.order_by(col(Execution.created_at))).all()
    return {original: again for original, again in found if original is not None}
