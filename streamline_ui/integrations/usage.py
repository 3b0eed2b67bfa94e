"""When a connection was last used. A burst of calls writes it once a second, not once a call."""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import monotonic

from streamline_ui.integrations import rows
from streamline_ui.storage.models import now

PACE = 1.0  # seconds
_written: dict[str, float] = {}
_waiting: dict[str, tuple[str, datetime]] = {}


async def note(user_id: str, integration_id: str) -> None:
    """It is being used. Written at once, or with the next `flush` where that was done just now."""
    if monotonic() - _written.get(integration_id, -PACE) < PACE:
        _waiting[integration_id] = (user_id, now())
        return
    _written[integration_id] = monotonic()
    await asyncio.to_thread(rows.record_use, user_id, integration_id, None)


def flush() -> None:
    """Write down what has waited."""
    waiting = list(_waiting.items())
    _waiting.clear()
    for integration_id, (user_id, at) in waiting:
        rows.record_use(user_id, integration_id, None, at)
    forgotten = [key for key, moment in _written.items() if monotonic() - moment > PACE]
    for key in forgotten:
        _written.pop(key, None)
