"""What a service tells, written down once: for every workflow that listens an event and the execution it starts.

It all happens in one transaction, together with how far the service was read, so that what was read is never lost and
never runs twice. Very much at once is written in parts; the last of them says how far we are, and a part that comes
again after a crash is known by the service's own ids.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from streamline_ui import live
from streamline_ui.storage import db, writer
from streamline_ui.storage.models import new_id, now, table_of
from streamline_ui.storage.workflow_tables import Event, Workflow
from streamline_ui.storage.writer import Statement
from streamline_ui.workflows import dispatch, intake, storing
from streamline_ui.workflows.job import Job

AT_ONCE = 200  # events in one transaction
LONGEST_ID = 200  # characters; a longer one is known by its hash
TRIES = 3

_keep_event = table_of(Event).insert()
_events = table_of(Event).c
_seen = select(_events.id).where(_events.workflowId == bindparam("workflow"), _events.sourceId == bindparam("source"))


@dataclass(frozen=True, slots=True)
class News:
    """An event for one workflow. `source_id` tells it from every other one; `trigger` is what templates see of it."""

    user_id: str
    workflow_id: str
    version: int
    source_id: str
    trigger: Mapping[str, Any]


def source_id(integration_id: str, key: str, event_id: str) -> str:
    """The id of a service's event among those of all services. It is the same however the event has reached us."""
    if len(event_id) > LONGEST_ID or not event_id.isprintable():
        event_id = hashlib.sha256(event_id.encode("utf-8", "replace")).hexdigest()
    return f"{integration_id} {key} {event_id}"


async def accept_events(news: Sequence[News], *after: Statement) -> list[Job]:
    """Write down what is new of it, and queue and begin its executions. `after` goes along with the last of it.

    Raises Unavailable where too much waits to be stored, and SQLAlchemyError where nothing can be: then what was
    stored is known when it comes again.
    """
    unique = _once_each(news)
    parts = [unique[start : start + AT_ONCE] for start in range(0, len(unique), AT_ONCE)]
    jobs: list[Job] = []
    for part in parts[:-1]:
        jobs += await _accept(part, ())
    jobs += await _accept(parts[-1] if parts else [], after)
    for user_id in {job.user_id for job in jobs}:
        live.tell(user_id, "execution", next(job.id for job in jobs if job.user_id == user_id))
    return jobs


async def _accept(news: Sequence[News], after: Sequence[Statement]) -> list[Job]:
    for attempt in range(TRIES):
        fresh = await _unknown(news)
        written = [_written(each) for each in fresh]
        statements = [statement for _, pair in written for statement in pair]
        if not statements and not after:
            return []
        try:
            await writer.write(*statements, *after)
        except IntegrityError:  # another process was faster, or a workflow is gone: look again
            if attempt == TRIES - 1:
                raise
            continue
        jobs = [job for job, _ in written]
        for job in jobs:  # before anything else is waited for: it may be found, run and be forgotten meanwhile
            dispatch.offer(job)
        return jobs
    return []


def _written(news: News) -> tuple[Job, tuple[Statement, Statement]]:
    event_id, at = new_id(), now()
    trigger = {"type": "integration", **news.trigger}
    text = storing.text(trigger)
    job = Job(new_id(), news.user_id, news.workflow_id, news.version, is_new=True, trigger=trigger, size=len(text))
    event = {"id": event_id, "workflowId": news.workflow_id, "sourceId": news.source_id, "at": at}
    return job, ((_keep_event, event), intake.queued(job, event_id, text, at))


def _once_each(news: Sequence[News]) -> list[News]:
    return list({(each.workflow_id, each.source_id): each for each in reversed(news)}.values())[::-1]


async def _unknown(news: Sequence[News]) -> Sequence[News]:
    if not news:
        return news
    if len(news) == 1:
        values = {"workflow": news[0].workflow_id, "source": news[0].source_id}
        return [] if await db.glance(_seen, values) is not None else news
    return await asyncio.to_thread(_still_unknown, news)


def _still_unknown(news: Sequence[News]) -> list[News]:
    workflows = sorted({each.workflow_id for each in news})
    sources = sorted({each.source_id for each in news})
    table = table_of(Workflow).c
    with db.reading() as session:
        connection = session.connection()
        there = set(connection.execute(select(table.id).where(table.id.in_(workflows))).scalars())
        known = select(_events.workflowId, _events.sourceId)
        known = known.where(_events.workflowId.in_(workflows), _events.sourceId.in_(sources))
        seen = {tuple(row) for row in connection.execute(known)}
    return [each for each in news if each.workflow_id in there and (each.workflow_id, each.source_id) not in seen]
