"""The polling service: asks services for news on behalf of the workflows that listen, and of nobody else.

Each question is asked by one poller (`polling_turn`), in one process, by a lease in its row (`pollers`). Once a second,
and as soon as a workflow or a connection changes, it is looked up who listens to what (`listeners`): pollers begin and
end with that. Due times stand in memory; an idle poll writes nothing, and all are written down together now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from streamline_ui import live
from streamline_ui.errors import StreamlineError, Unavailable
from streamline_ui.integrations import health, listening, rows
from streamline_ui.storage import db, writer
from streamline_ui.storage.models import now
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.workflows import listeners, pollers
from streamline_ui.workflows.listeners import Key, Wish
from streamline_ui.workflows.pollers import LEASE, Place
from streamline_ui.workflows.polling_turn import MARGIN, Turn

LOOK_EVERY = 1.0  # seconds
RENEW_EVERY = LEASE.total_seconds() / 3
STALLED = 30.0  # seconds without a look after which the service counts as dead
PER_SECOND = 250  # first polls, so that a thousand pollers that begin together do not stay together
SOON = 0.2  # seconds after which a changed connection is looked at: several changes often come together
STANDS_THROUGH = ("webhook", "occupied")  # problems that may end by themselves, though a person is asked to act

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """How the polling is. `late` is by how many seconds the later ones of the last polls began late (99 of 100)."""

    is_running: bool
    pollers: int
    asking: int
    failing: int
    blocked: int
    next_poll_at: datetime | None
    late: float


@dataclass(frozen=True, slots=True)
class Glance:
    """How one connection is polled. `problem` is a kind (auth, webhook, occupied, …), `error` its sentence."""

    next_poll_at: datetime | None
    last_polled_at: datetime | None
    last_event_at: datetime | None
    problem: str
    error: str


_service: Service | None = None


def start() -> None:
    """Begin to poll, on the running event loop. `sweep` keeps it going."""
    global _service  # noqa: PLW0603 - a process has one
    _service = Service()
    live.changed.subscribe(_service.on_change)
    if db.engine().dialect.name == "sqlite":  # no other process may work on this file
        pollers.free_all()
    _service.look_soon()


async def stop() -> None:
    """Ask no more; what has come already is written down."""
    global _service
    service, _service = _service, None
    if service is not None:
        live.changed.unsubscribe(service.on_change)
        await service.stop()


async def sweep() -> None:
    """See to it that who listens is served, and write down what has waited. To be called every second."""
    if _service is not None:
        await _service.look()
        await _service.renew()
    await asyncio.to_thread(listening.flush)


async def poll_now(user_id: str, integration_id: str) -> int:
    """Ask now what this connection is asked, and say how many questions that are: none where nobody listens.

    Raises NotFound.
    """
    await asyncio.to_thread(rows.one, user_id, integration_id)
    if _service is None:
        return 0
    await _service.look()
    return _service.poll_now(integration_id)


async def settled(workflow_id: str, seconds: float) -> None:
    """Wait until a workflow that was just turned on is served, so that nothing after this counts as having waited."""
    if _service is not None:
        await _service.settled(workflow_id, seconds)


def summary() -> Summary:
    """How the polling of this process is."""
    return Summary(False, 0, 0, 0, 0, None, 0.0) if _service is None else _service.summary()


def problem() -> str | None:
    """What is wrong with the polling, as a sentence for `/readyz`, or None."""
    if _service is None:
        return "the polling is not running"
    silent = monotonic() - _service.looked_at
    return f"the polling has been silent for {silent:.0f} s" if silent > STALLED else None


def glances(integration_ids: Iterable[str]) -> Mapping[str, Glance]:
    """How these connections are polled: from memory where this process does it, else from what was written down."""
    wanted = set(integration_ids)
    found = {key: _glance(kept) for key, kept in pollers.of(wanted).items()}
    for integration_id, places in ({} if _service is None else _service.places()).items():
        if integration_id in wanted:
            found[integration_id] = _glance(places)
    return found


def _glance(places: Iterable[Place | Poller]) -> Glance:
    known = list(places)
    broken = next((each for each in known if each.problem), None)
    return Glance(
        min((each.next_poll_at for each in known if each.next_poll_at), default=None),
        max((each.last_polled_at for each in known if each.last_polled_at), default=None),
        max((each.last_event_at for each in known if each.last_event_at), default=None),
        broken.problem if broken else "",
        (broken.error if isinstance(broken, Place) else broken.last_error) if broken else "",
    )


@dataclass(slots=True)
class Service:
    """The pollers of this process."""

    turns: dict[Key, Turn] = field(default_factory=dict)
    looked_at: float = field(default_factory=monotonic)
    _late: deque[float] = field(default_factory=lambda: deque(maxlen=2000))
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _soon: asyncio.TimerHandle | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _renewed_at: float = 0.0
    _is_over: bool = False

    def on_change(self, change: live.Changed) -> None:
        """Somebody changed a workflow or a connection: who listens may have changed with it."""
        if change.kind not in ("workflow", "integration") or self._soon is not None or self._is_over:
            return
        delay = 0.0 if change.kind == "workflow" else SOON
        self._soon = asyncio.get_running_loop().call_later(delay, self.look_soon)

    def look_soon(self) -> None:
        """Look at the next turn of the loop."""
        self._soon = None
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
        lost = [key for key, turn in self.turns.items() if turn.is_lost]
        ended = [key for key in self.turns if key not in wishes or wishes[key].manner.mode != "polling"]
        await self._end(lost, give_up=False, wishes=wishes)
        await self._end([key for key in ended if key not in lost], give_up=True, wishes=wishes)
        fresh: list[Wish] = []
        for key, wish in wishes.items():
            turn = self.turns.get(key)
            if turn is not None:
                turn.follow(wish)
                self._judge(turn, began)
            elif wish.manner.mode == "polling":
                fresh.append(wish)
        if fresh:
            await self._begin(fresh)

    async def _end(self, keys: Iterable[Key], *, give_up: bool, wishes: Mapping[Key, Wish]) -> None:
        ended = [(key, self.turns.pop(key)) for key in keys]
        if not ended:
            return
        await asyncio.gather(*(turn.stop() for _, turn in ended))
        if give_up:
            places = [(turn.place, key not in wishes) for key, turn in ended]
            await asyncio.to_thread(pollers.release, places)

    async def _begin(self, fresh: list[Wish]) -> None:
        claimed = await asyncio.to_thread(pollers.claim, fresh)
        moment = monotonic()
        for number, wish in enumerate(wish for wish in fresh if wish.key in claimed):
            place = claimed[wish.key]
            turn = Turn(wish, place, self._late.append)
            turn.follow(wish)
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
            turn.place.failures = 0
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

    def summary(self) -> Summary:
        """See `summary`."""
        turns = list(self.turns.values())
        waiting = [turn.due for turn in turns if not turn.is_asking and not turn.is_blocked]
        late = sorted(self._late)
        return Summary(
            is_running=monotonic() - self.looked_at <= STALLED,
            pollers=len(turns),
            asking=sum(turn.is_asking for turn in turns),
            failing=sum(bool(turn.place.failures) for turn in turns),
            blocked=sum(turn.is_blocked for turn in turns),
            next_poll_at=now() + timedelta(seconds=max(0.0, min(waiting) - monotonic())) if waiting else None,
            late=late[int(len(late) * 0.99)] if late else 0.0,
        )

    async def stop(self) -> None:
        """End all."""
        self._is_over = True
        if self._soon is not None:
            self._soon.cancel()
        async with self._looking:
            turns = list(self.turns.values())
            self.turns.clear()
            await asyncio.gather(*(turn.stop() for turn in turns))
            if turns:
                await asyncio.to_thread(pollers.release, [(turn.place, False) for turn in turns])
        await asyncio.to_thread(listening.flush)


def _rest(wish: Wish, place: Place) -> float:
    """Seconds until a poller that somebody else had before is due: it keeps its pause, as far as that can be true."""
    if not place.is_caught_up or place.next_poll_at is None:
        return 0.0
    longest = health.LONGEST.total_seconds() if place.failures else 0.0
    return min((place.next_poll_at - now()).total_seconds(), max(wish.pause, longest))
