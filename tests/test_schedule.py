"""The clock says when it stands still, and when one of its sweeps does; that a sweep takes long is no news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from streamline_ui import schedule
from streamline_ui.settings import Settings
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


def test_without_a_clock_that_is_told() -> None:
    assert schedule.problem() == "the scheduler is not running"
