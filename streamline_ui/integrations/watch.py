"""The watch over connections: tests those that are due, and throws old history away."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update

from streamline_ui.errors import StreamlineError
from streamline_ui.integrations import calls
from streamline_ui.storage import db, trouble
from streamline_ui.storage.models import HealthCheck, Integration, now, table_of

LEASE = timedelta(minutes=2)  # longer than the longest test; a test that dies is due again after it
AT_ONCE = 50
_under_way: set[asyncio.Task[None]] = set()
KEEP = timedelta(days=35)  # the detail page tells the uptime of 30 days

log = logging.getLogger(__name__)
_columns = table_of(Integration).c
_any_due = (
    select(_columns.id)
    .where(_columns.isActive.is_(True), _columns.deletedAt.is_(None), _columns.nextCheckAt <= bindparam("moment"))
    .limit(1)
)


async def begin() -> None:
    """Start to test what is due, and wait for none of it: a service that hangs keeps no other from being looked at."""
    room = AT_ONCE - len(_under_way)
    if room <= 0 or await db.glance(_any_due, {"moment": now()}) is None:
        return
    for user_id, integration_id in await asyncio.to_thread(_claim, room):
        task = asyncio.create_task(_test(user_id, integration_id), name="test a connection")
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)


def sooner(by: timedelta) -> None:
    """The clock was set back by so much: nobody is looked at so much later than was planned."""
    with db.writing() as session:
        for row in session.exec(select(Integration).where(col(Integration.next_check_at) > now())):
            row.next_check_at = None if row.next_check_at is None else max(now(), row.next_check_at - by)


async def sweep() -> None:
    """Test every connection that is due. What another process has claimed meanwhile is left to it."""
    await begin()
    await asyncio.gather(*_under_way)


async def stop() -> None:
    """End the tests that are under way; they are due again at the end of their lease."""
    for task in _under_way:
        task.cancel()
    await asyncio.gather(*_under_way, return_exceptions=True)


def prune() -> None:
    """Throw away looks that no page shows any more."""
    with db.writing() as session:
        session.exec(delete(HealthCheck).where(col(HealthCheck.at) < now() - KEEP))


def _claim(most: int) -> list[tuple[str, str]]:
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
            .limit(most)
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
        with trouble.left_out():  # it is due again when the lease of this look ends
            await calls.test(user_id, integration_id)
    except StreamlineError as error:
        log.info("a connection could not be tested: %s", error.code)
