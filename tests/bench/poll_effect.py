"""From a message at Telegram to the post at Discord, through the hub: a bot, a workflow, and Discord's stand-in.

The stand-in runs in a process of its own, with Discord's limit of 5 posts in 2 s for a webhook: people write no faster.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from streamline_ui import sandbox
from streamline_ui.integrations import connections
from tests.bench.bot_server import BotServer
from tests.bench.bots import TEXT, all_asked, prepared, token
from tests.bench.hooks import p99
from tests.bench.hub import Hub
from tests.bench.measures import beside
from tests.conftest import ROOT, free_port

GOAL = 0.3  # seconds, for half of the messages
GAP = (0.45, 1.0)  # seconds between two messages
LATEST = 30.0  # seconds until the last one has to be there


async def effect(messages: int) -> list[str]:
    """Ann writes, and it appears in the channel."""
    async with _discord() as discord:

        def posting(user_id: str) -> dict[str, Any]:
            config = {**sandbox.DEMO["discord"], "baseUrl": str(discord.base_url)}
            channel = connections.add(user_id, "discord", "Channel", config)
            given = {"integrationId": channel.id, "action": "send_message", "params": {"content": TEXT}}
            return {"id": "post", "type": "action", **given}

        with tempfile.TemporaryDirectory() as name:
            hub, server = Hub(Path(name)), BotServer(free_port())
            await asyncio.to_thread(prepared, hub, [server.url], 1, posting)
            await server.start()
            hub.start()
            try:
                await hub.until_ready()
                await all_asked(server, 1, times=2)
                return await _measured(server, discord, messages)
            finally:
                hub.kill()
                await server.stop()


async def _measured(server: BotServer, discord: httpx.AsyncClient, messages: int) -> list[str]:
    said: dict[str, float] = {}
    posted: dict[str, list[float]] = {}
    for number in range(messages):
        text = f"Message {number}"
        said[text] = time.time()  # the stand-in tells its times by the same clock
        server.account(token(0)).say(text)
        await asyncio.sleep(random.uniform(*GAP))
        if number % 50 == 49:
            await _collect(discord, posted)  # it remembers the last 200
    over = time.monotonic() + LATEST
    while said.keys() - posted.keys() and time.monotonic() < over:
        await asyncio.sleep(0.2)
        await _collect(discord, posted)
    missing, doubled = said.keys() - posted.keys(), sum(len(times) - 1 for times in posted.values())
    took = [min(posted[text]) - at for text, at in said.items() if text in posted]
    return [
        f"{messages} messages, from Telegram to Discord: p50 {statistics.median(took) * 1000:.0f} ms, "
        f"p99 {p99(took) * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms, at least {min(took) * 1000:.0f} ms",
        beside("message at Telegram to effect at Discord, p50", statistics.median(took), GOAL, "s"),
        beside("messages that never came", len(missing), 0, "messages"),
        beside("messages that came again", doubled, 0, "messages"),
    ]


async def _collect(discord: httpx.AsyncClient, posted: dict[str, list[float]]) -> None:
    arrived = (await discord.get("/_arrived")).raise_for_status().json()
    await discord.delete("/_arrived")
    for each in arrived:
        posted.setdefault(each["data"]["content"], []).append(datetime.fromisoformat(each["at"]).timestamp())


@asynccontextmanager
async def _discord() -> AsyncIterator[httpx.AsyncClient]:
    """Its stand-in; the client knows its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.stand_ins", str(port)], cwd=ROOT)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/sandbox/discord") as client:
            for _ in range(300):
                try:
                    await client.get("/_arrived")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
            yield client
    finally:
        process.kill()
        process.wait()
