"""Polling in figures: a thousand bots asked every 5 s, long polls, messages to effects, kills, and a cut network.

`python -m tests.bench.poll [short | long | idle | effect | kill | cut | all] [NUMBER]`

short   1,000 bots that answer at once: CPU, memory, and how late they are asked, by the bots' own clock
long    1,000 long polls held open: memory, CPU, and how long it takes until they are
idle    60 s in which no workflow listens: requests
effect  100 messages at Telegram: seconds until each is at Discord
kill    50 times kill -9 while people write: messages lost and doubled
cut     600 s without a network: seconds until all is polled and green again; what was lost

NUMBER stands for the first number of a line. `all` leaves out `cut`, which takes half an hour. The exit status is 1
where a goal is missed. The machine may be busy with other things: the load average tells.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import httpx
import uvloop

from tests.bench.bot_server import BotServer
from tests.bench.bots import all_asked, all_checked, prepared, running, until
from tests.bench.hooks import p99
from tests.bench.hub import Hub
from tests.bench.measures import EMAIL, beside, cpu_seconds, resident_mb
from tests.bench.poll_cut import cut
from tests.bench.poll_effect import effect
from tests.bench.poll_kill import kill
from tests.conftest import PASSWORD, free_port

WINDOW = 30.0  # seconds in which the short polls are counted
ROUNDS = 50.0  # seconds: two rounds of long polls, so that it does not matter when in a round it begins
EVERY = 5.0
SETTLED = 10.0  # seconds after a start in which a hub finds its size
IDLE_BOTS = 60  # no more than REST lets one person change in a burst


async def at_rest() -> float:
    """The memory in MB of the same hub, with an account and no bots."""
    async with running(0, holds=False) as (hub, _):
        await asyncio.sleep(SETTLED)
        return resident_mb(hub.pid)


async def short(bots: int) -> list[str]:
    """Answers at once: CPU, memory, and how late the polls are against a pause of five seconds."""
    base = await at_rest()
    async with running(bots, holds=False) as (hub, server):
        await all_asked(server, bots, times=2)
        await all_checked(server, bots)
        blinking = asyncio.create_task(_blinks())
        cpu, began, count = cpu_seconds(hub.pid), time.monotonic(), server.requests["getUpdates"]
        await asyncio.sleep(WINDOW)
        share = (cpu_seconds(hub.pid) - cpu) / (time.monotonic() - began)
        polls = server.requests["getUpdates"] - count
        blinking.cancel()
        blinks = await blinking
        memory = resident_mb(hub.pid)
        late = _lateness(server, began)
    return [
        f"{bots} bots every {EVERY:.0f} s: {polls / WINDOW:.0f} polls/s, {share * WINDOW / polls * 1e6:.0f} us each",
        f"asked later than {EVERY:.0f} s after the last time by p50 {statistics.median(late):.2f} s, "
        f"p99 {p99(late):.2f} s, at most {max(late):.2f} s, at least {min(late):.2f} s ({len(late)} times); "
        f"the clock by which that is judged was late itself by {p99(blinks):.2f} s (p99)",
        f"memory {memory:.0f} MB, with no bots {base:.0f} MB",
        beside("CPU", share * 100, 60, "% of a core"),
        beside("lateness p99", p99(late), 1, "s"),
        beside("memory for the bots", memory - base, 150, "MB"),
        beside("questions at once to one bot", server.most_at_once, 1, "questions"),
    ]


def _lateness(server: BotServer, began: float) -> list[float]:
    """By how many seconds each question came later than the pause after the one before, as the bots saw it.

    A bot that was not asked again at all counts with the time that it has waited.
    """
    moment, found = time.monotonic(), []
    for account in server.accounts.values():
        times = account.asked_at
        found += [later - before - EVERY for before, later in pairwise(times) if later >= began]
        if moment - times[-1] > EVERY:
            found.append(moment - times[-1] - EVERY)
    return found


async def _blinks() -> list[float]:
    """By how many seconds this process is late itself, until it is cancelled."""
    found = []
    try:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            found.append(time.monotonic() - began - 0.05)
    except asyncio.CancelledError:
        return found


async def long(bots: int) -> list[str]:
    """Held open: memory and CPU."""
    base = await at_rest()
    async with running(bots, holds=True) as (hub, server):

        def held() -> int:
            return sum(account.under_way > 0 for account in server.accounts.values())

        began = time.monotonic()
        cpu = cpu_seconds(hub.pid)
        await until(lambda: held() >= bots, 90, f"{bots} long polls are open")
        ramp, ramp_cpu = time.monotonic() - began, cpu_seconds(hub.pid) - cpu
        at_once = resident_mb(hub.pid)
        await all_checked(server, bots)
        cpu, seen, began = cpu_seconds(hub.pid), [], time.monotonic()
        while time.monotonic() - began < ROUNDS:
            await asyncio.sleep(0.1)
            seen.append(held())
        share, memory = (cpu_seconds(hub.pid) - cpu) / ROUNDS, resident_mb(hub.pid)
    return [
        f"{bots} long polls open {ramp:.1f} s after the hub was ready ({ramp_cpu:.1f} s of CPU), {at_once:.0f} MB",
        f"then {share:.1%} of a core over {ROUNDS:.0f} s; {statistics.fmean(seen):.0f} open on average, "
        f"and {min(seen)} at worst, as many are answered in the same moment",
        f"memory {memory:.0f} MB, with no bots {base:.0f} MB",
        beside("memory for the long polls", max(memory, at_once) - base, 250, "MB"),
        beside("questions at once to one bot", server.most_at_once, 1, "questions"),
    ]


async def idle(seconds: int) -> list[str]:
    """Nobody listens: of half of the bots never, of the others no more."""
    with tempfile.TemporaryDirectory() as name:
        hub, server, half = Hub(Path(name)), BotServer(free_port()), IDLE_BOTS // 2
        ids = await asyncio.to_thread(prepared, hub, [server.url], IDLE_BOTS, active=half)
        await server.start()
        hub.start()
        try:
            await hub.until_ready()
            await all_asked(server, half, times=2)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}/api") as rest:
                answer = await rest.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
                rest.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"
                for workflow in ids[:half]:
                    (await rest.patch(f"/workflows/{workflow}", json={"isActive": False})).raise_for_status()
            before = server.requests.copy()
            await asyncio.sleep(seconds)
            after = server.requests - before
        finally:
            hub.kill()
            await server.stop()
    asked, checks = after["getUpdates"], after.total() - after["getUpdates"]
    return [
        f"{IDLE_BOTS} bots that no workflow listens to, {half} of them had been polled until then; "
        f"{checks} checks of their connections in {seconds} s, which are no polls",
        beside(f"polls in {seconds} s", asked, 0, "polls"),
    ]


FIGURES: dict[str, tuple[Callable[[int], Awaitable[list[str]]], int]] = {
    "short": (short, 1000),
    "long": (long, 1000),
    "idle": (idle, 60),
    "effect": (effect, 100),
    "kill": (kill, 50),
    "cut": (cut, 600),
}


async def main(what: str, number: int | None) -> int:
    chosen = [name for name in FIGURES if name == what or (what == "all" and name != "cut")]
    if not chosen:
        print(__doc__)
        return 2
    missed = 0
    for name in chosen:
        measure, usual = FIGURES[name]
        before = os.getloadavg()[0]
        lines = await measure(number or usual)
        print(f"{name}: load average {before:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores")
        print(*lines, "", sep="\n", flush=True)
        missed += sum(line.endswith("MISSED") for line in lines)
    return int(missed > 0)


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "all"] if len(sys.argv) == 1 else sys.argv[1:]
    sys.exit(uvloop.run(main(arguments[0], int(arguments[1]) if len(arguments) > 1 else None)))
