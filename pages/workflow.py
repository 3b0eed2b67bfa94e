"""`/workflows/{id}`: the editor; `/workflows/new` makes a workflow and goes there, `/workflows/sample` one to try."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException, Request
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from components import links, live, shell, snapshots
from components.workflow_editor import WorkflowEditor
from streamline_ui.errors import NotFound
from streamline_ui.workflows import catalog, drafts, samples


@ui.page("/workflows/new")
async def new(request: Request) -> Response:
    """An empty workflow of one's own."""
    workflow = await asyncio.to_thread(drafts.new, request.state.visitor.user_id)
    return RedirectResponse(links.to(f"/workflows/{workflow.id}"), status_code=303)


@ui.page("/workflows/sample")
async def sample(request: Request) -> Response:
    """The workflow to try everything with; the same again where there is one."""
    user_id = request.state.visitor.user_id
    known = [row for row in await asyncio.to_thread(catalog.all_of, user_id) if row.name == samples.NAME]
    workflow = known[0] if known else await asyncio.to_thread(samples.create, user_id)
    return RedirectResponse(links.to(f"/workflows/{workflow.id}?open=trigger"), status_code=303)


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
        live.follow(visitor, editor.heard_workflows, "workflow")
        live.follow(visitor, editor.heard_connections, "integration", snapshots.forget)
        live.follow(visitor, editor.heard_requests, "request")
        live.follow(visitor, editor.heard_executions, "execution")
    await editor.start()
    if request.query_params.get("open") == "trigger":
        editor.panel.open()
