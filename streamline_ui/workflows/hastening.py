"""Lets executions go on before the time for which they were put off: what they waited for is well again.

Those that wait for a service which failed are known to its breaker, in memory; those of a process that is gone are told
by what they say of themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container, Sequence

from sqlalchemy import bindparam, literal_column, select, update

from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, now, table_of
from streamline_ui.storage.workflow_tables import OPEN, Execution, Progress
from streamline_ui.workflows import breakers

AT_A_TIME = 500  # ids in one statement
_table = table_of(Execution)
_rows = _table.c
_waiting = OPEN & (_rows.status == literal_column(f"'{Progress.WAITING.value}'")) & _rows.waitsFor.is_(None)
_checks = table_of(HealthCheck).c
_found_well = (
    select(_checks.id)
    .where(
        _checks.integrationId == bindparam("integration"),
        _checks.at > bindparam("since"),
        _checks.kind == "test",
        _checks.ok.is_(True),
    )
    .limit(1)
)

log = logging.getLogger(__name__)


async def let_go_on(under_way: Container[str]) -> None:
    """Let go on what waited for services that are used again. What is `under_way` is told at the next call.

    Such a one has not written down yet that it waits.
    """
    freed = breakers.freed()
    if not freed:
        return
    breakers.keep(each for each in freed if each in under_way)
    try:
        await asyncio.to_thread(_now, [each for each in freed if each not in under_way])
    except Exception:
        log.exception("executions could not be let go on; they do so by themselves")


async def try_what_is_well() -> None:
    """A service that was found well since its last failure is tried at once, however long its pause is."""
    for name, integration_id, since in breakers.opened():
        if await db.glance(_found_well, {"integration": integration_id, "since": since}) is not None:
            breakers.hurry(name)


def after_start() -> int:
    """What waited for a service may try: nobody knows any more how long it was to be left alone. How many."""
    left = update(_table).where(_waiting, _rows.error == breakers.REASON, _rows.dueAt > now())
    with db.engine().execution_options(writes=True).begin() as connection:
        return connection.execute(left.values(dueAt=now())).rowcount


def _now(ids: Sequence[str]) -> None:
    later = update(_table).where(_waiting, _rows.dueAt > now())
    with db.engine().execution_options(writes=True).begin() as connection:
        for start in range(0, len(ids), AT_A_TIME):
            connection.execute(later.where(_rows.id.in_(ids[start : start + AT_A_TIME])).values(dueAt=now()))
