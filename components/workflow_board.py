"""The workflows page: what there is, whether it is on, and how it has been doing; alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import elements, new_workflow, recipes
from components.form_parts import Words, tag
from components.import_window import ImportWindow
from components.popup_menu import PopupMenu
from components.workflow_actions import WorkflowActions
from components.workflow_row import Shown, WorkflowRow
from streamline_ui.integrations import connections
from streamline_ui.workflows import catalog, overview

TICK_SECONDS = 20
COURSE_SECONDS = 10.0  # the 24 hours are counted no more often than that
FILTERS: dict[str, tuple[str, Callable[[Shown], bool]]] = {
    "all": ("All", lambda _: True),
    "active": ("Active", lambda shown: shown.row.is_active),
    "off": ("Off", lambda shown: not shown.row.is_active),
    "failing": ("Failing", lambda shown: shown.is_failing),
}
CLICKED = """(e) => {
const b = e.target.closest('[data-do]');
if (b) { b.id ||= 'do-' + b.dataset.do + '-' + b.dataset.id; emit(b.dataset.do, b.dataset.id, b.id); }
}"""
STREAM = (
    '<svg class="sl-stream big" viewBox="0 0 212 56" aria-hidden="true">'
    '<path d="M16 40C62 40 58 10 106 10S150 40 196 40"/>'
    '<circle cx="11" cy="40" r="9"/><circle cx="106" cy="10" r="9"/><circle cx="201" cy="40" r="9"/></svg>'
)


class WorkflowBoard:
    """Everything on the page."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.actions = WorkflowActions(user_id)
        self.importing = ImportWindow(user_id)
        self.menu = PopupMenu()
        self.rows: dict[str, WorkflowRow] = {}
        self.types: dict[str, str] = {}
        self.courses: dict[str, overview.Course] = {}
        self.counted_at = -COURSE_SECONDS
        self.filter = "all"
        self._draw_head()
        with tag("section", aria_label="Your workflows") as self.section:
            self._draw_filters()
            self.list = tag("ul", "sl-card sl-flows").on("click", self._clicked, js_handler=CLICKED)
            self.none_here = Words("", "sub sl-empty", "p")
            self.none_here.props["role"] = "status"
        self._draw_empty()
        ui.timer(TICK_SECONDS, self._tick)

    async def refresh(self, _: set[str] | None = None) -> None:
        """Show the workflows as they are now."""
        found = await asyncio.to_thread(self._read)
        ids = [shown.row.id for shown in found]
        for gone in [known for known in self.rows if known not in ids]:
            self.rows.pop(gone).element.delete()
        for place, shown in enumerate(found):
            self._place(place, shown)
        self._show()

    def _place(self, place: int, shown: Shown) -> None:
        row = self.rows.get(shown.row.id)
        if row is None:
            with self.list:
                row = self.rows[shown.row.id] = WorkflowRow(shown, self.types)
        else:
            row.update(shown, self.types)
        if self.list.default_slot.children[place] is not row.element:
            row.element.move(self.list, place)

    def _read(self) -> list[Shown]:
        workflows = catalog.all_of(self.user_id)
        self.types = {row.id: row.type for row in connections.all_of(self.user_id)}
        if time.monotonic() - self.counted_at >= COURSE_SECONDS:
            self.counted_at = time.monotonic()
            self.courses = overview.courses(self.user_id)
        last = overview.last_of([row.id for row in workflows])
        empty = overview.Course()
        return [
            Shown(row, catalog.current(row), last.get(row.id), self.courses.get(row.id, empty)) for row in workflows
        ]

    def _draw_head(self) -> None:
        with tag("header", "sl-page-head"):
            with tag("div", "grow"):
                Words("Workflows", "sl-h1", "h1")
                self.count = Words("", "sub", "p")
            elements.button("Import", self.importing.open, icon="upload")
            new = tag("button", "sl-btn primary", type_="button", data_shortcut="n", aria_keyshortcuts="n")
            with new.on("click", lambda: new_workflow.begin(self.user_id, new), args=[]):
                elements.icon("plus")
                Words("New")
                Words("workflow", "sl-more")

    def _draw_filters(self) -> None:
        self.chips: dict[str, Element] = {}
        self.counts: dict[str, Words] = {}
        with tag("div", "sl-chips sl-filters", role="group", aria_label="Show"):
            for name, (label, _) in FILTERS.items():
                chip = elements.chip(label, on=name == "all").on("click", lambda name=name: self._choose(name), args=[])
                with chip:
                    self.counts[name] = Words("0", "n")
                self.chips[name] = chip

    def _draw_empty(self) -> None:
        with tag("div") as self.empty:
            with tag("div", "sl-card sl-empty sl-first"):
                ui.html(STREAM, sanitize=False)
                Words("When something happens, do something", "sl-h2", "h2")
                Words(
                    "A workflow starts with a trigger and runs steps one after the other. Try one that needs no "
                    "account; it runs in 10 seconds.", "sub", "p",
                )  # fmt: skip
                with tag("div", "row wrap sl-first-buttons"):
                    sample = elements.button("Try the sample workflow", kind="primary", icon="play")
                    sample.on("click", lambda: new_workflow.begin_sample(self.user_id, sample), args=[])
                    scratch = elements.button("Start from scratch")
                    scratch.on("click", lambda: new_workflow.begin(self.user_id, scratch), args=[])
            with tag("section", "sl-section"):
                recipes.draw(self.user_id)
        self.empty.set_visibility(False)
        self.section.set_visibility(False)

    def _choose(self, name: str) -> None:
        elements.switch_chip(self.chips[self.filter], False)
        elements.switch_chip(self.chips[name], True)
        self.filter = name
        self._show()

    def _show(self) -> None:
        """The counts, the filter, and what stands here where there is nothing."""
        shown = [row.shown for row in self.rows.values()]
        for name, (_, fits) in FILTERS.items():
            self.counts[name].set_text(str(sum(fits(each) for each in shown)))
        label, wanted = FILTERS[self.filter]
        for row in self.rows.values():
            if row.element.visible != wanted(row.shown):
                row.element.set_visibility(wanted(row.shown))
        has_any = any(wanted(each) for each in shown)
        self.list.set_visibility(has_any)
        self.none_here.set_visibility(bool(shown) and not has_any)
        self.none_here.set_text(f"None of your workflows is in “{label}”.")
        self.section.set_visibility(bool(shown))
        self.empty.set_visibility(not shown)
        active = sum(each.row.is_active for each in shown)
        number = f"{len(shown)} workflow{'' if len(shown) == 1 else 's'}"
        self.count.set_text(f"{number}, {active} on" if shown else "")

    async def _clicked(self, event: GenericEventArguments) -> Any:
        action, workflow_id, button_id = (str(value) for value in event.args)
        row = self.rows.get(workflow_id)
        if row is None:
            return
        workflow = row.shown.row
        if action == "menu":
            self.menu.open(f"Actions for {workflow.name}", self.actions.menu(workflow), button_id)
        elif action == "switch" and await self.actions.switch(workflow_id, is_active=not workflow.is_active):
            await self.refresh()

    def _tick(self) -> None:
        for row in self.rows.values():
            row.redraw()
