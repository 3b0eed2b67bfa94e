"""`/executions`: what workflows did."""

from __future__ import annotations

import asyncio

from fastapi import Request
from nicegui import ui

from components import execution_list, live, shell
from components.execution_filters import LONGEST, STATES, Wanted
from components.execution_list import ExecutionList


@ui.page("/executions")
async def executions(request: Request, status: str = "", workflow: str = "", q: str = "") -> None:
    """The address says which of them; new ones are announced."""
    visitor = request.state.visitor
    names = await asyncio.to_thread(execution_list.names, visitor.user_id)
    wanted = Wanted(status if status in STATES else "", workflow if workflow in names else "", q[:LONGEST].strip())
    with shell.frame(visitor, title="Executions", active="executions"):
        shown = ExecutionList(visitor.user_id, wanted, names)
        live.follow(visitor.user_id, shown.heard, kind="execution")
    await shown.refresh()
    await ui.context.client.connected()
    await shown.settle()
