"""Why an execution stands still, or ended before its last step though nothing failed, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlmodel import col, func, select

from streamline_ui.errors import NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration
from streamline_ui.storage.workflow_tables import OPEN, Execution, Progress, StepRun
from streamline_ui.workflows import breakers, catalog, claims
from streamline_ui.workflows.definitions import Definition, find
from streamline_ui.workflows.steps import Filter, Stop

Code = Literal["order", "limit", "place", "connection", "paused", "breaker", "delay", "retry", "filter", "stop"]
FEW = 5  # characters of a filter's result, or of a stop's


@dataclass(frozen=True, slots=True)
class Reason:
    """`about` is the integration, the execution or the step that it lies at, where there is one."""

    code: Code
    message: str
    about: str = ""


def of(executions: Collection[Execution]) -> dict[str, Reason]:
    """The reason of each that has one, by the execution's id."""
    queued = [row for row in executions if row.status == Progress.QUEUED]
    waiting = [row for row in executions if row.status == Progress.WAITING]
    ended = [row for row in executions if row.status == Progress.SUCCEEDED]
    return {**_queued(queued), **_waiting(waiting), **_ended(ended)}


def _queued(rows: Sequence[Execution]) -> dict[str, Reason]:
    found: dict[str, Reason] = {}
    heads: dict[str, str | None] = {}
    for row in rows:
        definition = _definition(row)
        most = claims.limits(definition.settings) if definition else None
        if definition is None or most is None:
            found[row.id] = Reason("place", "It begins as soon as there is a place for it.")
        elif definition.settings.keep_order:
            if row.workflow_id not in heads:
                heads[row.workflow_id] = _head(row.workflow_id)
            found[row.id] = _behind(row.id, heads[row.workflow_id])
        else:
            found[row.id] = Reason("limit", f"It waits in line: at most {most} of this workflow run at a time.")
    return found


def _behind(execution_id: str, head: str | None) -> Reason:
    if head is None or head == execution_id:
        return Reason("place", "It is the next one: it begins as soon as there is a place for it.")
    return Reason("order", f"This workflow keeps the order, and run {head[:8]} comes first.", head)


def _head(workflow_id: str) -> str | None:
    """Which execution of a workflow that keeps the order has to end first: what has begun, then what came first."""
    mine = select(Execution.id).where(Execution.workflow_id == workflow_id, OPEN)
    begun = mine.where(Execution.status != Progress.QUEUED)
    oldest = (col(Execution.created_at), col(Execution.id))
    with db.reading() as session:
        return (
            session.exec(begun.order_by(*oldest).limit(1)).first()
            or session.exec(mine.order_by(*oldest).limit(1)).first()
        )


def _waiting(rows: Sequence[Execution]) -> dict[str, Reason]:
    known = _connections({row.waits_for for row in rows if row.waits_for})
    return {row.id: _wait(row, known) for row in rows}


def _wait(row: Execution, known: Mapping[str, Integration]) -> Reason:
    if row.waits_for is not None:
        connection = known.get(row.waits_for)
        name = f"“{connection.name}”" if connection else "its connection"
        if row.error == claims.PAUSED:
            return Reason("paused", f"It waits until {name} is resumed, and then goes on by itself.", row.waits_for)
        return Reason("connection", f"It waits until {name} is mended, and then goes on by itself.", row.waits_for)
    if row.error == breakers.REASON:
        return Reason("breaker", row.error)
    if not row.error:
        return Reason("delay", "It waits as long as a delay in it says.")
    return Reason("retry", "The step is tried again by itself.")


def _connections(ids: Collection[str]) -> dict[str, Integration]:
    if not ids:
        return {}
    with db.reading() as session:
        return {row.id: row for row in session.exec(select(Integration).where(col(Integration.id).in_(ids))).all()}


def _ended(rows: Sequence[Execution]) -> dict[str, Reason]:
    """What ended at a filter or a stop: those give so little that it can be looked for without reading the rest."""
    if not rows:
        return {}
    by_id = {row.id: row for row in rows}
    short = select(StepRun.execution_id, StepRun.step_id, StepRun.output).where(
        col(StepRun.execution_id).in_(by_id),
        StepRun.status == Progress.SUCCEEDED,
        func.length(StepRun.output) <= FEW,
    )
    found: dict[str, Reason] = {}
    with db.reading() as session:
        listed = session.exec(short).all()
    for execution_id, step_id, output in listed:
        definition = _definition(by_id[execution_id])
        step = find(definition, step_id) if definition else None
        if isinstance(step, Filter) and output == "false":
            name = f"the filter “{step.name}”" if step.name else "a filter"
            found[execution_id] = Reason("filter", f"It ended at {name}: the condition did not hold.", step_id)
        elif isinstance(step, Stop):
            name = f"“{step.name}”" if step.name else "a step that stops it"
            found[execution_id] = Reason("stop", f"It ended at {name}.", step_id)
    return found


def _definition(row: Execution) -> Definition | None:
    try:
        return catalog.published(row.workflow_id, row.version) if row.version else None
    except NotFound:
        return None
