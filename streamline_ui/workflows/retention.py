"""Throws old history away: what is past its days, then the oldest of what is past its megabytes, and the space with it.

What is still under way is never touched. It works in small pieces with pauses, so that events are not kept waiting.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from streamline_ui.settings import Settings
from streamline_ui.storage import db, room
from streamline_ui.storage.models import now, table_of
from streamline_ui.storage.workflow_tables import Event, Execution, HookRequest, Progress
from streamline_ui.workflows import uploads

KNOWN_FOR = timedelta(days=7)  # senders deliver again for up to three days; after that an id counts as new
LOOK_FOR = 1000  # rows at a time
LAST_TO_GO = timedelta(days=1)  # however full the disk is
LONG = 200  # rows that are too many to go in one transaction
LONGEST = 0.02  # seconds that one transaction may take: others want to write
PAUSE = 0.01  # seconds between them
PAGES = 250  # given back at a time: a megabyte
MEGABYTE = 1_000_000

_executions, _requests, _events = table_of(Execution), table_of(HookRequest), table_of(Event)
_is_over = _executions.c.status.not_in((Progress.QUEUED, Progress.RUNNING, Progress.WAITING))
Row = tuple[datetime, str, str]
log = logging.getLogger(__name__)


def sweep(settings: Settings) -> int:
    """Keep to the limits of the settings; returns how many rows went. The limit in megabytes is for SQLite only."""
    oldest = now() - timedelta(days=settings.retention_days)
    gone = _clear(_executions, _executions.c.createdAt, _executions.c.createdAt < oldest, _is_over)
    gone += _clear(_requests, _requests.c.at, _requests.c.at < oldest)
    gone += _clear(_events, _events.c.at, _events.c.at < min(oldest, now() - KNOWN_FOR))
    if db.engine().dialect.name == "sqlite":
        gone += _shrink(settings.retention_mb * MEGABYTE)
        _give_back()
    uploads.sweep()
    if gone:
        log.info("Old history went: %d rows.", gone)
    return gone


def relieve() -> int:
    """While the disk is nearly full, let a tenth of the history go, the oldest, but nothing of the last day."""
    if not room.is_short() or db.engine().dialect.name != "sqlite":
        return 0
    until = now() - LAST_TO_GO
    gone = 0
    for table, moment, which in (
        (_executions, _executions.c.createdAt, (_is_over,)),
        (_requests, _requests.c.at, ()),
    ):
        with db.engine().connect() as connection:
            total = connection.execute(select(func.count()).select_from(table)).scalar_one()
        most = max(LOOK_FOR, total // 10)
        while most > 0 and (found := _oldest(table, moment, moment < until, *which)[:most]):
            gone += sum(_pieces(found))
            most -= len(found)
    uploads.sweep()
    _give_back()
    room.look_again()
    if gone:
        log.warning("The disk is nearly full: %d rows of old history went.", gone)
    return gone


def is_long(connection: Connection, workflow_id: str) -> bool:
    """Whether a workflow has gathered so much that to delete it in one go would keep others from writing."""
    found = 0
    for table in (_executions, _requests, _events):
        ids = select(table.c.id).where(table.c.workflowId == workflow_id).limit(LONG)
        found += connection.execute(select(func.count()).select_from(ids.subquery())).scalar_one()
    return found >= LONG


def forget(workflow_id: str) -> int:
    """Delete all that a workflow has gathered, bit by bit: the newest last, so that what is under way goes with it."""
    gone = _clear(_executions, _executions.c.createdAt, _executions.c.workflowId == workflow_id)
    gone += _clear(_requests, _requests.c.at, _requests.c.workflowId == workflow_id)
    return gone + _clear(_events, _events.c.at, _events.c.workflowId == workflow_id)


def _shrink(limit: int) -> int:
    """Let the oldest go, executions and requests as they came, until what is left fits."""
    gone = 0
    while _used() > limit:
        found = [
            *_oldest(_executions, _executions.c.createdAt, _is_over),
            *_oldest(_requests, _requests.c.at),
        ]
        if not found:
            log.warning("The database is larger than its limit, but there is nothing in it that may go.")
            break
        for piece in _pieces(sorted(found)[:LOOK_FOR]):
            gone += piece
            if _used() <= limit:
                break
    return gone


def _clear(table: Table, moment: ColumnElement[Any], *which: ColumnElement[bool]) -> int:
    gone = 0
    while found := _oldest(table, moment, *which):
        gone += sum(_pieces(found))
    return gone


def _oldest(table: Table, moment: ColumnElement[Any], *which: ColumnElement[bool]) -> list[Row]:
    """The oldest rows, by their times, tables and ids. To look for them keeps nobody from writing."""
    query = select(moment, table.c.id).where(*which).order_by(moment).limit(LOOK_FOR)
    with db.engine().connect() as connection:
        return [(at, table.name, row_id) for at, row_id in connection.execute(query).all()]


def _pieces(rows: Sequence[Row]) -> Iterator[int]:
    """Delete these rows, as many in one transaction as it has time for; yields how many went in each."""
    size, done = 20, 0
    while done < len(rows):
        piece = rows[done : done + size]
        began = time.monotonic()
        with db.engine().execution_options(writes=True).begin() as connection:
            for table in (_executions, _requests, _events):
                ids = [row_id for _, name, row_id in piece if name == table.name]
                if ids:
                    connection.execute(delete(table).where(table.c.id.in_(ids)))
        took = time.monotonic() - began
        done += len(piece)
        yield len(piece)
        size = min(500, size * 2) if took < LONGEST / 2 else max(1, size // 2) if took > LONGEST else size
        time.sleep(max(PAUSE, took))


def _used() -> int:
    """The bytes that the database would have without its empty pages."""
    with _direct() as connection:
        pages, empty, size = (_ask(connection, name) for name in ("page_count", "freelist_count", "page_size"))
    return (pages - empty) * size


def _give_back() -> None:
    """Hand empty pages back to the disk, and what the write-ahead log has grown to."""
    with _direct() as connection:
        if _ask(connection, "auto_vacuum") == db.INCREMENTAL:
            while (empty := _ask(connection, "freelist_count")) > 0:
                connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")  # `execute` stops after one page
                if _ask(connection, "freelist_count") >= empty:
                    break
                time.sleep(PAUSE)
        for kind in ("PASSIVE", "TRUNCATE"):  # the first does the work and holds nobody up
            connection.execute(f"PRAGMA wal_checkpoint({kind})").fetchall()


@contextmanager
def _direct() -> Iterator[sqlite3.Connection]:
    """A connection to SQLite itself: it does this outside of transactions."""
    held = db.engine().raw_connection()
    try:
        assert held.driver_connection is not None
        yield held.driver_connection
    finally:
        held.close()


def _ask(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
