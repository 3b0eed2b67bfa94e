"""kill -9 under load, and a service that is away: what was acknowledged arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bench import hub as hubs
from tests.bench import kill
from tests.bench.hooks import delivered
from tests.bench.hub import Hub
from tests.bench.kill import Harness
from tests.bench.sender import Line, fixed_rate, request
from tests.bench.sink import Sink
from tests.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.promise, pytest.mark.timeout(240)]
KILLS = 8
SOON = 25.0  # seconds after it is back; about ten on a machine of our own, since its second try is 15 s after the first
CPU_SECONDS = 4.0  # of the server from its start to the first accepted request; half of it on a machine of our own


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    found = Hub(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.kill()


@pytest.fixture
def sink(tmp_path: Path) -> Sink:
    return Sink(free_port(), tmp_path / "arrived")


@pytest_asyncio.fixture
async def service(sink: Sink) -> AsyncIterator[Sink]:
    """The sink, listening."""
    await asyncio.to_thread(sink.start)
    yield sink
    sink.stop()


async def test_nothing_acknowledged_is_lost_in_kills(hub: Hub, service: Sink) -> None:
    path = await asyncio.to_thread(prepared, hub, service.url, repeatable=True)
    hub.start()
    outcome = await Harness(hub, service, path).run(KILLS)
    assert outcome.kills == KILLS
    assert len(outcome.acknowledged) > 100, "too few were sent to tell anything"
    assert outcome.lost == set()
    assert outcome.doubled <= outcome.under_way
    assert set(outcome.statuses) <= {202, 503}, "it answered before it was ready"
    assert set(kill.statuses(hub)) == {"succeeded"}
    assert max(outcome.worked) < CPU_SECONDS


async def test_what_may_not_be_repeated_is_not_sent_twice(hub: Hub, service: Sink) -> None:
    path = await asyncio.to_thread(prepared, hub, service.url)
    hub.start()
    harness = Harness(hub, service, path, is_complete=False)
    outcome = await harness.run(2)
    states = kill.statuses(hub)
    assert outcome.doubled == 0
    assert set(states) <= {"succeeded", "unknown"}
    assert len(outcome.lost) <= states["unknown"] <= outcome.under_way


async def test_a_service_that_is_away_for_a_while_gets_everything_soon_after(hub: Hub, service: Sink) -> None:
    """Ten seconds, at five events a second, with the usual pauses between the tries."""
    path = await asyncio.to_thread(prepared, hub, service.url, repeatable=True)
    hub.start()
    await hub.until_ready()

    def make(number: int) -> bytes:
        return request(hub.port, path, hubs.order(number))

    service.stop()
    away = await fixed_rate(hub.port, make, range(50), 5)
    assert away.accepted == set(range(50))
    assert service.count() == 0
    await asyncio.to_thread(service.start)
    await delivered(service, 50, SOON)
    assert sorted(arrival.body["id"] for arrival in service.arrivals()) == list(range(50))


async def test_before_it_is_ready_it_refuses_and_then_takes_at_once(hub: Hub, service: Sink) -> None:
    """A sender that knocks all the time during a start sees no answer but the right one."""
    path = await asyncio.to_thread(prepared, hub, service.url)
    hub.start()
    seen: set[int] = set()
    while 202 not in seen:
        try:
            line = await Line.to(hub.port)
            seen.add((await line.send(request(hub.port, path, hubs.order(1)))).status)
            line.close()
        except OSError:
            await asyncio.sleep(0.01)
    assert seen == {202}


def prepared(hub: Hub, url: str, **step: object) -> str:
    with hubs.opened(hub) as alice:
        return hubs.forward(alice, url, **step)
