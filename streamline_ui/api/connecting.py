"""Integrations: a user's connections to services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from streamline_ui.access.bearer import Caller
from streamline_ui.api import door, paging
from streamline_ui.api.bodies import Choosing, IntegrationChange, NewIntegration, Performance, Trial
from streamline_ui.api.connection_shapes import Choices, Connected, EventAddress, Listening, Output, Polled, Tested
from streamline_ui.api.door import Asking
from streamline_ui.api.health_shapes import Health
from streamline_ui.api.shapes import Page
from streamline_ui.errors import Invalid
from streamline_ui.integrations import connections, incidents
from streamline_ui.storage.models import Integration
from streamline_ui.workflows import catalog
from streamline_ui.workflows.listening import entering, hearing, polling, pushing

router = APIRouter(prefix="/integrations", tags=["Integrations"], route_class=door.Door)

Type = Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,50}$", description="Only those of this service.")]


@router.get("")
def enumerate_(
    caller: Asking,
    type: Type = None,  # noqa: A002 - the names in the address, here and below
    limit: paging.Limit = paging.USUAL,
    cursor: paging.Cursor = None,
) -> Page[Connected]:
    """List your integrations, the oldest first."""
    return paging.page(connections.all_of(caller.user_id, type), limit, cursor, _shape(caller))


@router.post("", status_code=201)
def add(body: NewIntegration, caller: Asking) -> Connected:
    """Connect a service. 422 says which field is wrong and why."""
    row = connections.add(caller.user_id, body.type, body.name, body.config, is_active=body.is_active)
    return Connected.of(row)


@router.get("/connected")
def enumerate_active(
    caller: Asking, limit: paging.Limit = paging.USUAL, cursor: paging.Cursor = None
) -> Page[Connected]:
    """List your integrations that are not paused, each with its status."""
    active = (row for row in connections.all_of(caller.user_id) if row.is_active)
    return paging.page(active, limit, cursor, _shape(caller))


@router.post("/test")
async def try_out(body: Trial, caller: Asking) -> Tested:
    """Try a configuration without saving it. 200 also when the service refuses: then `ok` is false."""
    return Tested.of(await connections.try_out(caller.user_id, body.type, body.config))


@router.get("/{id}")
def look(id: str, caller: Asking) -> Connected:  # noqa: A002
    """Show one integration."""
    return _shape(caller)(connections.one(caller.user_id, id))


@router.patch("/{id}")
def change(id: str, body: IntegrationChange, caller: Asking) -> Connected:  # noqa: A002
    """Change what is given. In `config`, what is left out stays (secrets too), and null removes a field."""
    row = connections.change(caller.user_id, id, name=body.name, config=body.config, is_active=body.is_active)
    return _shape(caller)(row)


@router.delete("/{id}", status_code=204)
async def remove(id: str, caller: Asking) -> None:  # noqa: A002
    """Remove an integration with all that hangs on it. A service that sends its news to us is told to stop."""
    await pushing.leave(caller.user_id, id)
    await run_in_threadpool(connections.remove, caller.user_id, id)


@router.post("/{id}/test")
async def test(id: str, caller: Asking) -> Tested:  # noqa: A002
    """Test the connection now, without any visible effect at the service. 200 also when it fails."""
    return Tested.of(await connections.test(caller.user_id, id))


@router.post("/{id}/actions/{action}")
async def perform(id: str, action: str, body: Performance, caller: Asking) -> Output:  # noqa: A002
    """Do one thing at the service now, once. 502 `provider_rejected` with hints where the service refuses.

    502 `provider_unavailable` where it has no answer: nothing is sent again by itself. `Retry-After` has the seconds
    to wait where the service named them.
    """
    return Output(output=await connections.perform(caller.user_id, id, action, body.params))


@router.post("/{id}/choices")
async def choices(id: str, body: Choosing, caller: Asking) -> Choices:  # noqa: A002
    """List what may be chosen for a parameter that has `choices` in its schema. Kept for a minute.

    Parameters named in its `dependsOn` have to be among `values`.
    """
    name = body.action or body.event
    if name is None or (body.action and body.event):
        raise Invalid("Name either an action or an event.", {"action": "Name either this or an event."})
    return Choices.of(await connections.choices(caller.user_id, id, name, body.field, body.values, q=body.q))


@router.post("/{id}/poll", status_code=202)
async def poll(id: str, caller: Asking) -> Polled:  # noqa: A002
    """Ask the service for news now. Where no active workflow listens, nothing is asked: `polls` is 0."""
    return Polled(polls=await polling.poll_now(caller.user_id, id))


@router.post("/{id}/switch-to-polling")
async def switch_to_polling(id: str, caller: Asking) -> Connected:  # noqa: A002
    """Take the news over from a webhook that another program has set. That program then receives nothing any more."""
    await polling.switch_to_polling(caller.user_id, id)
    return await run_in_threadpool(lambda: _shape(caller)(connections.one(caller.user_id, id)))


@router.get("/{id}/address")
async def address(id: str, caller: Asking) -> EventAddress:  # noqa: A002
    """Show the address to enter at the service, so that it sends its events here. Empty where it sends none."""
    return EventAddress.model_validate(asdict(await entering.address(caller.user_id, id)))


@router.get("/{id}/health")
def health(id: str, caller: Asking) -> Health:  # noqa: A002
    """Show how the connection is and was: the latest 90 looks at it, oldest first."""
    row = connections.one(caller.user_id, id)
    own, trouble = row.status, hearing.of(caller.user_id, id).get(id)
    row, history = hearing.as_seen(row, trouble), incidents.of(caller.user_id, id)
    if trouble is not None and not trouble.is_off and row.status != own:
        history = incidents.with_open(history, trouble.since, trouble.cause)
    return Health.of(row, connections.checks(caller.user_id, id), history)


def _shape(caller: Caller) -> Callable[[Integration], Connected]:
    """How this caller's integrations are shown: with the workflows that use them."""
    user_id = caller.user_id
    uses, polled = catalog.uses(user_id), polling.glances_of(user_id)
    listened, deaf = hearing.listened(user_id), hearing.of(user_id)

    def shape(row: Integration) -> Connected:
        found, trouble = polled.get(row.id), deaf.get(row.id)
        return Connected.of(
            hearing.as_seen(row, trouble),
            uses.get(row.id, ()),
            found.next_poll_at if found and not (trouble and trouble.is_off) else None,
            Listening.of(trouble) if trouble or row.id in listened else None,
        )

    return shape
