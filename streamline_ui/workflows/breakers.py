"""Leaves a service alone that fails again and again, so that what waits for it does not make it worse.

One for each connection and host, in the memory of this process. Closed, everything goes through and is counted. After
five failures in a row, or where half of ten calls and more failed within five minutes, it opens: nothing goes through
for 5 seconds. Then one execution may try; as long as such a try fails, the pause doubles, up to 15 minutes. So what
waited for a service that was away for a while waits about as long again at most, and as a rule less: whoever looks at
the connection meanwhile and finds it well brings the next try forward, and all go on once a try was lucky.
"""

from __future__ import annotations

import logging
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from streamline_ui.storage.models import now

IN_A_ROW = 5
ENOUGH = 10  # calls, to judge by their share
WINDOW, SLOT = 300.0, 10.0  # seconds
FIRST, LONGEST = 5.0, 900.0  # seconds
WHILE_TRIED = 2.0  # seconds until the others look whether the one that tries was lucky
SPREAD = 5.0  # seconds over which those that waited come back by themselves, and half the pause
MOST = 5000  # kept in memory
MOST_HELD = 20_000  # executions known to wait for one; those beyond come back by themselves
REASON = "This service failed again and again, so it is left alone for a while. It goes on by itself."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Breaker:
    """What is known of one service. Each entry of `counted` is a slot of time, the calls in it and the failed ones.

    `failed_at` is when it opened, or when the last try failed; `held` are the executions that wait for it.
    """

    counted: deque[list[int]] = field(default_factory=deque)
    in_a_row: int = 0
    pause: float = 0.0
    open_until: float = 0.0
    is_tried: bool = False
    failed_at: datetime = field(default_factory=now)
    held: dict[str, None] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether nothing goes through, but for a try."""
        return self.pause > 0


_known: OrderedDict[str, Breaker] = OrderedDict()
_freed: list[str] = []


def key(integration_id: str, params: Mapping[str, Any]) -> str:
    """Which breaker it is: where the caller chooses the host, one that is down says nothing about the others."""
    url = params.get("url")
    try:
        return f"{integration_id} {urlsplit(url).netloc}" if isinstance(url, str) else integration_id
    except ValueError:
        return integration_id


def wait(name: str, execution_id: str, chance: Callable[[], float] = random.random) -> float:
    """How many seconds a call has to wait; 0: it may go through, and then `note` or `let_go` has to follow.

    An execution that has to wait is held: see `freed`. The first of them comes back right at the end of the pause.
    """
    breaker = _known.get(name)
    if breaker is None or not breaker.is_open:
        return 0.0
    left = breaker.open_until - monotonic()
    if left <= 0 and not breaker.is_tried:
        breaker.is_tried = True
        breaker.held.pop(execution_id, None)
        return 0.0
    is_first = not breaker.held or next(iter(breaker.held)) == execution_id
    hold(name, execution_id)
    if left <= 0:
        return WHILE_TRIED + SPREAD * chance()
    return left if is_first else left + (SPREAD + breaker.pause / 2) * chance()


def hold(name: str, execution_id: str) -> None:
    """An execution will try again some time: if the service is known to be well before that, let it hear of it."""
    breaker = _known.get(name)
    if breaker is not None and breaker.is_open and len(breaker.held) < MOST_HELD:
        breaker.held[execution_id] = None


def note(name: str, *, is_failed: bool) -> None:
    """How a call ended."""
    breaker = _known.get(name)
    if breaker is None:
        breaker = _known[name] = Breaker()
        if len(_known) > MOST:
            _known.popitem(last=False)
    if breaker.is_open:
        if breaker.is_tried:
            _tried(name, breaker, is_failed=is_failed)
        return  # else it was under way when it opened
    breaker.in_a_row = breaker.in_a_row + 1 if is_failed else 0
    calls, failures = _count(breaker, is_failed=is_failed)
    if breaker.in_a_row >= IN_A_ROW or (is_failed and calls >= ENOUGH and failures * 2 >= calls):
        breaker.pause, breaker.open_until, breaker.failed_at = FIRST, monotonic() + FIRST, now()
        log.warning("Connection %s fails: its calls are held back, at first for %.0f s.", _shown(name), FIRST)


def let_go(name: str) -> None:
    """A call came to no end: somebody else may try."""
    if (breaker := _known.get(name)) is not None:
        breaker.is_tried = False


def opened() -> list[tuple[str, str, datetime]]:
    """Those that are open, and about a connection's own host: its name, the connection's id, when it failed last."""
    found = [(name, each) for name, each in _known.items() if each.is_open]
    return [(name, name.strip(), each.failed_at) for name, each in found if " " not in name.strip()]


def hurry(name: str) -> None:
    """The service seems to be well: let the next try be now."""
    breaker = _known.get(name)
    if breaker is None or not breaker.is_open or breaker.is_tried:
        return
    breaker.open_until, breaker.failed_at = monotonic(), now()
    if breaker.held:
        _freed.append(next(iter(breaker.held)))


def freed() -> list[str]:
    """The executions that need not wait any longer, each told once."""
    found = list(_freed)
    _freed.clear()
    return found


def keep(execution_ids: Iterable[str]) -> None:
    """It was too early to tell these: `freed` names them again."""
    _freed.extend(execution_ids)


def forget() -> None:
    """Begin anew."""
    _known.clear()
    _freed.clear()


def _tried(name: str, breaker: Breaker, *, is_failed: bool) -> None:
    breaker.is_tried = False
    if is_failed:
        breaker.pause = min(breaker.pause * 2, LONGEST)
        breaker.open_until, breaker.failed_at = monotonic() + breaker.pause, now()
    else:
        _freed.extend(breaker.held)
        del _known[name]
        log.warning("Connection %s works again: its calls go through.", _shown(name))


def _count(breaker: Breaker, *, is_failed: bool) -> tuple[int, int]:
    slot, counted = int(monotonic() / SLOT), breaker.counted
    if not counted or counted[-1][0] != slot:
        counted.append([slot, 0, 0])
        while counted[0][0] <= slot - WINDOW / SLOT:
            counted.popleft()
    counted[-1][1] += 1
    counted[-1][2] += is_failed
    if not is_failed:
        return 0, 0
    return sum(each[1] for each in counted), sum(each[2] for each in counted)


def _shown(name: str) -> str:
    return name.strip().replace(" ", " at ")
