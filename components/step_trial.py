"""The foot of a step's panel: do this one step now, with the sample, and see what was sent and answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components import elements
from components.form_parts import Words, tag
from components.json_tree import JsonTree
from components.step_fields import StepFields
from streamline_ui.errors import StreamlineError
from streamline_ui.workflows import definitions, tryouts
from streamline_ui.workflows.tryouts import Trial


class StepTrial:
    """`run` does it; `onward` draws what leads on from here."""

    def __init__(self, fields: StepFields, onward: Callable[[], Any]) -> None:
        self.fields = fields
        self.is_busy = False
        self.result = tag("div", "sl-trial", role="status")
        with tag("footer", "sl-panel-foot"):
            self.button = elements.button("Test this step", icon="play")
            self.button.on("click", self.run, args=[])
            Words(self._warning(), "small sub grow")
            onward()
        if (known := fields.session.trials.get(fields.step_id)) is not None:
            self._show(known)

    def _warning(self) -> str:
        """What it really does."""
        step, session = self.fields.step, self.fields.session
        if step["type"] != "action":
            return "Only works it out, with the sample."
        provider, row = session.provider(step["integrationId"]), session.row(step["integrationId"])
        action = provider.actions.get(step["action"]) if provider else None
        if action is None or row is None:
            return "Choose a connection and what to do first."
        return f"Really does it, once: {action.title[:1].lower()}{action.title[1:]}."

    async def run(self) -> None:
        """Do the step, and show how it went."""
        if self.is_busy:
            return
        self.is_busy = True
        elements.busy(self.button, True)
        session, step_id = self.fields.session, self.fields.step_id
        try:
            step = definitions.find(session.definition(), step_id)
            trial = Trial(problem="This step is gone.") if step is None else None
            if step is not None:
                trial = await tryouts.step(session.user_id, step, self.fields.scope())
        except StreamlineError as error:
            trial = Trial(problem=error.message, hints=tuple(error.hints))
        finally:
            self.is_busy = False
        assert trial is not None
        session.trials[step_id] = trial
        session.worded()
        if not self.button.is_deleted:
            elements.busy(self.button, False)
            self._show(trial)

    def _show(self, trial: Trial) -> None:
        self.result.clear()
        with self.result:
            if trial.problem:
                elements.callout("bad", trial.problem, " ".join(trial.hints))
            else:
                elements.callout("ok", self._said(trial.output))
            for title, value in self._parts(trial).items():
                if value is not None:
                    self._draw_part(title, value)

    def _said(self, output: Any) -> str:
        if self.fields.step["type"] == "filter":
            return "It holds: the workflow goes on." if output else "It does not hold: the workflow ends here."
        return "Done."

    def _parts(self, trial: Trial) -> dict[str, Any]:
        return {
            "Request": trial.attempt.get("request"),
            "Response": trial.attempt.get("response"),
            "Output": None if trial.problem or isinstance(trial.output, bool) else trial.output,
        }

    def _draw_part(self, title: str, value: Any) -> None:
        with tag("details", "sl-folded", open_=True if title == "Output" else None):
            with tag("summary"):
                ui.html(elements.icon_html("chevron-right"), sanitize=False, tag="span").classes("contents")
                Words(title)
            shown = value if isinstance(value, dict | list) else {"value": value}
            with tag("div", "sl-json-box"):
                JsonTree(shown, f"{title.lower()}.json")
