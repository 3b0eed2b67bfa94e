"""Incoming requests as they were captured, also those that were turned away: shown, and sent through once more."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

from sqlalchemy.orm import defer
from sqlmodel import col, func, or_, select

from streamline_ui.errors import Conflict, NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Workflow
from streamline_ui.workflows import catalog, executions, payloads, uploads

SHOWN = 64_000  # bytes of each body in a list


def page(
    user_id: str, workflow_id: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[HookRequest]:
    """A workflow's requests, newest first, each with the start of its body. `before` is where the last page ended.

    Raises NotFound.
    """
    catalog.one(user_id, workflow_id)
    query = select(HookRequest, func.substr(HookRequest.body, 1, SHOWN)).where(HookRequest.workflow_id == workflow_id)
    if before is not None:
        at, last = before
        query = query.where(or_(HookRequest.at < at, (HookRequest.at == at) & (HookRequest.id < last)))
    query = query.options(defer(HookRequest.body))  # type: ignore[arg-type]  # SQLModel hides that it is a column
    newest = query.order_by(col(HookRequest.at).desc(), col(HookRequest.id).desc())
    found: list[HookRequest] = []
    with db.reading() as session:
        for row, start in session.exec(newest.limit(limit)).all():
            session.expunge(row)
            row.body = bytes(start or b"")  # the start of nothing is NULL
            found.append(row)
    return found


def one(user_id: str, workflow_id: str, request_id: str) -> HookRequest:
    """A request with its whole body. Raises NotFound."""
    query = (
        select(HookRequest)
        .join(Workflow, col(Workflow.id) == HookRequest.workflow_id)
        .where(
            HookRequest.id == request_id,
            HookRequest.workflow_id == workflow_id,
            Workflow.user_id == user_id,
            col(Workflow.deleted_at).is_(None),
        )
    )
    with db.reading() as session:
        found = session.exec(query).first()
    if found is None:
        raise NotFound("There is no such request.")
    return found


async def replay(user_id: str, workflow_id: str, request_id: str) -> Execution:
    """Run the workflow as it is now for a request, whatever the verdict on it was: its owner wants it.

    Raises NotFound, Malformed, and Conflict where not the whole body was kept or no version is published.
    """
    row = await asyncio.to_thread(one, user_id, workflow_id, request_id)
    if row.size > len(row.body):
        raise Conflict("The request was too large to be kept whole, so it cannot be sent through again.")
    headers: dict[str, str] = json.loads(row.headers)
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    async with uploads.shelf() as shelf:
        body = await payloads.read(kind, row.body, shelf)
        trigger = payloads.trigger(row.method, row.query, headers, body, now(), files=shelf.folder)
        execution = await asyncio.to_thread(_start, user_id, workflow_id, trigger, shelf.folder)
        shelf.keep()
    return execution


def _start(user_id: str, workflow_id: str, trigger: dict[str, object], files: str | None) -> Execution:
    workflow = catalog.one(user_id, workflow_id)
    if workflow.version == 0:
        raise Conflict("This workflow was never published.", hints=["Publish it; then it can run."])
    return executions.start(user_id, workflow_id, workflow.version, trigger, files=files)
