"""kill -9 while people write to bots: every message arrives, and none is taken twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bench import poll_kill
from tests.bench.bot_server import BotServer
from tests.bench.bots import posting, prepared
from tests.bench.hub import Hub
from tests.bench.sink import Sink
from tests.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.promise, pytest.mark.timeout(240)]
KILLS, BOTS = 3, 4


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[BotServer]:
    server = BotServer(free_port())
    await server.start()
    yield server
    await server.stop()


async def test_no_message_is_lost_or_taken_twice_in_kills(tmp_path: Path, telegram: BotServer) -> None:
    hub, sink = Hub(tmp_path), Sink(free_port(), tmp_path / "arrived")
    await asyncio.to_thread(prepared, hub, [telegram.url], BOTS, posting(sink.url), pause=1000)
    await asyncio.to_thread(sink.start)
    try:
        outcome = await poll_kill.kills(KILLS, hub, telegram, sink, BOTS)
    finally:
        hub.kill()
        sink.stop()
    assert len(outcome.said) > 100, "too little was said to tell anything"
    assert outcome.lost == set(), str(outcome)
    assert not outcome.unexplained, str(outcome)
    assert set(outcome.states) == {"succeeded"}, str(outcome)
