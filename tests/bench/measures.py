"""What the benchmarks share: a server full of connections, a browser signed in, and what a process has used."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.browser import launch
from tests.conftest import PASSWORD, Server, start_server, stop_server

EMAIL = "alice@example.com"


@contextmanager
def filled_server(connections: int) -> Iterator[tuple[Server, httpx.Client, list[str]]]:
    """A running server with that many connections; a REST client that may change them; their ids."""
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder))
        try:
            answer = httpx.post(server.url + "/api/setup", json={"email": EMAIL, "password": PASSWORD, "name": "Alice"})
            headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['token']}"}
            with httpx.Client(base_url=server.url, headers=headers) as rest:
                ids = [_connect(rest, number) for number in range(connections)]
                yield server, rest, ids
        finally:
            stop_server(server)


def _connect(rest: httpx.Client, number: int) -> str:
    body = {"type": "inbox", "name": f"Connection {number:02d}", "config": {}}
    while (answer := rest.post("/api/integrations", json=body)).status_code == httpx.codes.TOO_MANY_REQUESTS:
        pass  # the limit on bursts is meant for others
    found: str = answer.raise_for_status().json()["id"]
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


async def signed_in(browser: Browser, server: Server) -> BrowserContext:
    """A browser profile in which Alice has signed in."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    answer = await context.request.post(
        server.url + "/session", data={"email": EMAIL, "password": PASSWORD}, headers={"Origin": server.url}
    )
    assert answer.ok, await answer.text()
    return context


def cpu_seconds(pid: int) -> float:
    """The processor time a process has used so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """The memory a process holds, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def beside(name: str, found: float, goal: float, unit: str, *, at_least: bool = False) -> str:
    """A figure beside its goal, for printing: `start: 1.39 s, goal 2 s or less, ratio 0.69, met`.

    The ratio is figure to goal. A goal of 0 has none.
    """
    is_met = found >= goal if at_least else found <= goal
    ratio = f", ratio {found / goal:.2f}" if goal else ""
    said = f"{found:,.0f}" if float(found).is_integer() or found >= 100 else f"{found:.3g}"
    wanted = f"goal {goal:,g} {unit} or {'more' if at_least else 'less'}" if goal else "goal 0"
    return f"{name}: {said} {unit}, {wanted}{ratio}, {'met' if is_met else 'MISSED'}"


def spread(values: Sequence[float], unit: str) -> str:
    """Minimum, median and maximum, for printing."""
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f} {unit} (min / median / max)"
