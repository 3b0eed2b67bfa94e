"""The watch over connections: tests those that are due, and throws old history away."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update

from streamline_ui.errors import StreamlineError
from streamline_ui.integrations import calls
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, Integration, now, table_of

LEASE = timedelta(minutes=2)  # longer than the longest test; a test that dies is due again after it
AT_ONCE = 20
KEEP = timedelta(days=35)  # the detail page tells the uptime of 30 days

log = logging.getLogger(__name__)
_columns = table_of(Integration).c
_any_due = (
    select(_columns.id)
    .where(_columns.isActive.is_(True), _columns.deletedAt.is_(None), _columns.nextCheckAt <= bindparam("moment"))
    .limit(1)
)


async def sweep() -> None:
    """Test every connection that is due. What another process has claimed meanwhile is left to it."""
    if await db.glance(_any_due, {"moment": now()}) is None:
        return
    due = await asyncio.to_thread(_claim)
    await asyncio.gather(*(_test(user_id, integration_id) for user_id, integration_id in due))


def prune() -> None:
    """Throw away looks that no page shows any more."""
    with db.writing() as session:
        session.exec(delete(HealthCheck).where(col(HealthCheck.at) < now() - KEEP))


def _claim() -> list[tuple[str, str]]:
    at = now()
    is_due = (
        col(Integration.is_active).is_(True),
        col(Integration.deleted_at).is_(None),
        col(Integration.next_check_at) <= at,
    )
    with db.reading() as session:
        found = session.exec(
            select(Integration.user_id, Integration.id)
            .where(*is_due)
            .order_by(col(Integration.next_check_at))
            .limit(AT_ONCE)
        ).all()
    if not found:
        return []
    with db.writing() as session:
        return [
            row
            for row in found
            if session.exec(
                update(Integration).where(col(Integration.id) == row[1], *is_due).values(next_check_at=at + LEASE)
            ).rowcount
            == 1
        ]


async def _test(user_id: str, integration_id: str) -> None:
    try:
        await calls.test(user_id, integration_id)
    except StreamlineError as error:
        log.info("a connection could not be tested: %s", error.code)
