"""Leaves a service alone that fails again and again, so that what waits for it does not make it worse.

One for each connection and host, in the memory of this process. Closed, everything goes through and is counted. After
five failures in a row, or where half of ten calls and more failed within five minutes, it opens: nothing goes through
for 30 seconds. Then one execution may try; as long as such a try fails, the pause doubles, up to 15 minutes.
"""

from __future__ import annotations

import logging
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

IN_A_ROW = 5
ENOUGH = 10  # calls, to judge by their share
WINDOW, SLOT = 300.0, 10.0  # seconds
FIRST, LONGEST = 30.0, 900.0  # seconds
WHILE_TRIED = 2.0  # seconds until the others look whether the one that tries was lucky
SPREAD = 5.0  # seconds over which those that waited come back
MOST = 5000  # kept in memory
REASON = "This service failed again and again, so it is left alone for a while. It goes on by itself."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Breaker:
    """What is known of one service. Each entry of `counted` is a slot of time, the calls in it and the failed ones."""

    counted: deque[list[int]] = field(default_factory=deque)
    in_a_row: int = 0
    pause: float = 0.0
    open_until: float = 0.0
    is_tried: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nothing goes through, but for a try."""
        return self.pause > 0


_known: OrderedDict[str, Breaker] = OrderedDict()


def key(integration_id: str, params: Mapping[str, Any]) -> str:
    """Which breaker it is: where the caller chooses the host, one that is down says nothing about the others."""
    url = params.get("url")
    try:
        return f"{integration_id} {urlsplit(url).netloc}" if isinstance(url, str) else integration_id
    except ValueError:
        return integration_id


def wait(name: str, chance: Callable[[], float] = random.random) -> float:
    """How many seconds a call has to wait; 0: it may go through, and then `note` or `let_go` has to follow."""
    breaker = _known.get(name)
    if breaker is None or not breaker.is_open:
        return 0.0
    left = breaker.open_until - monotonic()
    if left > 0:
        return left + SPREAD * chance()
    if breaker.is_tried:
        return WHILE_TRIED + SPREAD * chance()
    breaker.is_tried = True
    return 0.0


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
        breaker.pause, breaker.open_until = FIRST, monotonic() + FIRST
        log.warning("Connection %s fails: its calls are held back, at first for %.0f s.", _shown(name), FIRST)


def let_go(name: str) -> None:
    """A call came to no end: somebody else may try."""
    if (breaker := _known.get(name)) is not None:
        breaker.is_tried = False


def forget() -> None:
    """Begin anew."""
    _known.clear()


def _tried(name: str, breaker: Breaker, *, is_failed: bool) -> None:
    breaker.is_tried = False
    if is_failed:
        breaker.pause = min(breaker.pause * 2, LONGEST)
        breaker.open_until = monotonic() + breaker.pause
    else:
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
