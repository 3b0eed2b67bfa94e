"""Old history goes, the oldest first, what is under way stays, and the disk gets its space back."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections
from streamline_ui.settings import Settings
from streamline_ui.storage import db, migrate, room, writer
from streamline_ui.storage.models import Setting, User, new_id, now, table_of
from streamline_ui.storage.workflow_tables import Event, Execution, HookRequest, Progress, StepRun, Verdict, Workflow
from streamline_ui.workflows import catalog, retention
from tests.workflows.conftest import post, webhook

DAY = timedelta(days=1)
Table = type[Execution] | type[StepRun] | type[HookRequest] | type[Event]


@pytest.fixture
def workflow(hub: Settings, alice: User) -> Workflow:
    inbox = connections.add(alice.id, "inbox", "Inbox", {})
    return catalog.add(alice.id, webhook(post(inbox)))


def happened(
    workflow: Workflow, at: datetime, *, size: int = 100, count: int = 1, status: Progress = Progress.SUCCEEDED
) -> None:
    """Write down events with all that belongs to them, as if they had come at that time."""
    with db.writing() as session:
        for number in range(count):
            moment = at + timedelta(milliseconds=number)
            event = Event(workflow_id=workflow.id, at=moment)
            common: dict[str, Any] = {"user_id": workflow.user_id, "workflow_id": workflow.id, "version": 1}
            text = '"' + "x" * size + '"'
            execution = Execution(**common, event_id=event.id, status=status, trigger=text, created_at=moment)
            session.add_all([event, execution])
            session.flush()
            step = StepRun(execution_id=execution.id, key="post", position=1, step_id="post", status=status, input=text)
            body = b"x" * size
            request = HookRequest(
                workflow_id=workflow.id, at=moment, verdict=Verdict.ACCEPTED, method="POST", body=body
            )
            session.add_all([step, request])


def count(table: Table) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def counts() -> tuple[int, ...]:
    return tuple(count(table) for table in (Execution, StepRun, HookRequest, Event))


def test_what_is_past_its_days_goes_with_all_that_belongs_to_it(hub: Settings, workflow: Workflow) -> None:
    for days in (1, 5, 20, 40):
        happened(workflow, now() - days * DAY)
    assert retention.sweep(replace(hub, retention_days=10)) == 6
    assert counts() == (2, 2, 2, 2)
    assert retention.sweep(replace(hub, retention_days=10)) == 0


def test_a_senders_id_is_known_for_a_week_at_least(hub: Settings, workflow: Workflow) -> None:
    for days in (3, 6, 8):
        happened(workflow, now() - days * DAY)
    retention.sweep(replace(hub, retention_days=2))
    assert counts() == (0, 0, 0, 2)


@pytest.mark.parametrize("status", [Progress.QUEUED, Progress.RUNNING, Progress.WAITING])
def test_what_is_under_way_stays(hub: Settings, workflow: Workflow, status: Progress) -> None:
    happened(workflow, now() - 400 * DAY, status=status, size=200_000, count=10)
    retention.sweep(replace(hub, retention_days=1, retention_mb=1))
    assert count(Execution) == count(StepRun) == 10


def test_above_its_megabytes_the_oldest_go_and_the_file_shrinks(hub: Settings, workflow: Workflow) -> None:
    for age in range(10, 0, -1):
        happened(workflow, now() - age * DAY, size=20_000, count=50)
    file = hub.data_dir / "streamline.db"
    retention.sweep(replace(hub, retention_mb=100))
    assert count(Execution) == 500
    before = file.stat().st_size
    assert before > 25_000_000
    retention.sweep(replace(hub, retention_mb=10))
    log = file.with_name("streamline.db-wal")
    assert file.stat().st_size + (log.stat().st_size if log.exists() else 0) <= 10_500_000
    assert file.stat().st_size > 5_000_000, "more went than had to"
    with db.reading() as session:
        left = session.exec(select(Execution.created_at).order_by(col(Execution.created_at))).all()
    assert 0 < len(left) < 200
    assert left[0] > now() - 5 * DAY
    assert left[-1] > now() - 1.1 * DAY
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_nothing_left_to_go_is_no_endless_loop(hub: Settings) -> None:
    with db.writing() as session:
        session.add(Setting(key="large", value="x" * 3_000_000))
    assert retention.sweep(replace(hub, retention_mb=1)) == 0


async def test_events_are_written_down_meanwhile(hub: Settings, workflow: Workflow) -> None:
    happened(workflow, now() - 40 * DAY, size=2_000, count=3_000)
    writer.start()
    insert = table_of(Setting).insert()
    waits: list[float] = []
    sweeping = asyncio.create_task(asyncio.to_thread(retention.sweep, hub))
    while not sweeping.done():
        began = time.monotonic()
        await writer.write((insert, {"key": new_id(), "value": "1"}))
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.005)
    writer.stop()
    assert await sweeping == 9_000
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] < 0.05


@pytest.fixture
def old_file(settings: Settings) -> Iterator[Settings]:
    """A database from before files could shrink, of a version before the newest."""
    settings.data_dir.mkdir(parents=True)
    connection = sqlite3.connect(settings.data_dir / "streamline.db")
    connection.execute("PRAGMA auto_vacuum=0")
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.close()
    db.connect(settings.database_url)
    yield settings
    db.dispose()


def test_an_old_file_learns_to_shrink(old_file: Settings) -> None:
    migrate._make_shrinkable(db.engine())
    connection = sqlite3.connect(old_file.data_dir / "streamline.db")
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (db.INCREMENTAL,)
    connection.close()


async def test_a_workflow_with_a_long_history_goes_bit_by_bit(hub: Settings, workflow: Workflow) -> None:
    """While it goes, whoever wants to write waits no longer than for one bit."""
    happened(workflow, now() - DAY, count=8000, size=300)
    other = catalog.add(workflow.user_id, {**json.loads(workflow.draft), "name": "Other"})
    happened(other, now(), count=3)
    began = time.monotonic()
    await asyncio.to_thread(catalog.remove, workflow.user_id, workflow.id)
    assert time.monotonic() - began < 0.5
    with pytest.raises(NotFound):
        catalog.one(workflow.user_id, workflow.id)
    with pytest.raises(NotFound):
        catalog.restore(workflow.user_id, workflow.id)
    writer.start()
    purging = asyncio.create_task(asyncio.to_thread(catalog.purge))
    took: list[float] = []
    while not purging.done():
        began = time.monotonic()
        row = {"id": new_id(), "workflowId": other.id, "sourceId": None, "at": now()}
        await writer.write((table_of(Event).insert(), row))
        took.append(time.monotonic() - began)
        await asyncio.sleep(0.01)
    await purging
    writer.stop()
    assert counts() == (3, 3, 3, 3 + len(took))
    assert len(took) > 10
    assert sorted(took)[int(len(took) * 0.95)] < 0.25, sorted(took)[-5:]
    with db.reading() as session:
        assert session.get(Workflow, workflow.id) is None


def test_a_full_disk_is_relieved_of_what_is_old(
    hub: Settings, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened(workflow, now() - 3 * DAY, count=5)
    happened(workflow, now() - timedelta(hours=2), count=5)
    monkeypatch.setattr(room, "is_short", lambda: False)
    assert retention.relieve() == 0
    monkeypatch.setattr(room, "is_short", lambda: True)
    assert retention.relieve() == 10
    assert counts()[:3] == (5, 5, 5)
    assert retention.relieve() == 0
