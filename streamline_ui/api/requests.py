"""Incoming requests of workflows, as they were captured."""

from __future__ import annotations

from fastapi import APIRouter

from streamline_ui.api import door, paging
from streamline_ui.api.door import Asking
from streamline_ui.api.flow_shapes import Request, Started
from streamline_ui.api.shapes import Page
from streamline_ui.storage.workflow_tables import HookRequest
from streamline_ui.workflows import captures, dispatch, gates, tryouts

router = APIRouter(prefix="/workflows/{id}/requests", tags=["Incoming requests"], route_class=door.Door)
USUAL = 50


@router.get("")
def enumerate_(
    id: str,  # noqa: A002 - the name in the address, here and below
    caller: Asking,
    limit: paging.Limit = USUAL,
    cursor: paging.Cursor = None,
) -> Page[Request]:
    """List what came in at the workflow's address, the newest first, also what was turned away, and why.

    Each has the first 64,000 bytes of its body.
    """
    rows = captures.page(caller.user_id, id, before=paging.before(cursor), limit=limit + 1)
    judged, started = gates.of(id, rows), tryouts.runs(rows)

    def shape(row: HookRequest) -> Request:
        execution = started.get(row.id)
        return Request.of(row, judged[row.id], execution.id if execution else None)

    return paging.part(rows, limit, lambda row: (row.at, row.id), shape)


@router.get("/{request_id}")
def look(id: str, request_id: str, caller: Asking) -> Request:  # noqa: A002
    """Show one request with all that was kept of it."""
    row = captures.one(caller.user_id, id, request_id)
    execution = tryouts.runs([row]).get(row.id)
    return Request.of(row, gates.of(id, [row])[row.id], execution.id if execution else None)


@router.post("/{request_id}/replay", status_code=202)
async def replay(id: str, request_id: str, caller: Asking) -> Started:  # noqa: A002
    """Run the workflow as it is now for this request, whatever the verdict on it was."""
    execution = await captures.replay(caller.user_id, id, request_id)
    dispatch.offer(execution)
    return Started(execution_id=execution.id)
