"""How a connection is: what a look at it found, and the status that follows.

`after` is the whole state machine, a pure function. A success heals at once. Refused credentials, or anything else that
will be refused again, need a person: no more tries until someone acts. All else is the service's trouble: we wait 5 s,
doubling to 15 min, and ask for attention after the third failure in a row. A service that asks us to wait is there: it
is looked at when the wait ends, and is nobody's trouble however often it asks.

A status may flicker; whether anybody is told of it outside the page is another question, which `is_confirmed` answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from streamline_ui.errors import SignInNeeded, StreamlineError, Unavailable
from streamline_ui.storage.models import Status, now

EVERY = timedelta(minutes=5)
FIRST, LONGEST = timedelta(seconds=5), timedelta(minutes=15)
PATIENCE = 3
LONGEST_EXTRA = timedelta(seconds=30)  # that we add of our own where a service asks again and again for a moment
UNNAMED_WAIT = 30.0  # seconds, where a service asks us to wait and does not say how long
JITTER = 0.2
SPREAD = 0.1  # of the pause between two checks, so that a thousand that began together drift apart
SLOW_MS = 5000
SETTLE = timedelta(minutes=1)  # after which a look at what has just come back tells whether it stays
CONFIRMED = 6  # failures in a row; of lost packets, 1 in 20, so many come together once in 64 million looks
CONFIRMED_FOR = timedelta(minutes=1)

Kind = Literal["test", "use"]
Actor = Literal["you", "service", "nobody"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look at a connection found. `code` is the error's, or empty; `retry_after` and latency as in errors."""

    ok: bool
    status: Status
    account: str
    message: str
    hints: tuple[str, ...]
    latency_ms: int | None
    checked_at: datetime
    code: str = ""
    retry_after: float | None = None
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """The part of an integration that a look at it changes. `next_check_at` is None where only a person can help.

    `failing_since` is when the first of the failures in a row was seen.
    """

    status: Status
    failures: int
    next_check_at: datetime | None
    failing_since: datetime | None = None


def succeeded(account: str, message: str, latency_ms: int, *, tested: bool = True) -> Outcome:
    """The outcome of a look that went well; not `tested` where the service offers nothing harmless to ask."""
    status = Status.HEALTHY if tested else Status.NOT_TESTED
    return Outcome(True, status, account, message, (), latency_ms, now())


def slow(outcome: Outcome) -> Outcome:
    """The same look; where it went well but took long, the connection counts as degraded, and its message says why."""
    if not outcome.ok or outcome.status is not Status.HEALTHY or (outcome.latency_ms or 0) < SLOW_MS:
        return outcome
    took = (outcome.latency_ms or 0) / 1000
    message = f"{outcome.message.rstrip('.')}. The answer took {took:.0f} s, longer than usual."
    return replace(outcome, status=Status.DEGRADED, message=message.lstrip(". "))


def failed(error: StreamlineError, latency_ms: int | None = None) -> Outcome:
    """The outcome of a look that ended with this error."""
    temporary = isinstance(error, Unavailable)
    needed = Status.WAITING_FOR_SIGN_IN if isinstance(error, SignInNeeded) else Status.NEEDS_ATTENTION
    status = Status.DEGRADED if temporary else needed
    retry_after = error.retry_after if isinstance(error, Unavailable) else None
    if retry_after is None and isinstance(error, Unavailable) and error.is_limit:
        retry_after = UNNAMED_WAIT
    return Outcome(False, status, "", error.message, error.hints, latency_ms, now(), error.code, retry_after, temporary)


def after(
    before: Health,
    outcome: Outcome,
    chance: Callable[[], float] = random.random,
    *,
    every: timedelta = EVERY,
    kind: Kind = "test",
) -> Health:
    """The health that follows. `chance` gives a number from 0 to 1 for the jitter; `every` is the provider's pause."""
    if outcome.ok:
        pause = SETTLE if before.failures >= PATIENCE else every * (1 - SPREAD + 2 * SPREAD * chance())
        return Health(outcome.status, 0, outcome.checked_at + pause)
    since = before.failing_since or outcome.checked_at
    if not outcome.temporary:
        return Health(outcome.status, before.failures + 1, None, since)
    if kind == "use" and before.failures and _is_early(before, outcome):
        return replace(before, failing_since=since)  # a burst of failing calls is one failure
    failures = before.failures + 1
    was_broken = before.status is Status.NEEDS_ATTENTION  # and nothing has proved since that it is not
    pause = backoff(failures, chance())
    if outcome.retry_after is not None:
        pause = max(min(pause, LONGEST_EXTRA), timedelta(seconds=min(outcome.retry_after, 86_400)))
        was_refused = was_broken and before.next_check_at is None
        status = Status.NEEDS_ATTENTION if was_refused else Status.DEGRADED
        return Health(status, failures, outcome.checked_at + pause, since)
    status = Status.NEEDS_ATTENTION if failures >= PATIENCE or was_broken else Status.DEGRADED
    return Health(status, failures, outcome.checked_at + pause, since)


def backoff(failures: int, chance: float) -> timedelta:
    """The pause after that many failures in a row: 5 s, 10 s, 20 s … 15 min, give or take a fifth."""
    pause = min(LONGEST, FIRST * (1 << min(failures - 1, 20)))
    return pause * (1 - JITTER + 2 * JITTER * chance)


def is_confirmed(health: Health, at: datetime) -> bool:
    """Whether it is broken beyond doubt, so that somebody should be told.

    What a person has to mend is so at once. A service's trouble is so once many looks in a row failed over a while:
    within two pauses between checks of an outage, and practically never for packets that get lost.
    """
    if health.status is Status.WAITING_FOR_SIGN_IN:
        return True
    if health.status is not Status.NEEDS_ATTENTION:
        return False
    if health.next_check_at is None:
        return True
    since = health.failing_since or at
    return health.failures >= CONFIRMED and at - since >= CONFIRMED_FOR


def is_over(health: Health, since: datetime, at: datetime) -> bool:
    """Whether what was broken is well again for good: it was looked at, and has stayed so since that time."""
    is_well = health.failures == 0 and health.status in (Status.HEALTHY, Status.DEGRADED, Status.NOT_TESTED)
    return is_well and at - since >= SETTLE


def who_acts(health: Health) -> Actor:
    """Who has to do something now: the user, the service, or nobody."""
    if health.status is Status.WAITING_FOR_SIGN_IN:
        return "you"
    if health.status not in (Status.NEEDS_ATTENTION, Status.DEGRADED) or not health.failures:
        return "nobody"
    return "you" if health.next_check_at is None else "service"


def _is_early(before: Health, outcome: Outcome) -> bool:
    return before.next_check_at is None or outcome.checked_at < before.next_check_at
