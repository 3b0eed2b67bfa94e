"""One workflow in the list: a few elements, of which only those that changed are sent again."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from nicegui import ui

from components import elements, flow_words, links, sparkline
from components.flow_words import Types
from components.form_parts import tag
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.overview import Course


@dataclass(frozen=True, slots=True)
class Shown:
    """A workflow, what it does, and how it did."""

    row: Workflow
    definition: Definition
    last: Execution | None = None
    course: Course = field(default_factory=Course)

    @property
    def is_failing(self) -> bool:
        """Whether its last execution ended badly."""
        return self.last is not None and self.last.status in (Progress.FAILED, Progress.UNKNOWN)


class WorkflowRow:
    """What the buttons on it do is decided by the list, which hears of clicks by `data-do` and `data-id`."""

    def __init__(self, shown: Shown, types: Types) -> None:
        self.shown, self.types = shown, types
        with tag("li", "sl-flow", data_testid="flow-row", data_id=shown.row.id) as self.element:
            self.parts = {name: ui.html(html, sanitize=False) for name, html in self._html().items()}
        for name, part in self.parts.items():
            part.classes(f"sl-flow-{name}")

    def update(self, shown: Shown, types: Types) -> None:
        """Show how it is now."""
        self.shown, self.types = shown, types
        self.redraw()

    def redraw(self) -> None:
        """Send the parts that differ from what the browser has."""
        for name, html in self._html().items():
            if self.parts[name].content != html:
                self.parts[name].set_content(html)

    def _html(self) -> dict[str, str]:
        return {
            "switch": self._switch(),
            "name": self._name(),
            "chain": flow_words.chain_html(self.shown.definition, self.types),
            "last": self._last(),
            "spark": self._spark(),
            "menu": self._menu(),
        }

    def _switch(self) -> str:
        row = self.shown.row
        state = "true" if row.is_active else "false"
        return (
            f'<button type="button" role="switch" class="sl-switch" aria-checked="{state}" data-do="switch" '
            f'data-id="{escape(row.id)}" aria-label="{escape(row.name, quote=True)}">'
            f'<span class="sl-switch-word" aria-hidden="true">{"On" if row.is_active else "Off"}</span></button>'
        )

    def _name(self) -> str:
        row = self.shown.row
        line = flow_words.trigger_line(self.shown.definition.trigger, self.types)
        steps = len(self.shown.definition.steps)
        number = f"{steps} step{'' if steps == 1 else 's'}"
        draft = '<span class="sl-tag">Not published</span> ' if row.version == 0 else ""
        link = f'<a href="{links.to("/workflows/" + escape(row.id))}">{escape(row.name)}</a>'
        about = f'<div class="small muted trunc">{draft}{escape(line)} · {number}</div>'
        return f'<h2 class="sl-h3 trunc">{link}</h2>{about}'

    def _last(self) -> str:
        last = self.shown.last
        if last is None:
            return '<span class="small muted">Not run yet</span>'
        pill = flow_words.pill_html(Progress(last.status))
        path = links.to(f"/executions/{escape(last.id)}")
        return f'<a href="{path}">{pill}<span class="tiny muted num">{elements.ago(last.created_at)}</span></a>'

    def _spark(self) -> str:
        total = self.shown.course.total
        return f'{sparkline.html(self.shown.course)}<span class="tiny muted num" aria-hidden="true">{total:,}</span>'

    def _menu(self) -> str:
        row = self.shown.row
        return (
            f'<button class="sl-btn icon ghost sm" data-do="menu" data-id="{escape(row.id)}" type="button" '
            f'aria-haspopup="menu" aria-label="More actions for {escape(row.name, quote=True)}">'
            f"{elements.icon_html('ellipsis')}</button>"
        )
