"""Why an execution is not done: who said what, what that means, and the button that helps."""

from __future__ import annotations

from nicegui import ui
from nicegui.element import Element

from components import elements, links
from components.execution_story import attempts_of, loads
from components.form_parts import Words, tag
from streamline_ui.storage.models import Integration
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun

KEPT = "What came in is kept."
DOUBT = "It may have arrived, so it is not sent again by itself. Look there, then retry if it did not."


class ExecutionNote:
    """Empty where all is well."""

    def __init__(self) -> None:
        self.place: Element = tag("div", "sl-run-note")
        self.shown: object = None

    def update(self, execution: Execution, stuck: StepRun | None, connection: Integration | None) -> None:
        """Tell about the step that it stands at, and the connection which that step uses."""
        attempts = attempts_of(stuck) if stuck else []
        state = (execution.status, execution.error, execution.due_at, execution.waits_for, len(attempts), connection)
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
                _draw_waiting(execution, cause, connection)
            elif status is Progress.CANCELLED:
                elements.callout("info", "It was cancelled.", KEPT)

    def _draw_failed(self, cause: str, stuck: StepRun | None, connection: Integration | None) -> None:
        attempts = attempts_of(stuck) if stuck else []
        hints = _hints(stuck)
        tried = f"Tried {len(attempts)} times." if len(attempts) > 1 else ""
        with elements.callout("bad", cause or "It failed.", " ".join(filter(None, (*hints, tried, KEPT)))):
            _draw_connection(connection)


def _draw_waiting(execution: Execution, cause: str, connection: Integration | None) -> None:
    if execution.waits_for is not None:
        name = f"“{connection.name}”" if connection else "its connection"
        body = f"It waits until {name} is mended, and then goes on by itself. Nothing is lost."
        with elements.callout("warn", cause or "It waits for a connection.", body):
            _draw_connection(connection, is_broken=True)
        return
    note = elements.callout("warn" if cause else "info", cause or "It waits.")
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
