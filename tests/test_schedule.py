"""The clock says when it stands still, and when one of its sweeps does; that a sweep takes long is no news."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from streamline_ui import schedule
from streamline_ui.integrations import connections
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User, now
from tests.waiting import until


@pytest_asyncio.fixture
async def slow(hub: Settings) -> AsyncIterator[asyncio.Event]:
    """The clock runs, with a sweep that ends when this event says so."""
    end = asyncio.Event()

    async def sweep() -> None:
        await end.wait()

    schedule.start(sweep)
    yield end
    end.set()
    await schedule.stop()
    await asyncio.sleep(0.1)


async def test_a_sweep_that_is_long_is_no_news(slow: asyncio.Event, caplog: pytest.LogCaptureFixture) -> None:
    await asyncio.sleep(2.5)
    assert "skipped" not in caplog.text
    assert schedule.problem() is None


async def test_one_that_hangs_is_told(slow: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "HANGING", 1.0)
    await until(lambda: schedule.problem() is not None)
    assert "sweep has been running for" in (schedule.problem() or "")
    slow.set()
    await until(lambda: schedule.problem() is None)


async def test_a_clock_that_stands_still_is_told(slow: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_tick", lambda: None)
    monkeypatch.setattr(schedule, "STALLED", -1.0)
    assert "silent" in (schedule.problem() or "")


async def test_where_the_clock_is_set_back_it_goes_on(
    slow: asyncio.Event, alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was planned by a clock that was two days ahead would be waited for two days long."""
    slow.set()
    inbox = connections.add(alice.id, "inbox", "Inbox", {})
    ahead = timedelta(days=2)
    with db.writing() as session:
        session.get_one(Integration, inbox.id).next_check_at = now() + ahead + timedelta(minutes=5)
    scheduler = schedule._scheduler
    assert scheduler is not None
    for job in scheduler.get_jobs():
        scheduler.modify_job(job.id, next_run_time=now() + ahead)
    stands_at = schedule._last_tick
    await asyncio.sleep(1.5)
    assert schedule._last_tick - stands_at < 1, "it stands still"
    before = time.time
    monkeypatch.setattr(schedule, "time", lambda: before() - ahead.total_seconds())
    await until(lambda: schedule._last_tick - stands_at > 3, 10)
    assert "set back by 172800 s" in caplog.text
    await until(lambda: (connections.one(alice.id, inbox.id).next_check_at or now()) - now() < timedelta(minutes=6))


def test_without_a_clock_that_is_told() -> None:
    assert schedule.problem() == "the scheduler is not running"
