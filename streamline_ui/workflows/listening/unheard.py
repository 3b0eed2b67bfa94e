"""Counts what services send to an address while no workflow listens, so that its owner can see that it was dropped.

A service may send thousands: they are counted in memory, and written down together with what else waits.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlmodel import col, update

from streamline_ui import live
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.polling_tables import IntegrationHook

MOST_KNOWN = 10_000
_waiting: dict[str, tuple[str, int, datetime]] = {}
_none: set[str] = set()  # of these it is known that nothing was dropped


def note(user_id: str, integration_id: str, number: int) -> None:
    """So many events have come, and nobody wanted them."""
    _, before, _ = _waiting.get(integration_id, (user_id, 0, None))
    _waiting[integration_id] = user_id, before + number, now()
    _none.discard(integration_id)


def flush() -> None:
    """Write down what was counted. Cheap where there is nothing."""
    if not _waiting:
        return
    found = {key: _waiting.pop(key) for key in list(_waiting)}
    with db.writing() as session:
        for integration_id, (_, number, at) in found.items():
            row = col(IntegrationHook.integration_id) == integration_id
            session.exec(
                update(IntegrationHook).where(row).values(unheard=IntegrationHook.unheard + number, unheard_at=at)
            )
    for integration_id, (user_id, _, _) in found.items():
        live.tell(user_id, "integration", integration_id)


async def forget(integration_id: str) -> None:
    """Somebody has heard an event. It is only written where something was dropped before."""
    if integration_id in _none:
        return
    if len(_none) >= MOST_KNOWN:
        _none.clear()
    _none.add(integration_id)
    _waiting.pop(integration_id, None)
    await asyncio.to_thread(_forget, integration_id)


def _forget(integration_id: str) -> None:
    row = col(IntegrationHook.integration_id) == integration_id
    with db.writing() as session:
        session.exec(update(IntegrationHook).where(row, col(IntegrationHook.unheard) > 0).values(unheard=0))


def of(integration_id: str) -> tuple[int, datetime | None]:
    """How many were dropped since somebody listened, and when the last came."""
    with db.reading() as session:
        row = session.get(IntegrationHook, integration_id)
    return (0, None) if row is None or not row.unheard else (row.unheard, row.unheard_at)
