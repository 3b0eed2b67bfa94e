"""How a user's workflows have done lately: their last execution each, and how many there were in each hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select as pick
from sqlalchemy.orm import defer
from sqlmodel import col, extract, func, select

from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Execution, Progress
from streamline_ui.workflows.failures import BAD

HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """How many executions began in an hour, and how many of these ended badly."""

    total: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """The last 24 hours of a workflow, the oldest first."""

    hours: tuple[Hour, ...] = field(default=(Hour(),) * HOURS)

    @property
    def total(self) -> int:
        """How many executions there were."""
        return sum(hour.total for hour in self.hours)

    @property
    def bad(self) -> int:
        """How many of them ended badly."""
        return sum(hour.bad for hour in self.hours)


def last_of(workflow_ids: Collection[str]) -> dict[str, Execution]:
    """The newest execution of each workflow that has one, without what came in."""
    found: dict[str, Execution] = {}
    with db.reading() as session:
        for workflow_id in workflow_ids:
            query = select(Execution).where(Execution.workflow_id == workflow_id)
            newest = query.order_by(col(Execution.created_at).desc(), col(Execution.id).desc()).limit(1)
            row = session.exec(newest.options(defer(Execution.trigger))).first()  # type: ignore[arg-type]  # see executions.page
            if row is not None:
                found[workflow_id] = row
    return found


def courses(user_id: str) -> dict[str, Course]:
    """The last 24 hours of each workflow that ran in them, by its id."""
    until = now().replace(minute=0, second=0, microsecond=0)
    since = until - timedelta(hours=HOURS - 1)
    day, hour = extract("day", col(Execution.created_at)), extract("hour", col(Execution.created_at))
    query = (
        pick(col(Execution.workflow_id), day, hour, col(Execution.status), func.count())
        .where(col(Execution.user_id) == user_id, col(Execution.created_at) >= since)
        .group_by(col(Execution.workflow_id), day, hour, col(Execution.status))
    )
    places = {_place(since + timedelta(hours=number)): number for number in range(HOURS)}
    counted: dict[str, list[Hour]] = {}
    with db.reading() as session:
        for workflow_id, of_day, of_hour, status, number in session.connection().execute(query):
            hours = counted.setdefault(workflow_id, [Hour()] * HOURS)
            place = places.get((int(of_day), int(of_hour)))
            if place is not None:
                before = hours[place]
                bad = number if Progress(status) in BAD else 0
                hours[place] = Hour(before.total + number, before.bad + bad)
    return {workflow_id: Course(tuple(hours)) for workflow_id, hours in counted.items()}


def _place(moment: datetime) -> tuple[int, int]:
    return moment.day, moment.hour
