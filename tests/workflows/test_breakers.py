"""A service that fails again and again is left alone, tried now and then, and used again once it is well."""

from __future__ import annotations

import logging

import pytest

from streamline_ui.integrations import connections
from streamline_ui.storage.models import User
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows import breakers, executions
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
    return breakers.wait("x", lambda: 0.0)


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
    for pause in (30, 60, 120, 240, 480, 900, 900):
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
        "Connection x fails: its calls are held back, at first for 30 s.",
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
