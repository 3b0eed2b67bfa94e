"""What can be done with one execution: run it again, from the top or from where it failed, cancel it, take it along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from components import buttons, elements
from components.form_parts import tag
from components.popup_menu import Item, PopupMenu
from streamline_ui.api.flow_shapes import Ran
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows import again, dispatch, executions, reasons

COPIED = 1_000_000  # characters


@dataclass(frozen=True, slots=True)
class Chances:
    """What is possible. `stuck` names the step that it did not get past; `current` is the version that runs now."""

    is_open: bool
    stuck: str
    version: int
    current: int


class ExecutionActions:
    """The buttons in the head of the page. `problem` shows what could not be done."""

    def __init__(self, user_id: str, run: Execution, problem: Callable[[str], None]) -> None:
        self.user_id, self.execution_id, self.workflow_id = user_id, run.id, run.workflow_id
        self.problem = problem
        self.chances = Chances(is_open=True, stuck="", version=0, current=0)
        self.menu = PopupMenu()
        with tag("div", "row wrap sl-run-actions"):
            self.cancel = elements.button("Cancel", self._cancel, icon="x")
            self.replay = elements.button("Replay from start", icon="rotate-ccw")
            self.replay.on("click", lambda: self._pick("Replay from start", self.replay, self._replay), args=[])
            self.retry = elements.button("Retry", kind="primary", icon="refresh-cw")
            self.retry.on("click", lambda: self._pick("Retry", self.retry, self._retry), args=[])
            more = tag("button", "sl-btn icon", type_="button", aria_label="More actions", aria_haspopup="menu")
            with more.on("click", lambda: self.menu.open("More actions", self._more(), more.html_id), args=[]):
                elements.icon("ellipsis")

    def update(self, chances: Chances) -> None:
        """Show the buttons that make sense now."""
        if chances.stuck != self.chances.stuck and chances.stuck:
            buttons.relabel(self.retry, f"Retry {chances.stuck}", "refresh-cw")
        self.chances = chances
        self.cancel.set_visibility(chances.is_open)
        self.replay.set_visibility(not chances.is_open)
        self.retry.set_visibility(not chances.is_open and bool(chances.stuck))

    def _more(self) -> list[Item]:
        path = f"/workflows/{self.workflow_id}?run={self.execution_id}"
        return [
            Item("Open in editor with this data", "pencil", lambda: ui.navigate.to(path)),
            Item("Copy as JSON", "copy", self._copy),
            Item("Save as a file", "download", self._save),
        ]

    async def _pick(self, label: str, button: Element, start: Callable[[int | None], Execution]) -> None:
        """Start at once, or ask with which version where there are two."""
        seen, current = self.chances.version, self.chances.current
        if current in (0, seen):
            await self._go(button, start, None)
            return
        with button:
            slot = ui.context.slot

        async def go(version: int | None) -> None:
            with slot:
                await self._go(button, start, version)

        items = [
            Item(f"With the current version {current}", "workflow", lambda: go(current)),
            Item(f"With the original version {seen}", "history", lambda: go(None)),
        ]
        self.menu.open(label, items, button.html_id)

    async def _go(self, button: Element, start: Callable[[int | None], Execution], version: int | None) -> None:
        elements.busy(button, True)
        try:
            made = await asyncio.to_thread(start, version)
        except StreamlineError as error:
            elements.busy(button, False)
            self.problem(" ".join((error.message, *error.hints)))
            return
        dispatch.offer(made)
        ui.navigate.to(f"/executions/{made.id}")

    def _retry(self, version: int | None) -> Execution:
        return again.retry(self.user_id, self.execution_id, version)

    def _replay(self, version: int | None) -> Execution:
        return executions.replay(self.user_id, self.execution_id, version)

    async def _cancel(self) -> None:
        try:
            await asyncio.to_thread(executions.cancel, self.user_id, self.execution_id)
        except StreamlineError as error:
            self.problem(error.message)
        else:
            elements.toast("It ends before its next step.")

    async def _text(self) -> str:
        def read() -> str:
            row = executions.one(self.user_id, self.execution_id)
            reason = reasons.of([row]).get(row.id)
            return Ran.of(row, executions.steps(self.execution_id), reason).model_dump_json(by_alias=True, indent=2)

        return await asyncio.to_thread(read)

    async def _copy(self) -> None:
        text = await self._text()
        if len(text) > COPIED:
            self._hand_over(text)
            return
        buttons.copy(text)
        elements.toast("Copied.")

    async def _save(self) -> None:
        self._hand_over(await self._text())

    def _hand_over(self, text: str) -> None:
        ui.download.content(text, f"execution-{self.execution_id[:8]}.json", "application/json")
