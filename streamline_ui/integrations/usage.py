"""When a connection was last used. A burst of calls writes it once a second, not once a call.

A use that worked is as good as a check: it heals at once, and the next check moves on. Once a minute is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from time import monotonic

from sqlalchemy import bindparam
from sqlalchemy.exc import SQLAlchemyError

from streamline_ui import live
from streamline_ui.errors import Unavailable
from streamline_ui.integrations import health, rows
from streamline_ui.providers import catalog
from streamline_ui.storage import writer
from streamline_ui.storage.models import ApiKey, Integration, now, table_of
from streamline_ui.storage.writer import Statement

Use = tuple[str, str, datetime]  # whose, the integration's id, when

_columns = table_of(Integration).c
_use = (
    table_of(Integration)
    .update()
    .where(_columns.id == bindparam("of_id"), _columns.userId == bindparam("of_user"), _columns.deletedAt.is_(None))
    .values(lastUsedAt=bindparam("to_used_at"), updatedAt=_columns.updatedAt)
)
_use_keys = (
    table_of(ApiKey)
    .update()
    .where(table_of(ApiKey).c.integrationId == bindparam("of_id"), table_of(ApiKey).c.name.in_(catalog.all_key_names()))
    .values(lastUsedAt=bindparam("to_used_at"))
)
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
    await _write([(user_id, integration_id, now())])


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


async def flush() -> None:
    """Write down what has waited."""
    uses = [(user_id, integration_id, at) for integration_id, (user_id, at) in _waiting.items()]
    _waiting.clear()
    await _write(uses)
    forgotten = [key for key, moment in _written.items() if monotonic() - moment > PACE]
    for key in forgotten:
        _written.pop(key, None)
    for key in [key for key, moment in _proved.items() if monotonic() - moment > PROOF_PACE]:
        _proved.pop(key, None)


async def _write(uses: Sequence[Use]) -> None:
    """Along with what executions write: a transaction of our own would keep theirs waiting.

    What cannot be written now waits for the next `flush`.
    """
    if not uses:
        return
    if not writer.is_running():
        await asyncio.to_thread(_record, uses)
        return
    statements: list[Statement] = []
    for user_id, integration_id, at in uses:
        statements.append((_use, {"of_user": user_id, "of_id": integration_id, "to_used_at": at}))
        statements.append((_use_keys, {"of_id": integration_id, "to_used_at": at}))
    try:
        await writer.write(*statements, must=True)
    except (Unavailable, SQLAlchemyError):  # a full disk is told of elsewhere, and what was called has been called
        for user_id, integration_id, at in uses:
            _waiting.setdefault(integration_id, (user_id, at))
        return
    for user_id, integration_id, _ in uses:
        live.tell(user_id, "integration", integration_id)


def _record(uses: Sequence[Use]) -> None:
    for user_id, integration_id, at in uses:
        rows.record_use(user_id, integration_id, None, at)
