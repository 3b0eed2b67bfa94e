"""The last 90 checks of a connection as a row of bars. Pointing at one, or the arrow keys, tells about it."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments

from components import connection_words as words
from components import heartbeat
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.storage.models import HealthCheck

PLACES = 90
POINTED = """(e) => {
const box = e.currentTarget.getBoundingClientRect();
const at = Math.floor((e.clientX - box.left) / box.width * %d);
if (e.currentTarget.dataset.at !== String(at)) { e.currentTarget.dataset.at = at; emit(at); }
}"""
PRESSED = """(e) => {
const step = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -999, End: 999}[e.key];
if (step) { e.preventDefault(); emit(step); }
}"""


class ChecksBar:
    """For keyboards and screen readers it is a slider over the checks; it starts at the newest."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.checks: list[HealthCheck] = []
        self.at = 0
        with tag("div", "sl-bar-box"):
            self.slider = tag("div", "sl-bars lg", role="slider", tabindex="0", aria_orientation="horizontal")
            self.slider.props["data-testid"] = "heartbeat"
            self.slider.on("mousemove", self._pointed, js_handler=POINTED % PLACES)
            self.slider.on("mouseleave", self._left)
            self.slider.on("keydown", self._pressed, js_handler=PRESSED)
            self.slider.on("blur", self._left)
            with self.slider:
                self.drawing = ui.html("", sanitize=False).classes("contents")
            with tag("div", "row between tiny muted num"):
                self.oldest = Words("")
                self.detail = Words("", "sl-bar-detail trunc")
                Words("now")

    def update(self, checks: Sequence[HealthCheck], *, idle: bool) -> None:
        """Draw these checks, oldest first."""
        self.checks = list(checks)[-PLACES:]
        self.at = max(0, len(self.checks) - 1)
        self.drawing.set_content(heartbeat.drawing(self.checks, PLACES, idle=idle))
        self.oldest.set_text(f"{words.count(len(self.checks), 'check')} ago" if self.checks else "No checks yet")
        self.slider.props.update(
            {
                "aria-label": heartbeat.summary(self.checks),
                "aria-valuemin": "1",
                "aria-valuemax": str(max(1, len(self.checks))),
            }
        )
        self._tell(self.at)
        self.detail.set_text("")

    def _pointed(self, event: GenericEventArguments) -> None:
        at = int(event.args) - (PLACES - len(self.checks))
        if 0 <= at < len(self.checks):
            self._tell(at)

    def _pressed(self, event: GenericEventArguments) -> None:
        if self.checks:
            self._tell(min(max(self.at + int(event.args), 0), len(self.checks) - 1))

    def _left(self) -> None:
        self.detail.set_text("")

    def _tell(self, at: int) -> None:
        self.at = at
        self.slider.props["aria-valuenow"] = str(at + 1)
        text = self._words(self.checks[at]) if self.checks else "No checks yet"
        self.slider.props["aria-valuetext"] = text
        self.detail.set_text(text)

    def _words(self, check: HealthCheck) -> str:
        how = {"ok": "fine", "slow": "slow", "failed": "failed"}[heartbeat.kind(check)]
        answered = "" if check.latency_ms is None else f", {check.latency_ms} ms"
        said = f": {check.message}" if not check.ok else ""
        return f"{self.clock.at(check.at)} {how}{answered}{said}"
