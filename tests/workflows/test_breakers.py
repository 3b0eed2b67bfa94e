"""A service that fails again and again is left alone, tried now and then, and used again once it is well."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from streamline_ui.errors import Unavailable
from streamline_ui.integrations import connections, health, rows
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Progress, Workflow
from streamline_ui.workflows import breakers, executions, hastening, retries, runner
from tests.workflows.conftest import Call, add, settled, webhook
from tests.workflows.test_pool import Service, fetch, service

__all__ = ["service"]


class Clock:
    """The time, set by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(breakers, "monotonic", found)
    breakers.forget()
    return found


def wait() -> float:
    return breakers.wait("x", "e", lambda: 0.0)


def calls(pattern: str) -> None:
    """Calls that went well ("+") or failed ("-")."""
    for each in pattern:
        assert wait() == 0
        breakers.note("x", is_failed=each == "-")


@pytest.mark.parametrize(
    ("pattern", "opens"),
    [
        ("----", False),
        ("-----", True),
        ("----+----", False),
        ("+-+-+-+-+-", True),
        ("+-+-+-+-+", False),
        ("++++++++----", False),
        ("++++++--++--++----", False),
    ],
)
def test_when_it_opens(clock: Clock, pattern: str, opens: bool) -> None:
    calls(pattern)
    assert (wait() > 0) is opens


def test_what_is_long_ago_does_not_count(clock: Clock) -> None:
    calls("+-+-+-+-+")
    clock.at += breakers.WINDOW + breakers.SLOT
    calls("-")
    assert wait() == 0


