"""Which workflows somebody must hear of: one that failed for good, and one that should have had an event by now.

A workflow that fails is told once, until it has succeeded again. Failures are noted where they happen; the sweeps find
what a crash kept from being noted, and what is over.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from streamline_ui.errors import NotFound
from streamline_ui.integrations import alert_channel, alert_words, alerts, outages
from streamline_ui.integrations.alerts import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, Matter
from streamline_ui.storage.models import Integration, Status, now
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow, WorkflowVersion
from streamline_ui.workflows import catalog
from streamline_ui.workflows.listening import hearing_alerts

BAD = (Progress.FAILED, Progress.UNKNOWN)
PARKED_FOR = timedelta(minutes=5)
LOOK_BACK = timedelta(days=1)
MARK = '"expectEvery":'  # as definitions are stored; inside a text its quotes would be escaped

_expected: dict[tuple[str, int], int | None] = {}


async def watch() -> None:
    """Look at everything somebody might have to hear of, and tell it. Cheap while all is well."""
    await asyncio.to_thread(_watch)
    await alert_channel.sweep()


def remind() -> None:
    """What changes by the day, and what a crash kept from being told."""
    outages.remind()
    alerts.prune()
    catch_up()


def _watch() -> None:
    hearing_alerts.sweep()
    sweep()


def failed(execution: Execution) -> None:
    """An execution ended badly: tell it; where its workflow's trouble is known, that says from now on why it is so."""
    with db.reading() as session:
        workflow = session.get(Workflow, execution.workflow_id)
    if workflow is not None and workflow.deleted_at is None:
        news = _failure(workflow, execution)
        if not alerts.begin(news):
            alerts.follow(news)


def sweep(at: datetime | None = None) -> None:
    """End the alerts about workflows that are well again, and find the silent and the parked."""
    at = at or now()
    for alert in alerts.open_ones(Matter.WORKFLOW):
        _look_again(alert)
    _listen(at)
    _find_parked(at)


def catch_up() -> None:
    """Tell of workflows whose newest execution failed while nobody could note it: the process died over it."""
    since = now() - LOOK_BACK
    with db.reading() as session:
        active = session.exec(select(Workflow).where(*_active())).all()
        newest = [(workflow, _newest(session, workflow.id, since)) for workflow in active]
    for workflow, execution in newest:
        if execution is not None and execution.status in BAD and not _was_told(workflow.id, execution):
            alerts.begin(_failure(workflow, execution))


def _look_again(alert: Alert) -> None:
    """End it once an execution has succeeded since, or the workflow was turned off or removed.

    While some of its executions are unknown a hand is needed, so it stays open until those were run again or it was
    dismissed.
    """
    unknown = 0
    with db.reading() as session:
        workflow = session.get(Workflow, alert.subject_id)
        if workflow is None or workflow.deleted_at is not None or not workflow.is_active:
            is_over, silently = True, True
        else:
            mended = select(Execution.id).where(
                Execution.workflow_id == workflow.id,
                Execution.status == Progress.SUCCEEDED,
                Execution.created_at >= alert.began_at - LOOK_BACK,  # one that waited may be older
                col(Execution.finished_at) > alert.raised_at,
            )
            is_over, silently = session.exec(mended.limit(1)).first() is not None, False
            if is_over and alert.dismissed_at is None:
                unknown = _unknown(session, alert)
    if workflow is not None and unknown:
        alerts.follow(_doubt(workflow, alert, unknown))
    elif is_over:
        alerts.end(Matter.WORKFLOW, alert.subject_id, silently=silently)


def _unknown(session: Session, alert: Alert) -> int:
    """How many executions of its workflow ended unknown since it began, and were not run again."""
    again = select(Execution.replay_of).where(col(Execution.replay_of).is_not(None))
    query = select(func.count()).where(
        Execution.workflow_id == alert.subject_id,
        Execution.status == Progress.UNKNOWN,
        col(Execution.finished_at) >= alert.began_at,
        col(Execution.id).not_in(again),
    )
    return session.exec(query).one()


def _listen(at: datetime) -> None:
    """Begin and end the alerts about workflows that get no events."""
    opened = {alert.subject_id for alert in alerts.open_ones(Matter.SILENCE)}
    watched: set[str] = set()
    for workflow, seconds in _watched():
        watched.add(workflow.id)
        last = _last_event(workflow)
        pause = timedelta(seconds=seconds)
        if at - (last or workflow.updated_at) <= pause:
            if workflow.id in opened:
                alerts.end(Matter.SILENCE, workflow.id, silently=last is None)
        elif workflow.id not in opened:
            alerts.begin(_silence(workflow, last, pause))
    for workflow_id in opened - watched:
        alerts.end(Matter.SILENCE, workflow_id, silently=True)


