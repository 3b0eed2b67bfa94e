"""Executions: what workflows did, and do."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from starlette.concurrency import run_in_threadpool

from streamline_ui.api import door, paging
from streamline_ui.api.door import Asking
from streamline_ui.api.flow_bodies import Replay
from streamline_ui.api.flow_shapes import Course, Ran, Started
from streamline_ui.api.shapes import Page
from streamline_ui.storage.workflow_tables import Execution, Progress
from streamline_ui.workflows import catalog, dispatch, reasons
from streamline_ui.workflows import executions as runs

router = APIRouter(prefix="/executions", tags=["Executions"], route_class=door.Door)
USUAL = 50
AS_IT_WAS = Replay()
LARGEST_TRIGGER = 20_000  # characters, in a list
MOST_STEPS = 5000  # in a list

WorkflowId = Annotated[
    str | None, Query(alias="workflowId", max_length=100, description="Only those of this workflow.")
]
State = Annotated[
    Literal["queued", "running", "waiting", "succeeded", "failed", "unknown", "cancelled"] | None,
    Query(description="Only those that stand like this."),
]
Text = Annotated[
    str | None, Query(max_length=200, description="Only those with this in what came in, or in the error.")
]


@router.get("")
def enumerate_(  # noqa: PLR0917 - all of them are names in the address
    caller: Asking,
    workflow_id: WorkflowId = None,
    status: State = None,
    q: Text = None,
    limit: paging.Limit = USUAL,
    cursor: paging.Cursor = None,
) -> Page[Course]:
    """List executions, the newest first. Of the steps it says how they stand; the execution itself has the rest."""
    rows = runs.page(
        caller.user_id,
        workflow_id=workflow_id,
        status=Progress(status) if status else None,
        text=q,
        before=paging.before(cursor),
        limit=limit + 1,
    )
    triggers, steps = runs.triggers(rows, LARGEST_TRIGGER), runs.stages(rows, MOST_STEPS)
    why = reasons.of(rows)

    def shape(row: Execution) -> Course:
        return Course.of(row, triggers.get(row.id), steps.get(row.id, ()), why.get(row.id))

    return paging.part(rows, limit, lambda row: (row.created_at, row.id), shape)


@router.get("/{id}")
def look(id: str, caller: Asking) -> Ran:  # noqa: A002 - the name in the address, here and below
    """Show one execution with every step, and every attempt with its request and response."""
    return _ran(runs.one(caller.user_id, id))


@router.post("/{id}/replay", status_code=202)
async def replay(id: str, caller: Asking, body: Annotated[Replay, Body()] = AS_IT_WAS) -> Started:  # noqa: A002
    """Run it again, with the version that it ran with or with the current one, from the top or from a step on."""

    def start() -> Execution:
        version = None
        if body.version == "current":
            version = catalog.one(caller.user_id, runs.one(caller.user_id, id).workflow_id).version
        return runs.replay(caller.user_id, id, version, body.from_step)

    execution = await run_in_threadpool(start)
    dispatch.offer(execution)
    return Started(execution_id=execution.id)


@router.post("/{id}/cancel")
def cancel(id: str, caller: Asking) -> Ran:  # noqa: A002
    """End it: at once where it waits, before its next step where it runs. 409 where it is over."""
    row = runs.cancel(caller.user_id, id)
    dispatch.cancel(id)
    return _ran(row)


def _ran(row: Execution) -> Ran:
    return Ran.of(row, runs.steps(row.id), reasons.of([row]).get(row.id))
