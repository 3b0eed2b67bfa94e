"""The integrations page: what is connected, what is wrong with it, and what else can be connected."""

from __future__ import annotations

from collections import Counter

from nicegui import ui

from components import connection_words as words
from components import elements, snapshots
from components.attention_banner import AttentionBanner
from components.catalog_grid import CatalogGrid
from components.connect_dialog import ConnectDialog
from components.connection_actions import ConnectionActions
from components.connection_list import ConnectionList
from components.form_parts import Words, tag
from components.polling_card import poll_now
from components.popup_menu import PopupMenu
from components.snapshots import Snapshot
from streamline_ui import live
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import Integration, Status

TICK_SECONDS = 20


class IntegrationsBoard:
    """Everything on the page, kept up to date with little: one redraw a second at most, of what has changed."""

    def __init__(self, user_id: str, shown: list[Snapshot]) -> None:
        self.user_id = user_id
        self.dialog = ConnectDialog(user_id, self._saved)
        self.actions = ConnectionActions(user_id, self.dialog)
        self.menu = PopupMenu()
        self._draw_head()
        self.banner = AttentionBanner(self.dialog.mend)
        self.list = ConnectionList(shown, self._act)
        self._draw_welcome()
        self.catalog = CatalogGrid(_by_type(shown), self.dialog.connect)
        self._summarise()
        ui.timer(TICK_SECONDS, self.list.tick)

    async def refresh(self, changed: set[str]) -> None:
        """Show these connections as they are now."""
        moved = [
            self.list.update(integration_id, await snapshots.latest(self.user_id, integration_id))
            for integration_id in changed
        ]
        if any(moved):
            self.list.arrange()
            self._summarise()
        else:
            self.banner.update(self.list.snapshots)

    def _draw_head(self) -> None:
        with tag("header", "sl-page-head"):
            with tag("div", "grow"):
                Words("Integrations", "sl-h1", "h1")
                with tag("p", "sub"):
                    self.count = Words("")
                    self.alarm = Words("", "sl-alarm")
            with tag("button", "sl-btn primary", type_="button").on("click", self._start_adding):
                elements.icon("plus")
                with tag("span"):
                    Words("Add")
                    Words(" connection", "sl-more")

    def _start_adding(self) -> None:
        self.catalog.focus()

    def _draw_welcome(self) -> None:
        """What stands here before anything is connected."""
        self.welcome = tag("div", "sl-empty")
        with self.welcome:
            elements.stream_line()
            Words("Nothing is connected yet", "sl-h2", "h2")
            Words("Choose a service below. Streamline tests it before it saves it.", "sub", "p")

    def _summarise(self) -> None:
        rows = [snapshot.row for snapshot in self.list.snapshots]
        broken = sum(card.settled in words.BROKEN for card in self.list.cards.values())
        self.count.set_text(words.count(len(rows), "connection"))
        self.alarm.set_text(f" · {broken} {'needs' if broken == 1 else 'need'} attention" if broken else "")
        self.banner.update(self.list.snapshots)
        self.catalog.count(_by_type(self.list.snapshots))
        self.welcome.set_visibility(not rows)

    async def _act(self, action: str, integration_id: str, button_id: str) -> None:
        row = self.list.cards[integration_id].snapshot.row
        if action == "menu":
            self.menu.open(f"Actions for {row.name}", self.actions.menu(row), button_id)
        elif action == "fix":
            await self.dialog.mend(integration_id)
        elif action == "test":
            await self.actions.test(integration_id)
        elif action == "poll":
            await poll_now(self.user_id, integration_id)
        elif action == "take":
            self.actions.take_over(row)
        elif action == "ask":
            await self.actions.ask_again(integration_id)
        elif action == "listen":
            await self.actions.turn_polling_on(integration_id)
        elif action == "open":
            ui.navigate.to(f"/integrations/{integration_id}")
        else:
            await self.dialog.edit(integration_id)

    async def _saved(self, row: Integration, is_new: bool) -> None:
        snapshots.forget(live.Changed(self.user_id, "integration", row.id))
        await self.refresh({row.id})
        elements.toast(said_after_saving(row, is_new=is_new))

    async def arrive(self, *, connect: str, fix: str, deleted: str) -> None:
        """What the address asks for: a dialog at once, or the way back from a removal on another page."""
        if connect in PROVIDERS:
            await self.dialog.connect(connect)
        elif fix in self.list.cards:
            await self.dialog.edit(fix, replace=True)
        elif deleted:
            self.actions.offer_undo(deleted, "The connection was deleted.")


def said_after_saving(row: Integration, *, is_new: bool) -> str:
    """One sentence, for what is true now."""
    done = "Integration created." if is_new else f"“{row.name}” saved."
    if words.status(row) is Status.NOT_TESTED and row.last_checked_at is None:
        return f"{done} It is not tested yet."
    if words.status(row) is Status.NOT_TESTED and row.status_message:
        return f"{done} {row.status_message}"
    return f"{done} Ready for workflow use."


def _by_type(shown: list[Snapshot]) -> Counter[str]:
    return Counter(snapshot.row.type for snapshot in shown)
