"""`/settings/about`: which version this is, and whose work is in it."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import about_cards, settings_frame


@ui.page("/settings/about")
async def about(request: Request) -> None:
    """Everybody's."""
    visitor = request.state.visitor
    with settings_frame.frame(visitor, "about", "A self-hosted integration hub: your services, on your own machine."):
        about_cards.draw(is_admin=visitor.is_admin)
