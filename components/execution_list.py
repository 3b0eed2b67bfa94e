"""The executions page: what workflows did, newest first, fifty at a time.

What arrives meanwhile is announced and shown when asked for: nothing jumps away from under a finger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from nicegui import ui
from nicegui.element import Element

from components import elements, execution_row, links
from components.execution_filters import STATES, ExecutionFilters, Wanted
from components.form_parts import Words, tag
from components.local_time import Clock
from components.question import Question
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.workflow_tables import Execution, Progress
from streamline_ui.workflows import again, catalog, dispatch, executions, reasons
from streamline_ui.workflows.reasons import Reason

PAGE = 50
MOST_NEW = 1000
Place = tuple[datetime, str]


class ExecutionList:
    """The list of one user. `names` are the workflows' names by their ids."""

    def __init__(self, user_id: str, wanted: Wanted, names: dict[str, str]) -> None:
        self.user_id, self.names = user_id, names
        self.clock = Clock()
        self.question = Question()
        self.pages: list[Place | None] = [None]  # where each page begins, up to the one that is shown
        self.shown: dict[str, Execution] = {}
        self.lines: dict[str, ui.html] = {}
        self.retried: dict[str, str] = {}
        self.reasons: dict[str, Reason] = {}
        self.newest: Place | None = None
        self.reading = 0  # how often the list was read
        self._draw_head()
        self.filters = ExecutionFilters(wanted, names, self._filtered)
        with tag("div", role="status"):
            self.fresh = tag("button", "sl-btn sl-fresh", type_="button").on("click", self.first, args=[])
        with self.fresh:
            self.fresh_words = Words("")
        self.fresh.set_visibility(False)
        self.list = tag("ul", "sl-card sl-runs", aria_label="Executions")
        self._draw_foot()
        self._draw_empty()

    async def settle(self) -> None:
        """Once the browser is there: write times as its clock does. What came meanwhile is announced, not shown."""
        await self.clock.ask()
        for execution_id, line in self.lines.items():
            line.set_content(self._html(self.shown[execution_id]))

    async def heard(self, changed: set[str]) -> None:
        """Some executions are new or have changed: update those that are shown, and count the others."""
        known = changed & self.shown.keys()
        rows, found = await asyncio.to_thread(self._reread, known) if known else ([], {})
        for row in rows:
            self.shown[row.id] = row
            self._explain(row, found)
            self.lines[row.id].set_content(self._html(row))
        if known != changed:
            await self._announce()
        self._count_failed()

    async def refresh(self) -> None:
        """Read the page that is shown."""
        self.reading += 1
        reading = self.reading
        rows, retried, found = await asyncio.to_thread(self._read, self.pages[-1], self.filters.wanted)
        if reading == self.reading:  # else something else was asked for meanwhile, and may be there already
            self.retried, self.reasons = retried, found
            self._show(rows)

    async def first(self) -> None:
        """Show the newest."""
        self.pages = [None]
        await self.refresh()

    def _reread(self, ids: set[str]) -> tuple[list[Execution], dict[str, Reason]]:
        rows = executions.some(self.user_id, ids)
        return rows, reasons.of(rows)

    def _explain(self, row: Execution, found: dict[str, Reason]) -> None:
        """Take over why it stands as it does now."""
        self.reasons.pop(row.id, None)
        if row.id in found:
            self.reasons[row.id] = found[row.id]

    def _read(self, before: Place | None, wanted: Wanted) -> tuple[list[Execution], dict[str, str], dict[str, Reason]]:
        arguments = wanted.arguments()
        rows = executions.page(self.user_id, before=before, limit=PAGE + 1, **arguments)
        bad = [row.id for row in rows if row.status in (Progress.FAILED, Progress.UNKNOWN, Progress.CANCELLED)]
        return rows, again.retried(self.user_id, bad) if bad else {}, reasons.of(rows[:PAGE])

    def _show(self, rows: Sequence[Execution]) -> None:
        self.shown = {row.id: row for row in rows[:PAGE]}
        self.list.clear()
        self.lines.clear()
        with self.list:
            for row in self.shown.values():
                line = ui.html(self._html(row), sanitize=False, tag="li").classes("sl-run")
                line.props["data-testid"] = "run-row"
                self.lines[row.id] = line
        if len(self.pages) == 1:
            first = next(iter(self.shown.values()), None)
            self.newest = (first.created_at, first.id) if first else None
            self.fresh.set_visibility(False)
        self.newer.set_visibility(len(self.pages) > 1)
        self.older.set_visibility(len(rows) > PAGE)
        self.where.set_text(f"Page {len(self.pages)}" if len(self.pages) > 1 or len(rows) > PAGE else "")
        self.list.set_visibility(bool(self.shown))
        is_filtered = self.filters.wanted != Wanted()
        self.none_fits.set_visibility(not self.shown and is_filtered)
        self.empty.set_visibility(not self.shown and not is_filtered)
        self._count_failed()

    def _html(self, row: Execution) -> str:
        name = self.names.get(row.workflow_id, "A deleted workflow")
        return execution_row.html(row, name, self.clock, self.retried.get(row.id), self.reasons.get(row.id))

    async def _announce(self) -> None:
        arguments = self.filters.wanted.arguments()
        number = await asyncio.to_thread(executions.newer, self.user_id, self.newest, most=MOST_NEW, **arguments)
        if number and not self.shown:
            await self.first()
            return
        self.fresh_words.set_text(f"{number:,}{'+' if number == MOST_NEW else ''} new")
        self.fresh.set_visibility(bool(number))

    async def _filtered(self) -> None:
        await self.first()

    async def _go_older(self) -> None:
        last = list(self.shown.values())[-1]
        self.pages.append((last.created_at, last.id))
        await self.refresh()
        ui.run_javascript("scrollTo(0, 0)")

    async def _go_newer(self) -> None:
        self.pages.pop()
        await self.refresh()

    def _ended(self, status: Progress) -> list[str]:
        """Those on this page that ended so, and that nobody has retried."""
        return [row.id for row in self.shown.values() if row.status == status and row.id not in self.retried]

    def _count_failed(self) -> None:
        failed, unknown = len(self._ended(Progress.FAILED)), len(self._ended(Progress.UNKNOWN))
        self.retry.set_visibility(failed > 0)
        self.retry_words.set_text(f"Retry {failed} failed")
        self.repeat.set_visibility(unknown > 0)
        self.repeat_words.set_text(f"Run {unknown} unknown again")
        state = STATES[self.filters.wanted.state][0].lower()
        kind = "The newest first" if state == "all" else f"Only what is {state}"
        self.count.set_text(kind if self.shown else "")

    def _ask_retry(self) -> None:
        ids = self._ended(Progress.FAILED)
        consequence = "Each goes on from the step that failed, with the version of its workflow that runs now."
        self._ask(ids, f"Retry {_some(ids, 'failed')}?", consequence, f"Retry {len(ids)}")

    def _ask_repeat(self) -> None:
        ids = self._ended(Progress.UNKNOWN)
        consequence = (
            "It is not known whether the last step of each was done. It is done now, so what it sends may arrive a "
            "second time."
        )
        self._ask(ids, f"Run {_some(ids, 'unknown')} again?", consequence, f"Run {len(ids)} again")

    def _ask(self, ids: list[str], question: str, consequence: str, words: str) -> None:
        """Both go on where the execution stands."""
        spared = "What was done before that step is not done again."
        self.question.ask(question, f"{consequence} {spared}", words, lambda: self._retry(ids))

    async def _retry(self, ids: list[str]) -> None:
        started, problem = 0, ""
        for execution_id in ids:
            try:
                execution = await asyncio.to_thread(again.retry_current, self.user_id, execution_id)
            except StreamlineError as error:
                problem = error.message
            else:
                started += 1
                dispatch.offer(execution)
        elements.toast(f"{started} started again." if started else problem)
        await self.first()

    def _draw_head(self) -> None:
        with tag("header", "sl-page-head"):
            with tag("div", "grow"):
                Words("Executions", "sl-h1", "h1")
                self.count = Words("", "sub", "p")
            self.repeat, self.repeat_words = _again(self._ask_repeat)
            self.retry, self.retry_words = _again(self._ask_retry)

    def _draw_foot(self) -> None:
        with tag("nav", "row between sl-pages", aria_label="Pages"):
            self.newer = elements.button("Newer", self._go_newer, icon="chevron-left")
            self.where = Words("", "small muted num")
            self.older = elements.button("Older", self._go_older)
            with self.older:
                elements.icon("chevron-right")

    def _draw_empty(self) -> None:
        with tag("div", "sl-empty") as self.empty:
            elements.stream_line()
            Words("Nothing has run yet", "sl-h2", "h2")
            Words("Each time a workflow runs, it shows here with everything that it did.", "sub", "p")
            Words("Workflows", "sl-btn", "a").props["href"] = links.to("/workflows")
        with tag("div", "sl-empty", role="status") as self.none_fits:
            Words("No execution fits these filters.", "sub", "p")
            elements.button("Show all", self.filters.clear)
        self.empty.set_visibility(False)
        self.none_fits.set_visibility(False)


def _again(ask: Callable[[], None]) -> tuple[Element, Words]:
    """A button that is hidden while there is nothing to run again."""
    button = tag("button", "sl-btn", type_="button").on("click", ask, args=[])
    with button:
        elements.icon("refresh-cw")
        words = Words("")
    button.set_visibility(False)
    return button, words


def _some(ids: list[str], state: str) -> str:
    return f"{len(ids)} {state} execution{'' if len(ids) == 1 else 's'}"


def names(user_id: str) -> dict[str, str]:
    """The names of the user's workflows, by their ids, in alphabetical order."""
    found = sorted(catalog.all_of(user_id), key=lambda row: row.name.casefold())
    return {row.id: row.name for row in found}
