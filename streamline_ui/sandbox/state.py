"""What the stand-ins remember: what arrived, and which faults were asked for. In memory, and bounded."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from streamline_ui.errors import Invalid

MOST_ENTRIES = 200
MOST_ACCOUNTS = 1000
LONGEST_DELAY = 60.0
PLACES = ("authorize", "token", "revoke", "api")


@dataclass(frozen=True, slots=True)
class Arrived:
    """One thing that reached a stand-in. `account` says whose it is without the credential; `data` is JSON."""

    id: int
    at: datetime
    service: str
    kind: str
    account: str
    summary: str
    data: Any

    def as_json(self) -> dict[str, Any]:
        """For tests and scripts."""
        return {
            "id": self.id,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "type": self.service,
            "kind": self.kind,
            "account": self.account,
            "summary": self.summary,
            "data": self.data,
        }


@dataclass(slots=True)
class Fault:
    """How a stand-in misbehaves, `times` times or, with None, until it is told to stop. Times are in seconds.

    With `at`, only there: "authorize", "token" or "revoke" of a sign-in, or the "api" itself.
    """

    status: int | None = None
    delay: float = 0.0
    retry_after: float | None = None
    garbage: bool = False
    expired_token: bool = False
    times: int | None = None
    at: str = ""

    @property
    def answer(self) -> int | None:
        """The status to answer with; None where the answer is as ever, or garbage."""
        return 429 if self.status is None and self.retry_after is not None else self.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers to answer with."""
        return {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}


def read_fault(values: Any) -> Fault:
    """A fault from its JSON form. Raises Invalid."""
    names = {"status", "delay", "retryAfter", "garbage", "expiredToken", "times", "at"}
    if not isinstance(values, dict) or not set(values) <= names:
        raise Invalid(f"A fault is an object with some of: {', '.join(sorted(names))}.")
    return Fault(
        status=_whole(values, "status", 400, 599),
        delay=_number(values, "delay", LONGEST_DELAY) or 0.0,
        retry_after=_number(values, "retryAfter", 86_400),
        garbage=values.get("garbage") is True,
        expired_token=values.get("expiredToken") is True,
        times=_whole(values, "times", 1, 1_000_000),
        at=_place(values),
    )


def _whole(values: dict[str, Any], name: str, lowest: int, highest: int) -> int | None:
    value = values.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest):
        raise Invalid(f"{name} must be a whole number from {lowest} to {highest}.")
    return value


def _place(values: dict[str, Any]) -> str:
    if (place := values.get("at", "")) not in ("", *PLACES):
        raise Invalid(f"at must be one of: {', '.join(PLACES)}.")
    return str(place)


def _number(values: dict[str, Any], name: str, highest: float) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise Invalid(f"{name} must be a number from 0 to {highest:g}.")
    return float(value)


@dataclass
class Desk:
    """Everything one stand-in remembers."""

    service: str
    fault: Fault | None = None
    arrived: deque[Arrived] = field(default_factory=lambda: deque(maxlen=MOST_ENTRIES))
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _buckets: dict[str, deque[float]] = field(default_factory=dict)

    def keep(self, kind: str, account: str, summary: str, data: Any) -> Arrived:
        """Remember what arrived; the oldest entry makes room."""
        entry = Arrived(next(self._numbers), datetime.now(UTC), self.service, kind, account, summary, data)
        self.arrived.append(entry)
        return entry

    async def misbehave(self, place: str = "api") -> Fault | None:
        """The fault to show now at this place, after its delay."""
        fault = self.fault
        if fault is None or fault.at not in ("", place):
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.fault = None
        await pause(fault.delay)
        return fault

    def take(self, bucket: str, limit: int, seconds: float) -> tuple[int, float]:
        """Count a request in a bucket of `limit` per `seconds`: what is left (-1: none), and the seconds to wait."""
        now = monotonic()
        while len(self._buckets) >= MOST_ACCOUNTS and bucket not in self._buckets:
            del self._buckets[next(iter(self._buckets))]
        times = self._buckets.setdefault(bucket, deque())
        while times and now - times[0] >= seconds:
            times.popleft()
        wait = seconds - (now - times[0]) if times else seconds
        if len(times) >= limit:
            return -1, wait
        times.append(now)
        return limit - len(times), wait

    def forget(self) -> None:
        """Start again as new."""
        self.arrived.clear()
        self._buckets.clear()
        self.fault = None


_pauses: set[asyncio.Future[None]] = set()
_is_closed = False


async def pause(seconds: float) -> None:
    """Sleep, at the longest until `close`: a stand-in keeps no server from stopping."""
    if _is_closed:
        return
    waiting = asyncio.get_running_loop().create_future()
    _pauses.add(waiting)
    try:
        await asyncio.wait((waiting,), timeout=seconds)
    finally:
        _pauses.discard(waiting)


def is_closed() -> bool:
    """Whether the server is stopping: then nobody is kept waiting."""
    return _is_closed


def close(*, for_good: bool = True) -> None:
    """End all pauses, and make none from now on; or, not for good, go on as before."""
    global _is_closed  # noqa: PLW0603 - a process is one server
    _is_closed = for_good
    for waiting in list(_pauses):
        if not waiting.done() and not waiting.get_loop().is_closed():
            waiting.set_result(None)


def masked(secret: str) -> str:
    """Which credential was used, for somebody who knows it already."""
    return f"…{secret[-4:]}" if len(secret) >= 16 else "…"
