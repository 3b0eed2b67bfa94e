"""The pollers of one process: who begins, who ends, who rests, and what is written down of them."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from streamline_ui import live
from streamline_ui.errors import StreamlineError, Unavailable
from streamline_ui.integrations import health, listening
from streamline_ui.storage import writer
from streamline_ui.storage.models import now
from streamline_ui.workflows.listening import listeners, pollers, pushing
from streamline_ui.workflows.listening.listeners import Key, Wish
from streamline_ui.workflows.listening.pollers import LEASE, Place
from streamline_ui.workflows.listening.polling_turn import MARGIN, Turn
from streamline_ui.workflows.listening.push_keeper import Keeper

RENEW_EVERY = LEASE.total_seconds() / 3
STALLED = 30.0  # seconds without a look after which the service counts as dead
PER_SECOND = 250  # first polls, so that a thousand pollers that begin together do not stay together
SOON = 0.2  # seconds after which a changed connection is looked at: several changes often come together
STANDS_THROUGH = ("webhook", "occupied")  # problems that may end by themselves, though a person is asked to act

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """How the polling is. Who is blocked does not count as failing too.

    `late` is by how many seconds the later ones of the last polls began late (99 of 100).
    """

    is_running: bool
    pollers: int
    asking: int
    failing: int
    blocked: int
    next_poll_at: datetime | None
    late: float


@dataclass(frozen=True, slots=True)
class Listed:
    """How one poller is. `late` is by how many seconds its next poll is overdue; `error` a sentence, or nothing.

    One that is blocked asks no more until somebody has mended its connection.
    """

    integration_id: str
    type: str
    feed: str
    last_polled_at: datetime | None
    next_poll_at: datetime | None
    late: float
    failures: int
    error: str
    is_asking: bool
    is_blocked: bool


@dataclass(slots=True)
class Service:
    """The pollers of this process."""

    turns: dict[Key, Turn] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    looked_at: float = field(default_factory=monotonic)
    _late: deque[float] = field(default_factory=lambda: deque(maxlen=2000))
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _soon: asyncio.TimerHandle | None = None
    _keeper: Keeper = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _renewed_at: float = 0.0
    _is_over: bool = False

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.look_soon)

    def on_change(self, change: live.Changed) -> None:
        """Somebody changed a workflow or a connection: who listens may have changed with it. Or they want it now."""
        if change.kind == "poll":
            self.poll_now(change.id)
            return
        if change.kind not in ("workflow", "integration") or self._soon is not None or self._is_over:
            return
        delay = 0.0 if change.kind == "workflow" else SOON
        self._soon = asyncio.get_running_loop().call_later(delay, self.look_soon)

    def look_soon(self) -> None:
        """Look at the next turn of the loop."""
        self._soon = None
        if self._is_over:
            return
        task = asyncio.get_running_loop().create_task(self.look())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def look(self) -> None:
        """Begin and end pollers so that whoever listens is served."""
        async with self._looking:
            if self._is_over:
                return
            try:
                await self._look()
            except (SQLAlchemyError, StreamlineError):
                log.warning("who listens could not be looked up; the next look is soon", exc_info=True)
            self.looked_at = monotonic()

    async def _look(self) -> None:
        began = monotonic()
        wishes = await asyncio.to_thread(listeners.wanted)
        hooks = await asyncio.to_thread(pushing.kept)
        polled = {k for k, w in wishes.items() if w.manner.mode == "polling" and w.key[0] not in hooks}
        lost = [key for key, turn in self.turns.items() if turn.is_lost]
        ended = [key for key in self.turns if key not in polled]
        await self._end(lost, give_up=False, wishes=wishes)
        await self._end([key for key in ended if key not in lost], give_up=True, wishes=wishes)
        fresh: list[Wish] = []
        for key, wish in wishes.items():
            turn = self.turns.get(key)
            if turn is not None:
                turn.follow(wish)
                self._judge(turn, began)
            elif key in polled:
                fresh.append(wish)
        if fresh:
            await self._begin(fresh)
        self._keeper.follow(list(wishes.values()), hooks)

    async def _end(self, keys: Iterable[Key], *, give_up: bool, wishes: Mapping[Key, Wish]) -> None:
        ended = [(key, self.turns.pop(key)) for key in keys]
        if not ended:
            return
        await asyncio.gather(*(turn.stop() for _, turn in ended))
        if give_up:
            for _, turn in ended:  # what nobody wants to hear is nobody's trouble
                turn.place.forget_trouble()
                turn.place.next_poll_at = None
            places = [(turn.place, key not in wishes) for key, turn in ended]
            await asyncio.to_thread(pollers.release, places)
            _show(turn for _, turn in ended)

    async def _begin(self, fresh: list[Wish]) -> None:
        claimed = await asyncio.to_thread(pollers.claim, fresh)
        moment = monotonic()
        for number, wish in enumerate(wish for wish in fresh if wish.key in claimed):
            place = claimed[wish.key]
            turn = Turn(wish, place, self._late.append)
            turn.follow(wish)
            turn.shown = place.error if pollers.is_failing(place) else ""
            turn.held(moment + (LEASE - MARGIN).total_seconds())
            self.turns[wish.key] = turn
            if wish.is_stuck and place.problem not in STANDS_THROUGH:
                turn.block()
            else:
                turn.schedule(max(number / PER_SECOND, _rest(wish, place)))

    def _judge(self, turn: Turn, looked_at: float) -> None:
        """Rest while only a person can help, and go on at once when it is mended."""
        if turn.wish.is_stuck:
            if not turn.is_blocked and not turn.is_asking and turn.place.problem not in STANDS_THROUGH:
                turn.block()
        elif turn.is_blocked and looked_at > turn.blocked_at:
            turn.place.forget_trouble()
            turn.is_dirty = True
            turn.now()

    async def renew(self) -> None:
        """Hold the leases, and write down what has changed beside the cursors."""
        moment = monotonic()
        is_due = moment - self._renewed_at >= RENEW_EVERY
        chosen = [turn for turn in self.turns.values() if (is_due or turn.is_dirty) and not turn.is_lost]
        if is_due:
            self._renewed_at = moment
        if not chosen:
            return
        until = now() + LEASE
        try:
            await writer.write(*(pollers.renewed(turn.place, until) for turn in chosen))
            mine = await asyncio.to_thread(pollers.owned)
        except (Unavailable, SQLAlchemyError):
            log.warning("the pollers could not be written down; they are again soon")
            self._renewed_at = 0.0
            return
        for turn in chosen:
            if turn.place.id not in mine:
                turn.is_lost = True
                continue
            turn.is_dirty = False
            turn.place.lease_until = until
            turn.held(moment + (LEASE - MARGIN).total_seconds())
        _show(chosen)

    def poll_now(self, integration_id: str) -> int:
        """Ask now; how many questions."""
        found = [turn for key, turn in self.turns.items() if key[0] == integration_id]
        for turn in found:
            turn.now()
        return len(found)

    async def settled(self, workflow_id: str, seconds: float) -> None:
        """Wait for the first poll of what a workflow listens to."""
        await self.look()
        found = [turn for turn in self.turns.values() if any(e.workflow_id == workflow_id for e in turn.wish.listeners)]
        waiting = [asyncio.ensure_future(turn.first.wait()) for turn in found if not turn.is_blocked]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=seconds)
            for each in late:
                each.cancel()

    def places(self) -> dict[str, list[Place]]:
        """Where the pollers of each integration stand."""
        found: dict[str, list[Place]] = {}
        for (integration_id, _), turn in list(self.turns.items()):
            found.setdefault(integration_id, []).append(turn.place)
        return found

    def worst(self, most: int) -> list[Listed]:
        """The pollers of this process that are worst off first."""
        found = heapq.nlargest(most, list(self.turns.values()), key=_badness)
        return [
            Listed(
                turn.wish.key[0],
                turn.wish.type,
                turn.wish.feed.name,
                turn.place.last_polled_at,
                turn.place.next_poll_at,
                turn.late,
                turn.place.failures,
                turn.place.error,
                turn.is_asking,
                turn.is_blocked,
            )
            for turn in found
        ]

    def summary(self) -> Summary:
        """See `summary`."""
        turns = list(self.turns.values())
        waiting = [turn.due for turn in turns if not turn.is_asking and not turn.is_blocked]
        late = sorted(self._late)
        return Summary(
            is_running=monotonic() - self.looked_at <= STALLED,
            pollers=len(turns),
            asking=sum(turn.is_asking for turn in turns),
            failing=sum(bool(turn.place.failures) and not turn.is_blocked for turn in turns),
            blocked=sum(turn.is_blocked for turn in turns),
            next_poll_at=now() + timedelta(seconds=max(0.0, min(waiting) - monotonic())) if waiting else None,
            late=late[int(len(late) * 0.99)] if late else 0.0,
        )

    async def stop(self) -> None:
        """End all."""
        self._is_over = True
        if self._soon is not None:
            self._soon.cancel()
        await self._keeper.stop()
        async with self._looking:
            turns = list(self.turns.values())
            self.turns.clear()
            await asyncio.gather(*(turn.stop() for turn in turns))
            if turns:
                await asyncio.to_thread(pollers.release, [(turn.place, False) for turn in turns])
        await asyncio.to_thread(listening.flush)


def _show(turns: Iterable[Turn]) -> None:
    """Tell the pages of those who hear no more, or again. What is told has been written down."""
    for turn in turns:
        trouble = turn.place.error if pollers.is_failing(turn.place) else ""
        if trouble != turn.shown and not turn.is_lost:
            turn.shown = trouble
            live.tell(turn.wish.user_id, "integration", turn.wish.key[0])


def _badness(turn: Turn) -> tuple[bool, int, float]:
    return turn.is_blocked, turn.place.failures, turn.late


def _rest(wish: Wish, place: Place) -> float:
    """Seconds until a poller that somebody else had before is due: it keeps its pause, as far as that can be true."""
    if not place.is_caught_up or place.next_poll_at is None:
        return 0.0
    longest = health.LONGEST.total_seconds() if place.failures else 0.0
    return min((place.next_poll_at - now()).total_seconds(), max(wish.pause, longest))
