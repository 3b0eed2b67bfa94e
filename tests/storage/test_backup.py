"""Copies of the database while it is in use."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamline_ui.errors import StreamlineError
from streamline_ui.settings import Settings
from streamline_ui.storage import backup, db, migrate
from streamline_ui.storage.models import Setting


@pytest.fixture
def folder(settings: Settings) -> Iterator[Path]:
    """Where to put copies of a database that has its tables."""
    db.connect(settings.database_url)
    migrate.upgrade(settings)
    yield settings.data_dir / "backups"
    db.dispose()


def write(key: str, value: str = "x") -> None:
    with db.writing() as session:
        session.merge(Setting(key=key, value=value))


def keys(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [key for (key,) in connection.execute('SELECT key FROM "Setting" ORDER BY key')]
    finally:
        connection.close()


def test_a_copy_holds_what_was_committed_and_is_closed_to_others(folder: Path) -> None:
    write("a")
    copy = backup.snapshot(db.engine(), folder, "test")
    write("b")
    assert keys(copy) == ["a"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [copy]


def test_the_newest_three_of_each_reason_are_kept(folder: Path) -> None:
    other = backup.snapshot(db.engine(), folder, "test-other")
    (folder / "mine.db").write_text("not yours")
    copies = [backup.snapshot(db.engine(), folder, "test") for _ in range(5)]
    assert backup.kept(folder, "test") == copies[:1:-1]
    assert set(folder.iterdir()) == {*copies[2:], other, folder / "mine.db"}


def test_a_copy_is_whole_while_others_write(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, f"{number:03}", "x" * 1000) for number in range(100)]
        copies = [backup.snapshot(db.engine(), folder, "test") for _ in range(3)]
        for done in writing:
            done.result()
    for copy in copies:
        found = keys(copy)
        assert len(found) <= 100


def test_a_copy_that_fails_leaves_the_others_and_no_half_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = [backup.snapshot(db.engine(), folder, "test") for _ in range(3)]

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backup, "_copy", full)
    with pytest.raises(StreamlineError, match="disk is full"):
        backup.snapshot(db.engine(), folder, "test")
    assert set(folder.iterdir()) == set(copies)


def test_a_folder_that_cannot_be_made_is_a_sentence(folder: Path) -> None:
    folder.write_text("in the way")
    with pytest.raises(StreamlineError, match="could not be copied"):
        backup.snapshot(db.engine(), folder, "test")


@pytest.mark.parametrize("reason", ["", "../up", "a b", "A", "a.b", "a/b"])
def test_a_reason_cannot_lead_elsewhere(folder: Path, reason: str) -> None:
    with pytest.raises(ValueError, match="not a reason"):
        backup.snapshot(db.engine(), folder, reason)
