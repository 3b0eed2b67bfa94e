"""`/settings/tokens`: the visitor's API tokens."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import live, settings_frame
from components.token_list import TokenList


@ui.page("/settings/tokens")
async def tokens(request: Request) -> None:
    """Everybody's own."""
    visitor = request.state.visitor
    with settings_frame.frame(visitor, "tokens", "With a token, scripts use Streamline's REST API as you."):
        mine = TokenList(visitor)
        live.follow(visitor, mine.heard, kind="token")
    await mine.refresh()
