"""One step of an execution: what it sent and got, what it was given and gave, and every try."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from nicegui import ui

from components import elements, flow_words
from components.execution_story import TRIGGER, Line, attempts_of, loads, moment
from components.form_parts import Words, tag
from components.json_tree import JsonTree
from components.local_time import Clock
from components.tabs import Tabs
from streamline_ui.storage.workflow_tables import Progress, StepRun


class ExecutionPanel:
    """Drawn anew for each step that is chosen; the tab stays where it was as far as the step has it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.key = ""
        self.tab = ""
        self.tabs: Tabs | None = None
        self.card = tag("section", "sl-card sl-stage-panel", aria_label="Step")

    def show(self, line: Line, run: StepRun | None, trigger: Any, *, is_told: bool = False) -> None:
        """Show this step. `run` is its whole row; the first line shows what came in instead. `is_told` where its error
        stands on the page already.
        """
        self.tab = self.tabs.chosen if self.tabs is not None and self.key == line.key else ""
        self.key, self.line, self.trigger = line.key, line, trigger
        self.run, self.is_told = run, is_told
        self.attempts = attempts_of(run) if run else []
        self.attempt = len(self.attempts) - 1
        self.card.clear()
        self.tabs = None
        with self.card:
            self._draw_head()
            self._draw_body()

    def _draw_head(self) -> None:
        with tag("div", "row sl-stage-head"):
            ui.html(self.line.tile, sanitize=False, tag="span").classes("contents")
            Words(self.line.title, "sl-h2 trunc grow", "h2")
            if self.line.status is not None and self.line.key != TRIGGER:
                ui.html(flow_words.pill_html(self.line.status), sanitize=False)
        if self.run is not None and self.run.error and not self.is_told:
            Words(self.run.error, "sl-stage-error small", "p")

    def _draw_body(self) -> None:
        if self.line.key == TRIGGER:
            JsonTree(self.trigger, "trigger.json")
            return
        if self.run is None:
            Words("The execution did not come to this step.", "sub sl-card-foot", "p")
            return
        draws: dict[str, Any] = {}
        if any(attempt.get("request") for attempt in self.attempts):
            draws |= {"Request": self._draw_request, "Response": self._draw_response}
        if self.run.input != "null":
            draws["Input"] = lambda: self._draw_stored("input")
        draws["Output"] = lambda: self._draw_stored("output")
        if self.attempts:
            draws[f"Tries {len(self.attempts)}"] = self._draw_tries
        self.tabs = Tabs(draws, f"About {self.line.title}", self.tab)

    def _draw_request(self) -> None:
        request = self.attempts[self.attempt].get("request")
        self._say_which()
        if not request:
            Words("Nothing was sent in this try.", "sub", "p")
            return
        with tag("div", "row sl-wire"):
            elements.label_tag(str(request.get("method", "")))
            Words(str(request.get("url", "")), "mono")
        _draw_text(str(request.get("body") or ""), "request.json", "It had no body.")
        self._draw_status()

    def _draw_response(self) -> None:
        self._say_which()
        self._draw_status()
        response = self.attempts[self.attempt].get("response")
        if not response:
            return
        headers = response.get("headers") or {}
        if headers:
            with tag("dl", "sl-facts sl-headers"):
                for name, value in headers.items():
                    Words(str(name), "muted", "dt")
                    Words(str(value), "mono", "dd")
        _draw_text(str(response.get("body") or ""), "response.json", "It had no body.")

    def _draw_status(self) -> None:
        """What came back, in a line."""
        attempt = self.attempts[self.attempt]
        response, error = attempt.get("response"), attempt.get("error")
        took = flow_words.duration(moment(attempt.get("startedAt")), moment(attempt.get("finishedAt")))
        number = f"try {self.attempt + 1} of {len(self.attempts)}" if len(self.attempts) > 1 else ""
        status = response.get("status") if response else None
        tone, icon = ("bad", "circle-x") if error else ("ok", "circle-check")
        words = _status_words(status) if status else "No answer"
        with tag("div", "row sl-wire"):
            pill = f'<span class="sl-pill {tone}">{elements.icon_html(icon)}{words}</span>'
            ui.html(pill, sanitize=False)
            Words(" · ".join(filter(None, (took, number))), "small muted num")

    def _draw_stored(self, name: str) -> None:
        assert self.run is not None
        if name == "output" and self.run.status in (Progress.RUNNING, Progress.WAITING):
            Words("There is no output yet.", "sub", "p")
            return
        JsonTree(loads(getattr(self.run, name)), f"{name}.json")

    def _draw_tries(self) -> None:
        with tag("ol", "sl-attempts"):
            for number, attempt in enumerate(self.attempts):
                self._draw_try(number, attempt)

    def _draw_try(self, number: int, attempt: dict[str, Any]) -> None:
        began, ended = moment(attempt.get("startedAt")), moment(attempt.get("finishedAt"))
        error = attempt.get("error") or {}
        tone, icon, word = ("bad", "circle-x", "Failed") if error else ("ok", "circle-check", "Fine")
        with tag("li"):
            with tag("div", "row"):
                Words(f"Try {number + 1}", "b")
                ui.html(f'<span class="sl-st {tone}">{elements.icon_html(icon)}{word}</span>', sanitize=False)
                when = self.clock.at(began) if began else ""
                Words(" · ".join(filter(None, (when, flow_words.duration(began, ended)))), "small muted num grow")
                if attempt.get("request"):
                    show = elements.button("Show", lambda: self._choose(number), kind="sm")
                    show.props["aria-label"] = f"Show try {number + 1}"
            if error:
                Words(str(error.get("message", "")), "small", "p")

    def _choose(self, number: int) -> None:
        self.attempt = number
        if self.tabs is not None:
            self.tabs.choose("Request")

    def _say_which(self) -> None:
        if self.attempt != len(self.attempts) - 1:
            Words(f"This is try {self.attempt + 1} of {len(self.attempts)}.", "small sub", "p")


def _draw_text(text: str, name: str, nothing: str) -> None:
    """A body: as a tree where it is JSON."""
    if not text:
        Words(nothing, "small muted", "p")
        return
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        Words(text, "sl-code folds", "pre").props["tabindex"] = "0"
        return
    JsonTree(value, name)


def _status_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
