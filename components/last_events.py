"""The last real events that a service told: each can be looked into, and be the sample that steps pick data from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from components import elements, links
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.hook_requests import PROGRESS
from components.json_tree import JsonTree
from components.step_tree import mark
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows import executions, last_events
from streamline_ui.workflows.last_events import LastEvent
from streamline_ui.workflows.triggers import IntegrationTrigger
from streamline_ui.workflows.tryouts import Sample

SHOWN = 20


@dataclass(slots=True)
class Row:
    """One event on the page."""

    item: Element
    status: ui.html
    button: Element
    detail: Element


class LastEvents:
    """Part of the panel of a service's trigger. `refresh` reads the list anew."""

    def __init__(self, session: EditorSession) -> None:
        self.session = session
        self.rows: dict[str, Row] = {}
        with tag("section", "sl-panel-part", aria_labelledby="events-title"):
            Words("Last events", "sl-h3", "h3").props["id"] = "events-title"
            self.empty = Words("What comes while a workflow listens is kept here, to build with.", "small sub", "p")
            self.list = tag("ul", "sl-requests")
            self.note = tag("div", "small", role="status")

    async def refresh(self) -> None:
        """Show what came, the newest first."""
        trigger = self.session.definition().trigger
        if not isinstance(trigger, IntegrationTrigger) or self.list.is_deleted:
            return
        found, states = await asyncio.to_thread(self._read, trigger)
        if self.list.is_deleted:
            return
        self.empty.set_visibility(not found)
        for gone in self.rows.keys() - {event.execution_id for event in found}:
            self.rows.pop(gone).item.delete()
        for event in reversed(found):
            if event.execution_id not in self.rows:
                with self.list:
                    self.rows[event.execution_id] = self._draw(event)
                self.rows[event.execution_id].item.move(target_index=0)
            if (state := states.get(event.execution_id)) is not None:
                self.rows[event.execution_id].status.set_content(mark(*PROGRESS[state]))

    def _read(self, trigger: IntegrationTrigger) -> tuple[list[LastEvent], dict[str, Progress]]:
        user_id = self.session.user_id
        found = last_events.page(user_id, trigger, SHOWN)
        rows = executions.some(user_id, {event.execution_id for event in found}) if found else []
        return found, {row.id: Progress(row.status) for row in rows}

    def _draw(self, event: LastEvent) -> Row:
        with tag("li", "sl-request") as item:
            with tag("div", "row"):
                button = tag("button", "sl-request-main", type_="button", aria_expanded="false")
                with button.on("click", lambda: self._toggle(event), args=[]):
                    status = ui.html("", sanitize=False, tag="span").classes("contents")
                    time = f'<time datetime="{event.at.isoformat()}" data-local="clock">{event.at:%H:%M:%S}</time>'
                    ui.html(time, sanitize=False, tag="span").classes("small num")
                path = links.to(f"/executions/{event.execution_id}")
                with tag("a", "link small", href=path, aria_label=f"Open the run of the event of {event.at:%H:%M:%S}"):
                    Words("Run")
            detail = tag("div", "sl-request-detail")
            detail.set_visibility(False)
        return Row(item, status, button, detail)

    def _toggle(self, event: LastEvent) -> None:
        row = self.rows[event.execution_id]
        opens = row.button.props["aria-expanded"] == "false"
        row.button.props["aria-expanded"] = str(opens).lower()
        row.detail.set_visibility(opens)
        if opens and not row.detail.default_slot.children:
            with row.detail:
                with tag("div", "sl-json-box"):
                    JsonTree({key: value for key, value in event.trigger.items() if key != "type"}, "event.json")
                with tag("div", "row wrap"):
                    use = elements.button("Use as sample", kind="sm", icon="braces")
                    use.on("click", lambda: self._use(event), args=[])

    def _use(self, event: LastEvent) -> None:
        self.session.take_sample(Sample(dict(event.trigger), "Event", event.at))
        self.note.clear()
        with self.note:
            Words("This event is the sample now: steps pick their data from it.")
