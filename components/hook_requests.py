"""The last requests at a workflow's address, live: what became of each, what was in it, and using it once more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from components import elements, links
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.json_tree import JsonTree
from components.step_tree import mark
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Progress, Verdict
from streamline_ui.workflows import captures, dispatch, gates, payloads, reasons, tryouts
from streamline_ui.workflows.gates import Gate
from streamline_ui.workflows.reasons import Reason

SHOWN = 20
VERDICTS = {
    Verdict.ACCEPTED: ("ok", "circle-check", "Accepted"),
    Verdict.DUPLICATE: ("idle", "copy", "Delivered before"),
    Verdict.BAD_SIGNATURE: ("bad", "circle-x", "Signature did not match"),
    Verdict.INACTIVE: ("idle", "circle-pause", "Kept, not run"),
    Verdict.FILTERED: ("idle", "list-filter", "Filtered"),
    Verdict.NOT_ALLOWED: ("bad", "circle-x", "Not from here"),
    Verdict.TOO_LARGE: ("bad", "circle-x", "Too large"),
    Verdict.MALFORMED: ("bad", "circle-x", "Could not be read"),
    Verdict.TOO_MANY: ("warn", "timer", "Too many"),
}
MARKS = {
    True: ("ok", "circle-check", "Passed"),
    False: ("bad", "circle-x", "Stopped"),
    None: ("idle", "circle-dashed", "Not reached"),
}
PROGRESS = {
    Progress.SUCCEEDED: ("ok", "circle-check", "Succeeded"),
    Progress.FAILED: ("bad", "circle-x", "Failed"),
    Progress.UNKNOWN: ("warn", "circle-help", "Unknown"),
    Progress.CANCELLED: ("idle", "circle-x", "Cancelled"),
    Progress.WAITING: ("warn", "clock", "Waiting"),
    Progress.RUNNING: ("run", "loader", "Running"),
    Progress.QUEUED: ("run", "loader", "Queued"),
}


@dataclass(slots=True)
class Row:
    """One request on the page."""

    item: Element
    status: ui.html
    link: Element
    button: Element
    why: Words
    detail: Element


class HookRequests:
    """Part of the webhook's panel. `refresh` reads the list anew."""

    def __init__(self, session: EditorSession) -> None:
        self.session = session
        self.rows: dict[str, Row] = {}
        with tag("section", "sl-panel-part", aria_labelledby="requests-title"):
            with tag("div", "row between"):
                Words("Last requests", "sl-h3", "h3").props["id"] = "requests-title"
                ui.html(mark("run", "activity", "Listening"), sanitize=False, tag="span")
            self.empty = Words("Waiting for the first request. Send one, or use the command above.", "small sub", "p")
            self.list = tag("ul", "sl-requests")
            self.note = tag("div", "small", role="status")

    async def refresh(self) -> None:
        """Show what came in, the newest first."""
        session = self.session
        found = await asyncio.to_thread(captures.page, session.user_id, session.workflow.id, limit=SHOWN)
        runs, why = await asyncio.to_thread(_became, found)
        if self.list.is_deleted:
            return
        self.empty.set_visibility(not found)
        for gone in self.rows.keys() - {request.id for request in found}:
            self.rows.pop(gone).item.delete()
        for request in reversed(found):
            if request.id not in self.rows:
                with self.list:
                    self.rows[request.id] = self._draw(request)
                self.rows[request.id].item.move(target_index=0)
            execution = runs.get(request.id)
            self._update(self.rows[request.id], request, execution, why.get(execution.id) if execution else None)

    def _draw(self, request: HookRequest) -> Row:
        with tag("li", "sl-request") as item:
            with tag("div", "row"):
                button = tag("button", "sl-request-main", type_="button", aria_expanded="false")
                with button.on("click", lambda: self._toggle(request.id), args=[]):
                    status = ui.html("", sanitize=False, tag="span").classes("contents")
                    ui.html(_time(request), sanitize=False, tag="span").classes("small num")
                    Words(request.method, "small mono")
                    Words(_size(request.size), "small muted num")
                link = tag("a", "link small")
                link.set_visibility(False)
                with link:
                    Words("Run")
            why = Words(request.reason, "small sub", "p")
            why.set_visibility(bool(request.reason))
            detail = tag("div", "sl-request-detail")
            detail.set_visibility(False)
        return Row(item, status, link, button, why, detail)

    def _update(self, row: Row, request: HookRequest, execution: Execution | None, reason: Reason | None) -> None:
        look = VERDICTS[Verdict(request.verdict)]
        if execution is not None:
            look = PROGRESS.get(Progress(execution.status), look)
            row.link.props["href"] = links.to(f"/executions/{execution.id}")
            row.link.props["aria-label"] = f"Open the run of this request: {look[2]}"
            row.link.set_visibility(True)
            said = execution.error or (reason.message if reason else "")
            row.why.set_text(said)
            row.why.set_visibility(bool(said))
        row.status.set_content(mark(*look))

    async def _toggle(self, request_id: str) -> None:
        row = self.rows[request_id]
        opens = row.button.props["aria-expanded"] == "false"
        row.button.props["aria-expanded"] = str(opens).lower()
        row.detail.set_visibility(opens)
        if opens and not row.detail.default_slot.children:
            user_id, workflow_id = self.session.user_id, self.session.workflow.id
            request = await asyncio.to_thread(captures.one, user_id, workflow_id, request_id)
            judged = await asyncio.to_thread(gates.of, workflow_id, [request])
            with row.detail:
                _draw_gates(judged[request_id])
                await self._draw_detail(request)

    async def _draw_detail(self, request: HookRequest) -> None:
        try:
            seen = await tryouts.read(request)
        except payloads.Malformed as error:
            Words(error.message, "small bad", "p")
            seen = {"body": request.body[:2000].decode("utf-8", "replace"), "headers": json.loads(request.headers)}
        shown = {name: seen[name] for name in ("body", "query", "headers") if seen.get(name)}
        with tag("div", "sl-json-box"):
            JsonTree(shown, "request.json")
        with tag("div", "row wrap"):
            use = elements.button("Use as sample", kind="sm", icon="braces")
            use.on("click", lambda: self._use(request.id), args=[])
            again = elements.button("Replay", kind="sm", icon="rotate-ccw")
            again.on("click", lambda: self._replay(request.id), args=[])

    async def _use(self, request_id: str) -> None:
        self.session.request_id = request_id
        await self.session.read_sample()
        self.session.sampled()
        self._say("This request is the sample now: steps pick their data from it.")

    async def _replay(self, request_id: str) -> None:
        try:
            await self.session.settle()
            execution = await captures.replay(self.session.user_id, self.session.workflow.id, request_id)
        except StreamlineError as error:
            self._say(" ".join([error.message, *error.hints]))
            return
        dispatch.offer(execution)
        self._say("It runs again.", links.to(f"/executions/{execution.id}"))

    def _say(self, sentence: str, path: str = "") -> None:
        self.note.clear()
        with self.note:
            Words(sentence + " ")
            if path:
                with tag("a", "link", href=path):
                    Words("Open the run")


def _became(requests: Sequence[HookRequest]) -> tuple[dict[str, Execution], dict[str, Reason]]:
    """What each request started, and why that stands still, by the ids of the two."""
    started = tryouts.runs(requests)
    return started, reasons.of(started.values())


def _draw_gates(judged: Sequence[Gate]) -> None:
    """What each gate said: with the first one that turned it away, why nothing was started."""
    stopped = any(gate.is_passed is False for gate in judged)
    with tag("details", "sl-folded sl-gates", open_=True if stopped else None):
        with tag("summary"):
            ui.html(elements.icon_html("chevron-right"), sanitize=False, tag="span").classes("contents")
            Words("Why it started nothing" if stopped else "Why it was accepted")
        with tag("ul"):
            for gate in judged:
                with tag("li"):
                    ui.html(mark(*MARKS[gate.is_passed]), sanitize=False, tag="span").classes("contents")
                    Words(gate.title, "b")
                    Words(gate.message, "sub")


def _time(request: HookRequest) -> str:
    return f'<time datetime="{request.at.isoformat()}" data-local="clock">{request.at:%H:%M:%S}</time>'


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"
