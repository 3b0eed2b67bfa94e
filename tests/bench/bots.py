"""A hub that polls many bots, for the benchmarks of polling."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from streamline_ui.integrations import connections
from streamline_ui.workflows import catalog
from tests.bench import hub as hubs
from tests.bench.bot_server import BotServer
from tests.bench.hub import Hub
from tests.bench.sink import Sink
from tests.conftest import free_port

TEXT = "{{ trigger.message.text }}"


def token(number: int) -> str:
    """The token of a bot."""
    return f"{1_000_000_000 + number}:A{'x' * 34}"


def noting(_: str) -> dict[str, Any]:
    """A step that sends nothing."""
    return {"id": "note", "type": "set", "values": {"text": TEXT}}


def posting(url: str) -> Callable[[str], dict[str, Any]]:
    """A step that posts to a sink what was written. Made for the user whose id is given."""

    def step(user_id: str) -> dict[str, Any]:
        sink = connections.add(user_id, "http", "Sink", {"baseUrl": url})
        params = {"method": "POST", "url": "/orders", "body": {"id": TEXT}}
        given = {"integrationId": sink.id, "action": "request", "params": params}
        return {"id": "post", "type": "action", "repeatable": True, **given}

    return step


def prepared(
    hub: Hub,
    urls: Sequence[str],
    bots: int,
    step: Callable[[str], dict[str, Any]] = noting,
    *,
    active: int | None = None,
    pause: int = 5000,
) -> list[str]:
    """That many bots, in turn at these addresses, each with a workflow that listens; the workflows' ids.

    Only the first `active` ones are turned on. `pause` is in milliseconds.
    """
    with hubs.opened(hub) as alice:
        made, ids = step(alice), []
        for number in range(bots):
            config = {"botToken": token(number), "baseUrl": urls[number % len(urls)], "pollingInterval": pause}
            bot = connections.add(alice, "telegram", f"Bot {number}", config)
            trigger = {"type": "integration", "integrationId": bot.id, "event": "message"}
            definition = {"name": "Listen", "trigger": trigger, "steps": [made]}
            ids.append(catalog.add(alice, definition, is_active=active is None or number < active).id)
        return ids


@asynccontextmanager
async def running(bots: int, *, holds: bool) -> AsyncIterator[tuple[Hub, BotServer]]:
    """A hub that polls that many bots. Not `holds`: they answer at once."""
    with tempfile.TemporaryDirectory() as name:
        hub, server = Hub(Path(name)), BotServer(free_port(), holds)
        await asyncio.to_thread(prepared, hub, [server.url], bots)
        await server.start()
        hub.start()
        try:
            await hub.until_ready()
            yield hub, server
        finally:
            hub.kill()
            await server.stop()


async def until(is_so: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for something; the seconds that took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def all_asked(server: BotServer, bots: int, times: int, seconds: float = 90.0) -> float:
    """Wait until every bot was asked so often; the seconds that took."""

    def is_so() -> bool:
        return sum(len(account.asked_at) >= times for account in server.accounts.values()) >= bots

    return await until(is_so, seconds, "every bot is asked")


async def all_checked(server: BotServer, bots: int) -> None:
    """Each bot is asked once who it is, which is no part of polling it."""
    await until(lambda: server.requests["getMe"] >= bots, 120, "every bot is asked who it is")


async def delivered(sink: Sink, wanted: set[str], seconds: float) -> None:
    """Wait until all this has arrived, or so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not wanted <= {str(arrival.body["id"]) for arrival in sink.arrivals()}:  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.2)
