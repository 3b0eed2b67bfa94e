"""More executions wait than fit into memory: the next ones are fetched before it runs dry, in order, each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import insert, select

from streamline_ui.settings import Settings
from streamline_ui.storage import db, writer
from streamline_ui.storage.models import User, new_id, now, table_of
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import catalog, dispatch, pool, runner
from streamline_ui.workflows.job import Job
from tests.workflows.conftest import add, webhook

MANY = pool.MOST_OFFERED_PER_WORKFLOW + pool.FETCHED + 300
_rows = table_of(Execution).c


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the executions that were run, in the order in which they began."""
    found: list[str] = []
    run = runner.run

    async def noted(job: Job, *more: Any) -> Any:
        found.append(job.id)
        return await run(job, *more)

    monkeypatch.setattr(runner, "run", noted)
    return found


def ends_at_once(user: User, name: str, **more: Any) -> Workflow:
    return add(user, webhook({"id": "end", "type": "stop"}, **more) | {"name": name})


def queue(workflow: Workflow, count: int, began: datetime) -> list[Job]:
    """So many executions in the table, a millisecond apart."""
    jobs = [Job(new_id(), workflow.user_id, workflow.id, 1, is_new=True, trigger={"body": {}}) for _ in range(count)]
    common = {"userId": workflow.user_id, "workflowId": workflow.id, "version": 1, "status": Progress.QUEUED}
    common |= {"trigger": '{"body": {}}', "error": "", "crashes": 0, "isCancelled": False}
    with db.engine().execution_options(writes=True).begin() as connection:
        moments = [began + timedelta(milliseconds=number) for number in range(count)]
        rows = [common | {"id": job.id, "dueAt": at, "createdAt": at} for job, at in zip(jobs, moments, strict=True)]
        connection.execute(insert(table_of(Execution)), rows)
    return jobs


def statuses(workflow: Workflow) -> Counter[str]:
    with db.engine().connect() as connection:
        return Counter(connection.execute(select(_rows.status).where(_rows.workflowId == workflow.id)).scalars())


async def over(workflow: Workflow, count: int, seconds: float = 20) -> float:
    """Wait until that many have succeeded; the seconds that took. The memory stays within its bounds meanwhile."""
    began = monotonic()
    while monotonic() - began < seconds:
        assert dispatch._pool is not None
        known = Counter(job.workflow_id for job in dispatch._pool.known.values())
        assert max(known.values(), default=0) <= pool.MOST_OFFERED_PER_WORKFLOW + pool.FETCHED + pool.AT_ONCE
        if await asyncio.to_thread(statuses, workflow) == {Progress.SUCCEEDED: count}:
            return monotonic() - began
        await asyncio.sleep(0.02)
    raise AssertionError(statuses(workflow))


async def test_what_did_not_fit_is_fetched_as_soon_as_there_is_room(
    hub: Settings, alice: User, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks by the clock here: whoever sees the memory run dry has to ask for more."""
    monkeypatch.setattr(pool, "LOOK_EVERY", 3600)
    workflow = ends_at_once(alice, "Flood")
    await catalog.running(workflow.id, 1)
    jobs = queue(workflow, MANY, now() - timedelta(hours=1))
    writer.start()
    dispatch.start()
    try:
        taken = [dispatch.offer(job) for job in jobs]
        assert taken.count(True) == pool.MOST_OFFERED_PER_WORKFLOW + pool.AT_ONCE_PER_WORKFLOW
        (late,) = queue(workflow, 1, now())
        assert not dispatch.offer(late)  # those in the table came before it
        await over(workflow, MANY + 1)
    finally:
        await dispatch.stop()
        writer.stop()
    assert len(begun) == len(set(begun)) == MANY + 1
    place = {job.id: number for number, job in enumerate([*jobs, late])}
    assert max(abs(place[each] - number) for number, each in enumerate(begun)) <= pool.AT_ONCE


async def test_a_backlog_is_worked_off_while_more_comes_in_and_another_flow_passes(
    engine: Settings, alice: User, begun: list[str]
) -> None:
    flood, other = ends_at_once(alice, "Flood"), ends_at_once(alice, "Other")
    for workflow in (flood, other):
        await catalog.running(workflow.id, 1)
    queue(flood, MANY, now() - timedelta(hours=1))
    await asyncio.sleep(2 * pool.LOOK_EVERY)
    for _ in range(5):
        for job in queue(flood, 40, now()):
            dispatch.offer(job)
        (mine,) = queue(other, 1, now())
        assert dispatch.offer(mine)
        await over(other, statuses(other).total(), seconds=1)
    await over(flood, MANY + 200)
    assert len(begun) == len(set(begun)) == MANY + 205


async def test_stopped_halfway_it_leaves_the_rest_for_the_next_start(
    hub: Settings, alice: User, begun: list[str]
) -> None:
    workflow = ends_at_once(alice, "Flood")
    queue(workflow, MANY, now() - timedelta(hours=1))
    writer.start()
    dispatch.start()
    while len(begun) < pool.FETCHED:  # noqa: ASYNC110 - whoever runs them tells nobody
        await asyncio.sleep(0.01)
    await dispatch.stop()
    stopped_at = len(begun)
    assert statuses(workflow) == {Progress.SUCCEEDED: stopped_at, Progress.QUEUED: MANY - stopped_at}
    dispatch.start()
    await over(workflow, MANY)
    await dispatch.stop()
    writer.stop()
    assert len(begun) == len(set(begun)) == MANY
