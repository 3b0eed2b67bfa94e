"""Workflows that run at a time: each time once, whatever the clock, the process and the second process do."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamline_ui.storage import db
from streamline_ui.storage.models import User
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow, WorkflowVersion
from streamline_ui.workflows import catalog, executions, schedules
from streamline_ui.workflows.triggers import ScheduleTrigger

START = datetime(2030, 1, 1, 8, 30, tzinfo=UTC)
HOURLY = "0 * * * *"


class Clock:
    """The time, as these tests have it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = START
        monkeypatch.setattr(schedules, "_looked_at", None)
        for module in (schedules, catalog):
            monkeypatch.setattr(module, "now", lambda: self.moment)

    def at(self, hour: int, minute: int = 0, second: float = 0, day: int = 1) -> Clock:
        whole = int(second)
        self.moment = datetime(2030, 1, day, hour, minute, whole, round((second - whole) * 1e6), tzinfo=UTC)
        return self


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def schedule(user: User, cron: str = HOURLY, policy: str = "once", **more: Any) -> Workflow:
    """A workflow with a schedule, made at 8:30."""
    body = {
        "name": "Report",
        "trigger": {"type": "schedule", "cron": cron, "timezone": more.pop("timezone", "UTC")},
        "steps": [{"id": "note", "type": "set", "values": {"a": 1}}],
        "settings": {"missedRuns": policy},
    }
    return catalog.add(user.id, body, **more)


def fired() -> list[str]:
    """What fires now, by its time."""
    return [json.loads(execution.trigger)["scheduledAt"][11:16] for execution in schedules.fire_due()]


def test_it_fires_when_its_time_has_come_and_once(alice: User, clock: Clock) -> None:
    workflow = schedule(alice)
    assert fired() == []
    clock.at(8, 59, 59.999999)
    assert fired() == []
    clock.at(9, 0, 0.2)
    [execution] = schedules.fire_due()
    assert json.loads(execution.trigger) == {
        "type": "schedule",
        "scheduledAt": "2030-01-01T09:00:00Z",
        "firedAt": "2030-01-01T09:00:00Z",
    }
    assert (execution.workflow_id, execution.user_id, execution.version) == (workflow.id, alice.id, 1)
    assert (execution.status, execution.replay_of) == (Progress.QUEUED, None)
    assert fired() == []
    assert [row.id for row in executions.page(alice.id)] == [execution.id]
    after = catalog.one(alice.id, workflow.id)
    assert after.next_fire_at == clock.at(10).moment
    assert after.updated_at == workflow.updated_at


def test_what_is_off_or_removed_or_changed_does_not_fire(alice: User, clock: Clock) -> None:
    schedule(alice, is_active=False)
    paused, removed, changed = schedule(alice), schedule(alice), schedule(alice)
    catalog.change(alice.id, paused.id, is_active=False)
    catalog.remove(alice.id, removed.id, undoable=True)
    body = {"name": "x", "trigger": {"type": "manual"}, "steps": [{"id": "end", "type": "stop"}]}
    catalog.replace(alice.id, changed.id, body, 1)
    clock.at(10, 30)
    assert fired() == []
    catalog.change(alice.id, paused.id, is_active=True)
    assert fired() == []  # what passed while it was off is not missed
    clock.at(11)
    assert fired() == ["11:00"]


@pytest.mark.parametrize(
    ("policy", "time", "expected"),
    [
        ("skip", (9, 0, 0.2), ["09:00"]),
        ("skip", (9, 0, 59), ["09:00"]),
        ("skip", (9, 1, 1), []),
        ("skip", (12, 30), []),
        ("skip", (13, 0, 0.2), ["13:00"]),
        ("once", (12, 30), ["12:00"]),
        ("once", (13, 0, 0.2), ["13:00"]),
        ("catchUp", (12, 30), ["09:00", "10:00", "11:00", "12:00"]),
        ("catchUp", (9, 0, 0.2), ["09:00"]),
    ],
)
def test_what_was_missed_is_treated_as_asked(
    alice: User, clock: Clock, policy: str, time: tuple[int, ...], expected: list[str]
) -> None:
    workflow = schedule(alice, policy=policy)
    clock.at(*time)
    assert fired() == expected
    assert fired() == []
    following = clock.moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert catalog.one(alice.id, workflow.id).next_fire_at == following


def test_catching_up_has_an_end(alice: User, clock: Clock) -> None:
    schedule(alice, "* * * * *", "catchUp")
    clock.at(8, 30, day=9)
    times = fired()
    assert len(times) == schedules.MOST_CAUGHT_UP
    assert (times[0], times[-1]) == ("06:51", "08:30")
    assert fired() == []


