"""Polling in figures: a thousand bots asked every 5 s, a thousand long polls, messages to effects, and kills.

`python -m tests.bench.poll [short | long | idle | effect | kill] [NUMBER]`; the number is of bots, of seconds, of
messages, or of kills. The machine may be busy with other things, so judge by the CPU.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from streamline_ui.integrations import connections
from streamline_ui.workflows import catalog
from tests.bench import hub as hubs
from tests.bench import kill
from tests.bench.bot_server import BotServer
from tests.bench.hub import Hub
from tests.bench.measures import cpu_seconds, resident_mb
from tests.bench.sink import Sink
from tests.conftest import free_port

WINDOW = 20.0  # seconds that are measured
EVERY = 5.0
CALM = (0.3, 1.5)  # seconds from one kill to the next


def token(number: int) -> str:
    return f"{1_000_000_000 + number}:A{'x' * 34}"


def prepared(hub: Hub, url: str, bots: int, sink_url: str = "", *, is_active: bool = True, pause: int = 5000) -> None:
    """That many bots, each with a workflow that listens; with a sink, it posts there what was written."""
    with hubs.opened(hub) as alice:
        step: dict[str, object] = {"id": "note", "type": "set", "values": {"text": "{{ trigger.message.text }}"}}
        if sink_url:
            sink = connections.add(alice, "http", "Sink", {"baseUrl": sink_url})
            body = {"id": "{{ trigger.message.text }}"}
            params = {"method": "POST", "url": "/orders", "body": body}
            step = {"id": "post", "type": "action", "integrationId": sink.id, "action": "request", "params": params}
            step["repeatable"] = True
        for number in range(bots):
            config = {"botToken": token(number), "baseUrl": url, "pollingInterval": pause}
            bot = connections.add(alice, "telegram", f"Bot {number}", config)
            trigger = {"type": "integration", "integrationId": bot.id, "event": "message"}
            catalog.add(alice, {"name": "Listen", "trigger": trigger, "steps": [step]}, is_active=is_active)


@asynccontextmanager
async def running(bots: int, *, holds: bool, sink: bool = False, **more: bool) -> AsyncIterator[tuple[Hub, BotServer]]:
    """A hub that polls that many bots."""
    with tempfile.TemporaryDirectory() as name:
        hub, server = Hub(Path(name)), BotServer(free_port(), holds)
        arrivals = Sink(free_port(), Path(name) / "arrived") if sink else None
        await asyncio.to_thread(prepared, hub, server.url, bots, arrivals.url if arrivals else "", **more)
        await server.start()
        if arrivals is not None:
            await asyncio.to_thread(arrivals.start)
            server.sink = arrivals
        hub.start()
        try:
            await hub.until_ready()
            yield hub, server
        finally:
            hub.kill()
            await server.stop()
            if arrivals is not None:
                arrivals.stop()


async def short(bots: int) -> str:
    """Answers at once: CPU, memory, and how late the polls are against a pause of five seconds."""
    async with running(bots, holds=False) as (hub, server):
        base = resident_mb(hub.pid)
        await _all_asked(server, bots, times=2)
        await _all_checked(server, bots)
        cpu, began, count = cpu_seconds(hub.pid), time.monotonic(), server.requests["getUpdates"]
        await asyncio.sleep(WINDOW)
        share = (cpu_seconds(hub.pid) - cpu) / (time.monotonic() - began)
        polls = server.requests["getUpdates"] - count
        late = sorted(
            later - before - EVERY
            for account in server.accounts.values()
            for before, later in zip(account.asked_at, account.asked_at[1:], strict=False)
            if before >= began
        )
        return (
            f"{bots} bots every 5 s: {share:.0%} of a core, {polls / WINDOW:.0f} polls/s, "
            f"{share * WINDOW / polls * 1e6:.0f} us a poll, p50 {statistics.median(late):.2f} s and "
            f"p99 {late[int(len(late) * 0.99)]:.2f} s late, +{resident_mb(hub.pid) - base:.0f} MB, "
            f"at most {server.most_at_once} at once for a bot"
        )


async def long(bots: int) -> str:
    """Held open: memory and CPU."""
    async with running(bots, holds=True) as (hub, server):
        base = resident_mb(hub.pid)
        await _all_asked(server, bots, times=3)  # the first one was not held, and they have drifted apart
        await _all_checked(server, bots)
        cpu = cpu_seconds(hub.pid)
        await asyncio.sleep(WINDOW)
        held = sum(account.under_way for account in server.accounts.values())
        share = (cpu_seconds(hub.pid) - cpu) / WINDOW
        memory = resident_mb(hub.pid) - base
        return f"{held} of {bots} long polls open, the others pause: +{memory:.0f} MB, {share:.0%} of a core"


async def idle(seconds: int) -> str:
    """Nobody listens."""
    async with running(100, holds=True, is_active=False) as (_, server):
        await asyncio.sleep(seconds)
        return f"{server.requests['getUpdates']} polls in {seconds} s while no workflow listens to 100 bots"


async def effect(messages: int) -> str:
    """From Ann's message to the request that a workflow sends."""
    async with running(1, holds=True, sink=True) as (_, server):
        await _all_asked(server, 1, times=2)
        sent: dict[str, float] = {}
        for number in range(messages):
            sent[str(number)] = time.monotonic()
            server.account(token(0)).say(str(number))
            await asyncio.sleep(random.uniform(0.05, 1.0))
        assert server.sink is not None
        await _delivered(server.sink, set(sent), 20)
        took = sorted(each.at - sent[each.body["id"]] for each in server.sink.arrivals())
        return (
            f"{messages} messages: effect after {statistics.median(took) * 1000:.0f} ms (p50), "
            f"{took[int(len(took) * 0.95)] * 1000:.0f} ms (p95)"
        )


