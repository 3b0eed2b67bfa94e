"""When a service is asked for news next, and a button for now."""

from __future__ import annotations

import asyncio

from nicegui import ui

from components import connection_words as words
from components import elements
from components.form_parts import Words, tag
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.models import Integration, Status, now
from streamline_ui.workflows.listening import polling
from streamline_ui.workflows.listening.polling import Glance

NEVER = Glance(None, None, None, "", "")
READ_EVERY = 3  # seconds; between, only the countdown goes on


class PollingCard:
    """Hidden where nothing is polled."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.row: Integration | None = None
        self.seen: Glance | None = None
        self.is_off = False
        self.facts: dict[str, Words] = {}
        self._ticks = 0
        self.box = tag("section", "sl-card pad", aria_labelledby="polling-title")
        with self.box:
            Words("Polling", "sl-h2", "h2").props["id"] = "polling-title"
            with tag("dl", "sl-facts"):
                for title in ("Next poll", "Last poll", "Last news"):
                    Words(title, "muted", "dt")
                    self.facts[title] = Words("–", "num", "dd")
            self.trouble = Words("", "small sub", "p")
            self.button = elements.button("Poll now", icon="refresh-cw", kind="sm").on("click", self._poll_now)
        self.box.set_visibility(False)
        ui.timer(1, self._tick)

    def update(self, row: Integration, seen: Glance | None, *, is_off: bool = False) -> None:
        """Show how it is polled; `is_off` where workflows listen, and polling is turned off in its settings."""
        self.row, self.is_off = row, is_off
        self.seen = seen or (NEVER if is_off else None)
        seen = self.seen
        self.box.set_visibility(seen is not None)
        self._show()

    def _show(self) -> None:
        if self.row is None or self.seen is None:
            return
        seen = self.seen
        self.facts["Next poll"].set_text("Polling is off" if self.is_off else next_poll(self.row, seen))
        self.facts["Last poll"].set_text(words.ago(seen.last_polled_at) if seen.last_polled_at else "Never")
        self.facts["Last news"].set_text(words.ago(seen.last_event_at) if seen.last_event_at else "None yet")
        is_told = words.status(self.row) in words.BROKEN  # above, with what to do
        self.trouble.set_text("" if is_told else seen.error)
        self.trouble.set_visibility(bool(seen.error) and not is_told)
        can_ask = words.status(self.row) is not Status.PAUSED and seen.next_poll_at is not None
        self.button.set_visibility(can_ask and not self.is_off)

    async def _tick(self) -> None:
        if self.row is None or self.seen is None:
            return
        self._ticks += 1
        if self._ticks % READ_EVERY == 0:
            self.seen = (await asyncio.to_thread(polling.glances, [self.row.id])).get(self.row.id, self.seen)
        self._show()

    async def _poll_now(self) -> None:
        if self.row is None:
            return
        await poll_now(self.user_id, self.row.id)


async def poll_now(user_id: str, integration_id: str) -> None:
    """Have it asked for news, and say that it is."""
    try:
        count = await polling.poll_now(user_id, integration_id)
    except StreamlineError as error:
        elements.toast(error.message)
        return
    elements.toast("Asking for news." if count else "No active workflow listens to it, so there is nothing to ask.")


def next_poll(row: Integration, seen: Glance) -> str:
    """When: "in 12 s", "in 3 min"; or that it is being asked, or why it is not."""
    if words.status(row) is Status.PAUSED:
        return "Paused"
    if seen.next_poll_at is None:
        return "Once this is mended" if seen.problem else "No workflow listens"
    seconds = round((seen.next_poll_at - now()).total_seconds())
    if seconds <= 0:
        return "Listening now"
    return f"in {seconds} s" if seconds < 100 else f"in {round(seconds / 60)} min"