def test_a_year_of_seconds_is_no_work(alice: User, clock: Clock) -> None:
    trigger = ScheduleTrigger(type="schedule", cron="* * * * * *")
    found = schedules.times(trigger, START - timedelta(days=365), START, 100)
    assert (len(found), found[-1], found[0]) == (100, START, START - timedelta(seconds=99))
    yearly = ScheduleTrigger(type="schedule", cron="0 9 1 1 *")
    assert schedules.times(yearly, START - timedelta(days=800), START, 100) == [
        datetime(year, 1, 1, 9, tzinfo=UTC) for year in (2028, 2029)
    ]
    assert schedules.times(yearly, START, START, 1) == []


def test_a_time_counts_from_its_first_moment_to_its_last(clock: Clock) -> None:
    trigger = ScheduleTrigger(type="schedule", cron=HOURLY)
    nine, ten = clock.at(9).moment, clock.at(10).moment
    assert schedules.times(trigger, nine, ten, 100) == [nine, ten]
    tick = timedelta(microseconds=1)
    assert schedules.times(trigger, nine + tick, ten - tick, 100) == []


def test_two_processes_never_fire_twice(alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        schedule(alice, policy="catchUp")
    clock.at(11, 30)
    both_have_looked = threading.Barrier(4)
    plan = schedules._plan

    def plan_and_wait(workflow: Workflow, moment: datetime) -> Any:
        planned = plan(workflow, moment)
        both_have_looked.wait(10)
        return planned

    monkeypatch.setattr(schedules, "_looked_at", clock.moment)
    monkeypatch.setattr(schedules, "_plan", plan_and_wait)
    with ThreadPoolExecutor(4) as pool:
        counts = [len(found) for found in pool.map(lambda _: schedules.fire_due(), range(4))]
    assert sum(counts) == 15  # 9, 10 and 11 o'clock of five workflows
    assert len(executions.page(alice.id)) == 15


def test_a_clock_that_jumps_fires_nothing_twice(alice: User, clock: Clock) -> None:
    schedule(alice)
    clock.at(9, 0, 0.1)
    assert fired() == ["09:00"]
    clock.at(8, 59, 58)  # a small step back
    assert fired() == []
    clock.at(9, 0, 1)
    assert fired() == []
    clock.at(7, 59)  # a large one: an hour that never was comes, one that was does not
    assert fired() == []
    clock.at(8)
    assert fired() == ["08:00"]
    clock.at(9)
    assert fired() == []
    clock.at(10)
    assert fired() == ["10:00"]


def test_two_days_ahead_and_back_again_leaves_nothing_stuck(alice: User, clock: Clock) -> None:
    workflow = schedule(alice)
    clock.at(8, 30, day=3)
    assert fired() == ["08:00"]
    clock.at(8, 30)
    assert fired() == []
    assert catalog.one(alice.id, workflow.id).next_fire_at == datetime(2030, 1, 1, 9, tzinfo=UTC)
    clock.at(9)
    assert fired() == ["09:00"]


def test_a_clock_that_was_set_back_while_we_were_down_is_noticed(
    alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = schedule(alice)
    clock.at(8, 30, day=3)
    fired()
    monkeypatch.setattr(schedules, "_looked_at", None)  # a new process
    clock.at(8, 45)
    assert fired() == []
    assert catalog.one(alice.id, workflow.id).next_fire_at == datetime(2030, 1, 1, 9, tzinfo=UTC)


def test_a_schedule_keeps_to_its_time_zone(alice: User, clock: Clock) -> None:
    workflow = schedule(alice, "30 10 * * *", timezone="Europe/Zurich")
    assert workflow.next_fire_at == datetime(2030, 1, 1, 9, 30, tzinfo=UTC)
    clock.at(9, 30)
    [execution] = schedules.fire_due()
    assert json.loads(execution.trigger)["scheduledAt"] == "2030-01-01T09:30:00Z"


def test_one_that_cannot_be_read_keeps_nobody_waiting(
    alice: User, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = schedule(alice), schedule(alice)
    with db.writing() as session:
        row = session.get_one(WorkflowVersion, (broken.id, 1))
        row.definition = '{"name": "x"}'
        session.add(row)
    clock.at(9)
    assert [execution.workflow_id for execution in schedules.fire_due()] == [sound.id]
    assert broken.id in caplog.text
    assert catalog.one(alice.id, broken.id).next_fire_at is None


def test_many_at_the_same_time_all_fire(alice: User, bob: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "AT_ONCE", 3)
    for person in (alice, bob, alice, bob, alice):
        schedule(person)
    clock.at(9)
    found: list[Execution] = [*schedules.fire_due(), *schedules.fire_due(), *schedules.fire_due()]
    assert sorted(execution.user_id for execution in found) == sorted([alice.id] * 3 + [bob.id] * 2)
