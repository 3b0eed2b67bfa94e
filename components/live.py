"""Keeps a page up to date with little: one redraw a second at most, and none while nothing changes."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

from nicegui import background_tasks, ui

from streamline_ui import live
from streamline_ui.access.sessions import Visitor

PAUSE = 1.0  # seconds between two redraws of a page

Redraw = Callable[[set[str]], Any]
Heard = Callable[[live.Changed], None]


def follow(owner: Visitor | str, redraw: Redraw, kind: live.Kind = "integration", heard: Heard | None = None) -> None:
    """Call `redraw` with the ids of the owner's rows that have changed, for as long as this page is open.

    `owner` is a visitor or a user's id. `heard` is called at once for each change, for who must forget what it read.
    """
    user_id = owner if isinstance(owner, str) else owner.user_id
    Follower(user_id, redraw, kind, heard)


class Follower:
    """Collects changes, and hands them over together."""

    def __init__(self, user_id: str, redraw: Redraw, kind: live.Kind, heard: Heard | None) -> None:
        self.user_id, self.kind, self.redraw, self.heard = user_id, kind, redraw, heard
        self.client = ui.context.client
        self.slot = ui.context.slot
        self.pending: set[str] = set()
        self.is_due = False
        self.last = 0.0
        live.changed.subscribe(self._note)

    def _note(self, change: live.Changed) -> None:
        """Runs for every change of everybody: only remembers it."""
        if change.user_id != self.user_id or change.kind != self.kind:
            return
        if self.heard is not None:
            self.heard(change)
        self.pending.add(change.id)
        if not self.is_due:
            self.is_due = True
            background_tasks.create(self._redraw_soon(), name="redraw a page")

    async def _redraw_soon(self) -> None:
        try:
            while self.pending:
                await asyncio.sleep(max(0.0, self.last + PAUSE - time.monotonic()))
                if self.client.is_deleted:
                    return
                self.last = time.monotonic()
                ids, self.pending = self.pending, set()
                try:
                    await self._redraw(ids)
                except Exception:
                    if not self.client.is_deleted:  # else the page was closed while it was redrawn: nothing is left
                        raise
        finally:
            self.is_due = False  # also after an error: one bad drawing must not be the page's last

    async def _redraw(self, ids: set[str]) -> None:
        with self.slot:
            result = self.redraw(ids)
            if inspect.isawaitable(result):
                await result
