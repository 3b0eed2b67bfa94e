"""A status change on 20 open pages: how soon it shows, and what it costs. `python -m tests.bench.live`.

Goals: on the last of the pages after 1 s at most, at one change a second for 5 % of a core.
"""

from __future__ import annotations

import asyncio
import statistics
from time import perf_counter

import httpx

from tests.bench.measures import beside, chromium, cpu_seconds, filled_server, signed_in, spread
from tests.conftest import Server

PAGES = 20
CHANGES = 20
SHOWN, SHARE = 1.0, 5.0  # goals: seconds, % of a core


async def watch(server: Server, rest: httpx.Client, ids: list[str]) -> None:
    async with chromium() as browser:
        context = await signed_in(browser, server)
        pages = [await context.new_page() for _ in range(PAGES)]
        for page in pages:
            await page.goto(server.url + "/integrations")
            await page.wait_for_function("!!window.socket?.connected")
        await asyncio.sleep(3)
        idle = await _cost(server, asyncio.sleep(10))
        delays: list[float] = []
        busy = await _cost(server, _change(rest, ids, pages, delays))
        print(f"change to the last of {PAGES} pages: {spread(delays, 's')}")
        print(f"server: {idle:.1%} of a core with {PAGES} idle pages, {busy:.1%} at one change a second")
        print(beside(f"change to the last of {PAGES} pages, median", statistics.median(delays), SHOWN, "s"))
        print(beside("server at one change a second", busy * 100, SHARE, "% of a core"))


async def _change(rest: httpx.Client, ids: list[str], pages: list[object], delays: list[float]) -> None:
    for number in range(CHANGES):
        started = perf_counter()
        name = f"Changed {number:03d}"
        await asyncio.to_thread(rest.patch, f"/api/integrations/{ids[number % len(ids)]}", json={"name": name})
        seen = f"document.body.innerText.includes('{name}')"
        await asyncio.gather(*(page.wait_for_function(seen) for page in pages))  # type: ignore[attr-defined]
        delays.append(perf_counter() - started)
        await asyncio.sleep(max(0.0, 1 - (perf_counter() - started)))


async def _cost(server: Server, work: object) -> float:
    """The share of a core that the server used while this was under way."""
    before, started = cpu_seconds(server.process.pid), perf_counter()
    await work  # type: ignore[misc]
    return (cpu_seconds(server.process.pid) - before) / (perf_counter() - started)


if __name__ == "__main__":
    with filled_server(60) as (running, client, connection_ids):
        asyncio.run(watch(running, client, connection_ids))
