"""How many run at once and in which order, and that what hangs keeps nobody else from running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event

from streamline_ui.integrations import connections
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User, now
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import claims, executions, pool, retries, runner
from streamline_ui.workflows.outline import Settings as Limits
from streamline_ui.workflows.steps import Retry
from tests.waiting import until
from tests.workflows.conftest import Call, add, post, settled, webhook
from tests.workflows.sockets import Talker


class Service(Talker):
    """Answers when it is told to. `under_way` are the paths of those that wait for an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.status = 200
        self.statuses: dict[str, int] = {}  # of single paths
        self.seconds = 0.0
        self.most = 0
        self.under_way: list[str] = []
        self.came: list[str] = []

    async def answer(self, path: str) -> bytes:
        self.came.append(path)
        self.under_way.append(path)
        self.most = max(self.most, len(self.under_way))
        await self.may_answer.wait()
        await asyncio.sleep(self.seconds)
        self.under_way.remove(path)
        return f"HTTP/1.1 {self.statuses.get(path, self.status)} X\r\nContent-Length: 2\r\n\r\n{{}}".encode()


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    found = Service()
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
def outside(service: Service, alice: User) -> Integration:
    return connections.add(alice.id, "http", "Outside", {"baseUrl": f"http://127.0.0.1:{service.port}"})


def fetch(outside: Integration, **more: Any) -> dict[str, Any]:
    params = {"method": "GET", "url": "/{{ trigger.body.id }}"}
    return {
        "id": "fetch",
        "type": "action",
        "integrationId": outside.id,
        "action": "request",
        "params": params,
        "repeatable": True,
        **more,
    }


async def send(call: Call, workflow: Workflow, numbers: range) -> None:
    for number in numbers:
        assert (await call(workflow, json={"id": number})).status_code == 202


async def test_what_hangs_leaves_room_for_others(
    call: Call, alice: User, service: Service, outside: Integration, inbox: Integration
) -> None:
    hanging, healthy = add(alice, webhook(fetch(outside))), add(alice, webhook(post(inbox)))
    await send(call, hanging, range(50))
    await until(lambda: len(service.under_way) == pool.AT_ONCE_PER_WORKFLOW)
    took: list[float] = []
    for number in range(20):
        began = time.monotonic()
        await send(call, healthy, range(number, number + 1))
        await settled(alice, number + 1, until=(Progress.SUCCEEDED,))
        took.append(time.monotonic() - began)
    assert len(service.under_way) == pool.AT_ONCE_PER_WORKFLOW
    assert sorted(took)[10] < 0.3, took
    service.may_answer.set()
    assert len(await settled(alice, 50)) >= 50


async def test_however_many_workflows_hang_there_is_a_place_left(
    call: Call, alice: User, service: Service, outside: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "AT_ONCE", 30)
    monkeypatch.setattr(pool, "AT_ONCE_PER_WORKFLOW", 3)
    healthy = add(alice, webhook(post(connections.add(alice.id, "inbox", "Inbox", {}))))
    for number in range(8):
        await send(call, add(alice, {**webhook(fetch(outside)), "name": f"Hangs {number}"}), range(10))
    await asyncio.sleep(0.3)
    assert 15 < len(service.under_way) < 30
    await send(call, healthy, range(1))
    await settled(alice, 1, until=(Progress.SUCCEEDED,))
    service.may_answer.set()


async def test_no_more_run_at_once_than_the_owner_wants(
    call: Call, alice: User, service: Service, outside: Integration
) -> None:
    workflow = add(alice, webhook(fetch(outside), settings={"concurrency": 3}))
    await send(call, workflow, range(12))
    await until(lambda: len(service.under_way) == 3)
    await asyncio.sleep(0.5)
    assert len(service.under_way) == 3
    service.seconds = 0.01
    service.may_answer.set()
    assert {row.status for row in await settled(alice, 12)} == {Progress.SUCCEEDED}
    assert service.most == 3
    assert len(service.came) == 12


async def test_the_order_of_arrival_is_kept_one_at_a_time(
    call: Call, alice: User, service: Service, outside: Integration
) -> None:
    service.may_answer.set()
    service.seconds = 0.01
    workflow = add(alice, webhook(fetch(outside), settings={"keepOrder": True, "concurrency": 5}))
    await send(call, workflow, range(30))
    assert {row.status for row in await settled(alice, 30)} == {Progress.SUCCEEDED}
    assert service.came == [f"/{number}" for number in range(30)]
    assert service.most == 1


async def test_the_first_holds_up_the_others_while_it_waits_for_its_next_try(
    call: Call, alice: User, service: Service, outside: Integration
) -> None:
    service.may_answer.set()
    service.status = 503
    step = fetch(outside, retry={"maxAttempts": 5, "delays": [1]})
    workflow = add(alice, webhook(step, settings={"keepOrder": True}))
    await send(call, workflow, range(4))
    await until(lambda: len(service.came) == 1)
    await asyncio.sleep(0.4)
    assert service.came == ["/0"]
    service.status = 200
    assert {row.status for row in await settled(alice, 4)} == {Progress.SUCCEEDED}
    assert service.came == ["/0", "/0", "/1", "/2", "/3"]


