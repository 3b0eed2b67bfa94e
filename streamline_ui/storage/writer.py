"""Group commit: many small writes share one transaction, and each is answered only once that is on disk.

A commit costs a flush of the disk whatever it holds, so what comes in while one is under way waits and goes along with
the next. `write` returns after the commit; what it has answered survives a power cut.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from streamline_ui.errors import Unavailable
from streamline_ui.storage import db
from streamline_ui.storage.batches import Batches

MOST_AT_ONCE = 512  # units in one transaction; more would make the first of them wait too long
PATIENCE = 2000  # milliseconds for somebody else's lock; whoever comes while we wait for it waits twice
MOST_WAITING = 2000  # units not yet committed, after which newcomers are refused rather than kept waiting

Statement = tuple[Executable, Mapping[str, Any]]


@dataclass(slots=True)
class _Unit:
    """Statements that happen together or not at all, and who waits for them."""

    statements: Sequence[Statement]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


_writer: Writer | None = None


def start() -> None:
    """Begin to write to the database that is connected."""
    global _writer  # noqa: PLW0603 - a process has one writer
    _writer = Writer(db.engine())
    _writer.start()


def stop() -> None:
    """Commit what is waiting, then end."""
    global _writer  # noqa: PLW0603
    if _writer is not None:
        _writer.stop()
        _writer = None


def is_running() -> bool:
    """Whether `write` can be used."""
    return _writer is not None


def depth() -> int:
    """How many writes wait to be committed."""
    return 0 if _writer is None else _writer.depth


async def write(*statements: Statement, must: bool = False) -> None:
    """Commit these statements together; returns once they are on disk.

    Raises Unavailable where too much is waiting, unless it `must` be written because it is about something that was
    taken on already; and SQLAlchemyError where the database refuses.
    """
    if _writer is None:
        raise Unavailable("Streamline is stopping.", retry_after=5, code="overloaded")
    await _writer.write(*statements, must=must)


@dataclass(slots=True)
class Writer:
    """One thread that commits in groups. Statements must be module-level constants: equal ones run as one batch.

    Within a unit, and among the units of a group, statements run in the order of their first appearance; units that
    need each other must wait for each other.
    """

    engine: Engine
    _waiting: deque[_Unit] = field(default_factory=deque)
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _stopping: bool = False
    _thread: threading.Thread | None = None
    _connection: Connection | None = None
    _batches: Batches | None = None  # on SQLite

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit what is waiting, then end."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    @property
    def depth(self) -> int:
        """How many units wait to be committed."""
        return len(self._waiting)

    async def write(self, *statements: Statement, must: bool = False) -> None:
        """See `write`."""
        loop = asyncio.get_running_loop()
        unit = _Unit(statements, loop, loop.create_future())
        with self._wake:
            if self._stopping or (len(self._waiting) >= MOST_WAITING and not must):
                raise Unavailable("Too much is waiting to be stored.", retry_after=1, code="overloaded")
            self._waiting.append(unit)
            self._wake.notify()
        await unit.done

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._stopping:
                    self._wake.wait()
                if not self._waiting:
                    self._disconnect()
                    return
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            self._answer(group, self._commit(group))

    def _commit(self, group: Sequence[_Unit]) -> list[Exception | None]:
        """Commit all together; where one is bad, look for it by halves, so that it spoils nobody else's.

        A database that is locked, full or gone refuses all of them: then they are not tried, and kept waiting, singly.
        """
        try:
            self._transact(group)
        except OperationalError as error:
            return [error] * len(group)
        except Exception as error:  # whatever it is, the thread goes on, and whoever wrote it is told
            if len(group) == 1:
                return [error]
            half = len(group) // 2
            return [*self._commit(group[:half]), *self._commit(group[half:])]
        return [None] * len(group)

    def _transact(self, group: Sequence[_Unit]) -> None:
        batches: dict[int, tuple[Executable, list[Mapping[str, Any]]]] = {}
        for unit in group:
            for statement, row in unit.statements:
                batches.setdefault(id(statement), (statement, []))[1].append(row)
        found = list(batches.values())
        try:
            connection = self._connected()
            prepared = None if self._batches is None else self._batches.prepare(found)
            if self._batches is not None and prepared is not None:
                self._batches.run(prepared, found)
                return
            with connection.begin():
                for statement, parameters in found:
                    connection.execute(statement, parameters)
        except OperationalError:  # it may be of no use any more
            self._disconnect()
            raise

    def _connected(self) -> Connection:
        """The connection that is this thread's alone."""
        if self._connection is None:
            self._connection = self.engine.execution_options(writes=True).connect()
            self._connection.detach()
            if self.engine.dialect.name == "sqlite":
                cursor = self._connection.connection.cursor()  # past SQLAlchemy, which would begin, and so wait, first
                cursor.execute(f"PRAGMA busy_timeout={PATIENCE}")
                cursor.close()
                driver: Any = self._connection.connection.dbapi_connection
                self._batches = Batches(driver, self.engine.dialect)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection, self._batches = self._connection, None, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()

    @staticmethod
    def _answer(group: Sequence[_Unit], results: Sequence[Exception | None]) -> None:
        """Tell everybody at once: one wake-up of the loop for the whole group."""

        def settle() -> None:
            for unit, error in zip(group, results, strict=True):
                if unit.done.done():
                    continue
                if error is None:
                    unit.done.set_result(None)
                else:
                    unit.done.set_exception(error)

        try:
            group[0].loop.call_soon_threadsafe(settle)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return
