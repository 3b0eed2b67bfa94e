"""Webhook -> templated POST, all of it on disk: how many a second, how soon, at what cost.

`python -m tests.bench.hooks [REQUESTS]`. Goals: 1,000 delivered a second at 1.5 ms of CPU each, 5 ms of CPU each at ten
a second, and then 30 ms end to end for 99 of 100.

The machine may be busy with other things, so judge by the CPU per event, and compare what ran in one and the same run.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from tests.bench import hub as hubs
from tests.bench.hub import Hub
from tests.bench.measures import beside, cpu_seconds, resident_mb
from tests.bench.sender import Round, closed_loop, fixed_rate, request
from tests.bench.sink import Sink
from tests.conftest import free_port

LINES = 32
WARM_UP = 300
CALM, CALM_RATE = 100, 10.0
BURST = 10_000
DELIVERED_WITHIN = 60.0
# The goals: deliveries a second, milliseconds of CPU for an event at full load and at ten a second, milliseconds
RATE, CPU_FULL, CPU_CALM, END_TO_END = 1000.0, 1.5, 5.0, 30.0


async def delivered(sink: Sink, wanted: int, seconds: float = DELIVERED_WITHIN) -> float:
    """Wait until so many have arrived; when the last of them did."""
    until = time.monotonic() + seconds
    while sink.count() < wanted and time.monotonic() < until:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.05)
    times = sorted(arrival.at for arrival in sink.arrivals())
    assert len(times) >= wanted, f"{len(times)} of {wanted} arrived within {seconds} s"
    return times[wanted - 1]


def end_to_end(sent: Round, sink: Sink) -> list[float]:
    """Seconds from when each was due to its first arrival at the sink."""
    arrived: dict[int, float] = {}
    for arrival in sink.arrivals():
        arrived.setdefault(arrival.body["id"], arrival.at)
    return [arrived[number] - began for number, began in sent.sent_at.items()]


def p99(values: Collection[float]) -> float:
    ordered: Sequence[float] = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def milliseconds(values: Collection[float]) -> str:
    """Median and 99th percentile."""
    return f"p50 {statistics.median(values) * 1000:.1f} ms, p99 {p99(values) * 1000:.1f} ms"


async def measure(hub: Hub, sink: Sink, path: str, burst: int) -> None:
    def make(number: int) -> bytes:
        return request(hub.port, path, hubs.order(number))

    await hub.until_ready()
    await closed_loop(hub.port, make, range(WARM_UP), LINES)
    await delivered(sink, WARM_UP)
    before, at_rest = cpu_seconds(hub.pid), resident_mb(hub.pid)
    await asyncio.sleep(5)
    idle = (cpu_seconds(hub.pid) - before) / 5
    numbers = range(WARM_UP, WARM_UP + CALM)
    before = cpu_seconds(hub.pid)
    calm = await fixed_rate(hub.port, make, numbers, CALM_RATE)
    await delivered(sink, numbers.stop)
    spent = cpu_seconds(hub.pid) - before
    print(f"at {CALM_RATE:.0f}/s: acknowledged {milliseconds(calm.took.values())}")
    took = end_to_end(calm, sink)
    print(f"          end to end {milliseconds(took)}; {idle * 100:.1f} % of a core when idle")
    print(beside("end to end at ten a second, p99", p99(took) * 1000, END_TO_END, "ms"))
    print(beside("CPU per event at ten a second", spent / CALM * 1000, CPU_CALM, "ms"))
    numbers = range(numbers.stop, numbers.stop + burst)
    before, began = cpu_seconds(hub.pid), time.monotonic()
    full = await closed_loop(hub.port, make, numbers, LINES)
    assert len(full.accepted) == burst, sorted(set(full.statuses.values()))
    last = await delivered(sink, numbers.stop)
    spent = cpu_seconds(hub.pid) - before
    print(f"full load: {burst / (last - began):.0f}/s delivered, {burst / full.seconds:.0f}/s acknowledged")
    print(f"          acknowledged {milliseconds(full.took.values())} over {LINES} lines")
    print(beside("delivered a second", burst / (last - began), RATE, "events", at_least=True))
    print(beside("CPU per event at full load", spent / burst * 1000, CPU_FULL, "ms"))
    await asyncio.sleep(2)
    print(f"memory: {at_rest:.0f} MB at rest, {resident_mb(hub.pid):.0f} MB after {numbers.stop} executions")


def main(burst: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub, sink = Hub(folder), Sink(free_port(), folder / "arrived")
        with hubs.opened(hub) as alice:
            path = hubs.forward(alice, sink.url)
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        sink.start()
        hub.start()
        try:
            asyncio.run(measure(hub, sink, path, burst))
        finally:
            hub.kill()
            sink.stop()


if __name__ == "__main__":
    main(min(int(sys.argv[1]) if len(sys.argv) > 1 else BURST, 20_000))
