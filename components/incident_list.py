"""When a connection was down: from when to when, and why; and how much of the time it was up."""

from __future__ import annotations

from html import escape

from nicegui import ui

from components import connection_words as words
from components import elements
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.integrations import alert_words
from streamline_ui.integrations.incidents import History, Incident
from streamline_ui.storage.models import now

MOST = 20


class IncidentList:
    """A card, drawn in one piece of HTML."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        with tag("section", "sl-card", aria_labelledby="incidents-title"):
            with tag("div", "row between sl-card-head"):
                Words("Incidents", "sl-h2", "h2").props["id"] = "incidents-title"
            self.shares = Words("", "small sub num sl-uptime", "p")
            self.list = ui.html("", sanitize=False, tag="ul").classes("sl-incidents")
            self.rest = Words("", "sub sl-card-foot", "p")

    def update(self, history: History) -> None:
        """Show this."""
        known = (("24 hours", history.day), ("7 days", history.week), ("30 days", history.month))
        shown = [f"{percent(share)} % in {span}" for span, share in known if share is not None]
        self.shares.set_text(" · ".join(["Up " + shown[0], *shown[1:]]) if shown else "")
        self.list.set_content("".join(self._line(each) for each in history.incidents[:MOST]))
        self.rest.set_text(_rest(history))
        self.rest.set_visibility(bool(_rest(history)))

    def _line(self, each: Incident) -> str:
        tone, icon, word = ("ok", "circle-check", "Over") if each.ended_at else ("bad", "circle-x", "Open")
        began = self.clock.at(each.began_at)
        span = f"{began} to {self.clock.at(each.ended_at)}" if each.ended_at else f"Since {began}, still open"
        lasted = alert_words.duration((each.ended_at or now()) - each.began_at)
        return (
            f'<li><span class="sl-st {tone}">{elements.icon_html(icon)}<span class="sr">{word}</span></span>'
            f'<span class="num">{span}</span><b class="num">{lasted}</b>'
            f'<span class="said sub">{escape(each.cause)}</span></li>'
        )


def percent(share: float) -> str:
    """A share without needless digits; what was not always up is never called 100."""
    text = f"{min(100 * share, 99.99) if share < 1 else 100:.2f}"
    return text.rstrip("0").rstrip(".")


def _rest(history: History) -> str:
    parts = []
    if len(history.incidents) > MOST:
        parts.append(f"{len(history.incidents) - MOST} older ones.")
    if not history.incidents:
        parts.append("None in the last 30 days.")
    if history.flickers:
        verb = "was" if history.flickers == 1 else "were"
        parts.append(f"{words.count(history.flickers, 'failed check')} {verb} over within a minute.")
    return " ".join(parts)
