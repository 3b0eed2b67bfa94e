"""What the hub tells about itself: figures for whoever may see them, and never a secret or a name."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from streamline_ui import pulse, sandbox, schedule
from streamline_ui import settings as configuration
from streamline_ui.access import sessions
from streamline_ui.api import operations
from streamline_ui.diagnostics import machine, metrics, report, state
from streamline_ui.errors import Forbidden, Invalid
from streamline_ui.integrations import connections, lifeline
from streamline_ui.net import egress
from streamline_ui.settings import Settings
from streamline_ui.storage import db, room
from streamline_ui.storage.models import User, now
from streamline_ui.workflows import catalog, executions
from streamline_ui.workflows.listening import polling
from streamline_ui.workflows.listening.polling_service import Listed

CANARY = "canary7f3a9"
STEP = {"id": "note", "type": "set", "values": {}}


@pytest_asyncio.fixture
async def ticking(hub: Settings) -> AsyncIterator[Settings]:
    schedule.start()
    polling.start()
    pulse.start(asyncio.get_running_loop(), {})
    yield hub
    pulse.stop()
    await schedule.stop()
    await polling.stop()
    await asyncio.sleep(0.1)


def client(address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=[*operations.routes, *metrics.routes]), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://hub")


async def test_the_state_knows_jobs_sizes_and_queues(ticking: Settings, alice: User) -> None:
    workflow = catalog.add(alice.id, {"name": "x", "trigger": {"type": "manual"}, "steps": [STEP]})
    executions.start(alice.id, workflow.id, 1, {"type": "manual"})
    await asyncio.sleep(1.3)
    seen = await asyncio.to_thread(state.look)
    assert seen.problems == [] and seen.loop_lag < 5
    assert seen.machine.database == "SQLite" and seen.machine.log_size > 50_000 and seen.machine.memory > 20e6
    assert seen.machine.disk_free > 0 and seen.executions["queued"] == 1 and seen.oldest_queued >= 1
    assert seen.machine.memory_peak >= seen.machine.memory and seen.lacks == []
    file = Path(hub_file := ticking.database_url.removeprefix("sqlite:///")).stat().st_size
    assert seen.machine.disk_used == file + Path(f"{hub_file}-wal").stat().st_size > file
    assert seen.machine.database_size > file, "what only the log holds as yet is stored as well"
    by_name = {job.name: job for job in seen.jobs}
    assert {"vigil.watch", "watch.begin", "lifeline.beat", "usage.flush"} <= set(by_name)
    assert by_name["usage.flush"].seconds is not None and all(job.next_at for job in seen.jobs)


@pytest.mark.parametrize("told", [0, 200_000_000_000])
async def test_the_most_memory_is_never_below_what_is_held_now(
    hub: Settings, monkeypatch: pytest.MonkeyPatch, told: int
) -> None:
    """The system counts the two apart, and the first one late."""
    monkeypatch.setattr(machine, "_memory", lambda: told)
    seen = machine.look()
    assert seen.memory_peak >= seen.memory >= max(told, 20_000_000)


async def test_a_lack_of_room_is_told(hub: Settings, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "is_short", lambda: True)
    seen = await asyncio.to_thread(state.look)
    assert seen.lacks == ["the disk is nearly full"] and "streamline_storing 0" in metrics.text(seen).splitlines()


async def test_metrics_are_prometheus_text(ticking: Settings, alice: User) -> None:
    connections.add(alice.id, "inbox", CANARY, {})
    async with client() as browser:
        answer = await browser.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    line = re.compile(r'^streamline_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+$')
    figures = [each for each in answer.text.splitlines() if not each.startswith("#")]
    assert figures and all(line.match(each) for each in figures)
    assert 'streamline_connections{status="not_tested"} 1' in figures and "streamline_up 1" in figures
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("address", "headers", "token_of", "status"),
    [
        ("127.0.0.1", {}, "", 200),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, "", 401),
        ("203.0.113.9", {}, "", 401),
        ("203.0.113.9", {}, "bob", 403),
        ("203.0.113.9", {}, "alice", 200),
    ],
)
async def test_elsewhere_metrics_need_an_admin(
    hub: Settings, alice: User, bob: User, *, address: str, headers: dict[str, str], token_of: str, status: int
) -> None:
    tokens = {name: sessions.start(user.id, kind="api")[0] for name, user in (("alice", alice), ("bob", bob))}
    sent = headers | ({"Authorization": f"Bearer {tokens[token_of]}"} if token_of else {})
    async with client(address) as browser:
        assert (await browser.get("/metrics", headers=sent)).status_code == status


async def test_on_a_public_address_nobody_is_taken_for_local(data: Settings, alice: User) -> None:
    open_to_all = {"STREAMLINE_HOST": "0.0.0.0", "STREAMLINE_DATA_DIR": str(data.data_dir)}
    configuration.use(configuration.load(open_to_all))
    async with client() as browser:
        assert (await browser.get("/metrics")).status_code == 401


async def test_readiness_tells_what_has_stopped(hub: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(operations.checks, "event loop", lambda: "the event loop was blocked for 7 s")
    async with client() as browser:
        answer = await browser.get("/readyz")
    assert answer.status_code == 503 and "the event loop was blocked for 7 s" in answer.json()["reasons"]


def test_a_scheduler_that_does_not_tick_is_told(data: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert schedule.problem() == "the scheduler is not running"
    monkeypatch.setattr(schedule, "_scheduler", object())
    monkeypatch.setattr(schedule, "_last_tick", time.monotonic() - 31)
    assert schedule.problem() == "the scheduler has been silent for 31 s"


async def test_the_file_holds_no_secret_no_name_and_no_content(hub: Settings, alice: User) -> None:
    config = {**sandbox.DEMO["discord"], "baseUrl": f"http://{CANARY}.example"}
    connections.add(alice.id, "discord", f"Ops {CANARY}", config)
    workflow = catalog.add(
        alice.id,
        {"name": CANARY, "trigger": {"type": "manual"}, "steps": [{"id": CANARY, "type": "set", "values": {}}]},
    )
    executions.start(alice.id, workflow.id, 1, {"type": "manual", "input": CANARY})
    lifeline.choose(alice.id, f"https://hc.example/{CANARY}")
    text = await asyncio.to_thread(report.text)
    kept = json.loads(text)
    assert kept["connectionsByService"] == {"discord": {"not_tested": 1}} and kept["versions"]["Streamline"]
    hidden = (CANARY, alice.email, alice.id, workflow.id, str(hub.data_dir), *config.values())
    assert not [each for each in hidden if str(each) in text]


async def test_the_file_holds_no_secret_setting_and_no_word_about_a_poller(
    hub: Settings, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Listed(f"id-{CANARY}", "telegram", "updates", now(), None, 0.0, 3, f"{CANARY}.example.", False, True)
    monkeypatch.setattr(polling, "worst", lambda most: [failing] * min(most, 1))
    planted: dict[str, object] = {
        "encryption_key": f"{CANARY}-key",
        "encryption_keys_previous": (f"{CANARY}-old",),
        "setup_token": f"{CANARY}-setup",
        "base_url": f"https://{CANARY}.example",
        "egress_allow": (f"{CANARY}.internal:443",),
        "trusted_proxies": ("198.51.100.7",),
    }
    configuration.use(replace(hub, **planted))  # type: ignore[arg-type]
    text = await asyncio.to_thread(report.text)
    kept = json.loads(text)
    (poller,) = kept["worstPollers"]
    assert (poller["type"], poller["failures"], poller["is_blocked"]) == ("telegram", 3, True)
    assert kept["settings"]["egressRules"] == kept["settings"]["trustedProxies"] == 1
    assert {"jobs", "polling", "oldest_queued", "waiting_writes", "executions", "machine"} <= set(kept["state"])
    assert {"database_size", "disk_used", "log_size"} <= set(kept["state"]["machine"])
    assert kept["database"]["version"] == kept["database"]["newest"]
    assert CANARY not in text and "198.51.100.7" not in text


async def test_the_heartbeat_calls_its_address_and_hides_it(hub: Settings, alice: User, bob: User) -> None:
    assert await lifeline.beat() is None
    with pytest.raises(Forbidden):
        lifeline.choose(bob.id, "https://hc.example/x")
    with pytest.raises(Forbidden):
        lifeline.address(bob.id)
    for wrong in ("hc.example", "ftp://hc.example", "https://169.254.169.254/x"):
        with pytest.raises(Invalid):
            lifeline.choose(alice.id, wrong)
    calls: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    lifeline.choose(alice.id, f"http://127.0.0.1:{port}/{CANARY}")
    beat = await lifeline.beat()
    assert beat is not None and beat.problem == "" and calls == [f"GET /{CANARY} HTTP/1.1".encode()]
    assert await lifeline.beat(lambda: "the scheduler is silent") is None and len(calls) == 1
    server.close()
    await server.wait_closed()
    beat = await lifeline.beat()
    assert beat is not None and "refuses connections" in beat.problem and CANARY not in beat.problem
    file = hub.database_url.removeprefix("sqlite:///")
    with db.reading() as session:
        session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert CANARY.encode() not in await asyncio.to_thread(Path(file).read_bytes)
    lifeline.choose(alice.id, "")
    assert await lifeline.beat() is None and lifeline.address(alice.id) == ""
    assert egress.check_url("https://hc.example/x")