def _watched() -> list[tuple[Workflow, int]]:
    """The active workflows that expect an event every so many seconds."""
    with db.reading() as session:
        active = session.exec(select(Workflow).where(*_active())).all()
        for workflow in active:
            key = (workflow.id, workflow.version)
            if key not in _expected:
                _expected[key] = _expectation(session, *key)
    current = {(workflow.id, workflow.version) for workflow in active}
    for key in set(_expected) - current:
        del _expected[key]
    return [(each, seconds) for each in active if (seconds := _expected[each.id, each.version]) is not None]


def _expectation(session: Session, workflow_id: str, version: int) -> int | None:
    says_so = select(WorkflowVersion.version).where(
        WorkflowVersion.workflow_id == workflow_id,
        WorkflowVersion.version == version,
        col(WorkflowVersion.definition).contains(MARK, autoescape=True),
    )
    if session.exec(says_so).first() is None:
        return None
    try:
        return catalog.published(workflow_id, version).settings.expect_every
    except NotFound:
        return None


def _last_event(workflow: Workflow) -> datetime | None:
    """When its newest event came; what a person ran is none."""
    query = select(Execution.created_at).where(
        Execution.workflow_id == workflow.id, col(Execution.event_id).is_not(None)
    )
    with db.reading() as session:
        return session.exec(query.order_by(col(Execution.created_at).desc()).limit(1)).first()


def _find_parked(at: datetime) -> None:
    """Tell of workflows that wait for a connection of which nobody was told: it is paused, or never worked."""
    query = (
        select(Workflow, Integration)
        .join(Execution, col(Execution.workflow_id) == Workflow.id)
        .join(Integration, col(Integration.id) == Execution.waits_for)
        .where(
            Execution.status == Progress.WAITING,
            Execution.due_at <= at - PARKED_FOR,
            col(Integration.status).not_in((Status.NEEDS_ATTENTION, Status.WAITING_FOR_SIGN_IN)),
            *_active(),
        )
        .distinct()
    )
    with db.reading() as session:
        parked = session.exec(query).all()
    for workflow, integration in parked:
        alerts.begin(
            News(
                user_id=workflow.user_id,
                matter=Matter.WORKFLOW,
                subject_id=workflow.id,
                name=workflow.name,
                text=f"It waits for “{integration.name}”, which does not work.",
                hint="Test that connection, or resume it.",
                link=f"/integrations/{integration.id}",
            )
        )


def _active() -> tuple[ColumnElement[bool], ...]:
    return col(Workflow.is_active).is_(True), col(Workflow.deleted_at).is_(None), col(Workflow.version) > 0


def _newest(session: Session, workflow_id: str, since: datetime) -> Execution | None:
    over = select(Execution).where(Execution.workflow_id == workflow_id, Execution.created_at >= since)
    over = over.where(col(Execution.finished_at).is_not(None))
    return session.exec(over.order_by(col(Execution.created_at).desc()).limit(1)).first()


def _was_told(workflow_id: str, execution: Execution) -> bool:
    query = select(Alert.id).where(
        Alert.matter == Matter.WORKFLOW,
        Alert.subject_id == workflow_id,
        Alert.raised_at >= (execution.finished_at or execution.created_at),
    )
    with db.reading() as session:
        return session.exec(query.limit(1)).first() is not None


def _failure(workflow: Workflow, execution: Execution) -> News:
    return News(
        user_id=workflow.user_id,
        matter=Matter.WORKFLOW,
        subject_id=workflow.id,
        name=workflow.name,
        text=execution.error or "An execution failed.",
        hint="Look at the execution; from there it can be retried.",
        link=f"/executions/{execution.id}",
        began_at=execution.finished_at,
    )


def _doubt(workflow: Workflow, alert: Alert, unknown: int) -> News:
    one = unknown == 1
    return News(
        user_id=workflow.user_id,
        matter=Matter.WORKFLOW,
        subject_id=workflow.id,
        name=workflow.name,
        text=f"It runs again, but {unknown} execution{' is' if one else 's are'} unknown: "
        f"what {'it' if one else 'they'} sent may or may not have arrived.",
        hint="Look whether it arrived, and run again what did not; or dismiss this.",
        link=f"/executions?status=unknown&workflow={workflow.id}",
        began_at=alert.began_at,
    )


def _silence(workflow: Workflow, last: datetime | None, pause: timedelta) -> News:
    since = "none has come since it was turned on" if last is None else f"the last came {last:%-d %b %H:%M} UTC"
    return News(
        user_id=workflow.user_id,
        matter=Matter.SILENCE,
        subject_id=workflow.id,
        name=workflow.name,
        text=f"It expects an event every {alert_words.duration(pause)}; {since}.",
        hint="Look whether the sender still sends.",
        link=f"/workflows/{workflow.id}",
        began_at=last or workflow.updated_at,
    )
