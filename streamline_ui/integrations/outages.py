"""Which connections somebody must hear of: broken beyond doubt, back for good, or with a key that is about to expire.

The sweeps compare the connections with the open alerts; they remember nothing themselves. So a restart tells nothing
twice, and a flicker between two sweeps is never told at all.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from streamline_ui.integrations import alerts, health, rows
from streamline_ui.integrations.alerts import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, Matter
from streamline_ui.storage.models import ApiKey, Integration, Status, now
from streamline_ui.storage.workflow_tables import WorkflowUse

BROKEN = (Status.NEEDS_ATTENTION, Status.WAITING_FOR_SIGN_IN)
MATTERS = (Matter.CONNECTION, Matter.SIGN_IN)
FIRST_SIGN_IN = timedelta(minutes=15)  # who has just made a connection is about to sign in
OFTEN, OFTEN_WITHIN = 3, timedelta(days=1)
LONG_SETTLE = timedelta(minutes=30)  # before what breaks again and again counts as back
REMIND = (timedelta(days=1), timedelta(days=7), timedelta(days=14))


def sweep(at: datetime | None = None, *, deaf: Collection[str] = ()) -> set[str]:
    """Begin and end the alerts about connections. Cheap while all are well.

    Those that are `deaf` do not hear what their service tells, and so are not quite back even where their tests go
    well: they are returned, and their alerts left as they are. An alert about listening turns into one about the whole
    connection: it is the same cause.
    """
    at = at or now()
    opened = {alert.subject_id: alert for alert in alerts.open_ones(*MATTERS)}
    for row in _broken():
        known = opened.get(row.id)
        if known is not None:
            alerts.follow(replace(_news(row), matter=Matter(known.matter)))
        elif _is_certain(row, at):
            news = _news(row)
            if not alerts.turn(Matter.LISTENER, news):
                alerts.begin(news)
    return {
        integration_id
        for integration_id, alert in opened.items()
        if _look_again(integration_id, alert, at, is_deaf=integration_id in deaf)
    }


def remind(at: datetime | None = None) -> None:
    """Tell of separate keys that expire within 14 days, again within 7 and within 1, and once they have."""
    at = at or now()
    query = (
        select(ApiKey, Integration)
        .join(Integration, col(Integration.id) == ApiKey.integration_id)
        .where(col(ApiKey.expires_at) <= at + max(REMIND), col(Integration.deleted_at).is_(None))
    )
    with db.reading() as session:
        expiring = session.exec(query).all()
    wanted = {f"{key.id}:{_stage(key, at)}": (key, owner) for key, owner in expiring}
    opened = {alert.subject_id for alert in alerts.open_ones(Matter.KEY)}
    for subject_id in opened - set(wanted):  # replaced, or told by a nearer day from now on
        alerts.end(Matter.KEY, subject_id, silently=True)
    for subject_id in set(wanted) - opened:
        alerts.begin(_expiry(subject_id, *wanted[subject_id], at))


def _broken() -> list[Integration]:
    query = select(Integration).where(
        col(Integration.status).in_(BROKEN),
        col(Integration.is_active).is_(True),
        col(Integration.deleted_at).is_(None),
    )
    with db.reading() as session:
        return list(session.exec(query).all())


def _is_certain(row: Integration, at: datetime) -> bool:
    if row.status == Status.WAITING_FOR_SIGN_IN and row.last_checked_at is None and not row.account:
        return at - row.status_since >= FIRST_SIGN_IN
    return health.is_confirmed(rows.health_of(row), at)


def _look_again(integration_id: str, alert: Alert, at: datetime, *, is_deaf: bool) -> bool:
    """End an alert where its connection is well again, or nobody cares any more. True where only hearing is missing."""
    with db.reading() as session:
        row = session.get(Integration, integration_id)
    if row is None or row.deleted_at is not None or not row.is_active:
        alerts.end(Matter(alert.matter), integration_id, silently=True)
        return False
    is_often = alerts.count_lately(Matter(alert.matter), integration_id, at - OFTEN_WITHIN) > OFTEN
    settled = row.status_since + (LONG_SETTLE - health.SETTLE if is_often else timedelta())
    if not health.is_over(rows.health_of(row), settled, at):
        return False
    if not is_deaf:
        alerts.end(Matter(alert.matter), integration_id)
    return is_deaf


def _news(row: Integration) -> News:
    is_sign_in = row.status == Status.WAITING_FOR_SIGN_IN
    with db.reading() as session:
        uses = session.exec(select(func.count()).where(WorkflowUse.integration_id == row.id)).one()
    waiting = "" if not uses else "1 workflow uses it." if uses == 1 else f"{uses} workflows use it."
    hint = next(iter(json.loads(row.status_hints)), "Sign in again." if is_sign_in else "")
    return News(
        user_id=row.user_id,
        matter=Matter.SIGN_IN if is_sign_in else Matter.CONNECTION,
        subject_id=row.id,
        name=row.name,
        text=f"{row.status_message or 'It waits for you to sign in.'} {waiting}".strip(),
        hint=str(hint),
        link=f"/integrations/{row.id}",
        began_at=row.failing_since or row.status_since,
    )


def _stage(key: ApiKey, at: datetime) -> int:
    """Within how many days it expires: 14, 7, 1, or 0 once it has."""
    left = (key.expires_at or at) - at
    return 0 if left <= timedelta() else next(limit.days for limit in REMIND if left <= limit)


def _expiry(subject_id: str, key: ApiKey, owner: Integration, at: datetime) -> News:
    left = (key.expires_at or at) - at
    days = -(-left // timedelta(days=1))
    when = "has expired" if left <= timedelta() else "expires in 1 day" if days == 1 else f"expires in {days} days"
    return News(
        user_id=owner.user_id,
        matter=Matter.KEY,
        subject_id=subject_id,
        name=owner.name,
        text=f"Its key “{key.name}” {when}.",
        hint="Create a new one at the service, and replace it here.",
        link=f"/integrations/{owner.id}",
        began_at=at,
    )
