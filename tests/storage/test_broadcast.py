"""News between processes: on a real PostgreSQL, with another process, and with a connection that is cut."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from streamline_ui import live
from streamline_ui.integrations import alerts
from streamline_ui.integrations.alerts import News
from streamline_ui.settings import Settings
from streamline_ui.storage import broadcast, db, migrate
from streamline_ui.storage.alert_tables import Matter
from streamline_ui.storage.broadcast import Broadcast, payloads, received
from streamline_ui.storage.models import User

OTHER = """
import sys
from streamline_ui import live
from streamline_ui.storage import broadcast, db
db.connect(sys.argv[1])
broadcast.start()
for number in range(int(sys.argv[2])):
    live.tell("alice", "integration", f"row {number}")
live.tell_session_ended("session 1")
broadcast.stop()
"""


def test_a_message_is_never_too_large_and_nothing_is_lost() -> None:
    found = [("execution", "u" * 36, f"{number:036}") for number in range(1000)]
    made = list(payloads("me", found))
    assert max(len(each) for each in made) < 8000
    assert [news for each in made for news in received("you", each)] == found
    assert received("me", made[0]) == []


@pytest.mark.parametrize("payload", ["", "null", "[]", "[1]", '["x", 3]', '["x", [["a"]]]', "{}", "\x00"])
def test_what_is_no_message_of_ours_is_passed_over(payload: str) -> None:
    assert received("me", payload) == []


def test_on_sqlite_nothing_is_sent(data: Settings) -> None:
    broadcast.start()
    assert broadcast._broadcast is None and live._carrier is None


@pytest_asyncio.fixture
async def shared(settings: Settings, postgres_database: str) -> AsyncIterator[str]:
    """A PostgreSQL with our tables, and this process listening on it."""
    db.connect(postgres_database)
    await asyncio.to_thread(migrate._run, db.engine())
    live.start(asyncio.get_running_loop())
    broadcast.start()
    await asyncio.to_thread(own().is_listening.wait, 10)
    yield postgres_database
    await asyncio.to_thread(broadcast.stop)
    live.stop()
    db.dispose()


def own() -> Broadcast:
    assert broadcast._broadcast is not None
    return broadcast._broadcast


class Ear:
    """Collects what is told here."""

    def __init__(self) -> None:
        self.changes: list[live.Changed] = []
        self.ended: list[str] = []
        live.changed.subscribe(self.changes.append)
        live.session_ended.subscribe(self.ended.append)

    async def until(self, is_there: Callable[[], bool], seconds: float = 10) -> None:
        for _ in range(int(seconds / 0.02)):
            if is_there():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"only {len(self.changes)} changes came: {self.changes[:5]}")


async def tell_elsewhere(url: str, number: int) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", OTHER, url, str(number)]
    done = await asyncio.to_thread(subprocess.run, command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


async def test_what_another_process_tells_is_heard_here_once(shared: str) -> None:
    ear = Ear()
    await tell_elsewhere(shared, 300)
    await ear.until(lambda: bool(ear.ended) and len(ear.changes) >= 300)
    assert {change.id for change in ear.changes} == {f"row {number}" for number in range(300)}
    assert len(ear.changes) == 300 and ear.ended == ["session 1"]


async def test_our_own_news_do_not_come_back(shared: str) -> None:
    ear = Ear()
    live.tell("alice", "integration", "mine")
    await asyncio.sleep(0.5)
    assert [change.id for change in ear.changes] == ["mine"]


async def test_after_a_cut_what_was_missed_is_read_from_the_tables(shared: str) -> None:
    with db.writing() as session:
        session.add(User(id="alice", email="alice@example.com", password_hash="x"))
    ear = Ear()
    plain = shared.replace("postgresql+psycopg", "postgresql")
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    with psycopg.connect(plain, autocommit=True) as connection:
        assert connection.execute(kill).fetchall()
        live.stop()  # what is told now, nobody here hears
        alerts.begin(News("alice", Matter.WORKFLOW, "w", "Forward orders", "It failed."))
        live.start(asyncio.get_running_loop())
    await ear.until(lambda: any(change.kind == "alert" for change in ear.changes))
    await asyncio.to_thread(own().is_listening.wait, 10)
    before = len(ear.changes)
    await tell_elsewhere(shared, 1)
    await ear.until(lambda: len(ear.changes) > before)
