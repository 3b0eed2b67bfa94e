"""Workers that share a database: each execution runs once, is not left lying, and the dead write nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlmodel import col, select

from streamline_ui.settings import Settings
from streamline_ui.storage import db, writer
from streamline_ui.storage.models import Integration, User, now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun, Workflow
from streamline_ui.workflows import blame, catalog, claims, executions, pool, runner
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.journal import Entry, Journal
from streamline_ui.workflows.outline import Settings as Limits
from streamline_ui.workflows.pool import Pool

PUT = {"id": "put", "type": "set", "values": {"a": 1}}


@pytest_asyncio.fixture
async def workers(shared: Settings) -> AsyncIterator[list[Pool]]:
    """Two workers that look for executions."""
    writer.start()
    both = [Pool(worker="first"), Pool(worker="second")]
    for each in both:
        each.start()
    yield both
    for each in both:
        await each.stop()
    writer.stop()


@pytest.fixture
def workflow(shared: Settings) -> Workflow:
    with db.writing() as session:
        owner = User(email="alice@example.com", password_hash="x")
        session.add(owner)
    return catalog.add(owner.id, {"name": "Count", "trigger": {"type": "manual"}, "steps": [PUT]})


def queued(workflow: Workflow, count: int = 1, **more: Any) -> list[str]:
    at = now() - timedelta(seconds=10)
    values: dict[str, Any] = {"user_id": workflow.user_id, "workflow_id": workflow.id, "version": 1, "trigger": "{}"}
    rows = [Execution(**values | {"created_at": at, "due_at": at} | more) for _ in range(count)]
    with db.writing() as session:
        session.add_all(rows)
    return [row.id for row in rows]


def one(execution_id: str) -> Execution:
    with db.reading() as session:
        return session.get_one(Execution, execution_id)


def change(execution_id: str, **values: Any) -> None:
    with db.writing() as session:
        row = session.get_one(Execution, execution_id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def job_of(execution_id: str, worker: str) -> Job:
    job = Job.of(one(execution_id))
    job.worker, job.lease_ends = worker, float("inf")
    return job


async def until_over(count: int, seconds: float = 15) -> list[Execution]:
    for _ in range(int(seconds / 0.05)):
        with db.reading() as session:
            rows = list(session.exec(select(Execution).where(col(Execution.finished_at).is_not(None))).all())
        if len(rows) == count:
            return rows
        await asyncio.sleep(0.05)
    raise AssertionError(f"{len(rows)} of {count}")


async def test_two_workers_never_run_the_same(
    workers: list[Pool], workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    original = runner.run

    async def counted(job: Job, *more: Any) -> Any:
        ran.append(job.id)
        await asyncio.sleep(0.01)
        return await original(job, *more)

    monkeypatch.setattr(runner, "run", counted)
    ids = queued(workflow, 60)
    for each in workers:  # both were told, too
        for execution_id in ids:
            each.offer(Job.of(one(execution_id)))
    rows = await until_over(60)
    assert sorted(ran) == sorted(ids)
    assert {row.status for row in rows} == {Progress.SUCCEEDED}
    assert {row.lease_until for row in rows} == {None}


async def test_limits_hold_over_all_workers(
    workers: list[Pool], workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = {"name": "x", "trigger": {"type": "manual"}, "steps": [PUT], "settings": {"keepOrder": True}}
    catalog.replace(workflow.user_id, workflow.id, definition, 1)
    ran: list[str] = []
    under_way: set[str] = set()
    original = runner.run

    async def counted(job: Job, *more: Any) -> Any:
        assert not under_way
        under_way.add(job.id)
        ran.append(job.id)
        await asyncio.sleep(0.01)
        under_way.discard(job.id)
        return await original(job, *more)

    monkeypatch.setattr(runner, "run", counted)
    ids = [
        queued(workflow, version=2, created_at=at, due_at=at)[0]
        for at in (now() - timedelta(seconds=60 - number) for number in range(20))
    ]
    assert {row.status for row in await until_over(20)} == {Progress.SUCCEEDED}
    assert ran == ids


def test_one_claim_wins_and_holds_for_a_while(shared: Settings, workflow: Workflow) -> None:
    (execution_id,) = queued(workflow)
    assert claims.claim(execution_id, "first")
    assert not claims.claim(execution_id, "second")
    assert claims.due(10, {}, (), shared=True) == []
    assert claims.take_over() == 0
    row = one(execution_id)
    assert (row.status, row.lease_by) == (Progress.RUNNING, "first")
    assert row.lease_until is not None
    assert timedelta(seconds=25) < row.lease_until - now() <= claims.LEASE
    change(execution_id, lease_until=now() + timedelta(seconds=1))
    assert claims.renew("first", [execution_id]) == {execution_id}
    assert claims.renew("second", [execution_id]) == set()
    renewed = one(execution_id).lease_until
    assert renewed is not None
    assert renewed - now() > timedelta(seconds=25)


def test_what_nobody_renews_goes_to_another(shared: Settings, workflow: Workflow) -> None:
    ids = queued(workflow, 2)
    for each in ids:
        claims.claim(each, "first")
        change(each, lease_until=now() - timedelta(seconds=1))
    assert claims.take_over() == 2
    assert claims.take_over() == 0
    assert {job.id for job in claims.due(10, {}, ())} == set(ids)
    assert {one(each).crashes for each in ids} == {0}, "nobody can tell which of the two it was"
    assert claims.claim(ids[0], "second")
    assert claims.renew("first", ids) == set()


def test_one_that_kills_its_worker_twice_is_left_as_poison(shared: Settings, workflow: Workflow) -> None:
    (execution_id,) = queued(workflow)
    for worker in ("first", "second"):
        assert claims.claim(execution_id, worker)
        change(execution_id, lease_until=now() - timedelta(seconds=1))
        assert claims.take_over() == 1
    row = one(execution_id)
    assert (row.status, row.error, row.crashes) == (Progress.FAILED, claims.POISON, 2)


def test_a_start_leaves_alone_what_another_worker_has(shared: Settings, workflow: Workflow) -> None:
    theirs, ours, old = queued(workflow, 3)
    claims.claim(theirs, "other")
    claims.claim(ours, "we, before the crash")
    change(old, status=Progress.RUNNING)
    assert claims.recover(ours, shared=True) == 2
    assert [one(each).status for each in (theirs, ours, old)] == [Progress.RUNNING, Progress.QUEUED, Progress.QUEUED]
    assert [one(each).crashes for each in (theirs, ours, old)] == [0, 1, 0]


def test_after_an_orderly_stop_nobody_is_to_blame(hub: Settings, alice: User) -> None:
    flow = catalog.add(alice.id, {"name": "Count", "trigger": {"type": "manual"}, "steps": [PUT]})
    (execution_id,) = queued(flow, status=Progress.RUNNING)
    blame.start()
    blame.stop()
    for _ in range(3):
        last = blame.start()
        blame.stop()
        assert last == claims.ORDERLY
        assert claims.recover(last) == 1
        change(execution_id, status=Progress.RUNNING)
    assert one(execution_id).crashes == 0


async def test_who_lost_its_lease_writes_nothing(shared: Settings, workflow: Workflow) -> None:
    writer.start()
    (execution_id,) = queued(workflow)
    claims.claim(execution_id, "first")
    journal = Journal(job_of(execution_id, "first"))
    entry = Entry("put", "put", "Put", 1)
    await journal.begin(entry)
    change(execution_id, lease_until=now() - timedelta(seconds=1))
    claims.take_over()
    claims.claim(execution_id, "second")
    entry.status, entry.output = Progress.SUCCEEDED, "from the first"
    journal.note(entry)
    journal.note(Entry("other", "other", "Other", 2, Progress.SUCCEEDED))
    await journal.settle(Progress.FAILED, "from the first")
    row = one(execution_id)
    assert (row.status, row.error, row.lease_by) == (Progress.RUNNING, "", "second")
    with db.reading() as session:
        assert [(step.key, step.status) for step in session.exec(select(StepRun)).all()] == [("put", Progress.RUNNING)]
    claims.broke_off(execution_id, "first")
    claims.give_back(execution_id, "first")
    assert (one(execution_id).status, one(execution_id).crashes) == (Progress.RUNNING, 1), "only for the lost lease"
    second = Journal.of(job_of(execution_id, "second"))
    second.entries["put"].status = Progress.SUCCEEDED
    second.note(second.entries["put"])
    await second.settle(Progress.SUCCEEDED)
    await journal.settle(Progress.FAILED, "late")
    assert one(execution_id).status == Progress.SUCCEEDED
    writer.stop()


async def test_who_was_asleep_asks_before_it_does_anything(shared: Settings, workflow: Workflow) -> None:
    writer.start()
    kept, lost = queued(workflow, 2)
    for each in (kept, lost):
        claims.claim(each, "first")
    change(lost, lease_by="second")
    for each in (kept, lost):
        job = job_of(each, "first")
        job.lease_ends = 0.0
        expected = contextlib.nullcontext() if each == kept else pytest.raises(claims.Lost)
        with expected:
            await Journal(job).begin(Entry("put", "put", "Put", 1))
    writer.stop()


async def test_a_worker_keeps_what_it_runs_and_takes_over_what_another_left(
    workers: list[Pool], workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in workers:
        await each.stop()
    monkeypatch.setattr(pool, "RENEW_EVERY", 0.1)
    (execution_id,) = queued(workflow)
    claims.claim(execution_id, "dead")
    change(execution_id, lease_until=now() + timedelta(seconds=0.5))
    alive = Pool(worker="alive")
    alive.start()
    (row,) = await until_over(1)
    assert (row.status, row.lease_by) == (Progress.SUCCEEDED, "alive")
    await alive.stop()


def test_the_next_of_an_ordered_workflow_is_who_began(hub: Settings, alice: User, inbox: Integration) -> None:
    flow = catalog.add(alice.id, {"name": "Count", "trigger": {"type": "manual"}, "steps": [PUT]})
    late, early = now() - timedelta(seconds=1), now() - timedelta(seconds=60)
    (first,) = queued(flow, created_at=early, due_at=early)
    (begun,) = queued(flow, created_at=late, due_at=late, status=Progress.WAITING, started_at=late)
    in_order = Limits(keep_order=True)
    job = claims.claim_next(flow.id, in_order, (), None)
    assert job is not None
    assert job.id == begun
    assert claims.claim_next(flow.id, in_order, (), None) is None
    change(begun, status=Progress.SUCCEEDED)
    assert claims.claim_next(flow.id, in_order, {first}, None) is None, "it runs here already"
    job = claims.claim_next(flow.id, in_order, (), None)
    assert job is not None
    assert job.id == first
    assert executions.one(alice.id, first).status == Progress.RUNNING
