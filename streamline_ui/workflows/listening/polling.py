"""The polling service: asks services for news on behalf of the workflows that listen, and of nobody else.

Each question is asked by one poller (`polling_turn`), in one process, by a lease in its row (`pollers`). Once a second,
and as soon as a workflow or a connection changes, it is looked up who listens to what (`listeners`): pollers begin and
end with that. Due times stand in memory; an idle poll writes nothing, and all are written down together now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from streamline_ui import live
from streamline_ui.integrations import connections, listening, rows
from streamline_ui.storage import db
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog
from streamline_ui.workflows.listening import pollers, pushing, unasked, unheard
from streamline_ui.workflows.listening.pollers import Place
from streamline_ui.workflows.listening.polling_service import STALLED, Listed, Service, Summary
from streamline_ui.workflows.triggers import IntegrationTrigger

ATTEND_SECONDS = 1.0


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
    if not _is_shared():  # then whoever held a lease is dead
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
    await asyncio.to_thread(unheard.flush)


async def poll_now(user_id: str, integration_id: str) -> int:
    """Ask now what this connection is asked, and say how many questions that are: none where nobody listens.

    Raises NotFound.
    """
    await asyncio.to_thread(rows.one, user_id, integration_id)
    if _service is None:
        return 0
    await _service.look()
    elsewhere = await asyncio.to_thread(pollers.hasten, integration_id) if _is_shared() else 0
    if elsewhere:
        live.tell(user_id, "poll", integration_id)
    return elsewhere + _service.poll_now(integration_id)


def _is_shared() -> bool:
    """Whether other processes may poll as well: never where the database is a file."""
    return db.engine().dialect.name != "sqlite"


async def switch_to_polling(user_id: str, integration_id: str) -> None:
    """Take an integration's news over from whoever has them sent, and ask for them at once. See `pushing`."""
    await pushing.switch_to_polling(user_id, integration_id)
    await poll_now(user_id, integration_id)


async def turn_on(user_id: str, integration_id: str) -> None:
    """Ask a connection for news again, where that was turned off in its settings. Raises NotFound, Invalid, Locked."""
    row = await asyncio.to_thread(rows.one, user_id, integration_id)
    await asyncio.to_thread(connections.change, user_id, integration_id, config=unasked.settings_on(row.type))
    await poll_now(user_id, integration_id)


def attend(workflow: Workflow) -> Workflow:
    """The workflow, which was just turned on or changed, once it is served; from a worker thread, for a second at most.

    Whoever is told that it is on may rely on it: what happens after that never counts as having waited.
    """
    if _service is None or not workflow.is_active or workflow.version == 0:
        return workflow
    if isinstance(catalog.published(workflow.id, workflow.version).trigger, IntegrationTrigger):
        waiting = asyncio.run_coroutine_threadsafe(_service.settled(workflow.id, ATTEND_SECONDS), _service.loop)
        with suppress(TimeoutError):
            waiting.result(ATTEND_SECONDS * 2)
    return workflow


async def settled(workflow_id: str, seconds: float) -> None:
    """Wait until a workflow that was just turned on is served, so that nothing after this counts as having waited."""
    if _service is not None:
        await _service.settled(workflow_id, seconds)


def summary() -> Summary:
    """How the polling of this process is."""
    return Summary(False, 0, 0, 0, 0, None, 0.0) if _service is None else _service.summary()


def worst(most: int) -> list[Listed]:
    """The pollers of this process that are worst off: blocked, then with the most failures in a row, then late."""
    return [] if _service is None else _service.worst(most)


def problem() -> str | None:
    """What is wrong with the polling, as a sentence for `/readyz`, or None."""
    if _service is None:
        return "the polling is not running"
    silent = monotonic() - _service.looked_at
    return f"the polling has been silent for {silent:.0f} s" if silent > STALLED else None


def glances_of(user_id: str) -> Mapping[str, Glance]:
    """How the connections of this user are polled, by their ids."""
    return glances(pollers.polled(user_id))


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
