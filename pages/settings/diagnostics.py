"""`/settings/diagnostics`: how the hub itself is doing, for admins."""

from __future__ import annotations

from fastapi import HTTPException, Request
from nicegui import ui

from components import settings_frame
from components.diagnostics_board import DiagnosticsBoard


@ui.page("/settings/diagnostics")
async def diagnostics(request: Request) -> None:
    """For others there is no such page."""
    visitor = request.state.visitor
    if not visitor.is_admin:
        raise HTTPException(404, "There is no such page.")
    with settings_frame.frame(visitor, "diagnostics", "How Streamline itself is doing, right now."):
        board = DiagnosticsBoard()
    await board.refresh()
