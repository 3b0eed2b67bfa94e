"""Everything that says how the hub is doing, read in one go. No names, no contents: only figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import select as pick
from sqlmodel import col, func

from streamline_ui import pulse, schedule
from streamline_ui.diagnostics import machine
from streamline_ui.diagnostics.machine import Machine
from streamline_ui.schedule import Job
from streamline_ui.storage import db, room, trouble, writer
from streamline_ui.storage.alert_tables import Alert, AlertMessage
from streamline_ui.storage.models import Integration, now
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import dispatch
from streamline_ui.workflows.listening import hearing, polling
from streamline_ui.workflows.listening.hearing import Tally
from streamline_ui.workflows.listening.polling_service import Summary

_started = monotonic()


@dataclass(frozen=True, slots=True)
class State:
    """How it is now. Executions and connections are counted over all users; lags and ages are in seconds.

    `problems` tells what has stopped in this process, `lacks` what keeps anything from being stored; `polling` is of
    this process too, `heard` of all.
    """

    at: datetime
    uptime: float
    machine: Machine
    loop_lag: float
    worst_loop_lag: float
    problems: list[str]
    lacks: list[str]
    jobs: list[Job]
    polling: Summary
    heard: Tally
    waiting_writes: int
    running_here: int
    executions: dict[str, int]
    oldest_queued: float
    connections: dict[str, int]
    overdue_checks: int
    workflows: int
    open_alerts: int
    unsent_messages: int


def look() -> State:
    """Read it all. Blocks for some milliseconds."""
    at = now()
    open_ = (Progress.QUEUED, Progress.RUNNING, Progress.WAITING)
    by_status = pick(col(Execution.status), func.count()).where(col(Execution.status).in_(open_))
    oldest = pick(func.min(col(Execution.due_at))).where(
        col(Execution.status) == Progress.QUEUED, col(Execution.due_at) <= at
    )
    here = col(Integration.deleted_at).is_(None)
    connections = pick(col(Integration.status), func.count()).where(here).group_by(col(Integration.status))
    overdue = pick(func.count()).where(
        here, col(Integration.is_active).is_(True), col(Integration.next_check_at) < at - timedelta(minutes=2)
    )
    active = pick(func.count()).where(col(Workflow.is_active).is_(True), col(Workflow.deleted_at).is_(None))
    with db.reading() as session:
        ask = session.connection().execute
        executions = {str(status): count for status, count in ask(by_status.group_by(col(Execution.status)))}
        since = ask(oldest).scalar()
        return State(
            at=at,
            uptime=monotonic() - _started,
            machine=machine.look(),
            loop_lag=pulse.lag(),
            worst_loop_lag=pulse.worst_lag(),
            problems=[said for said in (schedule.problem(), polling.problem(), pulse.problem()) if said],
            lacks=[said for said in (room.problem(), trouble.problem()) if said],
            jobs=schedule.jobs(),
            polling=polling.summary(),
            heard=hearing.tally(),
            waiting_writes=writer.depth(),
            running_here=dispatch.running(),
            executions={status.value: executions.get(status.value, 0) for status in open_},
            oldest_queued=(at - since).total_seconds() if since else 0.0,
            connections={str(status): count for status, count in ask(connections)},
            overdue_checks=ask(overdue).scalar_one(),
            workflows=ask(active).scalar_one(),
            open_alerts=ask(pick(func.count()).where(col(Alert.ended_at).is_(None))).scalar_one(),
            unsent_messages=ask(pick(func.count()).where(col(AlertMessage.due_at).is_not(None))).scalar_one(),
        )
