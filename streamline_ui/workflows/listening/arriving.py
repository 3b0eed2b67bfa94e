"""What services send by themselves to an integration's own address, for every workflow that listens.

There are two ways: an address that we have told the service ourselves, with a secret that it sends along (`pushing`),
and one that a person has entered at the service, which signs with a secret of the configuration (`entering`).
"""

from __future__ import annotations

import hmac
import json
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from streamline_ui.errors import Invalid, Unavailable
from streamline_ui.integrations import listening, signing
from streamline_ui.providers import named, sender_events, signatures
from streamline_ui.providers.feeds import Entered, Event, Push
from streamline_ui.providers.signatures import Incoming, Reply
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, now, table_of
from streamline_ui.storage.polling_tables import IntegrationHook, Poller
from streamline_ui.workflows import payloads
from streamline_ui.workflows.listening import entering, listeners, news, pushing, unheard
from streamline_ui.workflows.listening.listeners import Listener, Wish
from streamline_ui.workflows.listening.news import News

_hooks, _integrations, _pollers = table_of(IntegrationHook).c, table_of(Integration).c, table_of(Poller).c
_known = (
    select(_hooks.integrationId, _integrations.userId, _integrations.type, _hooks.secretHash)
    .join(table_of(Integration), _integrations.id == _hooks.integrationId)
    .where(_hooks.hookHash == bindparam("hash"), _integrations.deletedAt.is_(None))
)
_caught_up = select(_pollers.id).where(_pollers.integrationId == bindparam("id"), _pollers.isCaughtUp.is_(True))
AGREED = "The request does not carry the secret that was agreed on."


@dataclass(frozen=True, slots=True)
class Heard:
    """What is answered. `refusal` says why nothing was taken, or nothing."""

    refusal: str = ""
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class _Hook:
    integration_id: str
    user_id: str
    type: str
    secret_hash: str


async def arrive(token_hash: str, incoming: Incoming) -> Heard | None:
    """Take what a service sends to an integration's address. None for an unknown address.

    Raises Invalid for what it does not send, Unavailable where nobody listens now and the service keeps it, or it
    cannot be stored, Locked, and SQLAlchemyError.
    """
    row = await db.glance(_known, {"hash": token_hash})
    if row is None:
        return None
    hook = _Hook(*row)
    provider = named(hook.type)
    if provider.push is not None:
        return await _agreed(hook, provider.push, incoming)
    return None if provider.entered is None else await _entered(hook, provider.entered, incoming)


async def _agreed(hook: _Hook, push: Push, incoming: Incoming) -> Heard:
    given = next(iter(incoming.headers.get(push.secret_header, ())), "")
    if not hmac.compare_digest(pushing.hash_of(given), hook.secret_hash):
        return Heard(AGREED)
    try:
        events = push.read(json.loads(incoming.body))
    except (ValueError, RecursionError):
        raise Invalid("The body is not what this service sends.") from None
    wishes = [each for each in await to_thread(_wishes, hook.integration_id) if each.feed.name == push.feed]
    if not wishes:
        raise Unavailable("Nobody listens to this at the moment.", retry_after=5)
    is_caught_up = await db.glance(_caught_up, {"id": hook.integration_id}) is not None
    await _start(wishes, events, None if is_caught_up else await to_thread(_began, hook.integration_id))
    return Heard()


async def _entered(hook: _Hook, entered: Entered, incoming: Incoming) -> Heard:
    secret = await signing.secret(hook.user_id, hook.integration_id, entered)
    verdict = signatures.verify(entered.scheme, [secret] if secret else [], incoming, at=now())
    if not verdict.ok:
        entering.refused(hook.integration_id, verdict.reason)
        return Heard(verdict.reason)
    entering.accepted(hook.integration_id)
    reply = signatures.handshake(entered.scheme, incoming)
    if reply is not None:
        return Heard(reply=reply)
    kind = next(iter(incoming.headers.get("content-type", ())), "")
    try:
        body = await payloads.read(kind, incoming.body)
    except payloads.Malformed as error:
        raise Invalid(error.message) from None
    events = _events(entered, payloads.harmless(incoming.headers), body, verdict.delivery_id or "")
    wishes = [each for each in await to_thread(_wishes, hook.integration_id) if each.feed.name == "entered"]
    if wishes:
        await _start(wishes, events, None)
        await unheard.forget(hook.integration_id)
    elif events:
        unheard.note(hook.user_id, hook.integration_id, len(events))
    return Heard(reply=entered.reply)


def _events(entered: Entered, headers: Mapping[str, str], body: object, delivery_id: str) -> list[Event]:
    """The events of a request: their kinds are the sender's own."""
    found: list[Event] = []
    for number, each in enumerate(body if isinstance(body, list) else [body]):
        if not isinstance(each, dict) or entered.is_own(each):
            continue
        own_id = each.get(entered.event_id) if entered.event_id else delivery_id
        event_id = own_id if isinstance(own_id, str) and own_id else f"{delivery_id} {number}"
        kinds = sender_events.kinds(entered.scheme, headers, each)
        found += [Event(kind, event_id, each) for kind in kinds]
    return found


async def _start(wishes: Sequence[Wish], events: Sequence[Event], began: datetime | None) -> None:
    """Write down what is for somebody, in one transaction, and begin with it."""
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
        for each in wish.listeners
        if each.event == event.kind and not _has_waited(event, each, began)
    ]
    await news.accept_events(found)
    first = wishes[0]
    listening.note(first.user_id, first.key[0], None if first.is_well else listening.worked(0), now())


def _has_waited(event: Event, listener: Listener, began: datetime | None) -> bool:
    """Whether it happened before anybody listened, and is not wanted. Services tell the time in whole seconds."""
    if began is None or listener.takes_backlog or event.at is None:
        return False
    return event.at < min(began, listener.since).replace(microsecond=0)


def _began(integration_id: str) -> datetime | None:
    with db.reading() as session:
        row = session.get(IntegrationHook, integration_id)
    return row.set_at if row is not None else None


def _wishes(integration_id: str) -> list[Wish]:
    found: dict[Any, Wish] = listeners.wanted(integration_id)
    return [wish for wish in found.values() if wish.manner.mode != "off"]
