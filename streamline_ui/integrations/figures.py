"""A connection in figures, counted by the database. How much of the time it was up stands in `incidents`."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Integer, cast, func
from sqlmodel import col, select

from streamline_ui.integrations import rows
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, now

SHORT = timedelta(days=1)
RECENT = 100  # checks that tell what a typical answer is


@dataclass(frozen=True, slots=True)
class Figures:
    """`typical_ms` is a median; checks and failures are those of the last 24 hours."""

    typical_ms: int | None
    checks: int
    failed: int


def of(user_id: str, integration_id: str) -> Figures:
    """The figures of a connection. Raises NotFound."""
    mine = HealthCheck.integration_id == integration_id
    good = func.sum(cast(col(HealthCheck.ok), Integer))
    with db.reading() as session:
        rows.find(session, user_id, integration_id)
        today, well = session.exec(select(func.count(), good).where(mine, HealthCheck.at >= now() - SHORT)).one()
        answered = select(HealthCheck.latency_ms).where(mine, HealthCheck.ok, col(HealthCheck.latency_ms).is_not(None))
        newest = session.exec(answered.order_by(col(HealthCheck.id).desc()).limit(RECENT)).all()
    typical = round(statistics.median(value for value in newest if value is not None)) if newest else None
    return Figures(typical, today, today - (well or 0))
