"""Tells of connections that do not hear: one alert for one cause, whoever notices it first.

A revoked token keeps a connection from hearing, and from everything else as well. So where the connection itself turns
red, its alert takes the place of the one about listening, and where its tests go well again while it still does not
hear, it is the other way round: who was told is told once, and once more when it is over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import col, select

from streamline_ui.integrations import alerts, outages
from streamline_ui.integrations.alerts import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Matter
from streamline_ui.storage.models import Integration
from streamline_ui.workflows.listening import hearing
from streamline_ui.workflows.listening.hearing import Trouble


def sweep(at: datetime | None = None) -> None:
    """Begin, end and turn the alerts about connections, those that are broken and those that do not hear."""
    found = hearing.of_all(at)
    deaf = {key: trouble for key, trouble in found.items() if trouble.is_certain}
    well = outages.sweep(at, deaf=deaf.keys())
    opened = {alert.subject_id for alert in alerts.open_ones(Matter.LISTENER)}
    if not deaf and not opened:
        return
    broken = {alert.subject_id: Matter(alert.matter) for alert in alerts.open_ones(*outages.MATTERS)}
    for integration_id in opened & broken.keys():  # two processes, or an older version, have told of both
        alerts.end(Matter.LISTENER, integration_id, silently=True)
    here = _here(opened | deaf.keys())
    if over := opened - found.keys():
        wanted = hearing.listened() & here.keys()
        for integration_id in over:
            alerts.end(Matter.LISTENER, integration_id, silently=integration_id not in wanted)
    for integration_id in found.keys() & here.keys():
        row, news = here[integration_id], _news(found[integration_id], here[integration_id])
        if integration_id in opened:
            alerts.follow(news)
        elif integration_id not in deaf:
            continue
        elif integration_id in well:
            alerts.turn(broken[integration_id], news)
        elif integration_id not in broken:
            alerts.begin(news)
        elif row.status in hearing.OVERLAID and not row.failures:  # else the row says itself what is wrong
            alerts.follow(replace(news, matter=broken[integration_id]))


def _here(integration_ids: Collection[str]) -> Mapping[str, Integration]:
    """Those of them that are there, and not paused."""
    query = select(Integration).where(
        col(Integration.id).in_(integration_ids),
        col(Integration.is_active).is_(True),
        col(Integration.deleted_at).is_(None),
    )
    with db.reading() as session:
        return {row.id: row for row in session.exec(query).all()}


def _news(trouble: Trouble, owner: Integration) -> News:
    return News(
        user_id=owner.user_id,
        matter=Matter.LISTENER,
        subject_id=owner.id,
        name=owner.name,
        text=trouble.cause,
        hint=trouble.hint or "Streamline asks again by itself. Open the connection to ask at once.",
        link=f"/integrations/{owner.id}",
        began_at=trouble.since,
    )
