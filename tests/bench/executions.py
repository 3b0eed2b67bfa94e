"""The executions page over 100,000 executions, and one with an output of 2 MB. `python -m tests.bench.executions`.

Goals: each is ready within 1 s, no message to the browser is larger than 1 MB, and the page answers meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from playwright.async_api import Page, WebSocket

from streamline_ui.workflows import catalog
from tests.bench import hub
from tests.bench.hub import Hub
from tests.bench.measures import beside, chromium, signed_in, spread
from tests.conftest import Server

MANY, FLOWS = 100_000, 20
SECONDS, LARGEST = 1.0, 1_000_000.0  # goals
TRIES = 5
ROWS = "document.querySelectorAll('[data-testid=run-row]').length >= {} && !!window.socket?.connected"
TREE = "document.querySelectorAll('.sl-stage-panel .sl-json details').length > 20 && !!window.socket?.connected"
STEP = {"id": "text", "type": "set", "values": {"text": "{{ trigger.body.n }}"}}
EXECUTION = (
    'INSERT INTO "Execution" (id, "userId", "workflowId", version, status, trigger, error, "dueAt", crashes,'
    ' "isCancelled", "createdAt", "startedAt", "finishedAt") VALUES (?, ?, ?, 1, ?, ?, ?, ?, 0, 0, ?, ?, ?)'
)
STEP_RUN = (
    'INSERT INTO "StepRun" ("executionId", key, position, "stepId", name, status, attempts, input, output, error,'
    " \"startedAt\", \"finishedAt\") VALUES (?, 'text', 1, 'text', '', 'succeeded', '[]', 'null', ?, '', ?, ?)"
)


def fill(running: Hub) -> str:
    """Write them down as they would have been, in half a year. Returns the id of the one with 2 MB."""
    with hub.opened(running) as user_id:
        flow = {"trigger": {"type": "webhook"}, "steps": [STEP]}
        flows = [catalog.add(user_id, {"name": f"Workflow {n:02d}", **flow}).id for n in range(FLOWS)]
    rows = [{"id": n, "name": f"Customer {n}", "total": n / 7, "items": ["Notebook", "Pen"] * 3} for n in range(17_000)]
    large = json.dumps({"rows": rows})
    assert len(large) > 2_000_000
    begun = datetime.now(UTC) - timedelta(days=180)
    last = ""
    with sqlite3.connect(running.data / "streamline.db") as database:
        for number in range(MANY):
            moment = (begun + timedelta(seconds=155 * number)).strftime("%Y-%m-%d %H:%M:%S.%f")
            last = str(uuid4())
            status, error = ("failed", "It is down (503).") if number % 50 == 7 else ("succeeded", "")
            trigger = json.dumps({"type": "webhook", "body": {"n": number, "text": "word " * 40}})
            about = (last, user_id, flows[number % FLOWS], status, trigger, error, *[moment] * 4)
            database.execute(EXECUTION, about)
            output = large if number == MANY - 1 else json.dumps({"text": str(number)})
            database.execute(STEP_RUN, (last, output, moment, moment))
    return last


async def timed(page: Page, url: str, ready: str) -> float:
    began = perf_counter()
    await page.goto(url, wait_until="commit")
    await page.wait_for_function(ready)
    return perf_counter() - began


def report(name: str, times: list[float]) -> None:
    print(beside(f"{name}, median", statistics.median(times), SECONDS, "s"))
    print(f"{name}: {spread(times, 's')}")


async def measure(running: Hub, large: str) -> None:
    running.start()
    await running.until_ready()
    assert running.process is not None
    server = Server(f"http://127.0.0.1:{running.port}", running.data, running.folder / "server.log", running.process)
    async with chromium() as browser:
        page = await (await signed_in(browser, server)).new_page()
        longest = [0]

        def listen(socket: WebSocket) -> None:
            socket.on("framereceived", lambda frame: longest.append(len(frame)))

        page.on("websocket", listen)
        await timed(page, f"{server.url}/executions", ROWS.format(50))  # what is loaded once for all
        for name, path, rows in (
            ("all", "/executions", 50),
            ("only failed", "/executions?status=failed", 50),
            ("a text that three have", "/executions?q=999%2C", 3),
        ):
            times = [await timed(page, server.url + path, ROWS.format(rows)) for _ in range(TRIES)]
            report(f"{MANY:,} executions, {name}", times)
        report("an output of 2 MB", [await timed(page, f"{server.url}/executions/{large}", TREE) for _ in range(TRIES)])
        began = perf_counter()
        await page.get_by_role("tab", name="Output").click()
        await page.locator(".sl-json-more").last.click()
        await page.wait_for_function("document.querySelectorAll('.sl-json details').length > 40")
        print(beside("the next hundred entries of it", perf_counter() - began, SECONDS, "s"))
        print(beside("the largest message", max(longest), LARGEST, "bytes"))
    running.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = Hub(Path(folder))
        biggest = fill(made)
        asyncio.run(measure(made, biggest))
