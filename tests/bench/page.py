"""The integrations page with 60 cards: bytes, requests, time until it is ready. `python -m tests.bench.page`.

Goals, with an empty cache: 400 KB, 25 requests, 2 s.
"""

from __future__ import annotations

import asyncio
import statistics
from time import perf_counter
from typing import Any

from tests.bench.measures import beside, chromium, filled_server, signed_in, spread
from tests.conftest import Server

CARDS = 60
KB, REQUESTS, SECONDS = 400.0, 25, 2.0  # goals
READY = f"document.querySelectorAll('[data-testid=conn-card]').length === {CARDS} && !!window.socket?.connected"


class Received:
    """What came over the wire."""

    octets = 0
    requests = 0

    def note(self, event: dict[str, Any]) -> None:
        self.octets += event["encodedDataLength"]
        self.requests += 1


async def load(server: Server) -> None:
    async with chromium() as browser:
        times = []
        for attempt in range(4):
            context = await signed_in(browser, server)
            page = await context.new_page()
            wire = await context.new_cdp_session(page)
            received = Received()
            wire.on("Network.loadingFinished", received.note)
            await wire.send("Network.enable")
            await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
            started = perf_counter()
            await page.goto(server.url + "/integrations")
            await page.wait_for_function(READY)
            times.append(perf_counter() - started)
            await page.wait_for_load_state("networkidle")
            if attempt == 0:
                print(beside("transferred with an empty cache", received.octets / 1000, KB, "KB"))
                print(beside("requests with an empty cache", received.requests, REQUESTS, "requests"))
            await context.close()
        print(beside("ready with an empty cache, median", statistics.median(times), SECONDS, "s"))
        print(f"ready with an empty cache: {spread(times, 's')}")


if __name__ == "__main__":
    with filled_server(CARDS) as (running, _, _ids):
        asyncio.run(load(running))
