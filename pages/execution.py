"""`/executions/{id}`: one execution."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException, Request
from nicegui import ui

from components import execution_detail, live, shell
from components.execution_detail import ExecutionDetail
from streamline_ui.errors import NotFound


@ui.page("/executions/{execution_id}")
async def execution(request: Request, execution_id: str) -> None:
    """Somebody else's execution is not found, as one that never was."""
    visitor = request.state.visitor
    try:
        seen = await asyncio.to_thread(execution_detail.read, visitor.user_id, execution_id)
    except NotFound:
        raise HTTPException(404, "There is no such execution.") from None
    with shell.frame(visitor, title=f"Run {execution_detail.short(execution_id)}", active="executions"):
        detail = ExecutionDetail(visitor.user_id, seen)
        live.follow(visitor.user_id, detail.heard, kind="execution")
    await detail.refresh()
    await ui.context.client.connected()
    await detail.settle()
