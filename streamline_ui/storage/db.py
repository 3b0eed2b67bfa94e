"""The database: one engine, sessions for reading and for writing.

Everything here is synchronous and belongs in worker threads: `def` endpoints run there, pages use `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, event
from sqlalchemy.sql import Select
from sqlmodel import Session, create_engine

from streamline_ui.storage.batches import Prepared

BUSY_SECONDS = 5
INCREMENTAL = 2  # SQLite's auto_vacuum under which a file gives empty pages back when it is asked to
_engine: Engine | None = None
_glancing: Any = None
_compiled: dict[int, Prepared] = {}


def connect(url: str) -> None:
    """Make the engine. Nothing is opened before the first use."""
    global _engine  # noqa: PLW0603 - a process has one database
    dispose()
    if url.startswith("sqlite"):
        _engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
        event.listen(_engine, "connect", _prepare_sqlite)
        event.listen(_engine, "begin", _begin_sqlite)
    else:
        _engine = create_engine(
            url, hide_parameters=True, pool_pre_ping=True, pool_size=10, connect_args={"options": "-c timezone=UTC"}
        )


def engine() -> Engine:
    """The engine that `connect` made."""
    if _engine is None:
        raise RuntimeError("the database is not connected")
    return _engine


def dispose() -> None:
    """Close every connection."""
    global _engine  # noqa: PLW0603
    _end_glancing()
    if _engine is not None:
        _engine.dispose()
        _engine = None


@contextmanager
def reading() -> Iterator[Session]:
    """A session that changes nothing."""
    with Session(engine(), expire_on_commit=False) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """A session that is committed at the end of the block, or rolled back by an error.

    On SQLite the write lock is taken at the start, so that what is read inside cannot change before it is written.
    """
    with Session(engine().execution_options(writes=True), expire_on_commit=False) as session, session.begin():
        yield session


async def glance(query: Select[Any] | TextClause, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row, for what is asked a thousand times a second and found in an index. The query must be a constant.

    SQLite answers in microseconds, less than it takes to ask a thread, so it is asked on the event loop, over a
    connection of its own that never waits for others. Where it would have to wait, and on PostgreSQL, a thread does.
    What comes is as the database keeps it: texts and numbers; a yes or no may be a number, too.
    """
    if engine().dialect.name == "sqlite":
        try:
            return _glance(query, values)
        except sqlite3.Error:
            _end_glancing()
    return await asyncio.to_thread(_look, query, values)


def _glance(query: Select[Any] | TextClause, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    global _glancing  # noqa: PLW0603 - the event loop has one
    if _glancing is None:
        _glancing = engine().raw_connection()
        _glancing.detach()
        _glancing.dbapi_connection.execute("PRAGMA busy_timeout=0")
    if (prepared := _compiled.get(id(query))) is None:
        prepared = Prepared.of(query, list(values), engine().dialect)
        if prepared is None:
            raise ValueError("this query depends on its values")
        _compiled[id(query)] = prepared
    found = _glancing.dbapi_connection.execute(prepared.sql, prepared.values(values))
    with closing(found):  # one that stays open holds back the log's end
        row: tuple[Any, ...] | None = found.fetchone()
        return row


def _end_glancing() -> None:
    global _glancing
    connection, _glancing = _glancing, None
    if connection is not None:
        connection.close()


def _look(query: Select[Any] | TextClause, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    with engine().connect() as connection:
        row = connection.execute(query, values).first()
        return None if row is None else tuple(row)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    cursor = connection.cursor()
    if cursor.execute("PRAGMA page_count").fetchone()[0] == 0:  # only a new file takes it, and it is a write
        cursor.execute(f"PRAGMA auto_vacuum={INCREMENTAL}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what was committed survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
