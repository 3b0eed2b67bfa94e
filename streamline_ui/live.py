"""Tells every open browser what has changed. The only part of the core that knows NiceGUI.

Data flows one way: someone changes a row, commits, and calls `tell`; whoever shows that row subscribed to `changed`,
and reads it again. A change carries ids only, never contents.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from nicegui import Event

Kind = Literal["integration", "inbox", "user", "token", "settings", "workflow", "request", "execution", "alert", "poll"]

News = tuple[str, str, str]
"""A change on its way to another process: its kind (or "session"), whose it is, and the row's id."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One row of one user is not what it was. `id` is the row's; `user_id` its owner's."""

    user_id: str
    kind: Kind
    id: str


changed: Event[Changed] = Event()
"""Emitted on the event loop after the change was committed. Subscribers only note it; they redraw once a second."""

session_ended: Event[str] = Event()
"""Emitted with a session's id once it was signed out, expired or revoked: its sockets must die."""

_loop: asyncio.AbstractEventLoop | None = None
_carrier: Callable[[News], None] | None = None


def start(loop: asyncio.AbstractEventLoop) -> None:
    """Deliver from now on through this loop, from whatever thread the news comes."""
    global _loop  # noqa: PLW0603 - there is one event loop in a process
    _loop = loop


def stop() -> None:
    """Deliver nothing any more: the loop is about to close."""
    global _loop  # noqa: PLW0603
    _loop = None


def carry(carrier: Callable[[News], None] | None) -> None:
    """Give all that is told to this as well, which takes it to the other processes. It must not wait."""
    global _carrier  # noqa: PLW0603
    _carrier = carrier


def tell(user_id: str, kind: Kind, row_id: str) -> None:
    """Say that a row has changed. Call it after the commit, from any thread."""
    _pass_on((kind, user_id, row_id))


def tell_session_ended(session_id: str) -> None:
    """Say that a session is over. Call it after the commit, from any thread."""
    _pass_on(("session", "", session_id))


def hear(news: News) -> None:
    """Say here what another process has told. From any thread."""
    if _loop is None or _loop.is_closed():
        return
    kind, user_id, row_id = news
    if kind == "session":
        _loop.call_soon_threadsafe(session_ended.emit, row_id)
    else:
        _loop.call_soon_threadsafe(changed.emit, Changed(user_id, cast(Kind, kind), row_id))


def _pass_on(news: News) -> None:
    hear(news)
    if _carrier is not None:
        _carrier(news)
