"""What needed somebody, newest first: what is open on top, what is over below, each to be dismissed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from nicegui.element import Element

from components import elements, links
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.integrations import alert_words, alerts
from streamline_ui.storage.alert_tables import Alert, Matter

LIMIT = 200
WAYS = {
    Matter.CONNECTION: "Open connection",
    Matter.SIGN_IN: "Sign in",
    Matter.KEY: "Open connection",
    Matter.LISTENER: "Open connection",
    Matter.WORKFLOW: "Open execution",
    Matter.SILENCE: "Open workflow",
    Matter.CHANNEL: "Change",
}


class AlertList:
    """Reads itself anew whenever an alert begins, ends, or is dismissed."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.clock = Clock()
        with tag("header", "sl-page-head"):
            with tag("div", "grow"):
                Words("Alerts", "sl-h1", "h1")
                self.count = Words("", "sub", "p")
                self.count.props["role"] = "status"
            with tag("div", "row wrap"):
                with tag("a", "sl-btn", href=links.to("/settings/alerts")):
                    elements.icon("settings")
                    Words("Where alerts go")
                self.clear = elements.button("Dismiss all", icon="check").on("click", self._dismiss_all)
        self.list = tag("ul", "sl-alerts", aria_label="Alerts")
        self.empty = tag("div", "sl-empty")
        with self.empty:
            elements.stream_line()
            Words("Nothing needs you", "sl-h2", "h2")
            Words("When a connection breaks or a workflow fails, it shows here, once.", "sub", "p")

    async def settle(self) -> None:
        """Once the browser is there: write times as its clock does, and note that the user has looked."""
        await self.clock.ask()
        await self.refresh()
        await asyncio.to_thread(alerts.see, self.user_id)

    async def redraw(self, _: set[str]) -> None:
        """Something has begun, or is over."""
        await self.refresh()
        await asyncio.to_thread(alerts.see, self.user_id)

    async def refresh(self) -> None:
        """Show what there is now."""
        found = await asyncio.to_thread(alerts.all_of, self.user_id, limit=LIMIT)
        found.sort(key=lambda alert: alert.ended_at is not None)
        open_ = sum(alert.ended_at is None for alert in found)
        self.count.set_text(f"{open_} open · {len(found) - open_} over" if found else "")
        self.clear.set_visibility(bool(found))
        self.empty.set_visibility(not found)
        self.list.set_visibility(bool(found))
        self.list.clear()
        with self.list:
            for alert in found:
                self._draw(alert)

    def _draw(self, alert: Alert) -> Element:
        is_over = alert.ended_at is not None
        tone, icon, word = ("ok", "circle-check", "Over") if is_over else ("bad", "circle-x", "Open")
        if not is_over and alert.matter in (Matter.KEY, Matter.SILENCE, Matter.SIGN_IN):
            tone, icon = "warn", "triangle-alert"
        with tag("li", f"sl-card sl-alert {tone}", data_testid="alert") as line:
            with tag("span", f"sl-st {tone}"):
                elements.icon(icon)
                Words(word, "sr")
            with tag("div", "grow"):
                Words(alert_words.title(alert), "b wraps", "p")
                Words(alert_words.cause(alert), "sub wraps", "p")
                if alert.hint and not is_over:
                    Words(alert.hint, "wraps", "p")
                Words(self._when(alert), "small muted num", "p")
            with tag("div", "row sl-alert-do"):
                if alert.link:
                    with tag("a", "link", href=links.to(alert.link)):
                        Words(WAYS[Matter(alert.matter)])
                dismiss = elements.button(f"Dismiss “{alert.name}”", kind="ghost sm", icon="x", only_icon=True)
                dismiss.on("click", lambda: self._dismiss(alert.id), args=[])
        return line

    def _when(self, alert: Alert) -> str:
        began = self.clock.at(alert.began_at)
        if alert.matter == Matter.KEY:
            return f"Told {began}"
        if alert.ended_at is None:
            return f"Since {began} · {alert_words.lasted(alert)}"
        return f"{began} to {self.clock.at(alert.ended_at)}"

    async def _dismiss(self, alert_id: str) -> None:
        await asyncio.to_thread(alerts.dismiss, self.user_id, alert_id)
        elements.toast("Dismissed.", action="Undo", on_action=lambda: self._restore([alert_id]))
        await self.refresh()  # after the notice: it takes away the button that was pressed

    async def _dismiss_all(self) -> None:
        gone = await asyncio.to_thread(alerts.dismiss_all, self.user_id)
        elements.toast("All dismissed.", action="Undo", on_action=lambda: self._restore(gone))
        await self.refresh()

    async def _restore(self, ids: Collection[str]) -> None:
        for alert_id in ids:
            await asyncio.to_thread(alerts.restore, self.user_id, alert_id)
        await self.refresh()
