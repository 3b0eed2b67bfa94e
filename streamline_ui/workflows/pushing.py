"""News that services send by themselves, to an address that is one integration's alone.

The address is given to the service when somebody begins to listen, and taken back when nobody does or the integration
is to be polled again; what comes meanwhile the service keeps. Each time it is a new address with a new secret, of which
only hashes are kept. What arrives takes the same way as what was polled, under the same ids.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col, delete

from streamline_ui.errors import Invalid, NotFound, Rejected, Unavailable
from streamline_ui.integrations import calls, connections, listening, reachable, rows
from streamline_ui.integrations.rows import Brief
from streamline_ui.providers import named
from streamline_ui.providers.signatures import Incoming
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, now, table_of
from streamline_ui.storage.polling_tables import IntegrationHook
from streamline_ui.workflows import dispatch, listeners, news, secrets
from streamline_ui.workflows.listeners import Wish
from streamline_ui.workflows.news import News

ASSERT_EVERY = timedelta(hours=6)  # somebody may have taken the address back elsewhere

_hooks = table_of(IntegrationHook).c
_known = select(_hooks.integrationId, _hooks.secretHash).where(_hooks.hookHash == bindparam("hash"))


@dataclass(frozen=True, slots=True)
class Hook:
    """An integration whose news are sent to us, or will be. `is_good`: the service knows the address as it is now."""

    integration_id: str
    user_id: str
    is_good: bool


def kept() -> dict[str, Hook]:
    """Every integration that has an address, by its id; also those that were removed a moment ago."""
    query = select(
        col(IntegrationHook.integration_id),
        col(Integration.user_id),
        col(Integration.type),
        col(IntegrationHook.is_set),
        col(IntegrationHook.url),
        col(IntegrationHook.set_at),
    ).join(Integration, col(Integration.id) == IntegrationHook.integration_id)
    with db.reading() as session:
        found = session.connection().execute(query).all()
    return {row[0]: Hook(row[0], row[1], _is_good(row[2], row[3], row[4], row[5])) for row in found}


def _is_good(type_name: str, is_set: bool, url: str, set_at: Any) -> bool:
    try:
        current = reachable.address(named(type_name))
    except Invalid:
        return False
    age = now() - set_at
    return is_set and url == current and -ASSERT_EVERY < age < ASSERT_EVERY


async def begin(user_id: str, integration_id: str) -> None:
    """Have the service send its news to a new address of this integration's.

    Raises NotFound, Invalid where it could not reach us, Locked, and what the service answered.
    """
    row = await asyncio.to_thread(_brief, user_id, integration_id)
    provider = named(row.type)
    push = provider.push
    if push is None:
        return
    start = reachable.address(provider)
    token, secret = secrets.new_token(), secrets.new_token()
    await asyncio.to_thread(_keep, integration_id, start, token, secret, is_set=False)
    async with calls.connected(row) as connection:
        await push.begin(connection, start + token, secret)
    await asyncio.to_thread(_keep, integration_id, start, token, secret, is_set=True)


async def end(user_id: str, integration_id: str) -> None:
    """Have the service send nothing any more, and keep what comes for the next poll.

    Raises Locked, and Unavailable where the service cannot be told now. One that refuses knows nothing of us any more.
    """
    try:
        row = await asyncio.to_thread(_brief, user_id, integration_id)
        push = named(row.type).push
        if push is not None:
            async with calls.connected(row) as connection:
                await push.end(connection)
    except (NotFound, Rejected):
        pass
    await asyncio.to_thread(_forget, integration_id)


async def leave(user_id: str, integration_id: str, seconds: float = 5.0) -> None:
    """Before an integration is removed for good: have its service send nothing any more, if that can be done now."""
    hook = (await asyncio.to_thread(kept)).get(integration_id)
    if hook is None or hook.user_id != user_id:
        return
    try:
        async with asyncio.timeout(seconds):
            await end(user_id, integration_id)
    except (TimeoutError, Unavailable):
        return


async def switch_to_polling(user_id: str, integration_id: str) -> None:
    """Take an integration's news over from whoever has them sent: from now on they are polled here.

    Raises NotFound, Invalid where its service sends nothing, Locked, and what the service answered.
    """
    row = await rows.brief(user_id, integration_id)
    provider = named(row.type)
    push = provider.push
    if push is None:
        raise Invalid(f"{provider.name} sends its news to nobody, so there is nothing to take over.")
    async with calls.connected(row) as connection:
        await push.end(connection)
    await asyncio.to_thread(_forget, integration_id)
    wanted = {"connectionMode": "polling", "pollingEnabled": True}
    await asyncio.to_thread(connections.change, user_id, integration_id, config=wanted)


async def arrive(token_hash: str, incoming: Incoming) -> bool | None:
    """Take what a service sends to an integration's address: whether it was genuine, or None for an unknown address.

    Raises Invalid for what is no JSON, Unavailable where nobody listens now (the service keeps it) or it cannot be
    stored, and SQLAlchemyError.
    """
    known = await db.glance(_known, {"hash": token_hash})
    if known is None:
        return None
    integration_id, secret_hash = known
    wishes = await asyncio.to_thread(_wishes, integration_id)
    push = named(wishes[0].type).push if wishes else None
    if push is None or not wishes:
        raise Unavailable("Nobody listens to this at the moment.", retry_after=5)
    given = next(iter(incoming.headers.get(push.secret_header, ())), "")
    if not hmac.compare_digest(_hash(given), secret_hash):
        return False
    try:
        events = push.read(json.loads(incoming.body))
    except (ValueError, RecursionError):
        raise Invalid("The body is not what this service sends.") from None
    found = [
        News(
            wish.user_id,
            each.workflow_id,
            each.version,
            news.source_id(*wish.key, event.id),
            listening.clean(event.data),
        )
        for event in events
        for wish in wishes
        if wish.feed.name == push.feed
        for each in wish.listeners
        if each.event == event.kind
    ]
    for job in await news.accept_events(found):
        dispatch.offer(job)
    listening.note(wishes[0].user_id, integration_id, None if wishes[0].is_well else listening.worked(0), now())
    return True


def _wishes(integration_id: str) -> list[Wish]:
    found = listeners.wanted(integration_id)
    return [wish for wish in found.values() if wish.manner.mode != "off"]


def _brief(user_id: str, integration_id: str) -> Brief:
    """The integration, also one that was removed a moment ago. Raises NotFound."""
    with db.reading() as session:
        row = session.get(Integration, integration_id)
    if row is None or row.user_id != user_id:
        raise NotFound("There is no such integration.")
    return Brief(row.id, row.user_id, row.type, row.name, row.config_enc, row.is_active, False)


def _keep(integration_id: str, url: str, token: str, secret: str, *, is_set: bool) -> None:
    with db.writing() as session:
        row = session.get(IntegrationHook, integration_id) or IntegrationHook(
            integration_id=integration_id, hook_hash="", secret_hash=""
        )
        row.hook_hash, row.secret_hash = secrets.hash_of(token), _hash(secret)
        row.url, row.is_set, row.set_at = url, is_set, now()
        session.add(row)


def _forget(integration_id: str) -> None:
    with db.writing() as session:
        session.exec(delete(IntegrationHook).where(col(IntegrationHook.integration_id) == integration_id))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
