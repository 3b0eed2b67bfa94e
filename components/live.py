"""Keeps an open page true: hears of changes, and lets the page draw them at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from nicegui import background_tasks, context

from streamline_ui import live
from streamline_ui.live import Changed, Kind

PACE = 1.0  # seconds between two drawings of a page; the first change after a pause shows at once

Redraw = Callable[[set[str]], Awaitable[None]]


def follow(user_id: str, redraw: Redraw, kind: Kind = "integration", heard: Callable[[Changed], None] | None = None) -> None:
    """Call `redraw` with the ids of the user's rows that changed since it was last called.

    `heard` is called at once for each change, for who must forget what it has read. Ends with the page.
    """
    follower = _Follower(redraw)

    def note(change: Changed) -> None:
        if change.user_id == user_id and change.kind == kind:
            if heard is not None:
                heard(change)
            follower.note(change.id)

    live.changed.subscribe(note)


class _Follower:
    """Collects changes while the page rests, then draws them all in one go."""

    def __init__(self, redraw: Redraw) -> None:
        self.redraw = redraw
        self.client = context.client
        self.slot = context.slot
        self.waiting: set[str] = set()
        self.is_drawing = False
        self.rested_at = 0.0

    def note(self, row_id: str) -> None:
        self.waiting.add(row_id)
        if not self.is_drawing:
            self.is_drawing = True
            background_tasks.create(self._draw(), name="draw changes")

    async def _draw(self) -> None:
        try:
            while self.waiting and not self.client.is_deleted:
                await asyncio.sleep(max(0.0, self.rested_at + PACE - monotonic()))
                changed, self.waiting = self.waiting, set()
                with self.slot:
                    await self.redraw(changed)
                self.rested_at = monotonic()
        finally:
            self.is_drawing = False
