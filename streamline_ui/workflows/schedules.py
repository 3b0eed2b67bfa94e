"""Workflows that run at a time: which are due, and what becomes of times that were missed.

The next time of each stands in its row, and is moved on in the transaction that writes the executions down, by whoever
still finds it there: two processes never fire twice. A time that was fired is an event and stays known, so it does not
fire again when the clock is set back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import ColumnElement, bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select, update

from streamline_ui import live
from streamline_ui.errors import StreamlineError
from streamline_ui.storage import db
from streamline_ui.storage.models import now, table_of
from streamline_ui.storage.workflow_tables import Execution, Workflow
from streamline_ui.workflows import catalog, cron, occurrences
from streamline_ui.workflows.triggers import ScheduleTrigger

AT_ONCE = 200  # workflows in one transaction
LATE = timedelta(minutes=1)  # after this, a time counts as missed
MOST_CAUGHT_UP = 100
SET_BACK = timedelta(seconds=30)  # smaller steps of the clock are left to pass
TICK = timedelta(microseconds=1)

log = logging.getLogger(__name__)
_columns = table_of(Workflow).c
_any_due = (
    select_columns(_columns.id)
    .where(_columns.nextFireAt <= bindparam("moment"), _columns.isActive.is_(True), _columns.deletedAt.is_(None))
    .limit(1)
)
_looked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Due:
    """A workflow whose time has come: the times to run it for, and when it is due again."""

    workflow: Workflow
    times: Sequence[datetime]
    following: datetime | None


async def is_any_due() -> bool:
    """Whether there is anything for `fire_due` to do: asked four times a second, and nearly never so."""
    global _looked_at  # noqa: PLW0603 - there is one clock
    moment = now()
    if _looked_at is None or moment < _looked_at - SET_BACK:
        return True
    _looked_at = moment
    return await db.glance(_any_due, {"moment": moment}) is not None


def fire_due() -> list[Execution]:
    """Queue an execution for every time that has come, and return them. Cheap where there is none."""
    moment = now()
    _mend_after_set_back(moment)
    with db.reading() as session:
        due = select(Workflow).where(col(Workflow.next_fire_at) <= moment, *_active())
        found = session.exec(due.order_by(col(Workflow.next_fire_at)).limit(AT_ONCE)).all()
    if not found:
        return []
    planned = [_plan(workflow, moment) for workflow in found]
    with db.writing() as session:
        fired = [execution for due in planned for execution in _fire(session, due, moment)]
    for execution in fired:
        live.tell(execution.user_id, "execution", execution.id)
    return fired


def times(trigger: ScheduleTrigger, since: datetime, until: datetime, most: int) -> list[datetime]:
    """The last times of a schedule from `since` to `until`, both included: `most` at the most, the oldest first.

    It looks back from the end, so that a schedule for every second is no work after a year.
    """
    back = timedelta(minutes=1)
    while True:
        start = max(since, until - back)
        found = _between(trigger, start, until)
        if len(found) >= most or start == since:
            return found[-most:]
        back *= 2


def _active() -> tuple[ColumnElement[bool], ...]:
    return col(Workflow.is_active).is_(True), col(Workflow.deleted_at).is_(None)


def _between(trigger: ScheduleTrigger, start: datetime, end: datetime) -> list[datetime]:
    found: list[datetime] = []
    moment = cron.next_fire(trigger.cron, trigger.timezone, start - TICK)
    while moment is not None and moment <= end:
        found.append(moment)
        moment = cron.next_fire(trigger.cron, trigger.timezone, moment)
    return found


def _plan(workflow: Workflow, moment: datetime) -> _Due:
    """What to run it for. A workflow that cannot be read is left alone, so that it does not keep others waiting."""
    try:
        definition = catalog.published(workflow.id, workflow.version)
        trigger, since = definition.trigger, workflow.next_fire_at
        if not isinstance(trigger, ScheduleTrigger) or since is None:
            return _Due(workflow, (), None)
        policy = definition.settings.missed_runs
        found = times(trigger, since, moment, MOST_CAUGHT_UP if policy == "catchUp" else 1)
        if policy == "skip":
            found = [each for each in found if moment - each <= LATE]
        return _Due(workflow, found, cron.next_fire(trigger.cron, trigger.timezone, moment))
    except (StreamlineError, ValidationError):
        log.exception("the schedule of workflow %s cannot be read; it does not run any more", workflow.id)
        return _Due(workflow, (), None)


def _fire(session: Session, due: _Due, moment: datetime) -> list[Execution]:
    """Take the workflow's turn, unless somebody else was faster, and write its executions down."""
    workflow = due.workflow
    claim = (
        update(Workflow)
        .where(
            col(Workflow.id) == workflow.id,
            col(Workflow.next_fire_at) == workflow.next_fire_at,
            col(Workflow.version) == workflow.version,
            *_active(),
        )
        .values(next_fire_at=due.following, updated_at=workflow.updated_at)
    )
    if session.exec(claim).rowcount != 1:
        return []
    fired: list[Execution] = []
    for time in due.times:
        at = occurrences.written(time)
        trigger = {"type": "schedule", "scheduledAt": at, "firedAt": occurrences.written(moment)}
        execution = occurrences.note(session, workflow, f"schedule {at}", trigger)
        if execution is not None:
            fired.append(execution)
    return fired


def _mend_after_set_back(moment: datetime) -> None:
    """After a start, or where the clock was set back: nobody waits longer than the schedule says."""
    global _looked_at
    before, _looked_at = _looked_at, moment
    if before is not None and moment >= before - SET_BACK:
        return
    with db.reading() as session:
        ahead = session.exec(select(Workflow).where(col(Workflow.next_fire_at) > moment, *_active())).all()
    for workflow in ahead:
        following = _plan(workflow, moment).following
        if following is not None and workflow.next_fire_at is not None and following < workflow.next_fire_at:
            with db.writing() as session:
                _fire(session, _Due(workflow, (), following), moment)