async def test_after_a_quarter_of_an_hour_the_first_is_given_up_and_the_rest_goes_on(
    call: Call, alice: User, service: Service, outside: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "HEAD_WAITS", 4.0)  # the first try has to end within it
    service.may_answer.set()
    service.statuses["/0"] = 503
    step = fetch(outside, retry={"maxAttempts": 9, "delays": [600]})
    workflow = add(alice, webhook(step, settings={"keepOrder": True}))
    await send(call, workflow, range(2))  # the pause before the second try of the first is cut to what is left
    first, second = sorted(await settled(alice, 2), key=lambda row: row.created_at)
    assert (first.status, second.status) == (Progress.FAILED, Progress.SUCCEEDED)
    assert first.error.endswith(runner.GIVEN_UP)
    assert service.came == ["/0", "/0", "/1"]


@pytest.mark.parametrize(
    ("attempts", "asked", "waited", "seconds"),
    [
        (1, None, 0, 5),
        (4, None, 155, 600),
        (5, None, 755, 145),  # the last try is at the end of the 15 minutes
        (6, None, 900, None),
        (1, 600, 10, 600),
        (1, 1000, 10, None),  # the service does not want to be asked before that
    ],
)
def test_the_pauses_of_the_first_in_line(attempts: int, asked: float, waited: float, seconds: float | None) -> None:
    found = retries.pause(attempts, asked, Retry(), lambda: 0.5, waited=waited)
    assert found == (None if seconds is None else timedelta(seconds=seconds))


def test_what_waits_for_its_turn_comes_then_and_uses_up_no_try() -> None:
    found = retries.pause(99, 18.0, Retry(), lambda: 0.5, is_turn=True)
    assert found == timedelta(seconds=18 + retries.TURN_SPREAD / 2)
    assert retries.pause(99, 18.0, Retry(), is_turn=False) is None
    assert retries.pause(0, 18.0, Retry(), waited=890.0, is_turn=True) is None, "others wait for it"


async def test_what_is_in_the_table_comes_in_order_too_and_credentials_hold_everybody_up(
    engine: Settings, alice: User, inbox: Integration
) -> None:
    workflow = add(alice, webhook(post(inbox), settings={"keepOrder": True}))
    moment = now() - timedelta(minutes=1)
    parked = waiting(alice, workflow, moment, Progress.WAITING, waits_for="mend me")
    for number in range(5):
        waiting(alice, workflow, moment + timedelta(seconds=number + 1), Progress.QUEUED)
    await asyncio.sleep(0.8)
    assert {row.status for row in executions.page(alice.id)} == {Progress.WAITING, Progress.QUEUED}
    executions.cancel(alice.id, parked.id)
    rows = sorted(await settled(alice, 6), key=lambda row: row.created_at)
    assert [row.status for row in rows] == [Progress.CANCELLED] + [Progress.SUCCEEDED] * 5
    ended = [row.finished_at for row in rows[1:]]
    assert ended == sorted(ended, key=lambda at: at or now())


async def test_a_backlog_of_one_workflow_keeps_nobody_waiting(
    engine: Settings, alice: User, inbox: Integration
) -> None:
    many, other = add(alice, webhook(post(inbox))), add(alice, {**webhook(post(inbox)), "name": "Other"})
    moment = now() - timedelta(hours=1)
    with db.writing() as session:
        for number in range(3000):
            at = moment + timedelta(milliseconds=number)
            session.add(row_of(alice, many, at, Progress.QUEUED))
    late = waiting(alice, other, now(), Progress.QUEUED)
    began = time.monotonic()
    await until(lambda: executions.one(alice.id, late.id).status == Progress.SUCCEEDED)
    assert time.monotonic() - began < 3
    assert executions.newer(alice.id, None, status=Progress.QUEUED, most=5000) > 0


def test_who_may_go_on_is_found_by_index(hub: Settings, alice: User, inbox: Integration) -> None:
    """However long the history is: neither look reads the table."""
    workflow = add(alice, webhook(post(inbox), settings={"concurrency": 2}))
    waiting(alice, workflow, now(), Progress.QUEUED)
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine(), "before_cursor_execute", note)
    assert len(claims.due(20, {}, ())) == 1
    assert claims.claim_next(workflow.id, Limits(concurrency=2), (), None) is not None
    event.remove(db.engine(), "before_cursor_execute", note)
    looks = [each for each in asked if each[0].lstrip().startswith(("SELECT", "WITH"))]
    assert len(looks) >= 9
    with db.engine().connect() as connection:
        for statement, parameters in looks:
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                assert '"Execution"' not in statement or "Execution" not in row[3] or "ix_Execution_open" in row[3], row


def row_of(user: User, workflow: Workflow, at: Any, status: Progress, **more: Any) -> Execution:
    common: dict[str, Any] = {"user_id": user.id, "workflow_id": workflow.id, "version": 1}
    return Execution(**common, trigger='{"body": {"id": 1}}', status=status, created_at=at, due_at=at, **more)


def waiting(user: User, workflow: Workflow, at: Any, status: Progress, **more: Any) -> Execution:
    row = row_of(user, workflow, at, status, **more)
    with db.writing() as session:
        session.add(row)
    return row