def test_the_pause_doubles_while_its_tries_fail(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streamline_ui.workflows.breakers")
    calls("-----")
    for pause in (5, 10, 20, 40, 80, 160, 320, 640, 900, 900):
        assert wait() == pytest.approx(pause)
        breakers.note("x", is_failed=True)  # was under way: changes nothing
        clock.at += pause
        assert wait() == 0, "one may try"
        assert wait() == breakers.WHILE_TRIED
        breakers.note("x", is_failed=True)
    clock.at += 900
    assert wait() == 0
    breakers.let_go("x")
    assert wait() == 0, "the one that tried came to no end"
    breakers.note("x", is_failed=False)
    calls("++----+")
    assert [record.message for record in caplog.records] == [
        "Connection x fails: its calls are held back, at first for 5 s.",
        "Connection x works again: its calls go through.",
    ]


def test_each_host_has_its_own() -> None:
    assert breakers.key("i", {"url": "/orders"}) == breakers.key("i", {"url": "/other"})
    assert breakers.key("i", {"url": "https://a.example/x"}) != breakers.key("i", {"url": "https://b.example/x"})
    assert breakers.key("i", {"url": 1}) == breakers.key("i", {}) == breakers.key("i", {"url": "http://[bad"}) == "i"


async def test_executions_wait_and_go_on_when_it_is_well(
    call: Call, alice: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakers, "FIRST", 0.5)
    monkeypatch.setattr(breakers, "SPREAD", 0.1)
    monkeypatch.setattr(breakers, "WHILE_TRIED", 0.2)
    service.may_answer.set()
    service.status = 503
    outside = connections.add(alice.id, "http", "Outside", {"baseUrl": f"http://127.0.0.1:{service.port}"})
    once = add(alice, webhook(fetch(outside, retry={"maxAttempts": 1})))
    for number in range(5):
        assert (await call(once, json={"id": number})).status_code == 202
        await settled(alice, number + 1)
    for number in range(5, 15):
        assert (await call(once, json={"id": number})).status_code == 202
    rows = await settled(alice, 10, until=(Progress.WAITING,))
    assert {row.error for row in rows if row.status == Progress.WAITING} == {breakers.REASON}
    assert len(service.came) == 5, "it is left alone"
    service.status = 200
    rows = await settled(alice, 15)
    assert [row.status for row in rows].count(Progress.SUCCEEDED) == 10
    assert len(service.came) == 15
    assert all(len(executions.steps(row.id)) == 1 for row in rows)


async def test_to_be_asked_too_often_is_no_outage(call: Call, alice: User, service: Service) -> None:
    service.may_answer.set()
    service.status = 429
    outside = connections.add(alice.id, "http", "Outside", {"baseUrl": f"http://127.0.0.1:{service.port}"})
    workflow = add(alice, webhook(fetch(outside, retry={"maxAttempts": 1})))
    await call(workflow, json={"id": 1})
    await settled(alice, 1)
    assert all(breaker.in_a_row == 0 for name, breaker in breakers._known.items() if name.startswith(outside.id))


def test_those_that_wait_come_one_after_the_other_and_the_first_in_time(clock: Clock) -> None:
    calls("-----")
    assert breakers.wait("x", "first", lambda: 1.0) == pytest.approx(5)
    assert breakers.wait("x", "second", lambda: 1.0) == pytest.approx(5 + breakers.SPREAD + 2.5)
    assert breakers.wait("x", "first", lambda: 1.0) == pytest.approx(5)
    clock.at += 5
    assert breakers.wait("x", "first") == 0
    assert breakers.freed() == []
    breakers.note("x", is_failed=False)
    assert breakers.freed() == ["second"]
    assert breakers.freed() == []


def test_what_is_found_well_is_tried_at_once(clock: Clock) -> None:
    calls("-----")
    breakers.hold("x", "first")
    breakers.hold("x", "second")
    assert [(name, integration) for name, integration, _ in breakers.opened()] == [("x", "x")]
    breakers.hurry("x")
    assert breakers.freed() == ["first"], "one tries; the others wait for what it finds"
    assert breakers.wait("x", "first") == 0
    assert breakers.wait("x", "second") > 0
    breakers.note("x", is_failed=True)
    assert breakers.wait("x", "third", lambda: 0.0) == pytest.approx(10)
    breakers.hurry("nobody")


def test_a_look_at_a_connection_says_nothing_of_hosts_that_the_caller_chose(clock: Clock) -> None:
    for params in ({"url": "https://a.example/x"}, {"url": "/orders"}):
        for _ in range(5):
            breakers.note(breakers.key("i", params), is_failed=True)
    assert [integration for _, integration, _ in breakers.opened()] == ["i"]


async def fail_until_it_opens(call: Call, alice: User, service: Service) -> tuple[Integration, Workflow]:
    """Six executions: five that failed for good, and one that waits because of it."""
    service.may_answer.set()
    service.status = 503
    outside = connections.add(alice.id, "http", "Outside", {"baseUrl": f"http://127.0.0.1:{service.port}"})
    once = add(alice, webhook(fetch(outside, retry={"maxAttempts": 1})))
    for number in range(6):
        assert (await call(once, json={"id": number})).status_code == 202
        await settled(alice, min(number + 1, 5))
    await settled(alice, 1, until=(Progress.WAITING,))
    service.status = 200
    return outside, once


async def test_a_check_that_finds_it_well_lets_them_go_on(
    call: Call, alice: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakers, "FIRST", 600.0)
    outside, _ = await fail_until_it_opens(call, alice, service)
    await hastening.try_what_is_well()
    assert breakers.freed() == [], "nobody has looked since"
    rows.record(alice.id, outside.id, health.failed(Unavailable("It does not answer.")))
    await hastening.try_what_is_well()
    assert breakers.freed() == []
    rows.record(alice.id, outside.id, health.succeeded("", "", 5))
    await hastening.try_what_is_well()
    found = await settled(alice, 6)
    assert [row.status for row in found].count(Progress.SUCCEEDED) == 1


async def test_after_a_start_nobody_waits_for_what_is_forgotten(
    call: Call, alice: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakers, "FIRST", 600.0)
    await fail_until_it_opens(call, alice, service)
    breakers.forget()
    assert hastening.after_start() == 1
    found = await settled(alice, 6)
    assert [row.status for row in found].count(Progress.SUCCEEDED) == 1


@pytest.mark.parametrize(
    "case",
    [(0, None, True), (0, {"maxAttempts": 9, "delays": [600]}, False), (runner.HURRIED, None, False)],
)
async def test_the_pause_between_tries_ends_once_the_service_is_used_again(
    call: Call,
    alice: User,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[int, dict[str, Any] | None, bool],
) -> None:
    """Not where the owner has set the pauses; and not again and again, or a service that flaps uses up all tries."""
    tries, retry, goes_on = case
    monkeypatch.setattr(retries, "PAUSES", (*[0.01] * tries, 600))
    monkeypatch.setattr(breakers, "FIRST", 600.0)
    service.may_answer.set()
    service.status = 503
    outside = connections.add(alice.id, "http", "Outside", {"baseUrl": f"http://127.0.0.1:{service.port}"})
    for _ in range(breakers.IN_A_ROW - 1 - tries):
        breakers.note(breaker := breakers.key(outside.id, {"url": "/1"}), is_failed=True)
    await call(add(alice, webhook(fetch(outside, **({"retry": retry} if retry else {})))), json={"id": 1})
    for _ in range(200):
        if breakers.opened():
            break
        await asyncio.sleep(0.02)
    await settled(alice, 1, until=(Progress.WAITING,))
    service.status = 200
    breakers.hurry(breaker)
    assert bool(breakers.freed()) is goes_on
    breakers.hurry(breaker)
    if goes_on:
        await settled(alice, 1, until=(Progress.SUCCEEDED,))
