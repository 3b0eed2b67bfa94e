"""A blocked event loop and a dead scheduler are noticed from outside, told while they last, and logged once each."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from streamline_ui import pulse


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY", 0.05)
    monkeypatch.setattr(pulse, "TOO_LATE", 0.3)
    monkeypatch.setattr(pulse, "REMEMBERED", 0.5)


@pytest.mark.usefixtures("fast")
async def test_a_blocked_loop_is_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "streamline_ui.pulse")
    pulse.start(asyncio.get_running_loop(), {})
    try:
        await asyncio.sleep(0.2)
        assert pulse.problem() is None and pulse.worst_lag() < 0.3
        time.sleep(0.9)
        assert (said := pulse.problem()) is not None and "the event loop has been blocked" in said
        await asyncio.sleep(0.15)
        assert (said := pulse.problem()) is not None and "was blocked for" in said, "nobody could ask while it lasted"
        assert pulse.worst_lag() > 0.5
        await asyncio.sleep(0.7)
        assert pulse.problem() is None
    finally:
        pulse.stop()
    assert [record.getMessage().partition(":")[0][:30] for record in caplog.records] == [
        "Something has stopped",
        "The event loop goes on again a",
    ]


@pytest.mark.usefixtures("fast")
async def test_what_is_watched_is_logged_once_when_it_stops_and_once_when_it_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "streamline_ui.pulse")
    state: list[str | None] = [None]
    pulse.start(asyncio.get_running_loop(), {"scheduler": lambda: state[0]})
    try:
        await asyncio.sleep(0.2)
        state[0] = "the scheduler has been silent for 31 s"
        await asyncio.sleep(0.3)
        state[0] = "the scheduler has been silent for 32 s"
        await asyncio.sleep(0.2)
        state[0] = None
        await asyncio.sleep(0.2)
    finally:
        pulse.stop()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2 and "31 s" in told[0] and "goes on again" in told[1]
