"""Why an execution is not done: who said what, what that means, and the button that helps."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element

from components import elements, links
from components.execution_story import attempts_of, loads
from components.form_parts import Words, tag
from streamline_ui.storage.models import Integration
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun
from streamline_ui.workflows.reasons import Reason

KEPT = "What came in is kept."
FOLLOWING = {
    "order": "It begins by itself once that one is over.",
    "limit": "It begins by itself.",
    "place": "Nothing is lost.",
    "filter": "The steps after it were not done, as the workflow says.",
    "stop": "The steps after it were not done, as the workflow says.",
}
"""What is said after each reason."""
DOUBT = "It may have arrived, so it is not sent again by itself. Look there, then retry if it did not."


class ExecutionNote:
    """Empty where all is well."""

    def __init__(self) -> None:
        self.place: Element = tag("div", "sl-run-note")
        self.shown: object = None

    def update(
        self, execution: Execution, stuck: StepRun | None, connection: Integration | None, reason: Reason | None
    ) -> None:
        """Tell about the step that it stands at, and the connection which that step uses; or why it ended early."""
        attempts = attempts_of(stuck) if stuck else []
        moments = (execution.due_at, execution.waits_for)
        state = (execution.status, execution.error, *moments, len(attempts), connection, reason)
        if state == self.shown:
            return
        self.shown = state
        self.place.clear()
        status = Progress(execution.status)
        cause = (stuck.error if stuck else "") or execution.error
        with self.place:
            if status is Progress.FAILED:
                self._draw_failed(cause, stuck, connection)
            elif status is Progress.UNKNOWN:
                with elements.callout("warn", cause or "Nobody can tell whether it was done.", DOUBT):
                    _draw_connection(connection)
            elif status is Progress.WAITING:
                _draw_waiting(execution, cause, connection, reason)
            elif status is Progress.CANCELLED:
                elements.callout("info", "It was cancelled.", KEPT)
            elif reason is not None:
                _draw_reason(reason, execution)

    def _draw_failed(self, cause: str, stuck: StepRun | None, connection: Integration | None) -> None:
        attempts = attempts_of(stuck) if stuck else []
        hints = _hints(stuck)
        tried = f"Tried {len(attempts)} times." if len(attempts) > 1 else ""
        with elements.callout("bad", cause or "It failed.", " ".join(filter(None, (*hints, tried, KEPT)))):
            _draw_connection(connection)


def _draw_reason(reason: Reason, execution: Execution) -> None:
    """Why it has not begun, or why it ended though steps were left."""
    with elements.callout("info", reason.message, FOLLOWING.get(reason.code, "Nothing is lost.")):
        if reason.code == "order":
            Words("Open that run", "sl-btn sm", "a").props["href"] = links.to(f"/executions/{reason.about}")
        elif reason.code in ("filter", "stop"):
            path = f"/workflows/{execution.workflow_id}?run={execution.id}&step={quote(reason.about)}"
            Words("Open it in the editor", "sl-btn sm", "a").props["href"] = links.to(path)


def _draw_waiting(execution: Execution, cause: str, connection: Integration | None, reason: Reason | None) -> None:
    if execution.waits_for is not None:
        name = f"“{connection.name}”" if connection else "its connection"
        body = f"It waits until {name} is mended, and then goes on by itself. Nothing is lost."
        with elements.callout("warn", cause or "It waits for a connection.", body):
            _draw_connection(connection, is_broken=True)
        return
    note = elements.callout("warn" if cause else "info", cause or (reason.message if reason else "It waits."))
    moment = f"{execution.due_at.timestamp():.0f}"
    until = f'<span class="num" data-until="{moment}" data-until-words="It goes on by itself"></span>'
    with note.default_slot.children[1]:
        ui.html(f" {until}. Nothing is lost.", sanitize=False, tag="span")


def _draw_connection(connection: Integration | None, *, is_broken: bool = False) -> None:
    if connection is None:
        return
    path = f"/?fix={connection.id}" if is_broken else f"/integrations/{connection.id}"
    Words("Mend the connection" if is_broken else "Open the connection", "sl-btn sm", "a").props["href"] = links.to(
        path
    )


def _hints(stuck: StepRun | None) -> list[str]:
    """What the error said about what to do."""
    if stuck is None:
        return []
    attempts = attempts_of(stuck)
    error = (attempts[-1].get("error") if attempts else None) or {}
    if not error and stuck.output != "null":
        output = loads(stuck.output)
        error = output.get("error") if isinstance(output, dict) else {}
    hints = error.get("hints") if isinstance(error, dict) else []
    return [str(hint) for hint in hints or []]
