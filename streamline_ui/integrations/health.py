"""How a connection is: what a look at it found, and the status that follows.

`after` is the whole state machine, a pure function. A success heals at once. Refused credentials, or anything else that
will be refused again, need a person: no more tries until someone acts. All else is the service's trouble: we wait 5 s,
doubling to 15 min, and ask for attention after the third failure in a row.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from streamline_ui.errors import StreamlineError, Unavailable
from streamline_ui.storage.models import Status, now

EVERY = timedelta(minutes=5)
FIRST, LONGEST = timedelta(seconds=5), timedelta(minutes=15)
PATIENCE = 3
JITTER = 0.2


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
    """The part of an integration that a look at it changes. `next_check_at` is None where only a person can help."""

    status: Status
    failures: int
    next_check_at: datetime | None


def succeeded(account: str, message: str, latency_ms: int, *, tested: bool = True) -> Outcome:
    """The outcome of a look that went well; not `tested` where the service offers nothing harmless to ask."""
    status = Status.HEALTHY if tested else Status.NOT_TESTED
    return Outcome(True, status, account, message, (), latency_ms, now())


def failed(error: StreamlineError, latency_ms: int | None = None) -> Outcome:
    """The outcome of a look that ended with this error."""
    temporary = isinstance(error, Unavailable)
    status = Status.DEGRADED if temporary else Status.NEEDS_ATTENTION
    retry_after = error.retry_after if isinstance(error, Unavailable) else None
    return Outcome(False, status, "", error.message, error.hints, latency_ms, now(), error.code, retry_after, temporary)


def after(before: Health, outcome: Outcome, chance: Callable[[], float] = random.random) -> Health:
    """The health that follows. `chance` gives a number from 0 to 1 for the jitter."""
    if outcome.ok:
        return Health(outcome.status, 0, outcome.checked_at + EVERY)
    failures = before.failures + 1
    if not outcome.temporary:
        return Health(Status.NEEDS_ATTENTION, failures, None)
    status = Status.NEEDS_ATTENTION if failures >= PATIENCE else Status.DEGRADED
    pause = backoff(failures, chance())
    if outcome.retry_after is not None:
        pause = max(pause, timedelta(seconds=min(outcome.retry_after, 86_400)))
    return Health(status, failures, outcome.checked_at + pause)


def backoff(failures: int, chance: float) -> timedelta:
    """The pause after that many failures in a row: 5 s, 10 s, 20 s … 15 min, give or take a fifth."""
    pause = min(LONGEST, FIRST * (1 << min(failures - 1, 20)))
    return pause * (1 - JITTER + 2 * JITTER * chance)
