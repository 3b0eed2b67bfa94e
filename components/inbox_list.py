"""What was written to the Inbox, newest first, as it arrives."""

from __future__ import annotations

import asyncio

from nicegui.element import Element

from components import elements, links
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.integrations import connections, inbox
from streamline_ui.storage.models import InboxEntry

PAGE = 50


class InboxList:
    """The entries of one user."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.clock = Clock()
        self.limit = PAGE
        self.lines: dict[str, Element] = {}
        with tag("header", "sl-page-head"):
            with tag("div", "grow"):
                Words("Inbox", "sl-h1", "h1")
                self.count = Words("", "sub", "p")
                self.count.props["role"] = "status"
            self.clear = elements.button("Clear", icon="trash-2").on("click", self._clear)
        self.list = tag("ul", "sl-inbox", aria_label="Entries")
        self.more = elements.button("Show older").on("click", self._show_older)
        self.empty = tag("div", "sl-empty")
        with self.empty:
            elements.stream_line()
            Words("Nothing has arrived yet", "sl-h2", "h2")
            Words("What is written to the Inbox shows here at once.", "sub", "p")
            self.way = tag("a", "link")

    async def redraw(self, _: set[str]) -> None:
        """Something was written, or thrown away."""
        await self.refresh()

    async def settle(self) -> None:
        """Once the browser is there: write times as its clock does."""
        await self.clock.ask()
        self.list.clear()
        self.lines.clear()
        await self.refresh()

    async def refresh(self) -> None:
        """Show what is there now: new entries come on top, the rest stays as it is."""
        entries = await asyncio.to_thread(inbox.entries, self.user_id, self.limit + 1)
        self.more.set_visibility(len(entries) > self.limit)
        self._show(entries[: self.limit])
        if not entries:
            await self._point_the_way()

    def _show(self, entries: list[InboxEntry]) -> None:
        ids = [entry.id for entry in entries]
        for entry_id in [known for known in self.lines if known not in ids]:
            self.lines.pop(entry_id).delete()
        for place, entry in enumerate(entries):
            if entry.id not in self.lines:
                with self.list:
                    self.lines[entry.id] = self._draw(entry)
                self.lines[entry.id].move(self.list, place)
        self.count.set_text(_count(len(ids), self.more.visible) if ids else "")
        self.clear.set_visibility(bool(ids))
        self.empty.set_visibility(not ids)

    async def _point_the_way(self) -> None:
        """Where something can be written to it: at its connection, or where there is none, at the making of one."""
        mine = await asyncio.to_thread(connections.all_of, self.user_id, "inbox")
        self.way.props["href"] = links.to(f"/integrations/{mine[0].id}" if mine else "/?connect=inbox")
        self.way.clear()
        with self.way:
            Words("Send a test entry" if mine else "Connect the Inbox")

    def _draw(self, entry: InboxEntry) -> Element:
        with tag("li", "sl-card sl-entry") as line:
            with tag("div", "row between"):
                Words(entry.title, "b sl-entry-title")
                Words(self.clock.at(entry.created_at), "tiny muted num", "time").props["datetime"] = (
                    entry.created_at.isoformat()
                )
            if entry.text:
                Words(entry.text, "sl-entry-text", "p")
        return line

    async def _show_older(self) -> None:
        self.limit += PAGE
        await self.refresh()

    async def _clear(self) -> None:
        await asyncio.to_thread(inbox.clear, self.user_id)
        self.limit = PAGE
        await self.refresh()


def _count(number: int, has_more: bool) -> str:
    if has_more:
        return f"The newest {number} entries"
    return "1 entry" if number == 1 else f"{number} entries"
