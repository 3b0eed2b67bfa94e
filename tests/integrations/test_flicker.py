"""A week in simulated time: lost packets alert nobody, an outage does within two pauses, and its end is seen soon."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from streamline_ui.errors import Unavailable
from streamline_ui.integrations import health
from streamline_ui.integrations.health import Health, Outcome
from streamline_ui.storage.models import Status

START = datetime(2030, 1, 7, tzinfo=UTC)
WEEK = timedelta(days=7)
TIMEOUT = timedelta(seconds=10)
SWEEP = timedelta(seconds=5)


@dataclass
class World:
    """One connection whose checks go wrong when `is_down` says so, watched by the same rules as in the app."""

    is_down: Callable[[datetime], bool]
    dice: random.Random
    health: Health = field(default_factory=lambda: Health(Status.HEALTHY, 0, START))
    since: datetime = START
    alerts: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    checks: int = 0
    failed: int = 0

    def run(self, until: datetime) -> World:
        while self.health.next_check_at is not None and self.health.next_check_at < until:
            due = self.health.next_check_at
            self.look(due)
            self.watch(due, min(self.health.next_check_at or until, until))
        return self

    def look(self, due: datetime) -> None:
        is_down = self.is_down(due)
        at = due + (TIMEOUT if is_down else timedelta(milliseconds=200))
        outcome = Outcome(not is_down, Status.DEGRADED if is_down else Status.HEALTHY, "", "", (), 200, at)
        if is_down:
            outcome = Outcome(**{**_as_dict(health.failed(Unavailable("No answer."))), "checked_at": at})
        before, self.health = self.health, health.after(self.health, outcome, self.dice.random)
        self.since = at if before.status != self.health.status else self.since
        self.checks, self.failed = self.checks + 1, self.failed + is_down

    def watch(self, start: datetime, end: datetime) -> None:
        """The sweeps between this check and the next."""
        is_open = bool(self.alerts) and self.alerts[-1][1] is None
        moment = start
        while moment < end:
            if not is_open and health.is_confirmed(self.health, moment):
                self.alerts.append((moment, None))
                return
            if is_open and health.is_over(self.health, self.since, moment):
                self.alerts[-1] = (self.alerts[-1][0], moment)
                return
            moment += SWEEP


def _as_dict(outcome: Outcome) -> dict[str, object]:
    return {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}


@pytest.mark.parametrize("seed", range(10))
def test_a_week_of_lost_packets_alerts_nobody(seed: int) -> None:
    dice = random.Random(seed)
    world = World(lambda _: dice.random() < 0.05, dice).run(START + WEEK)
    assert world.checks > 2000 and world.failed > 80, "the packets were not lost"
    assert world.alerts == []


@pytest.mark.parametrize("seed", range(20))
def test_an_outage_is_told_within_two_pauses_and_its_end_once(seed: int) -> None:
    dice = random.Random(seed)
    begins = START + timedelta(hours=3, seconds=dice.uniform(0, 900))
    ends = begins + timedelta(minutes=40)
    world = World(lambda at: begins <= at < ends or dice.random() < 0.05, dice).run(START + timedelta(days=1))
    assert len(world.alerts) == 1
    told, over = world.alerts[0]
    assert begins < told <= begins + 2 * health.EVERY
    assert over is not None and ends < over <= ends + health.LONGEST * 1.2 + 2 * health.SETTLE


@pytest.mark.parametrize("seed", range(20))
def test_after_ten_minutes_without_a_network_it_is_green_within_twice_the_last_pause(seed: int) -> None:
    dice = random.Random(seed)
    begins = START + timedelta(hours=1, seconds=dice.uniform(0, 300))
    ends = begins + timedelta(minutes=10)
    world = World(lambda at: begins <= at < ends, dice)
    pauses = []
    while world.health.next_check_at is not None and world.health.next_check_at < ends:
        due = world.health.next_check_at
        world.look(due)
        pauses.append(world.health.next_check_at - due)
    world.look(world.health.next_check_at)
    assert world.health.status is Status.HEALTHY
    assert world.since <= ends + 2 * pauses[-1]


def test_a_service_that_comes_and_goes_is_not_told_at_once_as_back() -> None:
    """Up for 20 s between two failures in a row: the alert stays one."""
    at = START
    now_ = Health(Status.HEALTHY, 0, at)
    for _ in range(8):
        now_ = health.after(now_, Outcome(**{**_as_dict(health.failed(Unavailable("No."))), "checked_at": at}))
        at += timedelta(seconds=30)
    assert health.is_confirmed(now_, at)
    fine = Outcome(True, Status.HEALTHY, "", "", (), 20, at)
    now_ = health.after(now_, fine)
    assert not health.is_over(now_, since=at, at=at + timedelta(seconds=20))
    assert health.is_over(now_, since=at, at=at + health.SETTLE)


def test_a_thousand_checks_that_began_together_drift_apart() -> None:
    dice = random.Random(1)
    due = [START] * 1000
    for _ in range(3):
        due = [
            health.after(Health(Status.HEALTHY, 0, at), Outcome(True, Status.HEALTHY, "", "", (), 9, at), dice.random)
            .next_check_at or at
            for at in due
        ]  # fmt: skip
    assert max(due) - min(due) > timedelta(seconds=120)
    busiest = max(sum(second <= at < second + timedelta(seconds=1) for at in due) for second in set(due))
    assert busiest < 30