@dataclass
class Outcome:
    """What was written and what arrived."""

    kills: int
    said: set[str]
    arrived: Counter[str]
    under_way: int
    states: Counter[str]
    errors: list[str]
    pollers: list[str]

    @property
    def lost(self) -> set[str]:
        return self.said - self.arrived.keys()

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in self.arrived.values())

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {len(self.said)} messages, {len(self.lost)} lost, {self.doubled} doubled "
            f"of {self.under_way} under way at a kill; executions {dict(self.states)}"
            + (f"; {self.errors[:3]}; {self.pollers}" if self.lost else "")
        )


async def kills(count: int, hub: Hub, server: BotServer, sink: Sink, bots: int) -> Outcome:
    """Ann writes all the time, to every bot, while the hub is killed again and again. It is prepared, not started."""
    said: set[str] = set()
    is_over = False

    async def chat() -> None:
        while not is_over:
            text = str(len(said))
            said.add(text)
            server.account(token(random.randrange(bots))).say(text)
            await asyncio.sleep(random.uniform(0.0, 0.02))

    hub.start()
    await hub.until_ready()
    while not server.requests["getUpdates"]:  # noqa: ASYNC110 - another process asks
        await asyncio.sleep(0.02)
    await _all_asked(server, bots, times=2)
    talking, under_way = asyncio.create_task(chat()), 0
    for _ in range(count):
        await asyncio.sleep(random.uniform(*CALM))
        hub.kill()
        under_way += kill.running(hub)
        hub.start()
        await hub.until_ready()
    is_over = True
    await talking
    await _delivered(sink, said, 90)
    await asyncio.sleep(1)
    arrived = Counter(str(arrival.body["id"]) for arrival in sink.arrivals())
    with hubs.looking(hub) as database:
        failed = database.execute("SELECT status || ': ' || error FROM \"Execution\" WHERE status <> 'succeeded'")
        polled = database.execute("SELECT cursor || ' ' || failures || ' ' || lastError FROM \"Poller\"")
        errors, places = [str(row[0]) for row in failed], [str(row[0]) for row in polled]
    return Outcome(count, said, arrived, under_way, kill.statuses(hub), errors, places)


async def _kills(count: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub, server, sink = Hub(folder), BotServer(free_port()), Sink(free_port(), folder / "arrived")
        await asyncio.to_thread(prepared, hub, server.url, 4, sink.url, pause=1000)
        await server.start()
        await asyncio.to_thread(sink.start)
        try:
            return str(await kills(count, hub, server, sink, 4))
        finally:
            hub.kill()
            sink.stop()
            await server.stop()


async def _all_asked(server: BotServer, bots: int, times: int, seconds: float = 90.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if sum(len(account.asked_at) >= times for account in server.accounts.values()) >= bots:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not every bot was asked within {seconds} s: {len(server.accounts)} were")


async def _all_checked(server: BotServer, bots: int, seconds: float = 90.0) -> None:
    """Each bot is asked once who it is, which is no part of polling it."""
    until = time.monotonic() + seconds
    while server.requests["getMe"] < bots and time.monotonic() < until:  # noqa: ASYNC110 - another process asks
        await asyncio.sleep(0.1)


async def _delivered(sink: Sink, wanted: set[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if wanted <= {str(arrival.body["id"]) for arrival in sink.arrivals()}:
            return
        await asyncio.sleep(0.2)


async def main(what: str, number: int | None) -> None:
    if what in ("short", "all"):
        print(await short(number or 1000))
    if what in ("long", "all"):
        print(await long(number or 1000))
    if what in ("idle", "all"):
        print(await idle(number or 60))
    if what in ("effect", "all"):
        print(await effect(number or 50))
    if what in ("kill", "all"):
        print(await _kills(number or 50))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "all", int(sys.argv[2]) if len(sys.argv) > 2 else None))
