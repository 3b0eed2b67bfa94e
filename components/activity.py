"""What has happened with a connection, newest first; all of it, or only what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from nicegui import ui

from components import elements, heartbeat
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.storage.models import HealthCheck

TONES = {
    "ok": ("ok", "circle-check", "Fine"),
    "slow": ("warn", "triangle-alert", "Slow"),
    "failed": ("bad", "circle-x", "Failed"),
}
KINDS = {"test": "Test", "use": "Use"}
PAGE = 12


class Activity:
    """A list in one piece of HTML. `older` is called when more is wanted than was given."""

    def __init__(self, clock: Clock, older: Callable[[int], Any]) -> None:
        self.clock = clock
        self.older = older
        self.checks: list[HealthCheck] = []
        self.limit = PAGE
        self.problems_only = False
        with tag("section", "sl-card", aria_labelledby="activity-title"):
            with tag("div", "row between sl-card-head"):
                Words("Activity", "sl-h2", "h2").props["id"] = "activity-title"
                with tag("div", "sl-seg", role="group", aria_label="Show"):
                    self.all = self._segment("All", problems_only=False)
                    self.problems = self._segment("Problems", problems_only=True)
            self.list = ui.html("", sanitize=False, tag="ul").classes("sl-activity")
            self.empty = Words("", "sub sl-card-foot", "p")
            self.more = tag("button", "link sl-card-foot", type_="button").on("click", self._show_older)
            with self.more:
                Words("Show older")

    def update(self, checks: Sequence[HealthCheck]) -> None:
        """Show these checks, given oldest first."""
        self.checks = list(reversed(checks))
        self._draw()

    def _segment(self, label: str, *, problems_only: bool) -> Any:
        segment = tag(
            "button", "on" if not problems_only else "", type_="button", aria_pressed=str(not problems_only).lower()
        )

        def choose() -> None:
            self.problems_only = problems_only
            for button, is_on in ((self.all, not problems_only), (self.problems, problems_only)):
                button.props["aria-pressed"] = str(is_on).lower()
                button.classes(**{"add" if is_on else "remove": "on"})
            self._draw()

        with segment.on("click", choose):
            Words(label)
        return segment

    async def _show_older(self) -> None:
        self.limit += 5 * PAGE
        await self.older(self.limit)

    def _draw(self) -> None:
        shown = [check for check in self.checks if not (self.problems_only and heartbeat.kind(check) == "ok")]
        self.list.set_content("".join(self._line(check) for check in shown[: self.limit]))
        nothing = "No problems among the checks so far." if self.problems_only and self.checks else "No checks yet."
        self.empty.set_text(nothing)
        self.empty.set_visibility(not shown)
        self.more.set_visibility(len(self.checks) >= self.limit)

    def _line(self, check: HealthCheck) -> str:
        tone, icon, word = TONES[heartbeat.kind(check)]
        answered = "" if check.latency_ms is None else f"{check.latency_ms} ms"
        return (
            f'<li><span class="sl-st {tone}">{elements.icon_html(icon)}<span class="sr">{word}</span></span>'
            f'<time class="num muted" datetime="{check.at.isoformat()}">{self.clock.at(check.at)}</time>'
            f"<b>{KINDS.get(check.kind, 'Check')}</b>"
            f'<span class="said">{escape(check.message)}</span><span class="num muted ms">{answered}</span></li>'
        )
