"""What goes out about workflows. Secrets are not in definitions, and addresses are the owner's to see."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from streamline_ui.api.shapes import Shape
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Progress, StepRun, Verdict, Workflow
from streamline_ui.storage.workflow_tables import WorkflowVersion as VersionRow
from streamline_ui.workflows import addresses, catalog, definitions
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.gates import Gate
from streamline_ui.workflows.reasons import Code, Reason


class Described(Shape):
    """A workflow as it can be taken elsewhere. Of a secret it says nothing; who takes it enters one again."""

    name: str
    trigger: dict[str, Any]
    steps: list[dict[str, Any]]
    settings: dict[str, Any]

    @classmethod
    def export(cls, definition: Definition) -> Described:
        """Without secrets."""
        return cls(**definitions.public(definitions.without_secret(definition)))


class Flow(Described):
    """A workflow: the version that runs. `webhookUrl` is null where none is, or while secrets cannot be opened."""

    id: str
    is_active: bool
    version: int
    webhook_url: str | None
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Workflow) -> Flow:
        """From its row."""
        definition = catalog.current(row)
        return cls(
            **definitions.public(definition)
            | row.model_dump(include={"id", "name", "is_active", "version", "created_at", "updated_at"}),
            webhook_url=addresses.of(row, definition),
            next_run_at=row.next_fire_at,
        )


class Version(Shape):
    """A version as it was published."""

    version: int
    created_at: datetime
    definition: dict[str, Any]

    @classmethod
    def of(cls, row: VersionRow) -> Version:
        """From its row."""
        return cls(version=row.version, created_at=row.created_at, definition=json.loads(row.definition))


class Started(Shape):
    """What was begun. `GET /executions/{id}` tells how it goes."""

    execution_id: str


class Judgement(Shape):
    """What one gate said to a request. `isPassed` is null where the request did not come to it."""

    gate: str
    is_passed: bool | None
    message: str

    @classmethod
    def of(cls, gate: Gate) -> Judgement:
        """From a gate."""
        return cls(gate=gate.name, is_passed=gate.is_passed, message=gate.message)


class Request(Shape):
    """An incoming request. `body` is base64 where `isBase64`, and the start of it where `isTruncated`.

    `gates` are in the order in which they were come to; `executionId` is what the request started, if anything.
    """

    id: str
    at: datetime
    verdict: Verdict
    reason: str
    method: str
    query: str
    headers: dict[str, str]
    body: str
    is_base64: bool
    is_truncated: bool
    size: int
    address: str
    gates: list[Judgement]
    execution_id: str | None

    @classmethod
    def of(cls, row: HookRequest, gates: Sequence[Gate], execution_id: str | None) -> Request:
        """From its row, and what became of it."""
        is_truncated = row.size > len(row.body)
        text = _text(row.body, is_truncated)
        return cls(
            **row.model_dump(include={"id", "at", "reason", "method", "query", "size", "address"}),
            verdict=Verdict(row.verdict),
            headers=json.loads(row.headers),
            body=base64.b64encode(row.body).decode("ascii") if text is None else text,
            is_base64=text is None,
            is_truncated=is_truncated,
            gates=[Judgement.of(gate) for gate in gates],
            execution_id=execution_id,
        )


class Stage(Shape):
    """How a step of an execution stands. `key` also says in which turn of which loop: `each[3].post`."""

    id: str
    key: str
    name: str
    status: Progress

    @classmethod
    def at(cls, row: StepRun) -> Stage:
        """From its row, of which no more has to be loaded."""
        return cls(id=row.step_id, key=row.key, name=row.name, status=Progress(row.status))


class Done(Stage):
    """One step of an execution, with every attempt."""

    error: str
    started_at: datetime | None
    finished_at: datetime | None
    attempts: list[dict[str, Any]]
    input: Any
    output: Any

    @classmethod
    def of(cls, row: StepRun) -> Done:
        """From its row."""
        return cls(
            **row.model_dump(include={"key", "name", "error", "started_at", "finished_at"}),
            id=row.step_id,
            status=Progress(row.status),
            attempts=_json(row.attempts),
            input=_json(row.input),
            output=_json(row.output),
        )


class Why(Shape):
    """Why an execution stands still, or ended before its last step. `about` is the id of what that lies at."""

    code: Code
    message: str
    about: str | None

    @classmethod
    def of(cls, reason: Reason) -> Why:
        """From a reason."""
        return cls(code=reason.code, message=reason.message, about=reason.about or None)


class Run(Shape):
    """An execution. `waitsFor` is the integration that has to be mended before it goes on.

    `reason` says why it stands still, or why it ended before its last step though nothing failed.
    """

    id: str
    workflow_id: str
    workflow_version: int
    status: Progress
    trigger: Any
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    error: str
    next_try_at: datetime | None
    waits_for: str | None
    replay_of: str | None
    reason: Why | None

    @staticmethod
    def values(row: Execution, reason: Reason | None) -> dict[str, Any]:
        """What its row says, but what came in."""
        is_waiting = row.status == Progress.WAITING and row.waits_for is None
        copied = {"id", "workflow_id", "created_at", "started_at", "finished_at", "error", "waits_for", "replay_of"}
        return {
            **{name: getattr(row, name) for name in copied},
            "workflow_version": row.version,
            "status": Progress(row.status),
            "duration_ms": _milliseconds(row.started_at, row.finished_at),
            "next_try_at": row.due_at if is_waiting else None,
            "reason": None if reason is None else Why.of(reason),
        }


class Course(Run):
    """An execution in short. `trigger` is null above 20,000 characters: the execution itself has it."""

    steps: list[Stage]

    @classmethod
    def of(cls, row: Execution, trigger: Any, stages: Sequence[StepRun], reason: Reason | None) -> Course:
        """From its row, what came in, and how its steps stand."""
        return cls(**cls.values(row, reason), trigger=trigger, steps=[Stage.at(stage) for stage in stages])


class Ran(Run):
    """An execution with its steps, in the order in which they were come to."""

    steps: list[Done]

    @classmethod
    def of(cls, row: Execution, steps: list[StepRun], reason: Reason | None) -> Ran:
        """From its rows."""
        return cls(**cls.values(row, reason), trigger=_json(row.trigger), steps=[Done.of(step) for step in steps])


def _milliseconds(start: datetime | None, end: datetime | None) -> int | None:
    return None if start is None or end is None else round((end - start).total_seconds() * 1000)


def _text(body: bytes, is_truncated: bool) -> str | None:
    """The body as text, or None where it is none. What was cut may end within a character."""
    for missing in range(4 if is_truncated else 1):
        try:
            return body[: len(body) - missing].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return None


def _json(stored: str) -> Any:
    """Stored JSON. A service may have answered NaN, which is no JSON and goes out as null."""
    return json.loads(stored, parse_constant=lambda _: None)
