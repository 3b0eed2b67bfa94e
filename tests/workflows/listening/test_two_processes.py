"""Two servers on one PostgreSQL: asking now reaches the one that asks, and when that is killed the other goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
import pytest_asyncio

from streamline_ui.sandbox import bots
from streamline_ui.workflows.listening.pollers import LEASE
from tests.conftest import PASSWORD, Server, start_server

from .polls import token

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
FEED_PAUSE = 3_600_000  # milliseconds: only who is told to asks sooner


@contextlib.contextmanager
def server(folder: Path, **variables: str) -> Iterator[Server]:
    """A process; it is killed at the end if it was not before."""
    running = start_server(folder, **variables)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait(10)


@pytest_asyncio.fixture
async def pair(tmp_path: Path, postgres_database: str, stand_ins: str) -> AsyncIterator[tuple[Server, Server]]:
    address = stand_ins.removesuffix("/sandbox").removeprefix("http://")
    common = {
        "DATABASE_URL": postgres_database,
        "ENCRYPTION_KEY": "5a" * 32,
        "STREAMLINE_EGRESS_ALLOW": address,
    }
    with contextlib.ExitStack() as stack:
        enter = lambda name: stack.enter_context(server(tmp_path / name, **common))  # noqa: E731
        one = await asyncio.to_thread(enter, "one")
        yield one, await asyncio.to_thread(enter, "two")


@contextlib.asynccontextmanager
async def rest(at: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Alice's way in."""
    async with httpx.AsyncClient(base_url=f"{at.url}/api", timeout=20) as client:
        account = {"email": "alice@example.com", "password": PASSWORD}
        answer = await client.post("/auth/login", json=account)
        client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"
        yield client


async def made(client: httpx.AsyncClient, path: str, **body: Any) -> str:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def listen(client: httpx.AsyncClient, integration_id: str, event: str) -> None:
    trigger = {"type": "integration", "integrationId": integration_id, "event": event}
    steps = [{"id": "note", "type": "set", "values": {"a": "1"}}]
    await made(client, "/workflows", name=event, trigger=trigger, steps=steps, isActive=True)


async def executions(client: httpx.AsyncClient, number: int, seconds: float) -> float:
    """Wait until there are so many; how long it took."""
    began = monotonic()
    while monotonic() - began < seconds:
        if len((await client.get("/executions")).json()["items"]) >= number:
            return monotonic() - began
        await asyncio.sleep(0.2)
    raise AssertionError(f"fewer than {number} executions after {seconds} s")


async def test_the_other_process_asks_when_told_to_and_takes_over_when_one_is_killed(
    pair: tuple[Server, Server], stand_ins: str
) -> None:
    one, two = pair
    async with httpx.AsyncClient() as anybody:
        account = {"email": "alice@example.com", "password": PASSWORD}
        (await anybody.post(f"{one.url}/api/setup", json=account)).raise_for_status()
        async with rest(one) as first, rest(two) as second:
            secret = token()
            bot = await made(
                first,
                "/integrations",
                type="telegram",
                name="Bot",
                config={"botToken": secret, "baseUrl": f"{stand_ins}/telegram", "pollingInterval": 1000},
            )
            feed = await made(
                first,
                "/integrations",
                type="rss",
                name="Feed",
                config={"feedUrl": f"{stand_ins}/rss/feed.xml", "pollingInterval": FEED_PAUSE},
            )
            await listen(first, bot, "message")
            await listen(first, feed, "item")
            (await anybody.post(f"{stand_ins}/rss/_say", json={"title": "High water"})).raise_for_status()
            answer = await second.post(f"/integrations/{feed}/poll")
            assert (answer.status_code, answer.json()) == (202, {"polls": 1})
            assert await executions(second, 1, 20) < 10
            one.process.kill()
            one.process.wait(10)
            bots.say(bots.bot_of(secret), {"text": "Is anybody there?"})
            assert await executions(second, 2, LEASE.total_seconds() + 20) < LEASE.total_seconds() + 5
            assert (await second.post(f"/integrations/{feed}/poll")).json() == {"polls": 1}
