"""When a connection was last used. A burst of calls writes it once a second, not once a call.

A use that worked is as good as a check: it heals at once, and the next check moves on. Once a minute is enough.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import monotonic

from streamline_ui.integrations import health, rows
from streamline_ui.storage.models import now

PACE = 1.0  # seconds
PROOF_PACE = 60.0
_written: dict[str, float] = {}
_proved: dict[str, float] = {}
_waiting: dict[str, tuple[str, datetime]] = {}


async def note(user_id: str, integration_id: str) -> None:
    """It is being used. Written at once, or with the next `flush` where that was done just now."""
    if monotonic() - _written.get(integration_id, -PACE) < PACE:
        _waiting[integration_id] = (user_id, now())
        return
    _written[integration_id] = monotonic()
    await asyncio.to_thread(rows.record_use, user_id, integration_id, None)


async def worked(user_id: str, integration_id: str, latency_ms: int) -> None:
    """It was used, and the service did what it was asked."""
    if monotonic() - _proved.get(integration_id, -PROOF_PACE) < PROOF_PACE:
        await note(user_id, integration_id)
        return
    _written[integration_id] = _proved[integration_id] = monotonic()
    outcome = health.succeeded("", "It was used, and it worked.", latency_ms)
    await asyncio.to_thread(rows.record_use, user_id, integration_id, outcome)


def doubt(integration_id: str) -> None:
    """Something went wrong with it: the next use that works is news again."""
    _proved.pop(integration_id, None)


def flush() -> None:
    """Write down what has waited."""
    waiting = list(_waiting.items())
    _waiting.clear()
    for integration_id, (user_id, at) in waiting:
        rows.record_use(user_id, integration_id, None, at)
    forgotten = [key for key, moment in _written.items() if monotonic() - moment > PACE]
    for key in forgotten:
        _written.pop(key, None)
    for key in [key for key, moment in _proved.items() if monotonic() - moment > PROOF_PACE]:
        _proved.pop(key, None)
