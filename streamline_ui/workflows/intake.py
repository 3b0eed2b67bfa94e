"""Events in: each is written down once, with the execution it starts, before anybody is told that it arrived.

Everything about one request happens in one transaction: the capture, the event (unique by the sender's own id), and the
execution. So what was answered with 2xx runs, and what was not answered so left nothing half done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from streamline_ui import live
from streamline_ui.storage import db, writer
from streamline_ui.storage.models import new_id, table_of
from streamline_ui.storage.workflow_tables import Event, Execution, HookRequest, Progress, Verdict
from streamline_ui.storage.writer import Statement
from streamline_ui.workflows.job import Job

_keep_request = table_of(HookRequest).insert()
_keep_event = table_of(Event).insert()
_queue_execution = table_of(Execution).insert()
_events = table_of(Event).c
_seen = select(_events.id).where(_events.workflowId == bindparam("workflow"), _events.sourceId == bindparam("source"))
KEPT_BODY = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Listener:
    """The part of a workflow that intake needs."""

    id: str
    user_id: str
    version: int
    is_active: bool
    verification_enc: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An incoming request, as it is captured. `headers` hold no credentials."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request. `execution` is the one it started, not yet run."""

    request_id: str
    verdict: Verdict
    event_id: str | None = None
    execution: Job | None = None


async def accept(listener: Listener, request: Request, trigger: Mapping[str, Any], source_id: str | None) -> Receipt:
    """Write down a request that is genuine, and queue its execution. A repeat only leaves a capture.

    `trigger` is what templates see of it; `source_id` the sender's own id of the delivery.

    Raises Unavailable where too much waits to be stored, and SQLAlchemyError where nothing can be: then nothing was.
    """
    if source_id is not None and await db.glance(_seen, {"workflow": listener.id, "source": source_id}) is not None:
        return await _repeat(listener, request)
    request_id, event_id = new_id(), new_id()
    written = orjson.dumps(trigger).decode()
    job = Job(
        new_id(), listener.user_id, listener.id, listener.version, is_new=True, trigger=trigger, size=len(written)
    )
    event = {"id": event_id, "workflowId": listener.id, "sourceId": source_id, "at": request.at}
    try:
        await writer.write(
            _capture(request_id, listener.id, request, Verdict.ACCEPTED, ""),
            (_keep_event, event),
            queued(job, event_id, written, request.at),
        )
    except IntegrityError:  # the same came in a moment ago
        if source_id is None:
            raise
        return await _repeat(listener, request)
    live.tell(listener.user_id, "request", request_id)
    return Receipt(request_id, Verdict.ACCEPTED, event_id, job)


async def _repeat(listener: Listener, request: Request) -> Receipt:
    return await turn_away(listener.id, listener.user_id, request, Verdict.DUPLICATE, "This was delivered before.")


async def turn_away(workflow_id: str, user_id: str, request: Request, verdict: Verdict, reason: str) -> Receipt:
    """Keep a request that starts nothing, and why."""
    request_id = new_id()
    await writer.write(_capture(request_id, workflow_id, request, verdict, reason))
    live.tell(user_id, "request", request_id)
    return Receipt(request_id, verdict)


def _capture(request_id: str, workflow_id: str, request: Request, verdict: Verdict, reason: str) -> Statement:
    row = {
        "id": request_id,
        "workflowId": workflow_id,
        "at": request.at,
        "verdict": verdict,
        "reason": reason,
        "method": request.method,
        "query": request.query,
        "headers": orjson.dumps(request.headers).decode(),
        "body": request.body[:KEPT_BODY],
        "size": len(request.body),
        "address": request.address,
    }
    return _keep_request, row


def queued(job: Job, event_id: str, trigger: str, at: datetime) -> Statement:
    """What queues the execution of an event; `trigger` is its JSON."""
    return _queue_execution, _execution_row(job, event_id, trigger, at)


def _execution_row(job: Job, event_id: str, trigger: str, at: datetime) -> dict[str, Any]:
    return {
        "id": job.id,
        "userId": job.user_id,
        "workflowId": job.workflow_id,
        "version": job.version,
        "eventId": event_id,
        "status": Progress.QUEUED,
        "trigger": trigger,
        "error": "",
        "dueAt": at,
        "crashes": 0,
        "isCancelled": False,
        "createdAt": at,
        "files": job.trigger.get("files") if job.trigger.get("type") == "webhook" else None,
    }
