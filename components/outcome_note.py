"""The one place in a dialog where the result of a test or an action stands."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui.element import Element

from components import elements
from components.form_parts import Words, tag
from streamline_ui.integrations.health import Outcome

ICONS = {"ok": "circle-check", "bad": "circle-x", "info": "loader"}


class OutcomeNote:
    """Empty at first; it always says one thing, and says it to screen readers too."""

    def __init__(self) -> None:
        self.place = tag("div", "sl-note", role="status", aria_live="polite")

    def clear(self) -> None:
        """Say nothing."""
        self.place.clear()

    def testing(self, service: str) -> None:
        """Somebody is being asked."""
        self._say("info", f"Asking {service}…")

    def success(self, outcome: Outcome) -> None:
        """It works; and how fast the service answered."""
        answered = "" if outcome.latency_ms is None else f"Answered in {outcome.latency_ms} ms."
        self._say("ok", outcome.message, [answered] if answered else [])

    def done(self, message: str, details: Sequence[str] = ()) -> None:
        """An action went well."""
        self._say("ok", message, details)

    def waiting(self, message: str, details: Sequence[str] = ()) -> None:
        """Something has to happen elsewhere first."""
        self._say("info", message, details)

    def problem(self, message: str, hints: Sequence[str] = ()) -> Element:
        """What went wrong, and what to do about it. Returns its place, for a link after it."""
        return self._say("bad", message, hints)

    def _say(self, tone: str, message: str, details: Sequence[str] = ()) -> Element:
        self.place.clear()
        with self.place, tag("div", f"sl-callout {tone}"):
            elements.icon(ICONS[tone])
            with tag("div", "body") as body:
                Words(message, "ttl block")
                for detail in details:
                    Words(detail, "block")
        return body
