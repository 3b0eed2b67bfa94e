"""Ctrl+K: one field from which everything is a few letters away. A pasted URL or token opens its dialog."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from components import elements, palette_entries
from components.connect_dialog import ConnectDialog
from components.form_inputs import PRIVATE
from components.form_parts import Words, tag
from components.palette_entries import Deeds, Entry
from streamline_ui.access.sessions import Visitor
from streamline_ui.errors import StreamlineError
from streamline_ui.integrations import connections
from streamline_ui.storage.models import Integration
from streamline_ui.workflows import catalog, drafts

LONGEST = 5000  # characters; a pasted curl command fits
CHOSEN = """(e) => {
if (e.key !== 'Enter' || e.isComposing) return;
e.preventDefault();
const list = document.getElementById(e.target.getAttribute('aria-controls'));
emit(e.target.value, Number(list?.querySelector('[aria-selected=true]')?.dataset.entry ?? 0));
}"""
CLICKED = "(e) => { const o = e.target.closest('[data-entry]'); if (o) emit(null, Number(o.dataset.entry)); }"
SHORTCUTS = (
    (("Ctrl", "K"), "Search, or jump to anything"),
    (("/",), "Search on this page"),
    (("n",), "New connection"),
    (("g", "i"), "Go to Integrations"),
    (("g", "w"), "Go to Workflows"),
    (("g", "e"), "Go to Executions"),
    (("g", "b"), "Go to the Inbox"),
    (("g", "s"), "Go to Settings"),
    (("Esc",), "Close a dialog or a menu"),
    (("?",), "This list"),
)


class Palette:
    """Made with every page, but drawn only when it is opened first."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.slot = ui.context.slot
        self.dialog: ui.dialog | None = None
        self.shortcuts: ui.dialog | None = None
        self.connect_dialog: ConnectDialog | None = None
        self.entries: list[Entry] = []
        self.shown: list[Entry] = []
        self.query = ""
        self.deeds = Deeds(
            go=ui.navigate.to,
            test=self._test,
            set_active=self._set_active,
            connect=self._connect,
            sign_out=lambda: ui.run_javascript("slSignOut()"),
            begin=self._begin,
            switch_theme=lambda: ui.run_javascript("document.querySelector('[data-theme-switch]').click()"),
        )
        ui.on("sl-shortcuts", self._show_shortcuts)

    async def _begin(self) -> None:
        """Make an empty workflow, and go to its editor."""
        made = await asyncio.to_thread(drafts.new, self.visitor.user_id)
        ui.navigate.to(f"/workflows/{made.id}")

    async def asked(self, event: GenericEventArguments) -> None:
        """Open it, with what the browser wants to stand in the field already."""
        query = event.args if isinstance(event.args, str) else ""
        rows = await asyncio.to_thread(connections.all_of, self.visitor.user_id)
        flows = await asyncio.to_thread(catalog.all_of, self.visitor.user_id)
        self.entries = palette_entries.collect(rows, self.deeds, is_admin=self.visitor.is_admin, flows=flows)
        with self.slot:
            if self.dialog is None:
                self._draw()
        self.field.props["defaultValue"] = query
        self._show(query)
        assert self.dialog is not None
        self.dialog.open()

    def _draw(self) -> None:
        with ui.dialog().props('position=top transition-duration=120 aria-label="Search or jump to"') as self.dialog:
            box = tag("div", "sl-palette", data_testid="palette")
        with box:
            list_id = f"{box.html_id}-list"
            with tag("div", "sl-palette-head"):
                elements.icon("search", "m")
                self.field = tag(
                    "input",
                    type_="text",
                    role="combobox",
                    aria_label="Search or jump to",
                    aria_expanded="true",
                    aria_controls=list_id,
                    aria_autocomplete="list",
                    placeholder="A connection, a workflow, a page, or paste a URL or token",
                    maxlength=LONGEST,
                    autofocus=True,
                    **PRIVATE,
                )
                with tag("button", "", type_="button", aria_label="Close").on("click", self.dialog.close, args=[]):
                    Words("Esc", name="kbd")
            self.list = tag("div", "sl-palette-list", id=list_id, role="listbox", aria_label="Results")
            with self.list:
                self.options = ui.html("", sanitize=False).style("display:contents")
            self.nothing = Words("", "sl-palette-none sub", "p")
            self.nothing.props["role"] = "status"
            self._draw_foot()
        self.field.on("input", self._typed, js_handler="(e) => emit(e.target.value)", throttle=0.08)
        self.field.on("keydown", self._chosen, js_handler=CHOSEN)
        self.list.on("click", self._chosen, js_handler=CLICKED)

    def _draw_foot(self) -> None:
        with tag("div", "sl-palette-foot"):
            for keys, words in ((("↑", "↓"), "move"), (("↵",), "open")):
                with tag("span", "row", aria_hidden="true"):
                    for key in keys:
                        Words(key, name="kbd")
                    Words(words)
            tag("span", "grow")
            with tag("button", "row", type_="button").on("click", self._show_shortcuts, args=[]):
                Words("all shortcuts")

    def _typed(self, event: GenericEventArguments) -> None:
        self._show(str(event.args)[:LONGEST])

    def _show(self, query: str) -> None:
        self.query = query
        self.shown = palette_entries.matching(query, self.entries, self.deeds)
        self.options.set_content("".join(self._option(number, entry) for number, entry in enumerate(self.shown)))
        self.field.props["aria-activedescendant"] = self._option_id(0) if self.shown else ""
        is_secret = palette_entries.is_pasted(query)
        self.field.classes(**{"add" if is_secret else "remove": "masked"})
        nothing = f"Nothing is called “{query[:60]}”." if query and not self.shown else ""
        self.nothing.set_text(nothing)
        self.nothing.set_visibility(bool(nothing))

    def _option_id(self, number: int) -> str:
        return f"{self.list.html_id}-{number}"

    def _option(self, number: int, entry: Entry) -> str:
        return (
            f'<div role="option" class="sl-option" id="{self._option_id(number)}" data-entry="{number}" '
            f'aria-selected="{"true" if number == 0 else "false"}">{elements.icon_html(entry.icon)}'
            f'<span class="trunc grow"><b><bdi>{escape(entry.title)}</bdi></b> '
            f'<span class="muted">{escape(entry.kind)}</span></span>'
            f'{palette_entries.mark_html(entry)}<kbd aria-hidden="true">↵</kbd></div>'
        )

    def _chosen(self, event: GenericEventArguments) -> Any:
        query, number = event.args if isinstance(event.args, list) and len(event.args) == 2 else (None, 0)
        if isinstance(query, str) and query != self.query:  # typed faster than the list could follow
            self._show(query[:LONGEST])
            number = 0
        if not isinstance(number, int) or not 0 <= number < len(self.shown):
            return None
        assert self.dialog is not None
        self.dialog.close()
        return self.shown[number].run()

    async def _test(self, integration_id: str) -> None:
        elements.toast("Testing…")
        try:
            outcome = await connections.test(self.visitor.user_id, integration_id)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        if outcome.ok:
            elements.toast(outcome.message)
        else:
            ui.navigate.to(f"/integrations/{integration_id}")  # where the problem is told, with what helps

    async def _set_active(self, integration_id: str, is_active: bool) -> None:
        try:
            await asyncio.to_thread(connections.change, self.visitor.user_id, integration_id, is_active=is_active)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        if is_active:
            await self._test(integration_id)
        else:
            elements.toast("Paused.")

    async def _connect(self, type_name: str, carried: dict[str, str]) -> None:
        with self.slot:
            if self.connect_dialog is None:
                self.connect_dialog = ConnectDialog(self.visitor.user_id, self._saved)
        await self.connect_dialog.connect(type_name, carried)

    def _saved(self, row: Integration, is_new: bool) -> None:
        elements.toast(f"“{row.name}” {'is connected' if is_new else 'saved'}.")

    def _show_shortcuts(self) -> None:
        if self.dialog is not None:
            self.dialog.close()
        with self.slot:
            if self.shortcuts is None:
                self.shortcuts = _draw_shortcuts()
        self.shortcuts.open()


def _draw_shortcuts() -> ui.dialog:
    with ui.dialog().props("transition-duration=120") as dialog, tag("div", "sl-sheet") as sheet:
        title = Words("Keyboard shortcuts", "sl-h2", "h2")
        title.props["id"] = f"{sheet.html_id}-title"
        with tag("dl", "sl-keys"):
            for keys, words in SHORTCUTS:
                Words(words, name="dt")
                with tag("dd"):
                    for key in keys:
                        Words(key, name="kbd")
        with tag("div", "row end"):
            elements.button("Close", dialog.close).props("autofocus")
    dialog.props["aria-labelledby"] = title.props["id"]
    return dialog
