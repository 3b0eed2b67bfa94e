"""Executions: found, run again whole or from a step, cancelled, picked up after a stop."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from streamline_ui.errors import Conflict, Invalid, NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import User, now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun
from streamline_ui.workflows import catalog, claims, definitions, executions, outline

Step = dict[str, Any]


def put(step_id: str) -> Step:
    return {"id": step_id, "type": "set", "values": {"a": 1}}


def loop(step_id: str, *steps: Step) -> Step:
    return {"id": step_id, "type": "for_each", "items": "{{ trigger.input.list }}", "steps": list(steps)}


def fork(step_id: str, *steps: Step) -> Step:
    return {"id": step_id, "type": "branch", "branches": [{"condition": "1 == 1", "steps": list(steps)}]}


NESTED = [
    put("first"),
    fork("way", put("in_way"), loop("each", put("a"), fork("deep", put("b")), put("c"))),
    put("end"),
]


def workflow(user: User, *steps: Step) -> str:
    body = {"name": "Nested", "trigger": {"type": "manual"}, "steps": list(steps or NESTED)}
    return catalog.add(user.id, body).id


def execution(user: User, workflow_id: str, *keys: str, **more: Any) -> Execution:
    """An execution in which these steps were come to, in this order."""
    values: dict[str, Any] = {"version": 1, "status": Progress.FAILED, "trigger": "{}"}
    row = Execution(user_id=user.id, workflow_id=workflow_id, **values | more)
    start = now()
    with db.writing() as session:
        session.add(row)
        session.flush()
        for number, key in enumerate(keys):
            session.add(
                StepRun(
                    execution_id=row.id,
                    key=key.rstrip("!~"),
                    step_id=key.rstrip("!~").rpartition(".")[2],
                    position=1,  # a walk that goes on after a wait counts anew
                    status=Progress.FAILED if key.endswith("!") else Progress.SUCCEEDED,
                    output=json.dumps({"of": key}),
                    started_at=start + timedelta(milliseconds=number),
                )
            )
    return row


@pytest.mark.parametrize(
    ("reached", "from_step", "kept"),
    [
        (["first", "way", "in_way", "each!"], "first", []),
        (["first", "way", "in_way", "each!"], "way", ["first"]),
        (["first", "way", "in_way", "each!"], "in_way", ["first"]),
        (["first", "way", "in_way", "each!"], "each", ["first", "in_way"]),
        (["first", "way", "in_way", "each", "each[0].a", "each[0].deep"], "each[0].a", ["first", "in_way"]),
        (
            ["first", "way", "in_way", "each", "each[0].a", "each[0].deep", "each[0].b", "each[0].c", "each[1].a"],
            "each[0].b",
            ["first", "in_way", "each[0].a"],
        ),
        (
            [
                "first",
                "way",
                "in_way",
                "each",
                "each[0].a",
                "each[0].deep",
                "each[0].b",
                "each[0].c",
                "each[1].a",
                "end",
            ],
            "each[1].a",
            ["first", "in_way", "each[0].a", "each[0].deep", "each[0].b", "each[0].c"],
        ),
        (
            ["first", "way", "in_way", "each", "each[0].a", "end"],
            "end",
            ["first", "way", "in_way", "each", "each[0].a"],
        ),
        (["first!", "way", "in_way", "end"], "end", ["first", "way", "in_way"]),  # it may go on after a failed step
    ],
)
def test_what_came_before_a_step_keeps_its_results(
    alice: User, reached: list[str], from_step: str, kept: list[str]
) -> None:
    original = execution(alice, workflow(alice), *reached)
    again = executions.replay(alice.id, original.id, from_step=from_step)
    steps = executions.steps(again.id)
    assert [step.key for step in steps] == kept
    assert {step.key: step.output for step in steps}.items() <= {
        step.key: step.output for step in executions.steps(original.id)
    }.items()
    assert (again.replay_of, again.version, again.status) == (original.id, 1, Progress.QUEUED)


def test_a_step_that_was_not_reached_or_is_gone_is_no_start(alice: User) -> None:
    workflow_id = workflow(alice, put("first"), loop("each", put("a")), put("end"))
    original = execution(alice, workflow_id, "first", "each", "each[0].a", "end")
    simpler = {"name": "x", "trigger": {"type": "manual"}, "steps": [put("a"), put("end")]}
    catalog.replace(alice.id, workflow_id, simpler, 1)
    for version, step in ((1, "each[1].a"), (1, "nowhere"), (1, ""), (2, "first"), (2, "each[0].a")):
        with pytest.raises(Invalid) as refused:
            executions.replay(alice.id, original.id, version, step)
        assert list(refused.value.fields) == ["fromStep"]
    assert executions.replay(alice.id, original.id, 2, "end").version == 2
    assert len(executions.page(alice.id)) == 2


@pytest.mark.parametrize(
    ("key", "around"),
    [
        ("first", set()),
        ("in_way", {"way"}),
        ("each", {"way"}),
        ("each[3].a", {"way", "each"}),
        ("each[3].b", {"way", "each", "each[3].deep"}),
        ("a", None),
        ("each[0].first", None),
        ("way[0].in_way", None),
        ("other[0].a", None),
        ("each[0].each[0].a", None),
        ("", None),
        (".", None),
    ],
)
def test_the_loops_and_branches_around_a_step(key: str, around: set[str] | None) -> None:
    body = {"name": "Nested", "trigger": {"type": "manual"}, "steps": NESTED}
    assert outline.around(definitions.parse(body), key) == around


@pytest.mark.parametrize("status", executions.OPEN)
def test_what_is_under_way_does_not_run_again(alice: User, status: Progress) -> None:
    original = execution(alice, workflow(alice), status=status)
    with pytest.raises(Conflict):
        executions.replay(alice.id, original.id)


def test_everything_takes_the_owner(alice: User, bob: User) -> None:
    row = execution(alice, workflow(alice), "first", status=Progress.QUEUED)
    for attempt in (executions.one, executions.replay, executions.cancel):
        with pytest.raises(NotFound):
            attempt(bob.id, row.id)
    assert executions.page(bob.id) == []
    assert executions.one(alice.id, row.id).is_cancelled is False


def test_what_is_due_comes_in_order_and_the_rest_waits(alice: User) -> None:
    workflow_id, moment = workflow(alice), now()
    past = [moment - timedelta(seconds=n) for n in (1, 3, 2)]
    late, first, second = (execution(alice, workflow_id, status=Progress.QUEUED, due_at=at) for at in past)
    execution(alice, workflow_id, status=Progress.QUEUED, due_at=moment + timedelta(hours=1))
    execution(alice, workflow_id, status=Progress.WAITING, due_at=past[0], waits_for="i1")
    for status in (Progress.RUNNING, Progress.SUCCEEDED, Progress.FAILED, Progress.UNKNOWN, Progress.CANCELLED):
        execution(alice, workflow_id, status=status, due_at=past[0])
    assert [row.id for row in claims.due(10, {}, ())] == [first.id, second.id, late.id]
    assert [row.id for row in claims.due(1, {workflow_id: {first.id}}, ())] == [second.id]
    assert claims.due(10, {}, {workflow_id}) == []


def test_after_a_stop_it_goes_on_but_not_for_ever(alice: User) -> None:
    row = execution(alice, workflow(alice), status=Progress.RUNNING)
    over = execution(alice, workflow(alice), status=Progress.SUCCEEDED)
    assert claims.recover() == 1
    assert executions.one(alice.id, row.id).status == Progress.QUEUED
    with db.writing() as session:
        running = session.get_one(Execution, row.id)
        running.status = Progress.RUNNING
        session.add(running)
    assert claims.recover() == 1
    poison = executions.one(alice.id, row.id)
    assert (poison.status, poison.error, poison.crashes) == (Progress.FAILED, claims.POISON, 2)
    assert claims.recover() == 0
    assert executions.one(alice.id, over.id).status == Progress.SUCCEEDED


def test_large_events_stay_out_of_lists(alice: User) -> None:
    workflow_id = workflow(alice)
    small = execution(alice, workflow_id, trigger='{"id": 7}')
    large = execution(alice, workflow_id, trigger=json.dumps("x" * 100))
    rows = executions.page(alice.id)
    assert [row.id for row in rows] == [large.id, small.id]
    assert executions.triggers(rows, 50) == {small.id: {"id": 7}}
    assert set(executions.triggers(rows, 102)) == {small.id, large.id}
