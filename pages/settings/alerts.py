"""`/settings/alerts`: where alerts go."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import alert_settings, settings_frame


@ui.page("/settings/alerts")
async def alerts(request: Request) -> None:
    """Everybody's own; the heartbeat is the admins'."""
    visitor = request.state.visitor
    with settings_frame.frame(visitor, "alerts", "Hear of what breaks without looking."):
        form = alert_settings.AlertSettings(visitor)
        if visitor.is_admin:
            alert_settings.draw_heartbeat(visitor)
    await form.refresh()
