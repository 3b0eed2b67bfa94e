"""Turns: everybody who uses a credential waits for the next call that the service allows it.

A service limits the credential, not our workflows; without turns, those that run side by side would fight for what is
allowed, and all be refused. A wait that the service asks one caller for holds for all of them. (aiolimiter knows no
such wait, and cannot say how long the queue is.) Each process keeps its own turns; between processes, and with other
programs that use the credential, it is the service's refusals that spread the calls.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic

import httpx

from streamline_ui.errors import StreamlineError, Unavailable

CODE = "net.turn"
PATIENCE = 10.0
"""Seconds that a call waits for its turn. For a later one it comes again, and meanwhile keeps nobody's place."""
LONGEST_HOLD = 3600.0
SHORTEST_HOLD = 1.0
MARGIN = 1.05  # the requests of one burst do not take equally long to arrive
MOST_LANES = 10_000
_sleep = asyncio.sleep
before_waiting: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("before_waiting", default=None)
"""What whoever sends wants to have done first where a request has to wait for its turn."""
CONTINUES = "Nothing is lost; Streamline continues by itself."


class HeldUp(Unavailable):
    """A request that was not sent, because the service has asked for a wait that is not over."""


def is_ours(error: StreamlineError | None) -> bool:
    """Whether we held the request back ourselves: it never left, and the service is not to blame."""
    return isinstance(error, HeldUp) or (error is not None and error.code == CODE)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `calls` in any `seconds`, of a credential, or with `each_lane` of each of its lanes (such as a chat)."""

    calls: int
    seconds: float
    each_lane: bool = False


class _Lane:
    """The turns at one pace of one credential, or of one lane of it. Times are of the monotonic clock."""

    __slots__ = ("later", "seconds", "step", "times")

    def __init__(self, pace: Pace) -> None:
        self.times: deque[float] = deque(maxlen=pace.calls)
        self.seconds = pace.seconds * MARGIN
        self.step = pace.seconds / pace.calls
        self.later = 0.0

    def slot(self, at: float) -> float:
        """When the next call may begin."""
        times = self.times
        return max(at, times[0] + self.seconds) if len(times) == times.maxlen else at

    def come_again(self, slot: float) -> float:
        """When one who cannot wait should come again: each a little later than the one before."""
        self.later = max(self.later + self.step, slot)
        return self.later


_lanes: dict[Hashable, _Lane] = {}
_held: dict[Hashable, float] = {}  # until when somebody is to wait


def forget() -> None:
    """Start again as if nothing had been sent."""
    _lanes.clear()
    _held.clear()


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one credential. `service` is its name in errors, `key` is the credential's, `place` the service's.

    Of `paces`, those for each lane come first: who waits there keeps no place in the credential's. `lane` names the
    lane of a request, "" where it has none; `wait` reads the seconds that a refusal asks for; `is_for_all` says of a
    refusal whether it is about every credential that this machine uses there.
    """

    service: str
    key: Hashable
    place: Hashable
    paces: Sequence[Pace] = ()
    lane: Callable[[httpx.Request], str] = lambda _: ""
    wait: Callable[[httpx.Response], float | None] = lambda _: None
    is_for_all: Callable[[httpx.Response], bool] = lambda _: False

    async def sending(self, request: httpx.Request) -> None:
        """Wait for the turn of this request. Raises Unavailable where that takes too long."""
        if not (self.paces or _held):
            return
        name = self.lane(request)
        patience = monotonic() + PATIENCE
        while True:
            while _held and (until := self._held_until(name)) > (at := monotonic()):
                if until > patience:
                    raise self._held_up(until - at)
                await _wait(until)
            for pace in self.paces:
                if name or not pace.each_lane:
                    await self._take(_lane((self.key, pace, name if pace.each_lane else ""), pace), patience)
            if not _held or self._held_until(name) <= monotonic():
                return

    async def came(self, response: httpx.Response) -> None:
        """Where the service asks to wait, let everybody wait whom that is about."""
        if response.status_code != 429:
            return
        await response.aread()
        asked = self.wait(response)
        seconds = min(SHORTEST_HOLD if asked is None else asked, LONGEST_HOLD)
        key: Hashable = (self.key, self.lane(response.request))
        if self.is_for_all(response):
            key = self.place
        _hold(key, monotonic() + seconds)

    def _held_until(self, name: str) -> float:
        keys = ((self.key, name), (self.key, ""), self.place)
        return max(_held.get(key, 0.0) for key in keys)

    async def _take(self, lane: _Lane, patience: float) -> None:
        """Take the next turn, and wait for it."""
        at = monotonic()
        slot = lane.slot(at)
        if slot > max(at, patience):
            raise self._crowded(lane.come_again(slot) - at)
        lane.times.append(slot)
        if slot > at:
            await _wait(slot)

    def _held_up(self, seconds: float) -> Unavailable:
        message = f"{self.service} has asked us to wait, for another {math.ceil(seconds)} s."
        return HeldUp(message, retry_after=seconds, hints=[CONTINUES])

    def _crowded(self, seconds: float) -> Unavailable:
        message = (
            f"{self.service} takes no more at once than is being sent: the next turn is in {math.ceil(seconds)} s."
        )
        return Unavailable(message, retry_after=seconds, hints=[CONTINUES], code=CODE)


async def _wait(until: float) -> None:
    if (prepare := before_waiting.get()) is not None:
        await prepare()
    if (seconds := until - monotonic()) > 0:
        await _sleep(seconds)


def _lane(key: Hashable, pace: Pace) -> _Lane:
    found = _lanes.get(key)
    if found is None:
        if len(_lanes) >= MOST_LANES:
            _tidy()
        found = _lanes[key] = _Lane(pace)
    return found


def _hold(key: Hashable, until: float) -> None:
    if len(_held) >= MOST_LANES:
        _tidy()
    _held[key] = max(_held.get(key, 0.0), until)


def _tidy() -> None:
    """Forget what is over: to forget it changes nothing."""
    at = monotonic()
    for key in [key for key, until in _held.items() if until <= at]:
        del _held[key]
    for lane in [key for key, lane in _lanes.items() if not lane.times or lane.times[-1] + lane.seconds <= at]:
        del _lanes[lane]
