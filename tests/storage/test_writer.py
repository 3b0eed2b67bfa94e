"""Group commit: answered only once it is on disk, each for itself, bounded, and complete at the end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from streamline_ui.errors import Unavailable
from streamline_ui.settings import Settings
from streamline_ui.storage import db, migrate, writer
from streamline_ui.storage.models import Setting, table_of

_add = table_of(Setting).insert()
_forget = table_of(Setting).delete()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A database with its tables, that the writer writes to."""
    found = settings.database_url
    if request.param == "postgresql":
        found = request.getfixturevalue("postgres_database")
    db.connect(found)
    migrate.upgrade(replace(settings, database_url=found))
    writer.start()
    yield found
    writer.stop()
    db.dispose()


def row(key: str, value: str = "1") -> tuple[Any, dict[str, str]]:
    return _add, {"key": key, "value": value}


def keys(url: str) -> set[str]:
    """What somebody else sees: over a connection that has nothing to do with ours."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return set(connection.execute(text('SELECT key FROM "Setting"')).scalars())
    finally:
        engine.dispose()


async def test_what_was_answered_can_be_read_by_others(url: str) -> None:
    async def one(number: int) -> None:
        await writer.write(row(f"a{number}"), row(f"b{number}"))
        if number % 50 == 0:
            assert {f"a{number}", f"b{number}"} <= await asyncio.to_thread(keys, url)

    await asyncio.gather(*(one(number) for number in range(300)))
    assert len(keys(url)) == 600
    assert writer.depth() == 0


async def test_many_share_one_commit(url: str) -> None:
    commits: list[Connection] = []
    event.listen(db.engine(), "commit", commits.append)
    await asyncio.gather(*(writer.write(row(str(number))) for number in range(500)))
    assert len(commits) < 50


async def test_a_bad_unit_spoils_nobody_elses_and_leaves_nothing(url: str) -> None:
    await writer.write(row("taken"))
    writes = [writer.write(row(f"good{number}")) for number in range(20)]
    writes.insert(10, writer.write(row("half"), row("taken")))
    ended = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in ended if each is not None] == [IntegrityError]
    assert isinstance(ended[10], IntegrityError)
    assert keys(url) == {"taken", *(f"good{number}" for number in range(20))}


async def test_more_than_can_wait_is_refused_at_once_and_what_must_be_is_not(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 10)
    begun, release = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        begun.set()
        release.wait(10)

    event.listen(db.engine(), "commit", hold)
    first = asyncio.create_task(writer.write(row("first")))
    await asyncio.to_thread(begun.wait, 10)
    waiting = [asyncio.create_task(writer.write(row(str(number)))) for number in range(10)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await writer.write(row("refused"))
    assert (refused.value.code, refused.value.retry_after) == ("overloaded", 1)
    taken_on = asyncio.create_task(writer.write(row("taken on"), must=True))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(first, taken_on, *waiting)
    assert keys(url) == {"first", "taken on", *map(str, range(10))}


async def test_stopping_commits_what_waits_and_takes_no_more(url: str) -> None:
    waiting = [asyncio.create_task(writer.write(row(str(number)))) for number in range(700)]
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.stop)
    await asyncio.gather(*waiting)
    assert len(keys(url)) == 700
    with pytest.raises(Unavailable):
        await writer.write(row("late"))


async def test_somebody_who_leaves_does_not_keep_the_others_waiting(url: str) -> None:
    writes = [asyncio.create_task(writer.write(row(str(number)))) for number in range(10)]
    await asyncio.sleep(0)
    writes[0].cancel()
    ended = await asyncio.gather(*writes, return_exceptions=True)
    assert [each for each in ended[1:] if each is not None] == []


async def test_a_locked_database_is_an_error_in_time_and_then_it_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 300)
    db.connect(settings.database_url)
    migrate.upgrade(settings)
    writer.start()
    other = sqlite3.connect(settings.data_dir / "streamline.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = asyncio.get_running_loop().time()
    ended = await asyncio.gather(*(writer.write(row(str(number))) for number in range(100)), return_exceptions=True)
    assert {type(each) for each in ended} == {OperationalError}
    assert asyncio.get_running_loop().time() - began < 5, "each waited for the lock by itself"
    other.execute("ROLLBACK")
    other.close()
    await writer.write(row("after"))
    assert keys(settings.database_url) == {"after"}
    writer.stop()
    db.dispose()
