"""`/` and `/integrations`: what is connected, and what else can be."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import live, shell, snapshots
from components.integrations_board import IntegrationsBoard


@ui.page("/")
@ui.page("/integrations")
async def integrations(request: Request, connect: str = "", fix: str = "", deleted: str = "") -> None:
    """`connect` opens the dialog for a service, `fix` the one for a connection; `deleted` offers a way back."""
    visitor = request.state.visitor
    shown = await snapshots.everything(visitor.user_id)
    with shell.frame(visitor, title="Integrations", active="integrations"):
        board = IntegrationsBoard(visitor.user_id, shown)
        live.follow(visitor.user_id, board.refresh, heard=snapshots.forget)
    if connect or fix or deleted:
        await ui.context.client.connected()
        await board.arrive(connect=connect, fix=fix, deleted=deleted)
