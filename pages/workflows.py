"""`/workflows`: what happens when something happens."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import live, shell
from components.workflow_board import WorkflowBoard


@ui.page("/workflows")
async def workflows(request: Request) -> None:
    """Changes and new executions show by themselves."""
    visitor = request.state.visitor
    with shell.frame(visitor, title="Workflows", active="workflows"):
        board = WorkflowBoard(visitor.user_id)
        live.follow(visitor.user_id, board.refresh, kind="workflow")
        live.follow(visitor.user_id, board.refresh, kind="execution")
    await board.refresh()
