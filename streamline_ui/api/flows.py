"""Workflows: what starts them, and what they do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.concurrency import run_in_threadpool

from streamline_ui.api import door, paging
from streamline_ui.api.door import Asking
from streamline_ui.api.flow_bodies import NewWorkflow, Run, WorkflowChange, WorkflowVersion
from streamline_ui.api.flow_shapes import Described, Flow, Started, Version
from streamline_ui.api.shapes import Page
from streamline_ui.errors import Conflict, NotFound
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.storage.workflow_tables import WorkflowVersion as VersionRow
from streamline_ui.workflows import by_hand, catalog, definitions, dispatch
from streamline_ui.workflows.listening import polling

router = APIRouter(prefix="/workflows", tags=["Workflows"], route_class=door.Door)
MOST_DIGITS = 9
WITHOUT_INPUT = Run()


@router.get("")
def enumerate_(caller: Asking, limit: paging.Limit = paging.USUAL, cursor: paging.Cursor = None) -> Page[Flow]:
    """List your workflows, the oldest first."""
    return paging.page(catalog.all_of(caller.user_id), limit, cursor, Flow.of)


@router.post("", status_code=201)
def add(body: NewWorkflow, caller: Asking) -> Flow:
    """Make a workflow, which runs at once. 422 names each place that is wrong, such as `steps.0.params.content`.

    What `GET /workflows/{id}/export` gave can be sent here, in this installation or in another.
    """
    return Flow.of(polling.attend(catalog.add(caller.user_id, body.values(), is_active=body.is_active)))


@router.get("/{id}")
def look(id: str, caller: Asking) -> Flow:  # noqa: A002 - the name in the address, here and below
    """Show one workflow."""
    return Flow.of(catalog.one(caller.user_id, id))


@router.put("/{id}")
def replace(id: str, body: WorkflowVersion, caller: Asking) -> Flow:  # noqa: A002
    """Publish a new version. 409 unless `version` is the one that is published: somebody else was faster.

    A secret that is sent back as it was shown stays as it is.
    """
    known = catalog.one(caller.user_id, id)
    version = _read_at(body.version, known)
    changed = catalog.replace(caller.user_id, id, body.values(), version, is_active=body.is_active)
    return Flow.of(polling.attend(changed))


@router.patch("/{id}")
def change(id: str, body: WorkflowChange, caller: Asking) -> Flow:  # noqa: A002
    """Change what is given: rename it, turn it on or off, or publish other parts of it as a new version."""
    row = catalog.one(caller.user_id, id)
    if body.version is not None:
        _read_at(body.version, row)
    values = body.values()
    if values.keys() - {"name"}:
        whole = definitions.public(catalog.current(row)) | {"name": row.name} | values
        row = catalog.replace(caller.user_id, id, whole, row.version, is_active=body.is_active)
    else:
        row = catalog.change(caller.user_id, id, name=body.name, is_active=body.is_active)
    return Flow.of(polling.attend(row))


@router.delete("/{id}", status_code=204)
def remove(id: str, caller: Asking) -> None:  # noqa: A002
    """Remove a workflow with its versions, requests and executions."""
    catalog.remove(caller.user_id, id)


@router.get("/{id}/versions")
def versions(
    id: str,  # noqa: A002
    caller: Asking,
    limit: paging.Limit = paging.USUAL,
    cursor: paging.Cursor = None,
) -> Page[Version]:
    """List what was published, the newest first."""
    found = catalog.versions(caller.user_id, id)
    last = paging.before(cursor)
    rows = [row for row in found if last is None or _place(row) < last]
    return paging.part(rows, limit, _place, Version.of)


@router.post("/{id}/versions/{version}/restore")
def restore(id: str, version: str, caller: Asking) -> Flow:  # noqa: A002
    """Publish an old version again, as the newest one. 422 where it can no longer run."""
    if not version.isdecimal() or len(version) > MOST_DIGITS:
        raise NotFound("There is no such version.")
    return Flow.of(catalog.restore_version(caller.user_id, id, int(version)))


@router.get("/{id}/export")
def export(id: str, caller: Asking) -> Described:  # noqa: A002
    """Give the workflow for keeping or taking elsewhere, without secrets."""
    row = catalog.one(caller.user_id, id)
    return Described.export(catalog.current(row).model_copy(update={"name": row.name}))


@router.post("/{id}/run", status_code=202)
async def run(id: str, caller: Asking, body: Annotated[Run, Body()] = WITHOUT_INPUT) -> Started:  # noqa: A002
    """Run it now, also when it is off. Templates see `input` as `trigger.input`, and a webhook's as `trigger.body`."""
    execution = await run_in_threadpool(by_hand.run, caller.user_id, id, body.input)
    dispatch.offer(execution)
    return Started(execution_id=execution.id)


def _place(row: VersionRow) -> tuple[datetime, str]:
    return row.created_at, f"{row.version:0{MOST_DIGITS}}"


def _read_at(version: int | None, row: Workflow) -> int:
    """The version that a change is meant for. Raises Conflict where it is not, or does not say."""
    if version is None:
        raise Conflict(
            "It is not said which version this replaces.",
            hints=["Send `version` as it was when you read the workflow."],
        )
    if version != row.version:
        raise Conflict(
            f"The workflow was changed elsewhere: it is at version {row.version}, not {version}.",
            hints=["Read it again, and make your change on top of that."],
        )
    return version
