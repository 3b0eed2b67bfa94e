"""Whoever was told through one connection before there could be several is told through it still."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from streamline_ui.settings import Settings
from streamline_ui.storage import db, migrate
from streamline_ui.storage.alert_tables import Alert, AlertChannel, AlertMessage
from streamline_ui.storage.models import User

AT = "2026-11-01 10:00:00.000000"


def test_what_was_chosen_is_kept(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, old = migrate.FOLDER, tmp_path / "migrations"
    shutil.copytree(folder, old, ignore=shutil.ignore_patterns("__pycache__", "001[1-9]_*", "00[2-9]*_*"))
    db.connect(settings.database_url)
    try:
        with monkeypatch.context() as before:
            before.setattr(migrate, "FOLDER", old)
            migrate.newest.cache_clear()
            migrate.upgrade(settings)
        with db.writing() as session:
            session.add(User(id="alice", email="alice@example.com", password_hash="x"))
            session.add(User(id="bob", email="bob@example.com", password_hash="x"))
            session.flush()
            values = {"at": AT}
            for row in (
                """INSERT INTO "AlertRule" VALUES ('alice', 'ops', 'send_message', '{"a": 1}', 1, :at)""",
                """INSERT INTO "AlertMessage" (id, "userId", title, text, "createdAt", "dueAt", tries, error)
                   VALUES ('m', 'alice', 'Title', 'Text', :at, :at, 2, 'no')""",
                """INSERT INTO "Alert"
                   (id, matter, "userId", "subjectId", name, text, hint, link, "beganAt", "raisedAt")
                   VALUES ('a', 'channel', 'alice', 'alice', 'Alerts', '', '', '', :at, :at),
                          ('b', 'channel', 'bob', 'bob', 'Alerts', '', '', '', :at, :at)""",
            ):
                session.connection().execute(text(row), values)
        migrate.newest.cache_clear()
        migrate.upgrade(settings)
        with db.reading() as session:
            channel = session.get_one(AlertChannel, ("alice", "ops"))
            assert (channel.action, channel.params, channel.is_on) == ("send_message", '{"a": 1}', True)
            message = session.get_one(AlertMessage, "m")
            assert (message.integration_id, message.tries, message.due_at is None) == ("ops", 2, False)
            subjects = {alert.id: alert.subject_id for alert in session.exec(select(Alert)).all()}
            assert subjects == {"a": "ops", "b": "bob"}
    finally:
        db.dispose()
        migrate.newest.cache_clear()
