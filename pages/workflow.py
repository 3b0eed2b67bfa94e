"""`/workflows/{id}`: the editor; `/workflows/new` and `/workflows/sample` offer to begin one."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException, Request
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from components import links, live, new_workflow, shell, snapshots
from components.workflow_editor import WorkflowEditor
from streamline_ui.errors import NotFound
from streamline_ui.workflows import catalog


@ui.page("/workflows/new")
async def new(request: Request) -> None:
    """What can be begun. Opening the address makes nothing: browsers fetch addresses ahead, and people go back."""
    _draw_new(request)


@ui.page("/workflows/sample")
async def sample(request: Request) -> Response | None:
    """The workflow to try everything with, or what makes it."""
    known = await asyncio.to_thread(new_workflow.sample_of, request.state.visitor.user_id)
    if known is not None:
        return RedirectResponse(links.to(f"/workflows/{known.id}?open=trigger"), status_code=303)
    _draw_new(request, sample_first=True)
    return None


def _draw_new(request: Request, *, sample_first: bool = False) -> None:
    visitor = request.state.visitor
    with shell.frame(visitor, title="New workflow", active="workflows"):
        new_workflow.draw(visitor.user_id, sample_first=sample_first)


@ui.page("/workflows/{workflow_id}")
async def workflow(request: Request, workflow_id: str) -> None:
    """Somebody else's workflow is not found, as one that never was."""
    visitor = request.state.visitor
    try:
        row = await asyncio.to_thread(catalog.one, visitor.user_id, workflow_id)
    except NotFound:
        raise HTTPException(404, "There is no such workflow.") from None
    with shell.frame(visitor, title=row.name, active="workflows"):
        ui.context.slot.parent.classes("full")
        editor = WorkflowEditor(visitor.user_id, row)
        editor.session.run_id = request.query_params.get("run")
        live.follow(visitor, editor.heard_workflows, "workflow")
        live.follow(visitor, editor.heard_connections, "integration", snapshots.forget)
        live.follow(visitor, editor.heard_requests, "request")
        live.follow(visitor, editor.heard_executions, "execution")
    await editor.start()
    editor.show(request.query_params.get("step", ""))
    if request.query_params.get("open") == "trigger":
        editor.panel.open()
