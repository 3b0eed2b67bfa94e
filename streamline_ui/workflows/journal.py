"""What an execution does, written down as it happens.

A step's row is committed before its effect ("running") and its result before the next effect, so that after a crash
every step is known to be done, not begun, or possibly done. Results that nothing waits for go with the next commit.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from streamline_ui import live
from streamline_ui.errors import NotFound, Unavailable
from streamline_ui.storage import db, trouble, writer
from streamline_ui.storage.models import now, table_of
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun
from streamline_ui.storage.writer import Statement
from streamline_ui.workflows import claims, fencing, storing
from streamline_ui.workflows.job import Job

log = logging.getLogger(__name__)
AGAIN_SECONDS = (0.1, 0.5, 2.0)  # after the database refused; the last one is repeated

_steps = table_of(StepRun)
_executions = table_of(Execution)
_came_in = select_columns(_executions.c.trigger, _executions.c.startedAt, _executions.c.replayOf).where(
    _executions.c.id == bindparam("of_execution")
)
_add_step = _steps.insert()
_change_step = (
    _steps.update()
    .where(_steps.c.executionId == bindparam("of_execution"), _steps.c.key == bindparam("of_key"))
    .values(
        status=bindparam("to_status"),
        attempts=bindparam("to_attempts"),
        input=bindparam("to_input"),
        output=bindparam("to_output"),
        error=bindparam("to_error"),
        finishedAt=bindparam("to_finished_at"),
    )
)
_run = (
    _executions.update()
    .where(_executions.c.id == bindparam("of_execution"), _executions.c.status != Progress.CANCELLED)
    .values(status=Progress.RUNNING, startedAt=bindparam("to_started_at"))
)
_settle = (
    _executions.update()
    .where(_executions.c.id == bindparam("of_execution"), _executions.c.status != Progress.CANCELLED)
    .values(
        status=bindparam("to_status"),
        error=bindparam("to_error"),
        dueAt=bindparam("to_due_at"),
        waitsFor=bindparam("to_waits_for"),
        leaseUntil=None,
        startedAt=bindparam("to_started_at"),
        finishedAt=bindparam("to_finished_at"),
    )
)


@dataclass(slots=True)
class Entry:
    """One step as it stands: in memory what `StepRun` is on disk."""

    key: str
    step_id: str
    name: str
    position: int
    status: Progress = Progress.QUEUED
    attempts: list[dict[str, Any]] = field(default_factory=list)
    input: Any = None
    output: Any = None
    error: str = ""
    started_at: datetime = field(default_factory=now)


@dataclass(slots=True)
class Journal:
    """The record of one execution."""

    execution: Job
    entries: dict[str, Entry] = field(default_factory=dict)
    _on_disk: set[str] = field(default_factory=set)
    _pending: list[Statement] = field(default_factory=list)
    _is_running: bool = False

    @classmethod
    async def open(cls, execution: Job) -> Journal:
        """The record so far, and what came in. One that has not begun has no record, and is read in one look.

        Raises NotFound where it was removed meanwhile.
        """
        if execution.is_new:
            return cls(execution)
        row = await db.glance(_came_in, {"of_execution": execution.id})
        if row is None:
            raise NotFound("There is no such execution.")
        trigger, started_at, replay_of = row
        if started_at is not None or replay_of is not None:
            return await asyncio.to_thread(cls.of, execution)
        execution.trigger, execution.size = json.loads(trigger), len(trigger)
        return cls(execution)

    @classmethod
    def of(cls, execution: Job) -> Journal:
        """The record so far, read back after a wait or a crash, or for a replay. Also reads what came in.

        Raises NotFound where it was removed meanwhile.
        """
        journal = cls(execution)
        with db.reading() as session:
            trigger = session.exec(select(Execution.trigger).where(Execution.id == execution.id)).first()
            found = session.exec(select(StepRun).where(StepRun.execution_id == execution.id)).all()
        if trigger is None:
            raise NotFound("There is no such execution.")
        execution.trigger, execution.size = json.loads(trigger), len(trigger)
        for row in found:
            journal._on_disk.add(row.key)
            journal.entries[row.key] = Entry(
                key=row.key,
                step_id=row.step_id,
                name=row.name,
                position=row.position,
                status=Progress(row.status),
                attempts=json.loads(row.attempts),
                input=json.loads(row.input),
                output=json.loads(row.output),
                error=row.error,
                started_at=row.started_at or now(),
            )
        return journal

    async def begin(self, entry: Entry) -> None:
        """Commit that this step is about to have its effect, and all that was noted before."""
        if self.execution.is_leaving:
            await self._flush()  # what was done stays done
            raise Unavailable("Streamline is stopping.", retry_after=5, code="overloaded")
        entry.status = Progress.RUNNING
        self.note(entry)
        await self.keep()
        if self.execution.worker is not None:
            await claims.assure(self.execution)

    async def keep(self) -> None:
        """Commit all that was noted, and that it is under way: the next effect may be a while off."""
        if not self._is_running:
            self._is_running = True
            row = {
                "of_execution": self.execution.id,
                "to_started_at": self._started(),
            }
            self._pending.append((_run, row))
        if self._pending:
            await self._flush()

    def note(self, entry: Entry) -> None:
        """Keep how a step stands now. Committed with the next effect, or with the end."""
        self.entries[entry.key] = entry
        if entry.key in self._on_disk:
            self._pending.append((_change_step, self._change(entry)))
        else:
            self._on_disk.add(entry.key)
            self._pending.append((_add_step, self._row(entry)))

    async def settle(
        self, status: Progress, error: str = "", *, due_at: datetime | None = None, waits_for: str | None = None
    ) -> None:
        """Commit how the execution stands: over, or waiting."""
        row = {
            "of_execution": self.execution.id,
            "to_status": status,
            "to_error": error,
            "to_due_at": due_at or now(),
            "to_waits_for": waits_for,
            "to_started_at": self._started(),
            "to_finished_at": None if status is Progress.WAITING else now(),
        }
        self._pending.append((_settle, row))
        await self._flush()

    async def _flush(self) -> None:
        """Commit what is noted. What the database refuses for the moment is offered again: no result gets lost."""
        statements, self._pending = self._pending, []
        if self.execution.worker is not None:
            statements = fencing.fenced(statements, self.execution)
        tries = 0
        while True:
            try:
                await writer.write(*statements, must=True)
                break
            except OperationalError as error:
                if trouble.note(error) is None:
                    log.warning("An execution cannot be written down at the moment: %s", error.orig)
            await asyncio.sleep(AGAIN_SECONDS[min(tries, len(AGAIN_SECONDS) - 1)])
            tries += 1
        live.tell(self.execution.user_id, "execution", self.execution.id)

    def _started(self) -> datetime:
        self.execution.started_at = self.execution.started_at or now()
        return self.execution.started_at

    def _row(self, entry: Entry) -> dict[str, Any]:
        return {
            "executionId": self.execution.id,
            "key": entry.key,
            "position": entry.position,
            "stepId": entry.step_id,
            "name": entry.name,
            "status": entry.status,
            "attempts": storing.text(entry.attempts),
            "input": storing.text(entry.input),
            "output": storing.text(entry.output),
            "error": entry.error,
            "startedAt": entry.started_at,
            "finishedAt": _finished(entry),
        }

    def _change(self, entry: Entry) -> dict[str, Any]:
        return {
            "of_execution": self.execution.id,
            "of_key": entry.key,
            "to_status": entry.status,
            "to_attempts": storing.text(entry.attempts),
            "to_input": storing.text(entry.input),
            "to_output": storing.text(entry.output),
            "to_error": entry.error,
            "to_finished_at": _finished(entry),
        }


def _finished(entry: Entry) -> datetime | None:
    return None if entry.status in (Progress.RUNNING, Progress.WAITING) else now()
