"""The pollers of this process, those in trouble first; some at a time, as there may be thousands."""

from __future__ import annotations

from datetime import datetime
from html import escape

from nicegui import ui

from components import elements, figures, settings_frame
from components.form_parts import Words, tag
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import now
from streamline_ui.workflows.listening import polling
from streamline_ui.workflows.listening.polling_service import Listed

SHOWN = 25  # at a time
COLUMNS = ("Connection", "Feed", "Last", "Next", "Late", "Failures")
NOTHING = "<p class='sub'>Nothing is polled: no workflow that is on listens to a service.</p>"
STUCK = "It is not asked any more. Mend its connection, then it goes on by itself."


class PollerTable:
    """A card. On a phone each poller is a block of labelled figures."""

    def __init__(self) -> None:
        self.first = 0
        self.count = 0
        explanation = "Those in trouble first: blocked ones, then those that failed most often, then late ones."
        with settings_frame.card("Each poller", explanation):
            self.table = ui.html("", sanitize=False)
            self.pager = tag("div", "row between sl-pager")
            with self.pager:
                self.place = Words("", "sub num", "p")
                with tag("div", "row"):
                    self.back = elements.button("Previous", kind="sm").on("click", lambda: self._turn(-SHOWN))
                    self.on = elements.button("Next", kind="sm").on("click", lambda: self._turn(SHOWN))
        self.pager.set_visibility(False)

    def update(self, count: int, at: datetime) -> None:
        """Show how they are now; `count` is of all."""
        self.count = count
        self.first = min(self.first, max(0, count - 1) // SHOWN * SHOWN)
        shown = polling.worst(self.first + SHOWN)[self.first :]
        content = html(shown, at)
        if self.table.content != content:
            self.table.set_content(content)
        self.pager.set_visibility(count > SHOWN)
        self.place.set_text(f"{self.first + 1:,} to {self.first + len(shown):,} of {count:,}")
        for button, leads_on in ((self.back, self.first > 0), (self.on, self.first + SHOWN < count)):
            button.props["aria-disabled"] = str(not leads_on).lower()
            button.update()

    def _turn(self, by: int) -> None:
        if 0 <= self.first + by < self.count:
            self.first += by
            self.update(self.count, now())


def html(pollers: list[Listed], at: datetime) -> str:
    """The table. No names: a connection is told by its service and the beginning of its id, as its page's address."""
    if not pollers:
        return NOTHING
    head = "".join(f"<th scope='col' role='columnheader'>{each}</th>" for each in COLUMNS)
    rows = "".join(_row(each, at) for each in pollers)
    return (
        "<table class='sl-table sl-pollers' role='table'><thead role='rowgroup'>"
        f"<tr role='row'>{head}<th scope='col' role='columnheader' class='sr'>Problem</th></tr></thead>"
        f"<tbody role='rowgroup'>{rows}</tbody></table>"
    )


def _row(each: Listed, at: datetime) -> str:
    provider = PROVIDERS.get(each.type)
    tone = "bad" if each.is_blocked else "warn" if each.failures else ""
    mark = f"<span class='sl-st {tone}'>{elements.icon_html(elements.TONES[tone])}</span>" if tone else ""
    name = (
        f"{mark}{escape(provider.name if provider else each.type)} "
        f"<span class='mono tiny'>{escape(each.integration_id[:8])}</span>"
    )
    values = (
        each.feed.replace("_", " "),
        figures.since(each.last_polled_at, at),
        _next(each, at),
        figures.took(each.late) if each.late >= 0.1 else "–",
        f"{each.failures:,}",
    )
    cells = "".join(
        f"<td role='cell' class='num' data-label='{label}'>{escape(value)}</td>"
        for label, value in zip(COLUMNS[1:], values, strict=True)
    )
    problem = _problem(each)
    why = "why" if problem else "why none"
    return (
        f"<tr role='row'><th scope='row' role='rowheader'>{name}</th>{cells}"
        f"<td role='cell' class='{why}'>{escape(problem)}</td></tr>"
    )


def _next(each: Listed, at: datetime) -> str:
    if each.is_asking:
        return "asking now"
    if each.is_blocked or each.next_poll_at is None:
        return "stopped"
    return figures.until(each.next_poll_at, at)


def _problem(each: Listed) -> str:
    """In words; what only a person can end says so."""
    return f"{each.error} {STUCK}".strip() if each.is_blocked else each.error
