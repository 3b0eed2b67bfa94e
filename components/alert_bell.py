"""How many alerts nobody has looked at yet: in the rail, and on the phone's "More"."""

from __future__ import annotations

import asyncio

from nicegui import ui

from components import elements, links, live
from components.form_parts import tag
from streamline_ui.integrations import alerts

MOST = 99


class AlertBell:
    """Draws its parts where it is asked to, and keeps them up to date."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.counts: list[ui.html] = []
        live.follow(user_id, self.refresh, kind="alert")

    def draw(self) -> None:
        """The bell, a link to the list."""
        with tag("a", "sl-btn icon ghost sm sl-bell", href=links.to("/alerts"), title="Alerts") as self.bell:
            elements.icon("bell")
            self.draw_count()
        self._label(0)

    def draw_count(self) -> None:
        """A place for the number."""
        count = ui.html("", sanitize=False, tag="span").classes("sl-cnt")
        count.props["aria-hidden"] = "true"
        count.set_visibility(False)
        self.counts.append(count)

    async def refresh(self, _: set[str] | None = None) -> None:
        """Count again."""
        number = await asyncio.to_thread(alerts.unseen, self.user_id)
        for count in self.counts:
            count.set_content(str(number) if number <= MOST else f"{MOST}+")
            count.set_visibility(number > 0)
        self._label(number)

    def _label(self, number: int) -> None:
        label = f"Alerts, {number} new" if number else "Alerts"
        if self.bell.props.get("aria-label") != label:
            self.bell.props["aria-label"] = label
            self.bell.update()
