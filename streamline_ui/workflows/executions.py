"""Executions: made for an event, listed, run again, cancelled, picked up after a stop."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import defer, load_only
from sqlmodel import Session, col, func, or_, select

from streamline_ui import live
from streamline_ui.errors import Conflict, Invalid, NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun, WorkflowVersion
from streamline_ui.workflows import definitions, outline

OPEN = (Progress.QUEUED, Progress.RUNNING, Progress.WAITING)
SETTLED = (Progress.SUCCEEDED, Progress.SKIPPED, Progress.FAILED)


def one(user_id: str, execution_id: str) -> Execution:
    """The user's execution. Raises NotFound."""
    with db.reading() as session:
        return _find(session, user_id, execution_id)


def steps(execution_id: str) -> list[StepRun]:
    """What was done in it, in order."""
    with db.reading() as session:
        return _steps(session, execution_id)


def course(execution_id: str) -> list[StepRun]:
    """The same without what each step got and gave: `step` has that."""
    query = select(StepRun).where(StepRun.execution_id == execution_id)
    query = query.options(defer(StepRun.input), defer(StepRun.output))  # type: ignore[arg-type]  # see page
    with db.reading() as session:
        return list(session.exec(query.order_by(col(StepRun.started_at), col(StepRun.position))).all())


def step(execution_id: str, key: str) -> StepRun | None:
    """One step of it, whole."""
    with db.reading() as session:
        return session.get(StepRun, (execution_id, key))


def page(
    user_id: str,
    *,
    workflow_id: str | None = None,
    status: Progress | None = None,
    text: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Execution]:
    """The user's executions, newest first, without what came in: `triggers` has that.

    `before` is the time and id where the last page ended; `text` is looked for in what came in and in the error.
    """
    query = _wanted(select(Execution), user_id, workflow_id, status, text)
    if before is not None:
        at, last = before
        query = query.where(or_(Execution.created_at < at, (Execution.created_at == at) & (Execution.id < last)))
    with db.reading() as session:
        newest = query.order_by(col(Execution.created_at).desc(), col(Execution.id).desc())
        newest = newest.options(defer(Execution.trigger))  # type: ignore[arg-type]  # SQLModel hides that it is a column
        return list(session.exec(newest.limit(limit)).all())


def newer(
    user_id: str,
    than: tuple[datetime, str] | None,
    *,
    workflow_id: str | None = None,
    status: Progress | None = None,
    text: str | None = None,
    most: int = 1000,
) -> int:
    """How many there are that came after this one, counted up to `most`."""
    query = _wanted(select(Execution.id), user_id, workflow_id, status, text)
    if than is not None:
        at, last = than
        query = query.where(or_(Execution.created_at > at, (Execution.created_at == at) & (Execution.id > last)))
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(query.limit(most).subquery())).one()


def some(user_id: str, ids: Collection[str]) -> list[Execution]:
    """Those of these that there are, without what came in."""
    query = select(Execution).where(Execution.user_id == user_id, col(Execution.id).in_(ids))
    with db.reading() as session:
        return list(session.exec(query.options(defer(Execution.trigger))).all())  # type: ignore[arg-type]  # see page


def triggers(found: Sequence[Execution], largest: int) -> dict[str, Any]:
    """What came in, by the execution's id; left out where it is longer than that many characters."""
    ids = [execution.id for execution in found]
    query = select(Execution.id, Execution.trigger).where(
        col(Execution.id).in_(ids), func.length(Execution.trigger) <= largest
    )
    with db.reading() as session:
        return {execution_id: json.loads(trigger) for execution_id, trigger in session.exec(query).all()}


def stages(found: Sequence[Execution], most: int) -> dict[str, list[StepRun]]:
    """The steps of these executions, by the execution's id, `most` in all: of each only its names and status."""
    ids = [execution.id for execution in found]
    light = load_only(StepRun.step_id, StepRun.key, StepRun.name, StepRun.status)  # type: ignore[arg-type]  # see page
    query = select(StepRun).where(col(StepRun.execution_id).in_(ids)).options(light)
    known: dict[str, list[StepRun]] = {}
    with db.reading() as session:
        for row in session.exec(query.order_by(col(StepRun.position)).limit(most)).all():
            known.setdefault(row.execution_id, []).append(row)
    return known


