"""Which executions may go on, and whose they are: found, taken on, kept, and taken over from a worker that died.

A process that has the database for itself needs no leases: what it knows in memory is its own, and what was running at
a start was left by the last one. Where workers share a database, each takes an execution on for a short while, renews
that as long as it lives, and writes only what is still its own (see `journal`); what nobody renews goes to another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal_column, select, text, update

from streamline_ui.errors import StreamlineError
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Moment, Status, now, table_of
from streamline_ui.storage.workflow_tables import OPEN, Execution, Progress, Workflow
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.outline import Settings

LEASE = timedelta(seconds=30)
SURE = 20.0  # seconds after a renewal in which nobody else can have it, however busy we are
HEAD_START = timedelta(seconds=0.5)  # of the worker that was told of an execution, before others look for it
CRASHES = 2  # of its worker, after which an execution is left for a person to look at
POISON = "Streamline broke off twice while it worked on this. It is not tried again by itself."
AFTER_OUR_ERROR = timedelta(seconds=30)
PAUSED = "This connection is paused. It goes on by itself as soon as the connection is resumed."
ORDERLY = "-"  # in place of the execution to blame: the last stop was no crash

_table, _integrations, _workflows = table_of(Execution), table_of(Integration).c, table_of(Workflow).c
_rows = _table.c


def _is(status: Progress) -> ColumnElement[bool]:
    """Spelled out, so that SQLite sees that the index of what is open can answer."""
    return _rows.status == literal_column(f"'{status.value}'")


_running = OPEN & _is(Progress.RUNNING)
_may_go_on = _rows.waitsFor.is_(None) & (_rows.dueAt <= bindparam("moment"))
_brief = select(_rows.id, _rows.userId, _rows.workflowId, _rows.version, _rows.startedAt, _rows.waitsFor, _rows.dueAt)
_of_workflow = _brief.where(OPEN, _rows.workflowId == bindparam("workflow"))
_ready = tuple(
    _of_workflow.where(_is(status), _may_go_on).order_by(_rows.dueAt).limit(bindparam("most"))
    for status in (Progress.WAITING, Progress.QUEUED)
)
_first_begun = _of_workflow.where(_is(Progress.WAITING)).order_by(_rows.createdAt, _rows.id).limit(1)
_first_new = _ready[1]
_any_parked = select(_rows.id).where(_rows.waitsFor.is_not(None)).limit(1)
_busy = select(func.count()).where(_running, _rows.workflowId == bindparam("workflow"))
_EXISTS = """EXISTS (
    SELECT 1 FROM "Execution" WHERE "workflowId" = found.id AND status = '{}' AND "waitsFor" IS NULL
        AND "dueAt" <= :moment AND status IN ('queued', 'running', 'waiting'))"""
_workflows_ready = text(
    f"""
    WITH RECURSIVE found(id) AS (
        SELECT min("workflowId") FROM "Execution" WHERE status IN ('queued', 'running', 'waiting')
        UNION ALL
        SELECT (SELECT min("workflowId") FROM "Execution"
                WHERE status IN ('queued', 'running', 'waiting') AND "workflowId" > found.id)
        FROM found WHERE found.id IS NOT NULL
    )
    SELECT id FROM found WHERE id IS NOT NULL AND ({_EXISTS.format("queued")} OR {_EXISTS.format("waiting")})
    """  # noqa: S608 - constants: from one workflow to the next, however many executions each has
).bindparams(bindparam("moment", type_=Moment()))


class Lost(StreamlineError):
    """Another worker has taken the execution over."""

    code = "lost"


def limits(settings: Settings) -> int | None:
    """How many executions of a workflow may run at a time, where its owner has said so."""
    return 1 if settings.keep_order else settings.concurrency


def due(most: int, known: Mapping[str, Collection[str]], full: Collection[str], *, shared: bool = False) -> list[Job]:
    """What may go on now, the oldest first, up to `most` of each workflow, so that none stands in another's way.

    `known` are the ids that are in memory, by workflow; the workflows that are `full` need no more. What came in, which
    may be large, is read when its turn comes.
    """
    moment = now() - (HEAD_START if shared else timedelta())
    found: list[Any] = []
    with db.engine().connect() as connection:
        for (workflow_id,) in connection.execute(_workflows_ready, {"moment": moment}).all():
            if workflow_id in full:
                continue
            mine = known.get(workflow_id, ())
            about = {"workflow": workflow_id, "moment": moment, "most": most + len(mine)}
            ready = [row for query in _ready for row in connection.execute(query, about) if row.id not in mine]
            found += sorted(ready, key=_due_at)[:most]
    return [_job(row) for row in sorted(found, key=_due_at)]


async def is_any_due() -> bool:
    """Whether anything may go on now, of what is in memory or not: much cheaper than looking what it is."""
    return await db.glance(_workflows_ready, {"moment": now()}) is not None


def claim(execution_id: str, worker: str) -> bool:
    """Take an execution on, unless another worker was faster or it is over."""
    with db.engine().execution_options(writes=True).begin() as connection:
        return _take(connection, execution_id, now(), worker)


def claim_next(workflow_id: str, settings: Settings, known: Collection[str], worker: str | None) -> Job | None:
    """Take on the next execution of a workflow with limits, or None where none may go on now.

    In order means: what has begun comes to its end first; then comes what arrived first.
    """
    with db.engine().connect() as connection:  # nobody is kept from writing to be told no
        if _next(connection, workflow_id, settings, known) is None:
            return None
    with db.engine().execution_options(writes=True).begin() as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(select(_workflows.id).where(_workflows.id == workflow_id).with_for_update())
        row = _next(connection, workflow_id, settings, known)
        if row is None:
            return None
        moment = now()
        job = _job(row)
        job.started_at = job.started_at or moment
        return job if _take(connection, row.id, moment, worker) else None


def renew(worker: str, ids: Sequence[str]) -> set[str]:
    """Keep these executions for a while longer; returns those that are still ours."""
    mine = (_rows.id.in_(ids), _rows.leaseBy == worker, _running)
    with db.engine().execution_options(writes=True).begin() as connection:
        connection.execute(update(_table).where(*mine).values(leaseUntil=now() + LEASE))
        return set(connection.execute(select(_rows.id).where(*mine)).scalars())


async def assure(job: Job) -> None:
    """Before an effect: make sure that it is still ours where that is long ago. Raises Lost."""
    if monotonic() < job.lease_ends:
        return
    assert job.worker is not None
    if not await asyncio.to_thread(renew, job.worker, [job.id]):
        raise Lost("Another worker has taken this execution over.")
    job.lease_ends = monotonic() + SURE


def take_over() -> int:
    """Queue again what a worker that is not heard of any more left, or leave it as poison; returns how many.

    To blame is the one that its worker had alone: of several, nobody can tell which.
    """
    gone = _running & (_rows.leaseUntil < now())
    with db.engine().connect() as connection:
        if connection.execute(select(_rows.id).where(gone).limit(1)).first() is None:
            return 0
    with db.engine().execution_options(writes=True).begin() as connection:
        found = connection.execute(select(_rows.id, _rows.leaseBy).where(gone).with_for_update()).all()
        workers = [row.leaseBy for row in found]
        return _queue_again(connection, found, [row.id for row in found if workers.count(row.leaseBy) == 1])


def recover(at_work: str = "", *, shared: bool = False) -> int:
    """After a start: what was running is queued again, or left as poison where it has brought us down twice.

    To blame for a crash is the one that was being worked on, or the only one there was; nobody else is given up for it.
    What other workers have is theirs until they are not heard of any more.
    """
    ours = (_running & _rows.leaseUntil.is_(None)) if shared else _running
    ours |= OPEN & (_rows.id == at_work)  # it may have died over it before anything of it was written down
    with db.engine().execution_options(writes=True).begin() as connection:
        found = connection.execute(select(_rows.id).where(ours)).all()
        if not shared:
            connection.execute(update(_table).where(OPEN, _rows.leaseBy.is_not(None)).values(leaseBy=None))
        is_alone = len(found) == 1 and at_work != ORDERLY
        return _queue_again(connection, found, [found[0].id if is_alone else at_work], None if not shared else "")


def give_back(execution_id: str, worker: str | None) -> None:
    """Leave an execution that is not over to whoever looks next."""
    mine = _rows.leaseBy.is_(None) if worker is None else _rows.leaseBy == worker
    values = {"status": Progress.QUEUED, "dueAt": _rows.createdAt, "leaseUntil": None}
    with db.engine().execution_options(writes=True).begin() as connection:
        connection.execute(update(_table).where(_rows.id == execution_id, _running, mine).values(values))


def broke_off(execution_id: str, worker: str | None = None) -> None:
    """An execution ended in an error of ours: it is tried once more in a while, then left as poison."""
    mine = _rows.leaseBy.is_(None) if worker is None else _rows.leaseBy == worker
    with db.engine().execution_options(writes=True).begin() as connection:
        broken = update(_table).where(_rows.id == execution_id, OPEN, mine)
        connection.execute(broken.values(crashes=_rows.crashes + 1, leaseUntil=None))
        again = broken.where(_rows.crashes < CRASHES)
        connection.execute(again.values(status=Progress.WAITING, dueAt=now() + AFTER_OUR_ERROR))
        poison = broken.where(_rows.crashes >= CRASHES)
        connection.execute(poison.values(status=Progress.FAILED, error=POISON, finishedAt=now()))


async def is_any_parked() -> bool:
    """Whether anything waits for an integration."""
    return await db.glance(_any_parked, {}) is not None


def release_mended() -> int:
    """Let the executions go on whose integration is well again, resumed, or gone; returns how many."""
    waiting = select(_rows.waitsFor).where(_rows.waitsFor.is_not(None)).distinct()
    broken = select(_integrations.id).where(
        _integrations.deletedAt.is_(None), _integrations.status != Status.HEALTHY, _integrations.id.in_(waiting)
    )
    of_paused = waiting.where(_rows.error == PAUSED)
    active = select(_integrations.id).where(
        _integrations.deletedAt.is_(None), _integrations.isActive.is_(True), _integrations.id.in_(of_paused)
    )
    with db.engine().connect() as connection:
        mended = set(connection.execute(waiting).scalars()) - set(connection.execute(broken).scalars())
        resumed = set(connection.execute(active).scalars())
    if not mended and not resumed:
        return 0
    with db.engine().execution_options(writes=True).begin() as connection:
        released = update(_table).where(
            _rows.waitsFor.in_(mended) | (_rows.waitsFor.in_(resumed) & (_rows.error == PAUSED))
        )
        return connection.execute(released.values(waitsFor=None, dueAt=now())).rowcount


def _next(connection: Connection, workflow_id: str, settings: Settings, known: Collection[str]) -> Any:
    about = {"workflow": workflow_id, "moment": now(), "most": 1 + len(known)}
    most = limits(settings)
    if most is not None and connection.execute(_busy, about).scalar_one() >= most:
        return None
    if not settings.keep_order:
        return min(_unknown(connection, _ready, about, known), key=_due_at, default=None)
    if (first := connection.execute(_first_begun, about).first()) is None:
        first = connection.execute(_first_new, about | {"most": 1}).first()
    is_ready = first is not None and first.waitsFor is None and first.dueAt <= about["moment"] and first.id not in known
    return first if is_ready else None


def _unknown(
    connection: Connection, queries: Sequence[Select[Any]], about: Mapping[str, Any], known: Collection[str]
) -> list[Any]:
    return [row for query in queries for row in connection.execute(query, about) if row.id not in known]


def _take(connection: Connection, execution_id: str, moment: datetime, worker: str | None) -> bool:
    is_free = _is(Progress.QUEUED) | _is(Progress.WAITING)
    taken = update(_table).where(_rows.id == execution_id, OPEN, is_free, _rows.waitsFor.is_(None))
    values: dict[str, Any] = {"status": Progress.RUNNING, "startedAt": func.coalesce(_rows.startedAt, moment)}
    if worker is not None:
        values |= {"leaseBy": worker, "leaseUntil": moment + LEASE}
    return connection.execute(taken.values(values)).rowcount == 1


def _queue_again(connection: Connection, found: Sequence[Any], to_blame: Sequence[str], nobody: str | None = "") -> int:
    """Those that were running, in the order in which they came. Whoever had them may write no more about them."""
    if not found:
        return 0
    under_way = _running | (OPEN & _rows.id.in_(to_blame))
    left = update(_table).where(under_way, _rows.id.in_([row.id for row in found]))
    connection.execute(left.where(_rows.id.in_(to_blame)).values(crashes=_rows.crashes + 1))
    poison = left.where(_rows.id.in_(to_blame), _rows.crashes >= CRASHES)
    connection.execute(
        poison.values(status=Progress.FAILED, error=POISON, finishedAt=now(), leaseUntil=None, leaseBy=nobody)
    )
    connection.execute(left.values(status=Progress.QUEUED, dueAt=_rows.createdAt, leaseUntil=None, leaseBy=nobody))
    return len(found)


def _job(row: Any) -> Job:
    return Job(row.id, row.userId, row.workflowId, row.version, started_at=row.startedAt)


def _due_at(row: Any) -> datetime:
    moment: datetime = row.dueAt
    return moment
