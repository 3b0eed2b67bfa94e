"""Tells every open browser what has changed. The only part of the core that knows NiceGUI.

Data flows one way: someone changes a row, commits, and calls `tell`; whoever shows that row subscribed to `changed`,
and reads it again. A change carries ids only, never contents.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from nicegui import Event

Kind = Literal["integration", "inbox", "user", "token", "settings", "workflow", "request", "execution", "alert"]


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


def start(loop: asyncio.AbstractEventLoop) -> None:
    """Deliver from now on through this loop, from whatever thread the news comes."""
    global _loop  # noqa: PLW0603 - there is one event loop in a process
    _loop = loop


def stop() -> None:
    """Deliver nothing any more: the loop is about to close."""
    global _loop  # noqa: PLW0603
    _loop = None


def tell(user_id: str, kind: Kind, row_id: str) -> None:
    """Say that a row has changed. Call it after the commit, from any thread."""
    if _loop is not None:
        _loop.call_soon_threadsafe(changed.emit, Changed(user_id, kind, row_id))


def tell_session_ended(session_id: str) -> None:
    """Say that a session is over. Call it after the commit, from any thread."""
    if _loop is not None:
        _loop.call_soon_threadsafe(session_ended.emit, session_id)
