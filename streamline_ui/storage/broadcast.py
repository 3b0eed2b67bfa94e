"""Carries what changed to the other processes of the same PostgreSQL, by LISTEN and NOTIFY. On SQLite there are none.

A message holds ids only, many in one. Who loses the connection reads from the tables, once it is back, what changed in
between; so a page is late, but never wrong.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from streamline_ui import live
from streamline_ui.live import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert
from streamline_ui.storage.models import InboxEntry, Integration, now
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Workflow

if TYPE_CHECKING:
    import psycopg

CHANNEL = "streamline"
GATHER = 0.05  # seconds; what changes within them goes into one message
LARGEST = 7000  # bytes of a message; PostgreSQL takes 8000
MOST_WAITING = 10_000  # changes that wait to be sent; beyond that the others are told to look for themselves
ASK_EVERY = 10.0  # seconds after which a silent connection is asked whether it is there
PAUSES = (0.2, 1.0, 3.0)  # seconds between tries to connect
MARGIN = timedelta(seconds=5)  # by which clocks may differ, and what was being committed may be late
KEEPALIVE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}

log = logging.getLogger(__name__)


class Broadcast:
    """Two threads, each with a connection of its own: one sends, one listens."""

    def __init__(self, address: str) -> None:
        self.address, self.origin = address, uuid4().hex
        self.waiting: queue.Queue[News] = queue.Queue(MOST_WAITING)
        self.is_overfull = False
        self.is_listening = threading.Event()
        self._ended = threading.Event()
        self._listener: psycopg.Connection | None = None
        self._threads = [
            threading.Thread(target=self._keep_on, args=[work], name=f"broadcast {name}", daemon=True)
            for name, work in (("out", self._send), ("in", self._listen))
        ]
        self._lost_at: datetime | None = None

    def start(self) -> None:
        """Begin to send and to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send what waits, and end."""
        self._ended.set()
        for thread in self._threads:
            thread.join(5)

    def carry(self, news: News) -> None:
        """Take this to the others. From any thread; never waits."""
        try:
            self.waiting.put_nowait(news)
        except queue.Full:
            self.is_overfull = True

    def _keep_on(self, work: Callable[[psycopg.Connection], None]) -> None:
        """Do the work over a connection, and over another one where that breaks."""
        import psycopg  # noqa: PLC0415 - a start with SQLite does without

        tries = 0
        while not self._ended.is_set():
            begun = monotonic()
            try:
                with psycopg.connect(self.address, autocommit=True, **KEEPALIVE) as connection:  # type: ignore[arg-type]
                    work(connection)
            except psycopg.Error as error:
                tries = 0 if monotonic() - begun > ASK_EVERY else tries + 1
                if tries <= 1:
                    log.warning("News between processes are interrupted: %s", type(error).__name__)
            else:
                return
            self._ended.wait(PAUSES[min(tries, len(PAUSES) - 1)])

    def _send(self, connection: psycopg.Connection) -> None:
        import psycopg  # noqa: PLC0415 - see above

        while not (self._ended.is_set() and self.waiting.empty()):
            found = self._gather()
            if self.is_overfull:
                self.is_overfull = False
                found = {("gap", "", "")}
            for payload in payloads(self.origin, found):
                try:
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
                except psycopg.Error:
                    self.is_overfull = True  # some of it may be lost: the others look for themselves
                    raise

    def _gather(self) -> set[News]:
        found: set[News] = set()
        with suppress(queue.Empty):
            found.add(self.waiting.get(timeout=0.5))
            self._ended.wait(GATHER)
            while len(found) < MOST_WAITING:
                found.add(self.waiting.get_nowait())
        return found

    def _listen(self, connection: psycopg.Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        if self._lost_at is not None:
            self._hear(self._since(self._lost_at))
        self.is_listening.set()
        try:
            asked = monotonic()
            while not self._ended.is_set():
                for note in connection.notifies(timeout=0.5):
                    self._hear(received(self.origin, note.payload))
                if monotonic() - asked > ASK_EVERY:
                    connection.execute("SELECT 1")
                    asked = monotonic()
        finally:
            self.is_listening.clear()
            self._lost_at = now() - timedelta(seconds=ASK_EVERY)

    def _hear(self, found: Iterable[News]) -> None:
        for news in found:
            if news[0] == "gap":
                self._hear(self._since(now() - timedelta(minutes=1)))
            else:
                live.hear(news)

    @staticmethod
    def _since(moment: datetime) -> list[News]:
        try:
            return list(changed_since(moment - MARGIN))
        except SQLAlchemyError:
            log.warning("What changed meanwhile cannot be read at the moment.")
            return []


def payloads(origin: str, found: Iterable[News]) -> Iterator[str]:
    """The changes as messages, each small enough."""
    part: list[News] = []
    size = 0
    for news in found:
        length = sum(len(each) for each in news) + 12
        if part and size + length > LARGEST:
            yield json.dumps([origin, part])
            part, size = [], 0
        part.append(news)
        size += length
    if part:
        yield json.dumps([origin, part])


def received(origin: str, payload: str) -> list[News]:
    """What a message says, or nothing where it is our own, or something that is no message of ours."""
    try:
        sender, found = json.loads(payload)
        news = [(str(kind), str(user_id), str(row_id)) for kind, user_id, row_id in found]
    except (ValueError, TypeError):
        return []
    return [] if sender == origin else news


def changed_since(moment: datetime) -> Iterator[News]:
    """Every row of which a page shows something, and that has changed since then."""
    queries = {
        "integration": select(col(Integration.user_id), col(Integration.id)).where(
            col(Integration.updated_at) >= moment
        ),
        "workflow": select(col(Workflow.user_id), col(Workflow.id)).where(col(Workflow.updated_at) >= moment),
        "inbox": select(col(InboxEntry.user_id), col(InboxEntry.id)).where(col(InboxEntry.created_at) >= moment),
        "alert": select(col(Alert.user_id), col(Alert.id)).where(
            or_(col(Alert.raised_at) >= moment, col(Alert.ended_at) >= moment, col(Alert.dismissed_at) >= moment)
        ),
        "execution": select(col(Execution.user_id), col(Execution.id)).where(
            or_(
                col(Execution.created_at) >= moment,
                col(Execution.started_at) >= moment,
                col(Execution.finished_at) >= moment,
                col(Execution.due_at) >= moment,
            )
        ),
        "request": select(col(Workflow.user_id), col(HookRequest.id))
        .join(Workflow, col(Workflow.id) == HookRequest.workflow_id)
        .where(col(HookRequest.at) >= moment),
    }
    with db.engine().connect() as connection:
        for kind, query in queries.items():
            for user_id, row_id in connection.execute(query.limit(MOST_WAITING)):
                yield kind, user_id, row_id


_broadcast: Broadcast | None = None


def start() -> None:
    """Begin, where there may be other processes."""
    global _broadcast  # noqa: PLW0603 - a process has one
    url = db.engine().url
    if url.get_backend_name() != "postgresql":
        return
    _broadcast = Broadcast(url.set(drivername="postgresql").render_as_string(hide_password=False))
    _broadcast.start()
    live.carry(_broadcast.carry)


def stop() -> None:
    """Send what waits, and end."""
    global _broadcast  # noqa: PLW0603
    live.carry(None)
    if _broadcast is not None:
        _broadcast.stop()
        _broadcast = None
