"""One execution, whole: how it went, why it stands still, every step in time, and the data of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from nicegui import ui

from components import elements, execution_story, flow_words, links
from components.execution_actions import Chances, ExecutionActions
from components.execution_note import ExecutionNote
from components.execution_panel import ExecutionPanel
from components.execution_steps import ExecutionSteps
from components.execution_story import TRIGGER, Line
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections
from streamline_ui.storage.models import Integration, now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun, Workflow
from streamline_ui.workflows import again, catalog, executions, reasons
from streamline_ui.workflows.definitions import Definition, find
from streamline_ui.workflows.reasons import Reason
from streamline_ui.workflows.steps import Action

TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the page tells about."""

    execution: Execution
    workflow: Workflow
    definition: Definition
    steps: list[StepRun]
    connections: dict[str, Integration]
    retried: str | None
    stuck: StepRun | None  # the step that it stands at, whole
    reason: Reason | None  # why it stands still, or ended early

    @property
    def connection(self) -> Integration | None:
        """The connection of that step."""
        step = find(self.definition, self.stuck.step_id) if self.stuck else None
        return self.connections.get(step.integration_id) if isinstance(step, Action) else None


def read(user_id: str, execution_id: str) -> Seen:
    """Read it. Raises NotFound."""
    execution = executions.one(user_id, execution_id)
    workflow = catalog.one(user_id, execution.workflow_id)
    try:
        definition = catalog.published(execution.workflow_id, execution.version)
    except NotFound:
        definition = catalog.current(workflow)
    steps = executions.course(execution_id)
    rows = {row.id: row for row in connections.all_of(user_id)}
    retried = again.retried(user_id, [execution_id]).get(execution_id)
    reason = reasons.of([execution]).get(execution_id)
    return Seen(execution, workflow, definition, steps, rows, retried, _stuck(execution, steps), reason)


def _stuck(execution: Execution, steps: list[StepRun]) -> StepRun | None:
    if execution.status == Progress.WAITING:
        found = next((step for step in reversed(steps) if step.status == Progress.WAITING), None)
    else:
        found = again.stuck_at(execution, steps)
    return executions.step(execution.id, found.key) if found else None


