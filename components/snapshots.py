"""Connections as the pages show them, read once for all pages that are open.

Twenty open pages learn of the same change in the same moment; the row is read for the first that asks and handed to the
others. Nothing outlives the next change of its row.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from streamline_ui import live
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections
from streamline_ui.storage.models import HealthCheck, Integration, Status
from streamline_ui.workflows.listening import hearing
from streamline_ui.workflows.listening.hearing import Tally, Trouble

CARD_CHECKS = 40
_glancing: dict[str, asyncio.Task[Glance]] = {}
_reading: dict[tuple[str, str], asyncio.Task[Snapshot | None]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A connection as it is seen, and its newest checks, oldest first. `deaf` says why it hears nothing, if so."""

    row: Integration
    checks: list[HealthCheck]
    deaf: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """A user's connections in figures; `broken` counts those that do not hear as well."""

    total: int
    broken: int
    next_check_at: datetime | None
    polled: Tally


async def everything(user_id: str) -> list[Snapshot]:
    """All connections of a user, in the order of the page."""
    return await asyncio.to_thread(_read_all, user_id)


async def latest(user_id: str, integration_id: str) -> Snapshot | None:
    """One connection as it is now, or None where it is gone."""
    key = (user_id, integration_id)
    if key not in _reading:
        _reading[key] = asyncio.create_task(asyncio.to_thread(_read, user_id, integration_id))
        _reading[key].add_done_callback(lambda task: _forget_later(key, task))
    return await asyncio.shield(_reading[key])


async def glance(user_id: str) -> Glance:
    """A user's connections in figures."""
    if user_id not in _glancing:
        _glancing[user_id] = task = asyncio.create_task(asyncio.to_thread(_count, user_id))
        task.add_done_callback(
            lambda done: asyncio.get_running_loop().call_later(
                2, lambda: _glancing.pop(user_id) if _glancing.get(user_id) is done else None
            )
        )
    return await asyncio.shield(_glancing[user_id])


def forget(change: live.Changed) -> None:
    """What was read before this change is old."""
    _reading.pop((change.user_id, change.id), None)
    _glancing.pop(change.user_id, None)


def _forget_later(key: tuple[str, str], task: asyncio.Task[Snapshot | None]) -> None:
    """Keep it for as long as pages may still ask for the same change: they draw once a second."""
    asyncio.get_running_loop().call_later(2, lambda: _reading.pop(key) if _reading.get(key) is task else None)


def _read_all(user_id: str) -> list[Snapshot]:
    checks, deaf = connections.checks_of_all(user_id, CARD_CHECKS), hearing.of(user_id)
    found = [_seen(row, checks.get(row.id, []), deaf.get(row.id)) for row in connections.all_of(user_id)]
    return sorted(found, key=lambda each: connections.RANK.get(Status(each.row.status), 2))


def _seen(row: Integration, checks: list[HealthCheck], deaf: Trouble | None) -> Snapshot:
    status = row.status
    seen = hearing.as_seen(row, deaf)
    return Snapshot(seen, checks, deaf if seen.status != status else None)


def _count(user_id: str) -> Glance:
    seen, polled = connections.glance(user_id), hearing.tally(user_id)
    deaf = hearing.of(user_id) if polled.failing or polled.off else {}
    known = {row.id: row for row in connections.all_of(user_id)} if deaf else {}
    more = sum(key in known and Status(known[key].status) in hearing.OVERLAID for key in deaf)
    return Glance(seen.total, seen.broken + more, seen.next_check_at, polled)


def _read(user_id: str, integration_id: str) -> Snapshot | None:
    try:
        row = connections.one(user_id, integration_id)
        deaf = hearing.of(user_id, integration_id).get(integration_id)
        return _seen(row, connections.checks(user_id, integration_id, CARD_CHECKS), deaf)
    except NotFound:
        return None
