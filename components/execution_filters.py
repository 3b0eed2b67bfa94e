"""Which executions a list shows: by how they stand, by workflow, and by a text in what came in."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import elements, links
from components.form_inputs import PRIVATE
from components.form_parts import Words, tag
from streamline_ui.storage.workflow_tables import Progress

STATES: dict[str, tuple[str, Progress | None]] = {
    "": ("All", None),
    "failed": ("Failed", Progress.FAILED),
    "unknown": ("Unknown", Progress.UNKNOWN),
    "waiting": ("Waiting", Progress.WAITING),
    "running": ("Running", Progress.RUNNING),
    "succeeded": ("Succeeded", Progress.SUCCEEDED),
    "cancelled": ("Cancelled", Progress.CANCELLED),
}
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; empty where it does not matter."""

    state: str = ""
    workflow_id: str = ""
    text: str = ""

    def arguments(self) -> dict[str, Any]:
        """The same for `executions.page`."""
        return {
            "status": STATES[self.state][1],
            "workflow_id": self.workflow_id or None,
            "text": self.text or None,
        }

    def address(self) -> str:
        """The page's address that shows it."""
        parts = {"status": self.state, "workflow": self.workflow_id, "q": self.text}
        given = urlencode({name: value for name, value in parts.items() if value})
        return links.to("/executions") + (f"?{given}" if given else "")


class ExecutionFilters:
    """The controls. `changed` is called after each change."""

    def __init__(self, wanted: Wanted, names: Mapping[str, str], changed: Callable[[], Awaitable[None]]) -> None:
        self.wanted = wanted
        self.changed = changed
        self.chips: dict[str, Element] = {}
        with tag("div", "sl-run-filters"):
            with tag("div", "sl-chips", role="group", aria_label="How they stand"):
                for state, (label, _) in STATES.items():
                    chip = elements.chip(label, on=state == wanted.state)
                    chip.on("click", lambda state=state: self._set(replace(self.wanted, state=state)), args=[])
                    self.chips[state] = chip
            tag("div", "grow")
            self._draw_workflows(names)
            self._draw_search()

    async def clear(self) -> None:
        """Show all again."""
        self.search.run_method("blur")
        ui.run_javascript(f"getHtmlElement({self.search.id}).value = ''; getHtmlElement({self.select.id}).value = ''")
        await self._set(Wanted())

    def _draw_workflows(self, names: Mapping[str, str]) -> None:
        with tag("div", "sl-input select sl-run-workflow"):
            self.select = tag("select", aria_label="Workflow")
            with self.select:
                for workflow_id, name in {"": "All workflows", **names}.items():
                    is_chosen = True if workflow_id == self.wanted.workflow_id else None
                    Words(name, name="option").props.update(
                        {"value": workflow_id} | ({"selected": True} if is_chosen else {})
                    )
            elements.icon("chevron-down")
        self.select.on("change", self._chosen, js_handler="(e) => emit(e.target.value)")

    def _draw_search(self) -> None:
        with tag("div", "sl-input sl-search sl-run-search"):
            elements.icon("search")
            self.search = tag(
                "input", type_="search", aria_label="Search in data and errors", placeholder="Search in data",
                data_shortcut="/", aria_keyshortcuts="/", maxlength=LONGEST, **PRIVATE,
            )  # fmt: skip
            self.search.props["defaultValue"] = self.wanted.text
        self.search.on(
            "input", self._typed, js_handler="(e) => emit(e.target.value)", throttle=0.5, leading_events=False
        )

    async def _chosen(self, event: GenericEventArguments) -> None:
        await self._set(replace(self.wanted, workflow_id=str(event.args)[:100]))

    async def _typed(self, event: GenericEventArguments) -> None:
        await self._set(replace(self.wanted, text=str(event.args)[:LONGEST].strip()))

    async def _set(self, wanted: Wanted) -> None:
        if wanted == self.wanted:
            return
        elements.switch_chip(self.chips[self.wanted.state], False)
        elements.switch_chip(self.chips[wanted.state], True)
        self.wanted = wanted
        ui.run_javascript(f"history.replaceState(history.state, '', {json.dumps(wanted.address())})")
        await self.changed()