class ExecutionDetail:
    """The page's content."""

    def __init__(self, user_id: str, seen: Seen) -> None:
        self.user_id, self.seen = user_id, seen
        self.clock = Clock()
        self.chosen = ""
        self.is_chosen_by_hand = False
        self.lines: list[Line] = []
        self.panel_shows: object = None
        self._draw_trail()
        self._draw_head()
        self.problem = tag("div", "sl-run-problem", role="alert")
        self.note = ExecutionNote()
        with tag("div", "sl-run-detail"):
            self.steps = ExecutionSteps(self._choose)
            self.panel = ExecutionPanel(self.clock)
        ui.timer(TICK_SECONDS, self._tick)

    async def heard(self, changed: set[str]) -> None:
        """Some of the user's executions have changed; perhaps this one."""
        if self.seen.execution.id in changed:
            await self.refresh()

    async def settle(self) -> None:
        """Once the browser is there: write times as its clock does."""
        await self.clock.ask()
        await self.refresh()

    async def refresh(self) -> None:
        """Show it as it is now; or leave, where it is gone."""
        try:
            self.seen = await asyncio.to_thread(read, self.user_id, self.seen.execution.id)
        except NotFound:
            ui.navigate.to("/executions")
            return
        await self._show()

    async def _show(self) -> None:
        seen = self.seen
        self._show_head()
        self.note.update(seen.execution, seen.stuck, seen.connection, seen.reason)
        self._show_steps()
        if not self.is_chosen_by_hand:
            self.chosen = self._telling()
        await self._show_panel()

    def _show_steps(self) -> None:
        seen = self.seen
        types = {row.id: row.type for row in seen.connections.values()}
        self.lines = execution_story.tell(seen.execution, seen.steps, seen.definition, types)
        ended = seen.execution.finished_at or now()
        whole = flow_words.duration(seen.execution.started_at, ended)
        self.steps.update(self.lines, self.chosen or self._telling(), whole, self._tries())

    def _show_head(self) -> None:
        execution = self.seen.execution
        status = Progress(execution.status)
        stuck = self._stuck_name()
        words = f"Failed at {stuck}" if status is Progress.FAILED and stuck else ""
        self.pill.set_content(flow_words.pill_html(status, words))
        took = flow_words.duration(execution.started_at, execution.finished_at)
        parts = [
            self.clock.at(execution.created_at),
            f"took {took}" if took else "",
            f"started by {flow_words.started_by(execution_story.loads(execution.trigger))}",
            f"workflow version {execution.version}" if execution.version else "workflow as it was in the editor",
        ]
        self.line.set_text(" · ".join(filter(None, parts)))
        self._show_kin(execution)
        is_open = status in executions.OPEN
        self.actions.update(Chances(is_open, stuck, execution.version, self.seen.workflow.version))

    def _show_kin(self, execution: Execution) -> None:
        """What it is a retry of, and what came of retrying it."""
        told = ""
        for words, other in (("It is a retry of", execution.replay_of), ("It was retried as", self.seen.retried)):
            if other:
                path = links.to(f"/executions/{other}")
                told += f'{words} <a class="link" href="{path}">Run {short(other)}</a>. '
        self.kin.set_content(told)
        self.kin.set_visibility(bool(told))

    def _stuck_name(self) -> str:
        stuck = again.stuck_at(self.seen.execution, self.seen.steps)
        if stuck is None:
            return ""
        number = next((n for n, step in enumerate(self.seen.definition.steps, 1) if step.id == stuck.step_id), None)
        return f"step {number}" if number else "this step"

    def _telling(self) -> str:
        """The step that is looked at first: where it stands, or else the last one that was reached."""
        stuck = self.seen.stuck
        if stuck is not None:
            return stuck.key
        return self.seen.steps[-1].key if self.seen.steps else TRIGGER

    def _tries(self) -> str:
        """When the step that it stands at was tried."""
        stuck = self.seen.stuck
        attempts = execution_story.attempts_of(stuck) if stuck else []
        if len(attempts) < 2:
            return ""
        moments = [execution_story.moment(attempt.get("startedAt")) for attempt in attempts[-6:]]
        times = [self.clock.at(moment) for moment in moments if moment]
        return f"Tries at {', '.join(times[:-1])} and {times[-1]}"

    async def _choose(self, key: str) -> None:
        self.chosen, self.is_chosen_by_hand = key, True
        self.steps.mark(key)
        await self._show_panel()

    async def _show_panel(self) -> None:
        line = next((line for line in self.lines if line.key == self.chosen), self.lines[0])
        execution = self.seen.execution
        state = (line.key, line.status, line.run.attempts if line.run else "", line.title)
        if state == self.panel_shows:
            return
        self.panel_shows = state
        run = await asyncio.to_thread(executions.step, execution.id, line.key) if line.run else None
        trigger = execution_story.loads(execution.trigger) if line.key == TRIGGER else None
        stuck = self.seen.stuck
        self.panel.show(line, run, trigger, is_told=stuck is not None and stuck.key == line.key)

    def _tick(self) -> None:
        if self.seen.execution.status == Progress.RUNNING:
            self._show_steps()

    def _say(self, sentence: str) -> None:
        self.problem.clear()
        with self.problem:
            elements.callout("bad", sentence)

    def _draw_trail(self) -> None:
        execution = self.seen.execution
        with tag("nav", "row small sl-trail", aria_label="Breadcrumb"):
            Words("Executions", "link", "a").props["href"] = links.to("/executions")
            elements.icon("chevron-right")
            name = Words(self.seen.workflow.name, "link trunc", "a")
            name.props["href"] = links.to(f"/workflows/{self.seen.workflow.id}")
            elements.icon("chevron-right")
            Words(short(execution.id), "sub mono")

    def _draw_head(self) -> None:
        with tag("header", "sl-page-head sl-run-head"):
            with tag("div", "grow"):
                with tag("div", "row wrap"):
                    Words(f"Run {short(self.seen.execution.id)}", "sl-h1", "h1")
                    self.pill = ui.html("", sanitize=False).props("role=status")
                self.line = Words("", "sub", "p")
                self.kin = ui.html("", sanitize=False).classes("small sub")
            self.actions = ExecutionActions(self.user_id, self.seen.execution, self._say)


def short(execution_id: str) -> str:
    """The start of the id, which tells executions apart well enough for people."""
    return execution_id[:8]
