"""How workflows have done lately, and trying again what went wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamline_ui.errors import NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import User, now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun, Workflow
from streamline_ui.workflows import again, catalog, executions, overview

STEPS = [{"id": name, "type": "set", "values": {"x": 1}} for name in ("first", "second")]


def workflow(user: User, name: str = "Orders") -> Workflow:
    return catalog.add(user.id, {"name": name, "trigger": {"type": "manual"}, "steps": STEPS})


def ran(made: Workflow, status: Progress, hours_ago: float = 0, reached: dict[str, Progress] | None = None) -> str:
    at = now() - timedelta(hours=hours_ago)
    execution = Execution(
        user_id=made.user_id, workflow_id=made.id, version=1, status=status, trigger="{}", created_at=at, started_at=at
    )
    with db.writing() as session:
        session.add(execution)
        session.flush()
        for place, (key, stands) in enumerate((reached or {}).items()):
            step = StepRun(
                execution_id=execution.id, key=key, step_id=key, position=place, status=stands, started_at=at
            )
            session.add(step)
    return execution.id


def test_the_last_24_hours_are_counted_by_the_hour(alice: User, bob: User) -> None:
    made, other = workflow(alice), workflow(bob)
    for status, hours in ((Progress.SUCCEEDED, 0), (Progress.FAILED, 0), (Progress.UNKNOWN, 5), (Progress.FAILED, 30)):
        ran(made, status, hours)
    ran(other, Progress.FAILED)
    course = overview.courses(alice.id)[made.id]
    assert (course.total, course.bad) == (3, 2)
    assert course.hours[-1] == overview.Hour(2, 1)
    assert course.hours[-6] == overview.Hour(1, 1)
    assert set(overview.courses(alice.id)) == {made.id}


def test_the_last_execution_of_each(alice: User) -> None:
    made, never = workflow(alice), workflow(alice, "Never")
    ran(made, Progress.FAILED, 2)
    newest = ran(made, Progress.SUCCEEDED, 1)
    assert {key: row.id for key, row in overview.last_of([made.id, never.id]).items()} == {made.id: newest}


def test_new_ones_are_counted_as_they_are_listed(alice: User, bob: User) -> None:
    made = workflow(alice)
    seen = executions.one(alice.id, ran(made, Progress.FAILED, 3))
    ran(made, Progress.FAILED, 2)
    ran(made, Progress.SUCCEEDED, 1)
    ran(workflow(bob), Progress.FAILED, 1)
    place = (seen.created_at, seen.id)
    assert executions.newer(alice.id, place) == 2
    assert executions.newer(alice.id, place, status=Progress.FAILED) == 1
    assert executions.newer(alice.id, place, most=1) == 1
    assert executions.newer(alice.id, None) == 3
    assert executions.some(bob.id, [seen.id]) == []


def test_a_retry_goes_on_where_it_stood(alice: User, bob: User) -> None:
    made = workflow(alice)
    failed = ran(made, Progress.FAILED, reached={"first": Progress.SUCCEEDED, "second": Progress.FAILED})
    made_again = again.retry(alice.id, failed)
    assert [step.key for step in executions.steps(made_again.id)] == ["first"]
    assert again.retried(alice.id, [failed]) == {failed: made_again.id}
    assert again.retried(bob.id, [failed]) == {}
    with pytest.raises(NotFound):
        again.retry(bob.id, failed)


def test_without_a_step_that_failed_it_begins_at_the_top(alice: User) -> None:
    failed = ran(workflow(alice), Progress.FAILED)
    assert executions.steps(again.retry(alice.id, failed).id) == []


def test_with_the_version_that_runs_now_unless_that_lost_the_step(alice: User) -> None:
    made = workflow(alice)
    failed = ran(made, Progress.FAILED, reached={"first": Progress.SUCCEEDED, "second": Progress.FAILED})
    catalog.replace(alice.id, made.id, {"name": "Orders", "trigger": {"type": "manual"}, "steps": STEPS[1:]}, 1)
    assert again.retry_current(alice.id, failed).version == 2
    catalog.replace(alice.id, made.id, {"name": "Orders", "trigger": {"type": "manual"}, "steps": STEPS[:1]}, 2)
    assert again.retry_current(alice.id, failed).version == 1
