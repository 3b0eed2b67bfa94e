"""The published versions of a workflow, and the way back to one of them."""

from __future__ import annotations

import asyncio

from nicegui import ui

from components import elements, moments
from components.form_parts import Words, tag
from components.window import Window
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.storage.workflow_tables import Workflow, WorkflowVersion
from streamline_ui.workflows import catalog, definitions


class VersionWindow:
    """One for a page."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.window = Window()

    async def open(self, row: Workflow) -> None:
        """Show the versions, the newest first."""
        try:
            found = await asyncio.to_thread(catalog.versions, self.user_id, row.id)
            row = await asyncio.to_thread(catalog.one, self.user_id, row.id)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        self.window.card.clear()
        with self.window.card:
            self.window.header(f"Versions of “{row.name}”", "Each version stays as it was published.")
            self.note = tag("div", "sl-note", role="alert")
            with tag("ol", "sl-versions"):
                for version in found:
                    self._draw(row, version)
            if not found:
                Words("Nothing was published yet.", "sub sl-card-foot", "p")
        self.window.open()

    def _draw(self, row: Workflow, version: WorkflowVersion) -> None:
        definition = definitions.load(version.definition)
        steps = len(definitions.order(definition))
        with tag("li", "row between"):
            with tag("div", "grow"):
                Words(f"Version {version.version}", "b", "div")
                number = f"{steps} step{'' if steps == 1 else 's'}"
                ui.html(f"{moments.html(version.created_at)} · {number}", sanitize=False).classes("small muted")
            if version.version == row.version:
                elements.label_tag("This one runs")
            else:
                button = elements.button("Restore", kind="sm")
                button.props["aria-label"] = f"Restore version {version.version}"
                button.on("click", lambda: self._restore(row, version.version), args=[])

    async def _restore(self, row: Workflow, version: int) -> None:
        try:
            now = await asyncio.to_thread(catalog.restore_version, self.user_id, row.id, version)
        except StreamlineError as error:
            self.note.clear()
            details = " ".join(dict.fromkeys(error.fields.values())) if isinstance(error, Invalid) else ""
            with self.note:
                elements.callout("bad", error.message, "" if details == error.message else details)
            return
        elements.toast(f"Version {version} is back, as version {now.version}.")
        self.window.close()  # and with it the button that was pressed, on which the toast would have stood
