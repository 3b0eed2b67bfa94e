"""`/integrations/{id}`: one connection."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException, Request
from nicegui import ui

from components import live, shell, snapshots
from components.connection_detail import ConnectionDetail
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections


@ui.page("/integrations/{integration_id}")
async def integration(request: Request, integration_id: str) -> None:
    """Somebody else's connection is not found, as one that never was."""
    visitor = request.state.visitor
    try:
        row = await asyncio.to_thread(connections.one, visitor.user_id, integration_id)
    except NotFound:
        raise HTTPException(404, "There is no such integration.") from None
    with shell.frame(visitor, title=row.name, active="integrations"):
        detail = ConnectionDetail(visitor.user_id, row)
        live.follow(visitor.user_id, detail.heard, heard=snapshots.forget)
    await detail.refresh()
    await ui.context.client.connected()
    await detail.settle()
