"""News that services send by themselves, to an address that is one integration's alone.

The address is given to the service when somebody begins to listen, and taken back when nobody does or the integration
is to be polled again; what comes meanwhile the service keeps. Each time it is a new address with a new secret, of which
only hashes are kept. What arrives takes the same way as what was polled, under the same ids.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import col, delete

from streamline_ui.errors import Invalid, NotFound, Rejected, Unavailable
from streamline_ui.integrations import calls, connections, reachable, rows
from streamline_ui.integrations.rows import Brief
from streamline_ui.providers import named
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, now
from streamline_ui.storage.polling_tables import IntegrationHook, Poller
from streamline_ui.workflows import secrets
from streamline_ui.workflows.listening import listeners

ASSERT_EVERY = timedelta(hours=6)  # somebody may have taken the address back elsewhere


@dataclass(frozen=True, slots=True)
class Hook:
    """An integration whose news are sent to us, or will be. `is_good`: the service knows the address as it is now."""

    integration_id: str
    user_id: str
    is_good: bool


def kept() -> dict[str, Hook]:
    """Every integration that has an address which we tell its service, by its id; also those just removed."""
    query = select(
        col(IntegrationHook.integration_id),
        col(Integration.user_id),
        col(Integration.type),
        col(IntegrationHook.is_set),
        col(IntegrationHook.url),
        col(IntegrationHook.set_at),
        col(Integration.config_view),
    ).join(Integration, col(Integration.id) == IntegrationHook.integration_id)
    with db.reading() as session:
        found = session.connection().execute(query).all()
    return {row[0]: Hook(row[0], row[1], _is_good(*row[2:])) for row in found if named(row[2]).push is not None}


def _is_good(type_name: str, is_set: bool, url: str, set_at: datetime, view: str) -> bool:
    try:
        current = reachable.address(named(type_name), json.loads(view).get("baseUrl"))
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
    start = reachable.address(provider, await asyncio.to_thread(_service_url, integration_id))
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
        raise Invalid(f"{provider.service} sends its news to nobody, so there is nothing to take over.")
    async with calls.connected(row) as connection:
        await push.end(connection)
    await asyncio.to_thread(_forget, integration_id)
    wanted = {"connectionMode": "polling", "pollingEnabled": True}
    await asyncio.to_thread(connections.change, user_id, integration_id, config=wanted)


def _brief(user_id: str, integration_id: str) -> Brief:
    """The integration, also one that was removed a moment ago. Raises NotFound."""
    with db.reading() as session:
        row = session.get(Integration, integration_id)
    if row is None or row.user_id != user_id:
        raise NotFound("There is no such integration.")
    return Brief(row.id, row.user_id, row.type, row.name, row.config_enc, row.is_active, False)


def _service_url(integration_id: str) -> str | None:
    with db.reading() as session:
        row = session.get(Integration, integration_id)
    found: str | None = json.loads(row.config_view).get("baseUrl") if row is not None else None
    return found


def _keep(integration_id: str, url: str, token: str, secret: str, *, is_set: bool) -> None:
    with db.writing() as session:
        row = session.get(IntegrationHook, integration_id) or IntegrationHook(
            integration_id=integration_id, hook_hash="", secret_hash=""
        )
        row.hook_hash, row.secret_hash = secrets.hash_of(token), hash_of(secret)
        row.url, row.is_set, row.set_at = url, is_set, now()
        session.add(row)


def _forget(integration_id: str) -> None:
    """Also how far it was polled, where nobody listens any more: what comes until somebody does again has waited."""
    is_heard = bool(listeners.wanted(integration_id))
    with db.writing() as session:
        session.exec(delete(IntegrationHook).where(col(IntegrationHook.integration_id) == integration_id))
        if not is_heard:
            session.exec(delete(Poller).where(col(Poller.integration_id) == integration_id))


def hash_of(secret: str) -> str:
    """What a secret that was agreed on is recognised by."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
