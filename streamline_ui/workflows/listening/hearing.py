"""Which connections do not hear what their service tells, though their credentials are fine.

A test that goes well says nothing about listening: another program may read the same news, or the one who should ask
may hang. So whoever listens has to prove it by polls that come back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from streamline_ui.integrations import alerts, health
from streamline_ui.integrations.alerts import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Matter
from streamline_ui.storage.models import Integration, now
from streamline_ui.storage.polling_tables import Poller

LATE = timedelta(minutes=5)  # after which a poll that should have begun is missed
STALLED = "It has not been asked for news since {since:%-d %b %H:%M} UTC."


def sweep(at: datetime | None = None) -> None:
    """Begin and end the alerts about connections that do not hear."""
    at = at or now()
    with db.reading() as session:
        query = select(Poller, Integration).join(Integration, col(Integration.id) == Poller.integration_id)
        here = query.where(col(Integration.is_active).is_(True), col(Integration.deleted_at).is_(None))
        found = session.exec(here).all()
    known = {owner.id for _, owner in found}
    deaf = {owner.id: (poller, owner) for poller, owner in found if _trouble(poller, at)}
    opened = {alert.subject_id for alert in alerts.open_ones(Matter.LISTENER)}
    broken = {alert.subject_id for alert in alerts.open_ones(Matter.CONNECTION, Matter.SIGN_IN)} if deaf else set()
    for integration_id in opened - set(deaf):
        alerts.end(Matter.LISTENER, integration_id, silently=integration_id not in known)
    for integration_id in set(deaf) - opened - broken:  # of a broken one it is told already why
        alerts.begin(_news(*deaf[integration_id], at))


def _trouble(poller: Poller, at: datetime) -> str:
    """What keeps it from hearing, beyond doubt."""
    if poller.problem or poller.failures >= health.CONFIRMED:
        return poller.last_error or "Its service does not answer."
    if poller.owner and poller.next_poll_at is not None and poller.next_poll_at < at - LATE:
        return STALLED.format(since=poller.last_polled_at or poller.created_at)
    return ""


def _news(poller: Poller, owner: Integration, at: datetime) -> News:
    return News(
        user_id=owner.user_id,
        matter=Matter.LISTENER,
        subject_id=owner.id,
        name=owner.name,
        text=_trouble(poller, at),
        hint="What it says there is how to mend it.",
        link=f"/integrations/{owner.id}",
        began_at=poller.last_polled_at,
    )
