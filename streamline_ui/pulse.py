"""Watches the process from a thread of its own: whether the event loop answers, and whether what must go on does.

What stops is in the log once, and once more when it goes on; `problem` tells it to `/readyz` and to the pages.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

EVERY = 1.0  # seconds
TOO_LATE = 5.0  # seconds after which the event loop counts as blocked
REMEMBERED = 30.0  # seconds for which a blockage is still told, since nobody could hear of it while it lasted
SAMPLES = 60

log = logging.getLogger(__name__)


class Pulse:
    """Asks the event loop for a sign of life every second, and everything in `watched` whether it is well."""

    def __init__(self, loop: asyncio.AbstractEventLoop, watched: dict[str, Callable[[], str | None]]) -> None:
        self.loop, self.watched = loop, watched
        self.lags: deque[float] = deque(maxlen=SAMPLES)
        self.asked_at = self.answered_at = monotonic()
        self.worst, self.worst_at = 0.0, -REMEMBERED
        self.known: dict[str, tuple[str, float]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()
        self._thread.join(2 * EVERY)

    def lag(self) -> float:
        """How late the event loop is with its answer, in seconds; if it has answered, how late that was."""
        if self.answered_at < self.asked_at:
            return monotonic() - self.asked_at
        return self.lags[-1] if self.lags else 0.0

    def problem(self) -> str | None:
        """What is wrong with the event loop, or was a moment ago, as a sentence."""
        lag = self.lag()
        if lag > TOO_LATE:
            return f"the event loop has been blocked for {lag:.0f} s"
        if monotonic() - self.worst_at < REMEMBERED:
            return f"the event loop was blocked for {self.worst:.0f} s"
        return None

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            if self.answered_at >= self.asked_at:
                self.asked_at = monotonic()
                try:
                    self.loop.call_soon_threadsafe(self._answer, self.asked_at)
                except RuntimeError:  # the loop is closed
                    return
            self._look()

    def _answer(self, asked_at: float) -> None:
        """Runs on the event loop."""
        self.answered_at = monotonic()
        late = self.answered_at - asked_at
        self.lags.append(late)
        if late > TOO_LATE:
            self.worst, self.worst_at = late, self.answered_at

    def _look(self) -> None:
        """Log what has stopped, and what goes on again: once each."""
        problems = {name: check() for name, check in self.watched.items()}
        problems["event loop"] = self.problem() if self.lag() > TOO_LATE else None
        for name, said in problems.items():
            if said and name not in self.known:
                self.known[name] = (said, monotonic())
                log.error("Something has stopped: %s.", said)
            elif not said and name in self.known:
                _, since = self.known.pop(name)
                log.warning("The %s goes on again after %.0f s.", name, monotonic() - since)


_pulse: Pulse | None = None


def start(loop: asyncio.AbstractEventLoop, watched: dict[str, Callable[[], str | None]]) -> None:
    """Watch this loop, and what `watched` names."""
    global _pulse  # noqa: PLW0603 - a process has one loop
    stop()
    _pulse = Pulse(loop, watched)
    _pulse.start()


def stop() -> None:
    """Watch no more."""
    global _pulse  # noqa: PLW0603
    if _pulse is not None:
        _pulse.stop()
        _pulse = None


def problem() -> str | None:
    """What is wrong with the event loop, as a sentence for `/readyz`, or None."""
    return None if _pulse is None else _pulse.problem()


def lag() -> float:
    """How late the event loop answers now, in seconds."""
    return 0.0 if _pulse is None else _pulse.lag()


def worst_lag() -> float:
    """The latest it was in the last minute, in seconds."""
    return 0.0 if _pulse is None else max([_pulse.lag(), *list(_pulse.lags)])
