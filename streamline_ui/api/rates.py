"""How fast one caller may ask: 50 requests a second, and 200 at once after a pause."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

PER_SECOND = 50.0
BURST = 200.0
MOST_CALLERS = 10_000


class Rates:
    """A bucket for each caller that fills at a steady rate. Used on the event loop only, so it needs no lock."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> float:
        """Take one request out of the caller's bucket. Returns 0, or the seconds until there is one."""
        moment = self.clock()
        left, since = self.buckets.pop(caller, (BURST, moment))
        left = min(BURST, left + (moment - since) * PER_SECOND)
        allowed = left >= 1
        self.buckets[caller] = (left - 1 if allowed else left, moment)  # put last: the oldest stand first
        if len(self.buckets) > MOST_CALLERS:
            del self.buckets[next(iter(self.buckets))]
        return 0.0 if allowed else (1 - left) / PER_SECOND
