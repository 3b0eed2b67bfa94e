"""Workflows that run when another one fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamline_ui.storage.models import User
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import catalog, executions, failures

STEP = {"id": "note", "type": "set", "values": {"a": 1}}


def add(user: User, kind: str, **more: Any) -> Workflow:
    name = more.pop("name", f"By {kind}")
    return catalog.add(
        user.id, {"name": name, "trigger": {"type": kind}, "steps": [STEP], **more.pop("body", {})}, **more
    )


def ended(workflow: Workflow, status: Progress = Progress.FAILED, error: str = "note: It broke.") -> Execution:
    execution = executions.start(workflow.user_id, workflow.id, workflow.version, {"type": "manual"})
    execution.status, execution.error = status, error
    return execution


@pytest.mark.parametrize("status", [Progress.FAILED, Progress.UNKNOWN])
def test_a_failure_starts_what_waits_for_it(alice: User, bob: User, status: Progress) -> None:
    watching, broken = add(alice, "failure"), add(alice, "manual", name="Orders")
    add(alice, "failure", is_active=False)
    add(bob, "failure")
    catalog.remove(alice.id, add(alice, "failure").id, undoable=True)
    execution = ended(broken, status)
    [started] = failures.failed(execution)
    assert (started.workflow_id, started.user_id) == (watching.id, alice.id)
    assert json.loads(started.trigger) == {
        "type": "failure",
        "workflowId": broken.id,
        "workflowName": "Orders",
        "executionId": execution.id,
        "error": "note: It broke.",
    }


@pytest.mark.parametrize("status", [Progress.SUCCEEDED, Progress.CANCELLED, Progress.WAITING, Progress.RUNNING])
def test_nothing_else_does(alice: User, status: Progress) -> None:
    add(alice, "failure")
    assert failures.failed(ended(add(alice, "manual"), status)) == []


def test_failures_never_go_round_in_circles(alice: User) -> None:
    first, second = add(alice, "failure"), add(alice, "failure")
    started = failures.failed(ended(add(alice, "manual")))
    assert {execution.workflow_id for execution in started} == {first.id, second.id}
    for execution in started:
        execution.status = Progress.FAILED
        assert failures.failed(execution) == []


def test_a_failure_is_told_once_and_each_replay_anew(alice: User) -> None:
    add(alice, "failure")
    broken = add(alice, "manual")
    execution = ended(broken)
    assert [len(failures.failed(execution)) for _ in range(3)] == [1, 0, 0]
    assert len(failures.failed(ended(broken))) == 1


def test_it_is_the_published_trigger_that_counts(alice: User) -> None:
    once = add(alice, "failure")
    manual = {"name": "x", "trigger": {"type": "manual"}, "steps": [STEP]}
    catalog.replace(alice.id, once.id, manual, 1)
    quoting = '{"trigger":{"type":"failure"}}'
    add(alice, "manual", body={"steps": [{"id": "a", "type": "set", "values": {"text": quoting}}]})
    assert failures.failed(ended(add(alice, "manual"))) == []


def test_a_workflow_that_is_gone_starts_nothing(alice: User) -> None:
    add(alice, "failure")
    broken = add(alice, "manual")
    execution = ended(broken)
    execution.version = 9
    catalog.remove(alice.id, broken.id)
    assert failures.failed(execution) == []
