"""One poller at work: it asks, writes down what came, and waits for its next turn. It never asks twice at a time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from streamline_ui.errors import AuthFailed, NotFound, Occupied, Rejected, StreamlineError, Unavailable
from streamline_ui.integrations import health, listening, rows
from streamline_ui.providers.feeds import Event, Page
from streamline_ui.storage.models import now
from streamline_ui.workflows.listening import news, pollers
from streamline_ui.workflows.listening.listeners import Listener, Wish
from streamline_ui.workflows.listening.news import News
from streamline_ui.workflows.listening.pollers import LEASE, Place

SHORTEST = 0.05  # seconds between two polls that were held open
AT_ONCE_IN_A_ROW = 1000  # polls without a pause, after which a service that always has more is given one
PROOF_EVERY = 240.0  # seconds; a check of its own would be due a little later
LONGEST_WISH = 86_400.0  # seconds that a service may ask us to wait
STORE_AGAIN = 1.0  # seconds, where our own database could not take what came
MARGIN = timedelta(seconds=5)
UNREADABLE = Unavailable("Streamline could not read what the service answered.")

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Turn:
    """A poller in this process. `due` is by the clock that is never set; `when_late` is told how late each poll was.

    `shown` is the trouble of which the pages know.
    """

    wish: Wish
    place: Place
    when_late: Callable[[float], None]
    due: float = 0.0
    is_blocked: bool = False
    blocked_at: float = 0.0
    is_dirty: bool = False
    is_lost: bool = False
    is_asking: bool = False
    is_storing: bool = False
    is_over: bool = False
    shown: str = ""
    first: asyncio.Event = field(default_factory=asyncio.Event)
    _since: dict[str, datetime] = field(default_factory=dict)
    _again: bool = False
    _has_heard: bool = False  # at the address as it is now
    _in_a_row: int = 0
    _held_until: float = 0.0
    _proved_at: float | None = None
    _timer: asyncio.TimerHandle | None = None
    _task: asyncio.Task[None] | None = None

    @property
    def late(self) -> float:
        """By how many seconds its next poll is overdue."""
        return 0.0 if self.is_asking or self.is_blocked else max(0.0, monotonic() - self.due)

    def follow(self, wish: Wish) -> None:
        """Ask for these listeners from now on."""
        is_sooner = wish.pause < self.wish.pause
        is_back = self.wish.is_broken and wish.is_well
        is_changed = self.wish.config_mark != wish.config_mark
        self.wish = wish
        self._since = {each.workflow_id: self._since.get(each.workflow_id, each.since) for each in wish.listeners}
        if is_sooner and not self.is_asking and not self.place.failures:
            self.schedule(min(self.due - monotonic(), wish.pause))
        if is_changed:
            self._has_heard, self.place.hint = False, ""
        if self.is_blocked:
            return
        if is_changed:
            self.anew()
        elif is_back and self.place.failures:  # also after one that hangs on a dead line
            self.now()

    def schedule(self, seconds: float) -> None:
        """Ask in so many seconds."""
        if self.is_over or self.is_asking:
            return
        if self._timer is not None:
            self._timer.cancel()
        seconds = max(0.0, seconds)
        self.due = monotonic() + seconds
        self.place.next_poll_at = now() + timedelta(seconds=seconds)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def now(self) -> None:
        """Ask at once; or once more, right after the poll that is under way."""
        self.is_blocked = False
        if self.is_asking:
            self._again = True
        else:
            self.schedule(0)

    def anew(self) -> None:
        """Ask at once, with another token or at another address. One that hangs is dropped: nothing was confirmed."""
        self.now()
        if self._again and not self.is_storing and self._task is not None:
            self._task.cancel()

    def block(self) -> None:
        """Ask no more until somebody has acted."""
        self.is_blocked, self.blocked_at = True, monotonic()
        self.place.next_poll_at = None
        if self._timer is not None:
            self._timer.cancel()

    def held(self, until: float) -> None:
        """The lease is known to last until then, by the clock that is never set."""
        self._held_until = until

    async def stop(self) -> None:
        """Ask no more. What has come already is written down first."""
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        task = self._task
        if task is None or task.done() or task is asyncio.current_task():
            return
        if not self.is_storing:
            task.cancel()
        await asyncio.wait([task])

    def _begin(self) -> None:
        if self.is_over or self.is_asking or self.is_blocked:
            return
        self.when_late(monotonic() - self.due)
        self.is_asking = True
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        pause: float | None = self.wish.pause
        try:
            pause = await self._ask()
            self.first.set()
            while pause == 0.0 and not self.is_over and self._in_a_row < AT_ONCE_IN_A_ROW:
                self._in_a_row += 1
                pause = await self._ask()
            self._in_a_row = 0
        except asyncio.CancelledError:
            if self.is_over or not self._again:
                pause = None
                raise
        except Exception:  # a fault of ours must not end the polling
            log.exception("a poll broke off")
            pause = self._failed("broken", UNREADABLE)
        finally:
            self.is_asking = False
            self.first.set()
            if pause is not None and not self.is_lost:
                self.schedule(0.0 if self._again else (pause or self.wish.pause))
            self._again = False

    async def _ask(self) -> float | None:
        """One poll. The seconds to the next; 0: there is more; None: there is none before somebody acts."""
        if not await self._is_ours():
            self.is_lost = True
            return None
        started = monotonic()
        try:
            if self.place.failures and self.place.cursor and self.wish.feed.holds:
                await self._poll("")  # answered at once: that it hears again must not wait for the next news
                self._succeeded(0)
            page = await self._poll(self.place.cursor)
        except NotFound:
            self.is_lost = True
            return None
        except StreamlineError as error:
            return await self._on_error(error)
        took, held = monotonic() - started, self.wish.feed.holds
        milliseconds = 0 if held else round(took * 1000)
        self.is_storing = True
        try:
            goes_on = await self._store(page)
        except (Unavailable, SQLAlchemyError) as error:
            log.warning("what a service told could not be stored, it is asked again: %s", type(error).__name__)
            return STORE_AGAIN
        finally:
            self.is_storing = False
        self._succeeded(milliseconds)
        if goes_on:
            return 0.0
        # a poll that was held open has waited already: the pause counts from its beginning, so nothing waits for it
        return max(SHORTEST, self.wish.pause - took) if held else self.wish.pause

    async def _poll(self, cursor: str) -> Page:
        wish = self.wish
        return await listening.poll(wish.user_id, wish.key[0], wish.feed, cursor, wish.params)

    async def _store(self, page: Page) -> bool:
        """Write down what came and how far we are; whether to ask again at once."""
        place, at = self.place, now()
        has_moved = page.cursor != place.cursor
        was_caught_up = place.is_caught_up
        is_caught_up = was_caught_up or not (page.more and has_moved)
        found = [self._news(event, each) for event in page.events for each in self._audience(event)]
        if has_moved or found or is_caught_up != was_caught_up:
            written = pollers.advanced(
                place, page.cursor, is_caught_up=is_caught_up, at=at, has_events=bool(page.events)
            )
            await news.accept_events(found, written)
            place.cursor, place.is_caught_up = page.cursor, is_caught_up
            if page.events:
                place.last_event_at = at
                listening.note(self.wish.user_id, self.wish.key[0], None, at)
        place.last_polled_at = at
        is_talking = self.wish.feed.holds and (bool(page.events) or not was_caught_up)
        return has_moved and (page.more or is_talking)

    def _audience(self, event: Event) -> list[Listener]:
        """Who is told: as long as it is about what had waited, only who wants that, and who was there before it."""
        return [
            each
            for each in self.wish.listeners
            if each.event == event.kind
            and (self.place.is_caught_up or each.takes_backlog or self._is_newer(event, each))
        ]

    def _is_newer(self, event: Event, listener: Listener) -> bool:
        since = self._since.get(listener.workflow_id, listener.since)
        return event.at is not None and event.at >= since

    def _news(self, event: Event, listener: Listener) -> News:
        integration_id, key = self.wish.key
        source = news.source_id(integration_id, key, event.id)
        return News(self.wish.user_id, listener.workflow_id, listener.version, source, event.data)

    def _succeeded(self, milliseconds: int) -> None:
        place, moment = self.place, monotonic()
        was_broken = bool(place.failures or place.problem)
        self._has_heard = True
        place.forget_trouble()
        self.is_dirty |= was_broken
        is_due = self._proved_at is None or moment - self._proved_at >= PROOF_EVERY
        if was_broken or is_due or not self.wish.is_well:
            if not was_broken and self._proved_at is not None and moment - self._proved_at < 1:
                return
            self._proved_at = moment
            listening.note(self.wish.user_id, self.wish.key[0], listening.worked(milliseconds))

    async def _on_error(self, error: StreamlineError) -> float | None:
        outcome = health.failed(error)
        tell = (self.wish.user_id, self.wish.key[0], outcome)
        if isinstance(error, AuthFailed):  # at once, before anybody looks whether it is well
            self._failed("auth", error)
            await asyncio.to_thread(rows.record_use, *tell)
            self.block()
            return None
        if isinstance(error, Unavailable):
            listening.note(*tell)
            return self._failed("unavailable", error, error.retry_after)
        if isinstance(error, Occupied):
            if self.place.failures == 0 or self.wish.is_well:
                listening.note(*tell)
            return self._failed("webhook" if error.can_take else "occupied", error)
        return self._failed("refused" if isinstance(error, Rejected) else error.code, error)

    def _failed(self, problem: str, error: StreamlineError, retry_after: float | None = None) -> float:
        """Note it, and how long to wait."""
        place, at = self.place, now()
        place.failures += 1
        place.problem, place.error, place.last_polled_at = problem, error.message, at
        worked = error.code in rows.NO_ANSWER and (self._has_heard or place.hint == rows.WORKED)
        place.hint = rows.WORKED if worked else next(iter(error.hints), "")
        place.failing_since = place.failing_since or at
        self.is_dirty = True
        self._proved_at = None
        pause = health.backoff(place.failures, random.random()).total_seconds()  # noqa: S311 - a spread, no secret
        return max(pause, self.wish.feed.least.total_seconds(), min(retry_after or 0.0, LONGEST_WISH))

    async def _is_ours(self) -> bool:
        """Whether the lease still holds, by both clocks: one may be set, the other may stand still with the machine."""
        if monotonic() < self._held_until and now() < self.place.lease_until - MARGIN:
            return True
        if not await asyncio.to_thread(pollers.reclaim, self.place):
            return False
        self._held_until = monotonic() + LEASE.total_seconds() - MARGIN.total_seconds()
        return True
