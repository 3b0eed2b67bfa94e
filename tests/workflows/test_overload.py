"""Too much, nowhere to put it, and bodies made to harm: what the hooks answer then, and that nothing gets lost."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.bench import hub as hubs
from tests.bench import kill
from tests.bench.hooks import delivered
from tests.bench.hub import Hub
from tests.bench.measures import resident_mb
from tests.bench.sender import Answer, Line, closed_loop, request
from tests.bench.sink import Sink
from tests.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
LOCKED_SECONDS = 8.0


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    found = Sink(free_port(), tmp_path / "arrived")
    found.start()
    yield found
    found.stop()


@pytest.fixture
def prepared(tmp_path: Path, sink: Sink) -> tuple[Hub, str]:
    """A server that does not run yet, and the path of its hook."""
    hub = Hub(tmp_path)
    with hubs.opened(hub) as alice:
        return hub, hubs.forward(alice, sink.url, repeatable=True)


@pytest_asyncio.fixture
async def running(prepared: tuple[Hub, str]) -> AsyncIterator[tuple[Hub, str]]:
    """The same, running."""
    hub, path = prepared
    hub.start()
    await hub.until_ready()
    yield hub, path
    if hub.process is not None and hub.process.poll() is None:
        hub.kill()


async def ask(hub: Hub, body: bytes, path: str, kind: str = "application/json", **headers: str) -> Answer:
    line = await Line.to(hub.port)
    try:
        return await line.send(request(hub.port, path, body, kind=kind, **headers))
    finally:
        line.close()


def refusal(answer: Answer) -> None:
    """It says when to come back, and why."""
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert json.loads(answer.body)["code"] == "unavailable"


async def test_a_locked_database_is_told_in_time_and_costs_nothing(running: tuple[Hub, str], sink: Sink) -> None:
    hub, path = running
    other = sqlite3.connect(hub.data / "streamline.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    took: list[float] = []
    accepted: set[int] = set()
    quick: list[float] = []
    senders: list[asyncio.Task[None]] = []

    async def send(number: int) -> None:
        while number not in accepted:
            began = time.monotonic()
            answer = await ask(hub, hubs.order(number), path)
            took.append(time.monotonic() - began)
            if answer.status == 202:
                accepted.add(number)
            else:
                refusal(answer)
                await asyncio.sleep(0.5)

    async def look() -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
            while len(accepted) < len(senders):
                began = time.monotonic()
                assert (await client.get("/healthz")).status_code == 200
                quick.append(time.monotonic() - began)
                await asyncio.sleep(0.2)

    senders.extend(asyncio.create_task(send(number)) for number in range(30))
    looking = asyncio.create_task(look())
    await asyncio.sleep(LOCKED_SECONDS)
    assert accepted == set()
    other.execute("ROLLBACK")
    other.close()
    await asyncio.gather(looking, *senders)
    await delivered(sink, 30)
    assert sorted(arrival.body["id"] for arrival in sink.arrivals()) == list(range(30))
    assert max(took) < 5, "a sender had to wait"
    assert sorted(quick)[len(quick) // 2] < 0.3


async def test_a_flood_leaves_pages_and_rest_their_share(running: tuple[Hub, str]) -> None:
    hub, path = running
    took: list[float] = []
    statuses: set[int] = set()
    is_over = asyncio.Event()

    async def flood() -> None:
        line = await Line.to(hub.port)
        while not is_over.is_set():
            answer = await line.send(request(hub.port, path, hubs.order(1)))
            statuses.add(answer.status)
        line.close()

    floods = [asyncio.create_task(flood()) for _ in range(100)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}", timeout=20) as client:
        for _ in range(20):
            began = time.monotonic()
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/sign-in")).status_code == 200
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.1)
    is_over.set()
    await asyncio.gather(*floods)
    assert statuses <= {202, 503}
    assert sorted(took)[len(took) // 2] < 2


async def test_a_full_disk_is_told_and_gone_when_there_is_room(running: tuple[Hub, str], sink: Sink) -> None:
    """The largest size a file of the process may have stands in for the disk's end."""
    hub, path = running
    assert (await ask(hub, hubs.order(0), path)).status == 202
    await delivered(sink, 1)
    limit = (hub.data / "streamline.db-wal").stat().st_size + 100_000
    resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    accepted = {0}
    for number in range(1, 40):
        answer = await ask(hub, hubs.order(number) + b" " * 20_000, path)
        if answer.status == 202:
            accepted.add(number)
        else:
            refusal(answer)
    assert len(accepted) < 40, "the limit was never reached"
    assert (await get(hub, "/healthz")) == 200
    resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert (await ask(hub, hubs.order(100), path)).status == 202
    accepted.add(100)
    await delivered(sink, len(accepted))
    await asyncio.sleep(0.5)
    assert {arrival.body["id"] for arrival in sink.arrivals()} == accepted


