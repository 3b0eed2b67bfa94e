"""What can be done with a connection, wherever it is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from nicegui import ui

from components import elements
from components.connect_dialog import ConnectDialog
from components.popup_menu import Item
from components.question import Question
from streamline_ui.errors import StreamlineError
from streamline_ui.integrations import connections
from streamline_ui.storage.models import Integration
from streamline_ui.workflows.listening import polling

UNDO_SECONDS = 30
OFFER_IN_ADDRESS = """{
const write = (id) => { const to = new URL(location); if (id) to.searchParams.set('deleted', id);
else if (to.searchParams.get('deleted') === %(id)s) to.searchParams.delete('deleted');
history.replaceState(history.state, '', to); };
write(%(id)s); setTimeout(() => write(''), %(milliseconds)d);
}"""
"""Lets a reload offer the way back again, as long as there is one."""


class ConnectionActions:
    """The actions of one user. `dialog` changes connections; `leave` leaves the page of one that was removed."""

    def __init__(self, user_id: str, dialog: ConnectDialog, leave: Callable[[str], None] | None = None) -> None:
        self.user_id = user_id
        self.dialog = dialog
        self.leave = leave
        self.question = Question()
        self.removing: set[str] = set()  # what this page has removed by itself

    def menu(self, row: Integration) -> list[Item]:
        """Everything, for a menu."""
        pause = (
            Item("Pause", "pause", lambda: self.set_active(row.id, is_active=False))
            if row.is_active
            else Item("Resume", "play", lambda: self.set_active(row.id, is_active=True))
        )
        return [
            Item("Test now", "zap", lambda: self.test(row.id)),
            Item("Edit", "pencil", lambda: self.dialog.edit(row.id)),
            pause,
            Item("Duplicate", "copy", lambda: self.duplicate(row.id)),
            Item("Delete", "trash-2", lambda: self.remove(row), is_danger=True),
        ]

    async def test(self, integration_id: str) -> None:
        """Look whether it works; what was found shows wherever the connection is shown."""
        try:
            outcome = await connections.test(self.user_id, integration_id)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        if outcome.ok:
            elements.toast(outcome.message)

    def take_over(self, row: Integration) -> None:
        """Have its news polled here, whoever had them sent until now; asks first, as that one will miss them."""

        async def take() -> None:
            await polling.switch_to_polling(self.user_id, row.id)
            await self.test(row.id)
            elements.toast("It is polled here now.")

        consequence = "The other address, and the program behind it, then receives nothing from it any more."
        self.question.ask(f"Switch “{row.name}” to polling here?", consequence, "Switch", take)

    async def ask_again(self, integration_id: str) -> None:
        """Look whether somebody else still has its news: by asking for them, or where nobody listens by a test."""
        try:
            asked = await polling.poll_now(self.user_id, integration_id)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        if asked:
            elements.toast("Asking for news.")
        else:
            await self.test(integration_id)

    async def turn_polling_on(self, integration_id: str) -> None:
        """Have it asked for news from now on, and at once."""
        try:
            await polling.turn_on(self.user_id, integration_id)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        await self.test(integration_id)
        elements.toast("Polling is on.")

    async def set_active(self, integration_id: str, *, is_active: bool) -> None:
        """Pause or resume."""
        try:
            await asyncio.to_thread(connections.change, self.user_id, integration_id, is_active=is_active)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        if is_active:
            await self.test(integration_id)

    async def duplicate(self, integration_id: str) -> None:
        """The same once more, under a name of its own."""
        try:
            row = await asyncio.to_thread(connections.duplicate, self.user_id, integration_id)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        elements.toast(f"“{row.name}” was added. It is not tested yet.")

    async def remove(self, row: Integration) -> None:
        """Remove it, with a way back: here, or on the page that is left for."""
        self.removing.add(row.id)
        try:
            await asyncio.to_thread(connections.remove, self.user_id, row.id, undoable=True)
        except StreamlineError as error:
            self.removing.discard(row.id)
            elements.toast(error.message)
            return
        if self.leave is not None:
            self.leave(row.id)
        else:
            self.offer_undo(row.id, f"“{row.name}” deleted.")

    def offer_undo(self, integration_id: str, sentence: str) -> None:
        """Say that it is gone, with a button that brings it back."""

        address = {"id": json.dumps(integration_id), "milliseconds": 1000 * UNDO_SECONDS}
        ui.run_javascript(OFFER_IN_ADDRESS % address)

        async def undo() -> None:
            ui.run_javascript(OFFER_IN_ADDRESS % (address | {"milliseconds": 0}))
            try:
                await asyncio.to_thread(connections.restore, self.user_id, integration_id)
            except StreamlineError as error:
                elements.toast(error.message)

        elements.toast(sentence, action="Undo", on_action=undo, seconds=UNDO_SECONDS)
