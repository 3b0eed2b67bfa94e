"""Asking a connection for news, and what the answers say about its health.

Most polls find nothing, a thousand of them in five seconds; so an idle one writes nothing. That it worked counts as a
check now and then, and everything that is to be written waits for the next `flush`, which writes it together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from streamline_ui import live
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import calls, health, rows
from streamline_ui.integrations.health import Outcome
from streamline_ui.providers import formats
from streamline_ui.providers.feeds import Event, Feed, Page
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.vault import redact

FLUSHED = 100  # connections in one transaction
INLINE = 20  # events that are cleaned on the event loop


@dataclass(frozen=True, slots=True)
class _Heard:
    """What is to be written down about one connection."""

    user_id: str
    outcome: Outcome | None
    used_at: datetime | None


_waiting: dict[str, _Heard] = {}


async def poll(user_id: str, integration_id: str, feed: Feed, cursor: str, params: Mapping[str, Any]) -> Page:
    """Ask once; what comes holds no secret of ours.

    Raises NotFound, Invalid for parameters that are no longer right, Locked, and what the service answered (AuthFailed,
    Occupied, Rejected, Unavailable).
    """
    row = await rows.brief(user_id, integration_id)
    if not row.is_active:
        raise Invalid(f"“{row.name}” is paused.", hints=["Resume it first."])
    async with calls.connected(row) as connection:
        try:
            page = await feed.poll(connection, cursor, params)
        except ValidationError as error:
            fields = formats.sentences(error, feed.params)
            raise Invalid(next(iter(fields.values()), "What it listens to cannot be used."), fields) from None
        if not page.events:
            return page
        with redact.holding(*formats.secrets(connection.config)):
            is_small = len(page.events) <= INLINE
            events = _clean(page) if is_small else await asyncio.to_thread(_clean, page)
        return replace(page, events=events)


def note(user_id: str, integration_id: str, outcome: Outcome | None, used_at: datetime | None = None) -> None:
    """Something was heard of a connection: how it is, that it was used, or both. It is written with the next flush."""
    before = _waiting.get(integration_id)
    if before is not None:
        outcome, used_at = outcome or before.outcome, used_at or before.used_at
    _waiting[integration_id] = _Heard(user_id, outcome, used_at)


def flush() -> None:
    """Write down what has waited, the longest-waiting first. Cheap where there is nothing."""
    part = [(key, _waiting.pop(key)) for key in list(_waiting)[:FLUSHED]]
    if not part:
        return
    with db.writing() as session:
        for integration_id, heard in part:
            try:
                row = rows.find(session, heard.user_id, integration_id)
            except NotFound:
                continue
            row.last_used_at = heard.used_at or row.last_used_at
            session.add(row)
            if heard.outcome is not None:
                rows.apply(session, row, heard.outcome, kind="use")
                if heard.outcome.ok and row.is_active and not row.account:
                    row.next_check_at = now()  # only a check tells who we are there
    for integration_id, heard in part:
        live.tell(heard.user_id, "integration", integration_id)


def worked(milliseconds: int) -> Outcome:
    """The outcome of a poll that was answered."""
    return health.succeeded("", "It was polled, and it answered.", milliseconds)


def clean(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a service told, without what looks like a secret."""
    cleaned: dict[str, Any] = redact.scrub_json(dict(data))
    return cleaned


def _clean(page: Page) -> list[Event]:
    return [replace(event, data=clean(event.data)) for event in page.events]