async def get(hub: Hub, path: str) -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
        return (await client.get(path)).status_code


POISON = """
import sys
from streamline_ui.providers import http
original = http.provider.actions["request"].function
async def deadly(client, *, method, url, headers=None, query=None, body=None):
    if body["id"] == 13:
        import os
        os._exit(66)
    return await original(client, method=method, url=url, headers=headers, query=query, body=body)
object.__setattr__(http.provider.actions["request"], "function", deadly)
from streamline_ui import cli
sys.exit(cli.main())
"""


async def test_an_event_that_kills_the_process_twice_is_parked_and_the_others_flow(
    prepared: tuple[Hub, str], sink: Sink
) -> None:
    hub, path = prepared
    program = hub.folder / "deadly.py"
    program.write_text(POISON)
    accepted: set[int] = set()
    numbers = iter(range(100))
    for _ in range(2):
        hub.start(str(program))
        with contextlib.suppress(OSError, AssertionError):  # it may be dead again before it was ready
            await hub.until_ready()
            await send_all(hub, path, numbers, accepted)
        assert hub.process is not None
        assert await asyncio.to_thread(hub.process.wait, 20) == 66, hub.log[-2000:]
    hub.start(str(program))
    await hub.until_ready()
    await send_all(hub, path, numbers, accepted)
    assert max(accepted) == 99
    await delivered(sink, len(accepted - {13}))
    await settled(hub)
    assert {arrival.body["id"] for arrival in sink.arrivals()} >= accepted - {13}
    with hubs.looking(hub) as connection:
        parked = connection.execute("""SELECT "trigger", crashes FROM "Execution" WHERE status = 'failed'""").fetchall()
    assert [(json.loads(trigger)["body"]["id"], crashes) for trigger, crashes in parked] == [(13, 2)]
    hub.kill()


async def send_all(hub: Hub, path: str, numbers: Iterator[int], accepted: set[int]) -> None:
    for number in numbers:
        assert (await ask(hub, hubs.order(number), path)).status == 202
        accepted.add(number)


async def test_sigterm_under_load_ends_well_and_loses_nothing(running: tuple[Hub, str], sink: Sink) -> None:
    hub, path = running

    def make(number: int) -> bytes:
        return request(hub.port, path, hubs.order(number), Idempotency_Key=f"order-{number}")

    accepted: set[int] = set()

    async def send(start: int) -> None:
        line = await Line.to(hub.port)
        for number in range(start, start + 10_000):
            if (await line.send(make(number))).status == 202:
                accepted.add(number)

    senders = [asyncio.create_task(send(10_000 * number)) for number in range(16)]
    await asyncio.sleep(1.5)
    began = time.monotonic()
    assert await asyncio.to_thread(hub.stop, 30) == 0
    assert time.monotonic() - began < 30
    ended = await asyncio.gather(*senders, return_exceptions=True)
    assert all(isinstance(each, OSError) for each in ended), ended
    hub.start()
    await hub.until_ready()
    await delivered(sink, len(accepted))
    await settled(hub)
    assert accepted <= {arrival.body["id"] for arrival in sink.arrivals()}
    assert set(kill.statuses(hub)) == {"succeeded"}


async def settled(hub: Hub) -> None:
    for _ in range(300):
        if not set(kill.statuses(hub)) & {"queued", "running", "waiting"}:
            return
        await asyncio.sleep(0.1)


