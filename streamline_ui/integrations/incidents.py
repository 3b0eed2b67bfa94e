"""When a connection was down, for how long and why; and how much of the time it was up. Read from its checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import col

from streamline_ui.integrations import rows
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, now

DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
FLICKER = timedelta(minutes=1)  # shorter ones are counted, not listed


@dataclass(frozen=True, slots=True)
class Incident:
    """From the first failed check to the first that went well; `ended_at` is None while it lasts."""

    began_at: datetime
    ended_at: datetime | None
    cause: str


@dataclass(frozen=True, slots=True)
class History:
    """The last 30 days, newest incident first, and so the one that lasts.

    `day`, `week`, `month` are the shares of the known time it was up. They are None where nothing is known.
    `flickers` counts what was over within a minute.
    """

    incidents: tuple[Incident, ...]
    flickers: int
    day: float | None
    week: float | None
    month: float | None


def of(user_id: str, integration_id: str, at: datetime | None = None) -> History:
    """The history of a connection. Raises NotFound."""
    at = at or now()
    with db.reading() as session:
        rows.find(session, user_id, integration_id)
        turns = [
            (row.at, bool(row.ok), row.message) for row in session.connection().execute(_turns(integration_id, at))
        ]
    found = _incidents(turns)
    long = [each for each in found if each.ended_at is None or each.ended_at - each.began_at >= FLICKER]
    known = turns[0][0] if turns else None
    shares = [_share(found, known, at - span, at) for span in (DAY, WEEK, MONTH)]
    return History(tuple(reversed(long)), len(found) - len(long), *shares)


def with_open(history: History, began_at: datetime, cause: str) -> History:
    """The same, with what lasts although the checks go well, such as that it does not hear; unless they know of it."""
    if history.incidents and history.incidents[0].ended_at is None:
        return history
    return replace(history, incidents=(Incident(began_at, None, cause), *history.incidents))


def _turns(integration_id: str, at: datetime) -> Select[Any]:
    """The checks that differ from the one before, and the first, oldest first: few, however many checks there were."""
    before = func.lag(col(HealthCheck.ok)).over(order_by=col(HealthCheck.id))
    every = (
        select(
            col(HealthCheck.id), col(HealthCheck.at), col(HealthCheck.ok), col(HealthCheck.message), before.label("was")
        )
        .where(col(HealthCheck.integration_id) == integration_id, col(HealthCheck.at) >= at - MONTH)
        .subquery()
    )
    return select(every.c.at, every.c.ok, every.c.message).where(
        (every.c.was.is_(None)) | (every.c.was != every.c.ok)
    ).order_by(every.c.id)  # fmt: skip


def _incidents(turns: Sequence[tuple[datetime, bool, str]]) -> list[Incident]:
    found: list[Incident] = []
    for place, (began, ok, cause) in enumerate(turns):
        if not ok:
            found.append(Incident(began, turns[place + 1][0] if place + 1 < len(turns) else None, cause))
    return found


def _share(found: Sequence[Incident], known: datetime | None, start: datetime, end: datetime) -> float | None:
    """How much of the time from `start`, or from when something was known, it was up."""
    if known is None or known >= end:
        return None
    start = max(start, known)
    down = sum(
        (max(timedelta(), min(each.ended_at or end, end) - max(each.began_at, start)) for each in found), timedelta()
    )
    return 1 - down / (end - start)
