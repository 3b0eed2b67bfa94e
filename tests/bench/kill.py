"""Kills the server again and again while events come in: nothing acknowledged may be lost.

`python -m tests.bench.kill [KILLS]`. Goals: nothing lost, nothing doubled but what was under way at a kill, and the
first event accepted again 2 s after a start at most. Senders repeat what was not acknowledged, under the same key, as
services do. The step is marked as repeatable, because what is under way at a kill is otherwise left as *unknown* on
purpose.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import hub as hubs
from tests.bench.hooks import delivered
from tests.bench.hub import Hub
from tests.bench.measures import beside, cpu_seconds
from tests.bench.sender import Line, request
from tests.bench.sink import Sink
from tests.conftest import free_port

SENDERS = 24
CALM = (0.3, 1.5)  # seconds from the first answer after a start to the next kill
PATIENCE = 0.02  # seconds between the tries of a sender
BACK = 2.0  # the goal: seconds from a start to the first accepted event


@dataclass
class Outcome:
    """What the senders and the sink saw.

    `back_after` are the seconds from each start to the first accepted request, `worked` the server's CPU seconds by
    then: the same on a machine that has nothing else to do.
    """

    kills: int = 0
    acknowledged: set[int] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    back_after: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    under_way: int = 0
    arrived: Counter[int] = field(default_factory=Counter)

    @property
    def lost(self) -> set[int]:
        return self.acknowledged - self.arrived.keys()

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in self.arrived.values())

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {len(self.acknowledged)} acknowledged, {len(self.lost)} lost, {self.doubled} doubled "
            f"of {self.under_way} under way at a kill; answers {dict(self.statuses)}; "
            f"the first accepted {max(self.back_after):.2f} s after a start at most ({max(self.worked):.2f} s of CPU)"
        )


@dataclass
class Harness:
    """A hub, a sink, and senders that do not give up. Not `is_complete`: it is known that not everything arrives."""

    hub: Hub
    sink: Sink
    path: str
    is_complete: bool = True
    outcome: Outcome = field(default_factory=Outcome)
    _next: int = 0
    _is_over: bool = False
    _first_accepted: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, kills: int) -> Outcome:
        """Kill it so often, then wait until everything has arrived."""
        await self.hub.until_ready()
        senders = [asyncio.create_task(self._send()) for _ in range(SENDERS)]
        for _ in range(kills):
            await asyncio.sleep(random.uniform(*CALM))
            await self._kill()
        self._is_over = True
        await asyncio.gather(*senders)
        await self._until_quiet()
        self.outcome.arrived = Counter(arrival.body["id"] for arrival in self.sink.arrivals())
        return self.outcome

    async def _kill(self) -> None:
        self.hub.kill()
        self.outcome.kills += 1
        self.outcome.under_way += running(self.hub)
        self._first_accepted.clear()
        began = time.monotonic()
        self.hub.start()
        await asyncio.wait_for(self._first_accepted.wait(), 30)
        self.outcome.back_after.append(time.monotonic() - began)
        self.outcome.worked.append(cpu_seconds(self.hub.pid))

    async def _send(self) -> None:
        line: Line | None = None
        while not self._is_over:
            self._next += 1
            number, status = self._next, 0
            while not 200 <= status < 300:
                try:
                    line = line or await Line.to(self.hub.port)
                    answer = await line.send(self._request(number))
                except OSError:
                    line = None
                    await asyncio.sleep(PATIENCE)
                    continue
                status = answer.status
                self.outcome.statuses[status] += 1
                assert status != 503 or "retry-after" in answer.headers
            self.outcome.acknowledged.add(number)
            self._first_accepted.set()

    def _request(self, number: int) -> bytes:
        return request(self.hub.port, self.path, hubs.order(number), Idempotency_Key=f"order-{number}")

    async def _until_quiet(self) -> None:
        if self.is_complete:
            await delivered(self.sink, len(self.outcome.acknowledged), 90)
        for _ in range(200):
            if not set(statuses(self.hub)) & {"queued", "running", "waiting"}:
                return
            await asyncio.sleep(0.1)


def statuses(hub: Hub) -> Counter[str]:
    """How the executions stand."""
    with hubs.looking(hub) as connection:
        return Counter(dict(connection.execute('SELECT status, count(*) FROM "Execution" GROUP BY status').fetchall()))


def running(hub: Hub) -> int:
    return statuses(hub)["running"]


def main(kills: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub, sink = Hub(folder), Sink(free_port(), folder / "arrived")
        with hubs.opened(hub) as alice:
            path = hubs.forward(alice, sink.url, repeatable=True)
        sink.start()
        hub.start()
        try:
            outcome = asyncio.run(_run(hub, sink, path, kills))
            print(outcome, f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", sep="\n")
            print(beside("acknowledged and lost", len(outcome.lost), 0, "events"))
            print(beside("doubled", outcome.doubled, outcome.under_way, "events"))
            print(beside("start to the first accepted event, at worst", max(outcome.back_after), BACK, "s"))
            print(json.dumps(statuses(hub)))
        finally:
            hub.kill()
            sink.stop()


async def _run(hub: Hub, sink: Sink, path: str, kills: int) -> Outcome:
    return await Harness(hub, sink, path).run(kills)


if __name__ == "__main__":
    main(min(int(sys.argv[1]) if len(sys.argv) > 1 else 50, 100))
