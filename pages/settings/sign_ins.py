"""`/settings/sign-ins`: who has tried to sign in as the visitor."""

from __future__ import annotations

import asyncio

from fastapi import Request
from nicegui import ui

from components import attempt_table, settings_frame
from streamline_ui.access import limits


@ui.page("/settings/sign-ins")
async def sign_ins(request: Request) -> None:
    """Everybody's own."""
    visitor = request.state.visitor
    attempts = await asyncio.to_thread(limits.recent, visitor.email, 50)
    with settings_frame.frame(visitor, "sign-ins", f"The last tries to sign in as {visitor.email}, kept for 30 days."):
        attempt_table.draw(attempts)
