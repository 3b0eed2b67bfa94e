"""A database that refuses everybody for the moment: told as it is, at every door, and over by itself."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from streamline_ui.access import sessions
from streamline_ui.api import problems
from streamline_ui.settings import Settings
from streamline_ui.storage import db, trouble
from streamline_ui.storage.models import User
from streamline_ui.vault import redact
from tests.conftest import PASSWORD, start_server, stop_server

WORKFLOW = {
    "name": "Note",
    "trigger": {"type": "webhook"},
    "steps": [{"id": "note", "type": "set", "values": {"text": "Hello"}}],
}
EVERYWHERE = "workflows", "executions", "integrations", "inbox"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Somebody else writes, and does not end."""
    with closing(sqlite3.connect(folder / "streamline.db", isolation_level=None, timeout=20)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def refusal(said: str) -> OperationalError:
    return OperationalError("INSERT", {}, sqlite3.OperationalError(said))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("database is locked", trouble.BUSY),
        ("database or disk is full", trouble.FULL),
        ("attempt to write a readonly database", trouble.READ_ONLY),
        ("disk I/O error", trouble.AWAY),
        ("unable to open database file", trouble.AWAY),
    ],
)
def test_what_the_database_refuses_for_the_moment_is_a_sentence(said: str, told: str) -> None:
    found = trouble.of(refusal(said))
    assert found is not None
    assert (found.message, found.status, found.retry_after >= 1) == (told, 503, True)
    assert found.code in problems.MEANINGS


def test_our_own_mistakes_are_no_trouble_of_the_database() -> None:
    assert trouble.of(refusal("no such table: Workflow")) is None
    assert trouble.of(IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE"))) is None
    assert trouble.of(ValueError("locked")) is None


def test_the_log_has_it_once_and_no_trace(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "_told", {})
    redact.install()  # as in the server: from then on a record carries no exception
    library = logging.getLogger("a.library")
    library.addFilter(trouble.Quiet())
    for error in (refusal("database is locked"), refusal("database is locked"), ValueError("a mistake")):
        try:
            raise error
        except (OperationalError, ValueError):
            library.exception("It failed")
    assert [record.getMessage()[:20] for record in caplog.records] == [trouble.BUSY[:20], "It failed"]


def test_a_lock_is_found_and_its_end(data: Settings, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "PATIENCE", 0.1)
    monkeypatch.setattr(trouble, "_found", None)
    assert trouble.problem() is None
    row = sessions.start(alice.id, kind="browser")[1]
    row.last_seen_at -= 2 * sessions.NOTE_EVERY
    with locked(data.data_dir):
        assert trouble.problem() == "the database is locked"
        began = time.monotonic()
        sessions.note_use(row)  # who only looks does not wait for it
        assert time.monotonic() - began < 1
    assert trouble.problem() is None
    assert not trouble.lasts()


def test_a_database_that_is_gone_is_not_made_anew(data: Settings, tmp_path: Path) -> None:
    db.connect(f"sqlite:///{tmp_path / 'gone.db'}")
    assert trouble.problem() == "the database cannot be written to"
    assert not (tmp_path / "gone.db").exists()
    db.connect(data.database_url)
    assert trouble.problem() is None


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_while_it_is_locked_every_door_says_so_and_then_it_goes_on(tmp_path: Path) -> None:
    server = await asyncio.to_thread(start_server, tmp_path)
    try:
        await _lock_it(server.url, tmp_path / "data")
    except BaseException:
        server.process.kill()
        raise
    await asyncio.to_thread(stop_server, server)
    log = server.log.read_text()
    assert "Traceback" not in log
    assert log.count("the database is locked") <= 3, log
    assert "The database goes on again" in log


async def _lock_it(url: str, folder: Path) -> None:
    account = {"email": "alice@example.com", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def until_ready(status: int) -> list[str]:
            for _ in range(40):
                answer = await client.get("/readyz")
                if answer.status_code == status:
                    return list(answer.json()["reasons"])
                await asyncio.sleep(0.2)
            raise AssertionError(f"/readyz did not become {status}")

        setup = {"X-Setup-Token": (folder / "setup-token").read_text()} if (folder / "setup-token").exists() else {}
        (await client.post("/api/setup", json=account, headers=setup)).raise_for_status()
        token = (await client.post("/api/auth/login", json=account)).raise_for_status().json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert await until_ready(200) == []
        cookie = {"Cookie": f"{sessions.COOKIE}={_browser(folder)}"}
        with locked(folder):
            assert await until_ready(503) == ["the database is locked"]
            made = client.post("/api/workflows", headers=bearer, json=WORKFLOW)
            for answer in await asyncio.gather(client.post("/api/auth/login", json=account), made):
                assert (answer.status_code, answer.json()["detail"]) == (503, trouble.BUSY)
                assert int(answer.headers["retry-after"]) >= 1
            assert (await client.get("/api/workflows", headers=bearer)).status_code == 200
            for page in EVERYWHERE:
                assert (await client.get(f"/{page}", headers=cookie)).status_code == 200, page
            await asyncio.sleep(6)  # the clock's jobs find it, too
        assert await until_ready(200) == []
        (await client.post("/api/auth/login", json=account)).raise_for_status()


def _browser(folder: Path) -> str:
    """The cookie of a session that has to be noted as used."""
    db.connect(f"sqlite:///{folder / 'streamline.db'}")
    with db.reading() as session:
        user = session.exec(sessions.select(User)).one()
    value, row = sessions.start(user.id, kind="browser")
    with db.writing() as session:
        row.last_seen_at -= 2 * sessions.NOTE_EVERY
        session.add(row)
    db.dispose()
    return value
