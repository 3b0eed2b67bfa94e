"""kill -9 while sends wait for their turn: those never left, so they are sent after the start, and nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from streamline_ui import sandbox
from streamline_ui.integrations import connections
from streamline_ui.workflows import catalog, secrets
from tests.bench import hub as hubs
from tests.bench import kill
from tests.bench.hub import Hub
from tests.bench.sender import Line, request
from tests.conftest import serving

pytestmark = [pytest.mark.slow, pytest.mark.promise, pytest.mark.timeout(120)]
AT_ONCE, BURST = 5, 9  # so many at once are allowed, and as many again after two seconds


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    found = Hub(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.kill()


@dataclass
class Channel:
    """Where messages go: what arrived, in order."""

    url: str = ""
    arrived: list[str] = field(default_factory=list)

    async def take(self, asked: Request) -> JSONResponse:
        self.arrived.append((await asked.json())["content"])
        return JSONResponse({"id": str(len(self.arrived)), "channel_id": "1"})


@pytest_asyncio.fixture
async def channel() -> AsyncIterator[Channel]:
    found = Channel()
    async with serving(Starlette(routes=[Route("/{path:path}", found.take, methods=["POST"])])) as url:
        found.url = url
        yield found


async def test_what_waits_for_its_turn_at_a_kill_is_sent_after_it(hub: Hub, channel: Channel) -> None:
    path = await asyncio.to_thread(to_discord, hub, channel.url)
    hub.start()
    await hub.until_ready()
    line = await Line.to(hub.port)
    for number in range(BURST):
        assert (await line.send(request(hub.port, path, hubs.order(number)))).status == 202
    for _ in range(100):
        if kill.statuses(hub) == {"succeeded": AT_ONCE, "running": BURST - AT_ONCE}:
            break
        await asyncio.sleep(0.01)
    hub.kill()
    assert kill.statuses(hub)["succeeded"] == AT_ONCE, "nothing waited for its turn"
    assert len(channel.arrived) == AT_ONCE
    hub.start()
    await until(hub, channel, BURST)
    assert kill.statuses(hub) == {"succeeded": BURST}
    assert sorted(channel.arrived) == [f"Order {number}" for number in range(BURST)], "lost, or sent twice"


async def until(hub: Hub, channel: Channel, arrived: int) -> None:
    """So many have arrived, and that they did is written down."""
    for _ in range(600):
        if len(channel.arrived) >= arrived and kill.statuses(hub)["succeeded"] >= arrived:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(channel.arrived)} arrived; {kill.statuses(hub)}; {hub.log[-2000:]}")


def to_discord(hub: Hub, url: str) -> str:
    """A workflow that posts what comes in to a channel; its own address, as a path."""
    with hubs.opened(hub) as alice:
        config = {**sandbox.DEMO["discord"], "baseUrl": url}
        connection = connections.add(alice, "discord", "Alerts", config)
        step = {
            "id": "post",
            "type": "action",
            "integrationId": connection.id,
            "action": "send_message",
            "params": {"content": "Order {{ trigger.body.id }}"},
        }
        definition = {"name": "Tell of orders", "trigger": {"type": "webhook"}, "steps": [step]}
        return f"/hooks/{secrets.token(catalog.add(alice, definition))}"
