"""Asked to stop, a real server lets what is under way come to its end, takes what comes in, and begins nothing more."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from streamline_ui.integrations import connections
from streamline_ui.workflows import catalog, secrets
from tests.bench import hub as hubs
from tests.bench import kill
from tests.bench.hub import Hub
from tests.waiting import until
from tests.workflows.sockets import Talker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
IN_A_HURRY = """
import sys
from streamline_ui.workflows import pool
pool.NO_NEW_STEP_AFTER, pool.DRAIN_SECONDS = 0.5, {drain}
from streamline_ui import cli
sys.exit(cli.main())
"""


class Sink(Talker):
    """Answers each request after so many seconds, and remembers its path when it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 2.0
        self.came: Counter[str] = Counter()

    async def answer(self, path: str) -> bytes:
        if path == "/":  # only whether it is there: the connection is new
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        self.came[path] += 1
        await asyncio.sleep(self.seconds)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    found = Sink()
    await found.start()
    yield found
    await found.stop()


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    found = Hub(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.kill()


def prepared(hub: Hub, sink: Sink, *names: str) -> str:
    """A workflow that asks the sink for each of these, and the path of its hook."""
    with hubs.opened(hub) as alice:
        outside = connections.add(alice, "http", "Sink", {"baseUrl": f"http://127.0.0.1:{sink.port}"})
        steps: list[dict[str, Any]] = [
            {
                "id": name,
                "type": "action",
                "integrationId": outside.id,
                "action": "request",
                "params": {"method": "GET", "url": f"/{name}/{{{{ trigger.body.id }}}}"},
                "repeatable": True,
            }
            for name in names
        ]
        definition = {"name": "Ask", "trigger": {"type": "webhook"}, "steps": steps}
        return f"/hooks/{secrets.token(catalog.add(alice, definition))}"


async def send(hub: Hub, path: str, number: int) -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
        return (await client.post(path, json={"id": number})).status_code


def ask_to_stop(hub: Hub) -> None:
    assert hub.process is not None
    hub.process.send_signal(signal.SIGTERM)


async def ended(hub: Hub, seconds: float) -> tuple[int, float]:
    assert hub.process is not None
    began = time.monotonic()
    status = await asyncio.to_thread(hub.process.wait, seconds)
    return status, time.monotonic() - began


async def begin(hub: Hub, program: str = "main.py") -> None:
    hub.start(program)
    await hub.until_ready()


async def test_what_is_under_way_ends_and_what_comes_in_meanwhile_is_kept(hub: Hub, sink: Sink) -> None:
    sink.seconds = 9.0  # longer than any patience of before
    path = await asyncio.to_thread(prepared, hub, sink, "slow")
    await begin(hub)
    for number in range(5):
        assert await send(hub, path, number) == 202
    await until(lambda: sink.came.total() == 5)
    ask_to_stop(hub)
    await asyncio.sleep(0.5)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "the server is stopping" in ready.json()["reasons"]
        assert (await client.get("/healthz")).status_code == 200
    assert await send(hub, path, 5) == 202
    status, seconds = await ended(hub, 20)
    assert status == 0
    assert 5 < seconds < 12
    assert sink.came == {f"/slow/{number}": 1 for number in range(5)}, "something began after all"
    assert kill.statuses(hub) == {"succeeded": 5, "queued": 1}
    sink.seconds = 0
    await begin(hub)
    await until(lambda: kill.statuses(hub) == {"succeeded": 6})
    assert sink.came == {f"/slow/{number}": 1 for number in range(6)}


async def test_it_ends_soon_where_nothing_is_under_way(hub: Hub, sink: Sink) -> None:
    path = await asyncio.to_thread(prepared, hub, sink, "slow")
    sink.seconds = 0
    await begin(hub)
    assert await send(hub, path, 1) == 202
    await until(lambda: kill.statuses(hub) == {"succeeded": 1})
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
        assert (await client.get("/healthz")).status_code == 200  # and the line stays open
        ask_to_stop(hub)
        status, seconds = await ended(hub, 20)
    assert (status, seconds < 5) == (0, True), seconds


async def test_asked_twice_it_ends_at_once_and_nobody_is_to_blame(hub: Hub, sink: Sink) -> None:
    sink.seconds = 60.0
    path = await asyncio.to_thread(prepared, hub, sink, "slow")
    await begin(hub)
    assert await send(hub, path, 1) == 202
    for again in range(3):
        await until(lambda again=again: sink.came.total() == again + 1)
        ask_to_stop(hub)
        await asyncio.sleep(0.3)
        ask_to_stop(hub)
        status, seconds = await ended(hub, 10)
        assert (status, seconds < 1) == (0, True), seconds
        if again == 2:
            sink.seconds = 0
        await begin(hub)
    await until(lambda: kill.statuses(hub) == {"succeeded": 1})
    assert sink.came == {"/slow/1": 4}
    with hubs.looking(hub) as connection:
        assert connection.execute('SELECT crashes FROM "Execution"').fetchall() == [(0,)]


async def test_late_it_begins_no_further_step_and_does_none_twice(hub: Hub, sink: Sink) -> None:
    path = await asyncio.to_thread(prepared, hub, sink, "a", "b", "c")
    program = hub.folder / "hurry.py"
    program.write_text(IN_A_HURRY.format(drain=10))
    await begin(hub, str(program))
    assert await send(hub, path, 1) == 202
    await until(lambda: sink.came.total() == 1)
    ask_to_stop(hub)
    status, seconds = await ended(hub, 20)
    assert (status, seconds < 6) == (0, True), seconds
    assert sink.came == {"/a/1": 1}
    await begin(hub)
    await until(lambda: kill.statuses(hub) == {"succeeded": 1})
    assert sink.came == {"/a/1": 1, "/b/1": 1, "/c/1": 1}


async def test_what_takes_too_long_is_cut_and_goes_on_at_the_next_start(hub: Hub, sink: Sink) -> None:
    sink.seconds = 60.0
    path = await asyncio.to_thread(prepared, hub, sink, "slow")
    program = hub.folder / "hurry.py"
    program.write_text(IN_A_HURRY.format(drain=1.5))
    await begin(hub, str(program))
    assert await send(hub, path, 1) == 202
    await until(lambda: sink.came.total() == 1)
    ask_to_stop(hub)
    status, seconds = await ended(hub, 20)
    assert status == 0
    assert 1 < seconds < 6
    assert kill.statuses(hub) == {"running": 1}
    sink.seconds = 0
    await begin(hub)
    await until(lambda: kill.statuses(hub) == {"succeeded": 1})
    assert sink.came == {"/slow/1": 2}
    assert "Traceback" not in hub.log