FIELDS = b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(15_000)) + b"--x--\r\n"
JSON = "application/json"
HOSTILE: dict[str, tuple[bytes, str, set[int]]] = {
    "nothing": (b"", JSON, {202}),
    "cut off": (b'{"id": 1, "a": [1, 2', JSON, {400}),
    "100,000 deep": (b"[" * 100_000 + b"]" * 100_000, JSON, {400}),
    "70 deep": (b"[" * 70 + b"]" * 70, JSON, {400}),
    "bad UTF-8": (b'{"a": "\xff\xfe"}', JSON, {400}),
    "half characters": (b'{"a": "\\ud800"}', JSON, {400}),
    "half characters as a form": (b"a=%ED%A0%80&b=%00", "application/x-www-form-urlencoded", {202}),
    "bad UTF-8 as text": (b"\xff\xfe\x00", "text/plain", {202}),
    "5,000 digits": (b'{"n": ' + b"9" * 5000 + b"}", JSON, {202, 400}),
    "no number": (b'{"n": NaN, "m": Infinity}', JSON, {400}),
    "too large a number": (b'{"n": 1e999}', JSON, {202, 400}),
    "the same key twice": (b'{"a": 1, "a": 2}', JSON, {202}),
    "100,000 keys": (json.dumps(dict.fromkeys(map(str, range(60_000)), 1)).encode(), JSON, {400}),
    "a zero": (b'{"a": "x\\u0000y"}', JSON, {202}),
    "a zero as text": (b"x\x00y", "text/plain", {202}),
    "many fields": (FIELDS, "multipart/form-data; boundary=x", {400}),
    "no boundary": (b"--x\r\n", "multipart/form-data", {400}),
    "an empty boundary": (b"--x\r\n", "multipart/form-data; boundary=", {400}),
    "cut off parts": (FIELDS[:500], "multipart/form-data; boundary=x", {202, 400}),
    "a text that is no number": (b"1" * 900_000, JSON, {202, 400}),
    "a form of 1 MB": (b"a=1&" * 249_000, "application/x-www-form-urlencoded", {202, 400}),
    "just 1 MB": (b'"' + b"x" * 999_990 + b'"', JSON, {202}),
    "more than 1 MB": (b'"' + b"x" * 1_100_000 + b'"', JSON, {413}),
    "an odd type": (b"{}", "application/json; charset=\xc3\xa4; =;;", {202, 400}),
    "no type": (b"{}", "", {202}),
}


async def test_hostile_bodies_are_refused_or_taken_and_never_our_fault(running: tuple[Hub, str]) -> None:
    hub, path = running
    await closed_loop(hub.port, lambda number: request(hub.port, path, hubs.order(number)), range(50), 4)
    before = resident_mb(hub.pid)
    found = {name: (await ask(hub, body, path, kind)).status for name, (body, kind, _) in HOSTILE.items()}
    assert {name: status for name, status in found.items() if status not in HOSTILE[name][2]} == {}
    bomb = gzip.compress(b"0" * 100_000_000)
    assert (await ask(hub, bomb, path, Content_Encoding="gzip")).status == 415
    for query in ("?a=%ff%00", "?" + "&".join(f"a{n}=1" for n in range(5000)), "?=&=", "?%ED%A0%80"):
        assert (await ask(hub, b"{}", path + query)).status in (202, 400), query[:20]
    await asyncio.gather(*(ask(hub, body, path, kind) for body, kind, _ in list(HOSTILE.values()) * 3))
    await settled(hub)
    assert resident_mb(hub.pid) - before < 100
    assert "Traceback" not in hub.log


async def test_the_same_over_a_raw_socket(running: tuple[Hub, str]) -> None:
    """What no client would send."""
    hub, path = running
    for head in (
        f"POST {path}?\xff HTTP/1.1\r\nHost: localhost:{hub.port}\r\nContent-Length: 0\r\n\r\n",
        f"POST {path} HTTP/1.1\r\nHost: localhost:{hub.port}\r\nX-\xff: \xff\r\nContent-Length: 0\r\n\r\n",
        f"POST {path} HTTP/1.1\r\nHost: localhost:{hub.port}\r\nX-A: {'y' * 60_000}\r\nContent-Length: 0\r\n\r\n",
        f"POST {path}%00%ff HTTP/1.1\r\nHost: localhost:{hub.port}\r\nContent-Length: 0\r\n\r\n",
        f"POST {path} HTTP/1.1\r\nHost: localhost:{hub.port}\r\nContent-Length: 9\r\n\r\n{{",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
        writer.write(head.encode("latin-1"))
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(2000), 40)
        writer.close()
        assert not answer.startswith(b"HTTP/1.1 5"), (head[:60], answer[:300])
    assert "Traceback" not in hub.log
