"""Workflows that failed, wait, or get no events: told once, and once when they are well again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.errors import AuthFailed, Invalid
from streamline_ui.integrations import alert_words, alerts, connections, health, rows
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, Matter
from streamline_ui.storage.models import User, new_id, now
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import catalog, executions, failures, vigil

STEP = {"id": "note", "type": "set", "values": {"a": 1}}


def add(user: User, **more: Any) -> Workflow:
    values = {"name": "Forward orders", "trigger": {"type": "webhook"}, "steps": [STEP]}
    return catalog.add(user.id, values | more)


def ended(workflow: Workflow, status: Progress, *, came: bool = False, **more: Any) -> Execution:
    execution = executions.start(workflow.user_id, workflow.id, workflow.version, {"type": "manual"})
    with db.writing() as session:
        kept = session.get_one(Execution, execution.id)
        kept.status, kept.finished_at, kept.error = status, now(), more.pop("error", "It broke.")
        kept.event_id = new_id() if came else None
        for name, value in more.items():
            setattr(kept, name, value)
        session.add(kept)
    return kept


def told(user: User, matter: Matter) -> list[Alert]:
    return [alert for alert in alerts.all_of(user.id) if alert.matter == matter]


def test_a_failure_is_told_once_until_it_succeeds_again(alice: User, bob: User) -> None:
    workflow = add(alice)
    for _ in range(3):
        failures.failed(ended(workflow, Progress.FAILED))
        vigil.sweep()
    (alert,) = told(alice, Matter.WORKFLOW)
    assert alert.ended_at is None and alert.text == "It broke." and alert.link.startswith("/executions/")
    assert alerts.unseen(bob.id) == 0
    ended(workflow, Progress.SUCCEEDED)
    vigil.sweep()
    (alert,) = told(alice, Matter.WORKFLOW)
    assert alert.ended_at is not None and alert_words.title(alert) == "“Forward orders” works again"
    failures.failed(ended(workflow, Progress.UNKNOWN))
    assert len(told(alice, Matter.WORKFLOW)) == 2


def test_what_is_unknown_is_not_over_because_the_next_succeeds(alice: User) -> None:
    workflow = add(alice)
    unknown = [ended(workflow, Progress.UNKNOWN) for _ in range(2)]
    failures.failed(unknown[0])
    ended(workflow, Progress.SUCCEEDED)
    vigil.sweep()
    (alert,) = told(alice, Matter.WORKFLOW)
    assert alert.ended_at is None and "2 executions are unknown" in alert.text and "status=unknown" in alert.link
    ended(workflow, Progress.SUCCEEDED, replay_of=unknown[0].id)
    vigil.sweep()
    assert "1 execution is unknown" in told(alice, Matter.WORKFLOW)[0].text
    ended(workflow, Progress.SUCCEEDED, replay_of=unknown[1].id)
    vigil.sweep()
    assert told(alice, Matter.WORKFLOW)[0].ended_at is not None


def test_what_is_unknown_can_be_dismissed(alice: User) -> None:
    workflow = add(alice)
    failures.failed(ended(workflow, Progress.UNKNOWN))
    ended(workflow, Progress.SUCCEEDED)
    vigil.sweep()
    alerts.dismiss(alice.id, told(alice, Matter.WORKFLOW)[0].id)
    vigil.sweep()
    with db.reading() as session:
        assert session.exec(select(Alert.ended_at)).one() is not None


def test_what_a_crash_kept_from_being_told_is_told_after_it(alice: User) -> None:
    lost, known, fine = add(alice, name="Lost"), add(alice, name="Known"), add(alice, name="Fine")
    ended(lost, Progress.FAILED, error="It broke off twice.")
    failures.failed(ended(known, Progress.FAILED))
    alerts.end(Matter.WORKFLOW, known.id)
    ended(fine, Progress.FAILED)
    ended(fine, Progress.SUCCEEDED, created_at=now() + timedelta(seconds=1))
    for _ in range(2):
        vigil.catch_up()
    assert [alert.name for alert in told(alice, Matter.WORKFLOW) if alert.ended_at is None] == ["Lost"]


@pytest.mark.parametrize("change", ["off", "removed"])
def test_nobody_waits_for_what_is_off(alice: User, change: str) -> None:
    workflow = add(alice)
    failures.failed(ended(workflow, Progress.FAILED))
    if change == "off":
        catalog.change(alice.id, workflow.id, is_active=False)
    else:
        catalog.remove(alice.id, workflow.id, undoable=True)
    assert told(alice, Matter.WORKFLOW)
    vigil.sweep()
    assert not told(alice, Matter.WORKFLOW)


def test_silence_is_told_once_and_so_is_its_end(alice: User) -> None:
    workflow = add(alice, settings={"expectEvery": 3600})
    vigil.sweep(now() + timedelta(minutes=59))
    assert not told(alice, Matter.SILENCE)
    for minutes in (61, 62, 300):
        vigil.sweep(now() + timedelta(minutes=minutes))
    (alert,) = told(alice, Matter.SILENCE)
    assert alert.text == "It expects an event every 1 h; none has come since it was turned on."
    ended(workflow, Progress.SUCCEEDED)  # by hand, so it says nothing of the sender
    vigil.sweep(now() + timedelta(minutes=70))
    assert told(alice, Matter.SILENCE)[0].ended_at is None
    ended(workflow, Progress.FAILED, came=True)
    vigil.sweep(now() + timedelta(minutes=1))
    (alert,) = told(alice, Matter.SILENCE)
    assert alert.ended_at is not None and alert.end_told_at is None
    vigil.sweep(now() + timedelta(minutes=61))
    assert len(told(alice, Matter.SILENCE)) == 2


def test_who_no_longer_expects_events_is_left_alone(alice: User) -> None:
    workflow = add(alice, settings={"expectEvery": 60})
    vigil.sweep(now() + timedelta(minutes=5))
    values = {"name": "Forward orders", "trigger": {"type": "webhook"}, "steps": [STEP]}
    catalog.replace(alice.id, workflow.id, values, workflow.version)
    assert told(alice, Matter.SILENCE)
    vigil.sweep(now() + timedelta(minutes=6))
    assert not told(alice, Matter.SILENCE)


@pytest.mark.parametrize("seconds", [0, 59, 31_622_401, "often", 60.5])
def test_an_expectation_has_bounds(alice: User, seconds: object) -> None:
    with pytest.raises(Invalid) as refused:
        add(alice, settings={"expectEvery": seconds})
    assert "settings.expectEvery" in refused.value.fields


def test_what_a_person_starts_is_not_expected(alice: User) -> None:
    with pytest.raises(Invalid) as refused:
        add(alice, trigger={"type": "manual"}, settings={"expectEvery": 60})
    assert "settings.expectEvery" in refused.value.fields


def test_what_waits_for_a_connection_nobody_was_told_of_is_told(alice: User) -> None:
    workflow, row = add(alice), connections.add(alice.id, "inbox", "Notes", {}, is_active=False)
    ended(workflow, Progress.WAITING, waits_for=row.id, finished_at=None)
    vigil.sweep()
    assert not told(alice, Matter.WORKFLOW)
    vigil.sweep(now() + timedelta(minutes=6))
    (alert,) = told(alice, Matter.WORKFLOW)
    assert alert.text == "It waits for “Notes”, which does not work."


def test_what_waits_for_a_broken_connection_is_told_with_that(alice: User) -> None:
    workflow, row = add(alice), connections.add(alice.id, "inbox", "Notes", {})
    outcome = health.failed(AuthFailed("Refused (401)."))
    rows.record(alice.id, row.id, outcome)
    ended(workflow, Progress.WAITING, waits_for=row.id, finished_at=None)
    vigil.sweep(now() + timedelta(minutes=6))
    assert not told(alice, Matter.WORKFLOW)


def test_what_fails_for_another_reason_says_so_and_leads_to_the_newest_execution(alice: User) -> None:
    workflow = add(alice)
    failures.failed(ended(workflow, Progress.FAILED))
    newest = ended(workflow, Progress.FAILED, error="Its chat is gone.")
    failures.failed(newest)
    (alert,) = told(alice, Matter.WORKFLOW)
    assert alert.text == "Its chat is gone." and alert.link == f"/executions/{newest.id}"
