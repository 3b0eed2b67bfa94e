"""Reads Telegram's updates: each has a number, and one other key that says what happened."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from streamline_ui.errors import Unavailable
from streamline_ui.providers.feeds import Event, Page, Push, Trigger
from streamline_ui.providers.telegram_facts import TRIGGERS

LIMIT = 100
HOLD_SECONDS = 25  # how long Telegram may keep us waiting for something to tell; it takes at most 50
TOTAL_SECONDS = HOLD_SECONDS + 15.0  # after that, nobody is there any more
LARGEST = 2**62
PORTS = (None, 443, 80, 88, 8443)  # the only ones that Telegram calls
HEAD = "0"  # the cursor once we know that nothing waits: no update has this number


class Updates(BaseModel):
    """The answer to getUpdates."""

    result: list[Any]


def offset(cursor: str, token: str) -> str:
    """How far this bot was read, by a cursor of ours; nothing where it is another bot's, whose numbers say nothing."""
    bot, _, number = cursor.rpartition(":")
    return number if bot in ("", _bot(token)) else ""  # those of older versions did not name the bot


def of_bot(found: Page, token: str) -> Page:
    """The page, with a cursor that is good for this bot only: somebody may paste another bot's token."""
    return replace(found, cursor=f"{_bot(token)}:{found.cursor}")


def wanted(cursor: str, triggers: tuple[Trigger, ...] = TRIGGERS) -> dict[str, Any]:
    """What getUpdates is asked: at first only what waits already, later for whatever comes while it holds.

    The offset confirms everything before it. All kinds are named always, because Telegram remembers the last choice.
    """
    offset = {"offset": int(cursor)} if cursor else {}
    allowed = [each.event for each in triggers]
    return {**offset, "limit": LIMIT, "timeout": HOLD_SECONDS if cursor else 0, "allowed_updates": allowed}


def page(updates: Updates, cursor: str) -> Page:
    """The events of an answer, each once and in the order of their numbers, and the offset that confirms them.

    The numbers may jump, also back: after a week of silence Telegram begins anywhere. Raises Unavailable where nothing
    of what came is an update.
    """
    numbered = {number: update for update in updates.result if (number := _number(update)) is not None}
    if updates.result and not numbered:
        raise Unavailable("Telegram gave an answer that Streamline does not understand.")
    events = [event(numbered[number]) for number in sorted(numbered)]
    after = str(max(numbered) + 1) if numbered else cursor or HEAD
    return Page(events, after, more=len(updates.result) >= LIMIT)


def event(update: Mapping[str, Any]) -> Event:
    """An update as an event. One that says nothing of what happened is of no kind."""
    kind = next((key for key in update if key != "update_id"), "")
    return Event(kind, str(update["update_id"]), update, _moment(update.get(kind)))


def push(feed: str, begin: Callable[[Any, str, str], Awaitable[None]], end: Callable[[Any], Awaitable[None]]) -> Push:
    """How Telegram sends updates by itself: one at a time, with the secret in a header."""
    return Push(feed, "x-telegram-bot-api-secret-token", begin, end, _sent, refusal)


def refusal(url: str) -> str:
    """Why Telegram would not call this address, as a sentence, or nothing."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return "Telegram calls https addresses only."
    if parts.port not in PORTS:
        return "Telegram calls webhooks only on the ports 443, 80, 88 and 8443."
    host = parts.hostname or ""
    try:
        is_public = ipaddress.ip_address(host).is_global
    except ValueError:
        is_public = "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))
    return "" if is_public else f"Telegram cannot reach {host or 'this address'} from outside."


def _sent(body: Any) -> list[Event]:
    """The events of what Telegram sent. Raises ValueError for what is no update."""
    if _number(body) is None:
        raise ValueError("no update")
    return [event(body)]


def _bot(token: str) -> str:
    """The bot's number, which is the part of its token that is no secret."""
    return token.partition(":")[0]


def _number(update: object) -> int | None:
    number = update.get("update_id") if isinstance(update, dict) else None
    is_one = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < LARGEST
    return number if is_one else None


def _moment(value: object) -> datetime | None:
    """When it happened: a change says so apart from what was changed."""
    if not isinstance(value, Mapping):
        return None
    seconds = value.get("edit_date", value.get("date"))
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(seconds, UTC)