def start(user_id: str, workflow_id: str, version: int, trigger: Any, *, files: str | None = None) -> Execution:
    """Queue an execution that no event asked for: run by hand, or again."""
    execution = Execution(
        user_id=user_id,
        workflow_id=workflow_id,
        version=version,
        trigger=json.dumps(trigger, ensure_ascii=False),
        files=files,
    )
    with db.writing() as session:
        session.add(execution)
    live.tell(user_id, "execution", execution.id)
    return execution


def replay(user_id: str, execution_id: str, version: int | None = None, from_step: str | None = None) -> Execution:
    """Run it again with its own version or another: whole, or from a step on, and what came before keeps its results.

    `from_step` is the key of a step that was reached. Raises NotFound, Conflict and Invalid.
    """
    with db.writing() as session:
        original = _find(session, user_id, execution_id)
        if original.status in OPEN:
            raise Conflict("This execution is still under way.", hints=["Wait until it is over, or cancel it."])
        again = Execution(
            user_id=user_id,
            workflow_id=original.workflow_id,
            version=original.version if version is None else version,
            trigger=original.trigger,
            files=original.files,
            replay_of=original.id,
        )
        session.add(again)
        session.flush()
        if from_step is not None:
            _take_over(session, original.id, again, from_step)
    live.tell(user_id, "execution", again.id)
    return again


def cancel(user_id: str, execution_id: str) -> Execution:
    """End it: at once where it waits, before its next step where it runs. Raises NotFound and Conflict."""
    with db.writing() as session:
        execution = _find(session, user_id, execution_id)
        if execution.status not in OPEN:
            raise Conflict("This execution is over already.")
        execution.is_cancelled = True
        if execution.status != Progress.RUNNING:
            execution.status, execution.error, execution.finished_at = Progress.CANCELLED, "It was cancelled.", now()
        session.add(execution)
    live.tell(user_id, "execution", execution_id)
    return execution


def _wanted(query: Any, user_id: str, workflow_id: str | None, status: Progress | None, text: str | None) -> Any:
    """The query, narrowed to what a list was asked for."""
    query = query.where(Execution.user_id == user_id)
    if workflow_id is not None:
        query = query.where(Execution.workflow_id == workflow_id)
    if status is not None:
        query = query.where(Execution.status == status)
    if text:
        in_trigger = json.dumps(text, ensure_ascii=False)[1:-1]  # as it is written there
        query = query.where(
            or_(
                col(Execution.trigger).icontains(in_trigger, autoescape=True),
                col(Execution.error).icontains(text, autoescape=True),
                Execution.id == text,
            )
        )
    return query


def _find(session: Session, user_id: str, execution_id: str) -> Execution:
    execution = session.get(Execution, execution_id)
    if execution is None or execution.user_id != user_id:
        raise NotFound("There is no such execution.")
    return execution


def _steps(session: Session, execution_id: str) -> list[StepRun]:
    """The steps as they were come to: a walk that goes on after a wait counts its positions anew."""
    query = select(StepRun).where(StepRun.execution_id == execution_id)
    return list(session.exec(query.order_by(col(StepRun.started_at), col(StepRun.position))).all())


def _take_over(session: Session, original_id: str, again: Execution, from_step: str) -> None:
    """Give the new execution the results of every step before the one it starts from.

    The loops and branches around that step have no result yet: it is only part of what they do.
    """
    rows = _steps(session, original_id)
    keys = [row.key for row in rows]
    if from_step not in keys:
        sentence = "That step was not reached, so nothing can start from it."
        raise Invalid(sentence, {"fromStep": sentence})
    version = session.get_one(WorkflowVersion, (again.workflow_id, again.version))
    around = outline.around(definitions.load(version.definition), from_step)
    if around is None:
        sentence = "The workflow has no such step any more."
        raise Invalid(sentence, {"fromStep": sentence}, hints=["Start it with its original version, or from the top."])
    for row in rows[: keys.index(from_step)]:
        if row.status in SETTLED and row.key not in around:
            session.add(StepRun(**{**row.model_dump(warnings=False), "execution_id": again.id}))
