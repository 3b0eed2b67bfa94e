"""How a connection is and was, as REST tells it."""

from __future__ import annotations

from datetime import datetime

from streamline_ui.api.shapes import Check, Shape
from streamline_ui.integrations import health, rows
from streamline_ui.integrations.health import Actor
from streamline_ui.integrations.incidents import History
from streamline_ui.storage.models import HealthCheck, Integration, Status


class Incident(Shape):
    """When a connection was down, and why. `endedAt` is null while it lasts."""

    began_at: datetime
    ended_at: datetime | None
    cause: str


class Uptime(Shape):
    """The share of the time it was up, from 0 to 1; null where nothing is known."""

    day: float | None
    week: float | None
    month: float | None


class Health(Shape):
    """How a connection is, who has to act, the latest looks at it, oldest first, and its incidents of 30 days."""

    status: Status
    since: datetime
    who_acts: Actor
    checks: list[Check]
    uptime: Uptime
    incidents: list[Incident]

    @classmethod
    def of(cls, row: Integration, checks: list[HealthCheck], past: History) -> Health:
        """The shape of these."""
        return cls(
            status=Status(row.status),
            since=row.status_since,
            who_acts=health.who_acts(rows.health_of(row)),
            checks=[Check.of(check) for check in checks],
            uptime=Uptime(day=past.day, week=past.week, month=past.month),
            incidents=[
                Incident(began_at=each.began_at, ended_at=each.ended_at, cause=each.cause) for each in past.incidents
            ],
        )
