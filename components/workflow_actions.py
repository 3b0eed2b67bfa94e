"""What can be done with a workflow, wherever it is listed."""

from __future__ import annotations

import asyncio
import json
import re

from nicegui import ui

from components import elements
from components.popup_menu import Item
from components.version_window import VersionWindow
from streamline_ui import names
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import by_hand, catalog, definitions, dispatch, drafts

UNDO_SECONDS = 30
LONGEST_NAME = names.LONGEST


class WorkflowActions:
    """The actions of one user."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.versions = VersionWindow(user_id)

    def menu(self, row: Workflow) -> list[Item]:
        """Everything, for a menu."""
        return [
            Item("Run now", "play", lambda: self.run(row.id)),
            Item("Executions", "activity", lambda: ui.navigate.to(f"/executions?workflow={row.id}")),
            Item("Duplicate", "copy", lambda: self.duplicate(row)),
            Item("Export", "download", lambda: self.export(row)),
            Item("Versions", "history", lambda: self.versions.open(row)),
            Item("Delete", "trash-2", lambda: self.remove(row), is_danger=True),
        ]

    async def run(self, workflow_id: str) -> None:
        """Run it, and say where to look."""
        try:
            execution = await asyncio.to_thread(by_hand.run, self.user_id, workflow_id)
        except StreamlineError as error:
            elements.toast(_with_hint(error))
            return
        dispatch.offer(execution)
        show = lambda: ui.navigate.to(f"/executions/{execution.id}")  # noqa: E731
        elements.toast("It runs.", action="Show", on_action=show, seconds=8)

    async def switch(self, workflow_id: str, *, is_active: bool) -> bool:
        """Turn it on or off. Returns whether that could be done."""
        try:
            await asyncio.to_thread(catalog.change, self.user_id, workflow_id, is_active=is_active)
        except StreamlineError as error:
            elements.toast(_with_hint(error))
            return False
        return True

    async def duplicate(self, row: Workflow) -> None:
        """The same once more, not published, under a name of its own."""

        def copy() -> Workflow:
            definition = definitions.without_secret(catalog.current(row))
            name = f"{row.name[: LONGEST_NAME - 5]} copy"
            return drafts.new(self.user_id, definitions.public(definition) | {"name": name})

        try:
            made = await asyncio.to_thread(copy)
        except StreamlineError as error:
            elements.toast(_with_hint(error))
            return
        show = lambda: ui.navigate.to(f"/workflows/{made.id}")  # noqa: E731
        elements.toast(f"“{made.name}” was added. It is off until you publish it.", action="Open", on_action=show)

    async def export(self, row: Workflow) -> None:
        """Hand it over as a file, without secrets."""
        definition = definitions.without_secret(await asyncio.to_thread(catalog.current, row))
        values = definitions.public(definition) | {"name": row.name}
        name = re.sub(r"[^a-z0-9]+", "-", row.name.lower()).strip("-")[:60] or "workflow"
        ui.download.content(json.dumps(values, ensure_ascii=False, indent=2), f"{name}.json", "application/json")

    async def remove(self, row: Workflow) -> None:
        """Remove it, with a way back."""
        try:
            await asyncio.to_thread(catalog.remove, self.user_id, row.id, undoable=True)
        except StreamlineError as error:
            elements.toast(error.message)
            return

        async def undo() -> None:
            try:
                await asyncio.to_thread(catalog.restore, self.user_id, row.id)
            except StreamlineError as error:
                elements.toast(error.message)

        elements.toast(f"“{row.name}” deleted.", action="Undo", on_action=undo, seconds=UNDO_SECONDS)


def _with_hint(error: StreamlineError) -> str:
    """The sentence, with what to do about it."""
    told = [error.message, *error.hints[:1]]
    if isinstance(error, Invalid):
        told += [sentence for sentence in error.fields.values() if sentence != error.message][:1]
    return " ".join(told)
