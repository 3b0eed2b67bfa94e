"""The tables of workflows: what they are, what came in, and what was done about it. No behaviour.

Definitions, triggers, inputs and outputs are JSON in the contract's form. Times and ids as in `models`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from streamline_ui.storage.models import column, new_id, now, time


class Progress(StrEnum):
    """Where an execution, or one of its steps, stands. `unknown`: it may have had its effect, nobody can tell."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """What became of an incoming request."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    BAD_SIGNATURE = "bad_signature"
    INACTIVE = "inactive"
    FILTERED = "filtered"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    NOT_ALLOWED = "not_allowed"
    TOO_MANY = "too_many"


OPEN = text("status IN ('queued', 'running', 'waiting')")
WAITS = text('"waitsFor" IS NOT NULL')
HAS_FILES = text("files IS NOT NULL")


class Workflow(SQLModel, table=True):
    """A user's workflow. `version` is the published one that runs (0: none yet); `draft` is what the editor holds.

    `revision` counts the saves of the draft, so that two editors never overwrite each other. The address of an incoming
    webhook is found by `hook_hash`, and shown from the sealed `hook_enc`. `verification_enc` is the signing secret that
    counts, `draft_verification_enc` the one that counts once the draft is published.
    """

    __tablename__ = "Workflow"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    name: str
    is_active: bool = column("isActive", default=False)
    version: int = 0
    revision: int = 1
    draft: str = Field(sa_type=Text)
    hook_hash: str = column("hookHash", unique=True)
    hook_enc: str = column("hookEnc", sa_type=Text)
    verification_enc: str | None = column("verificationEnc", default=None, sa_type=Text)
    draft_verification_enc: str | None = column("draftVerificationEnc", default=None, sa_type=Text)
    next_fire_at: datetime | None = time("nextFireAt", default=None, index=True)
    created_at: datetime = time("createdAt", default_factory=now)
    updated_at: datetime = time("updatedAt", default_factory=now, column={"onupdate": now})
    deleted_at: datetime | None = time("deletedAt", default=None, index=True)


class WorkflowVersion(SQLModel, table=True):
    """A definition as it was published. Never changed afterwards: executions refer to it."""

    __tablename__ = "WorkflowVersion"

    workflow_id: str = column("workflowId", foreign_key="Workflow.id", ondelete="CASCADE", primary_key=True)
    version: int = Field(primary_key=True)
    definition: str = Field(sa_type=Text)
    created_at: datetime = time("createdAt", default_factory=now)


class WorkflowUse(SQLModel, table=True):
    """The published version of this workflow uses that integration. `is_trigger` where it listens to it."""

    __tablename__ = "WorkflowUse"

    workflow_id: str = column("workflowId", foreign_key="Workflow.id", ondelete="CASCADE", primary_key=True)
    integration_id: str = column("integrationId", primary_key=True, index=True)
    is_trigger: bool = column("isTrigger", default=False)


class HookRequest(SQLModel, table=True):
    """A request that came in at a workflow's address, also one that was turned away. Its headers hold no secrets."""

    __tablename__ = "HookRequest"
    __table_args__ = (Index("ix_HookRequest_workflowId_at", "workflowId", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    workflow_id: str = column("workflowId", foreign_key="Workflow.id", ondelete="CASCADE")
    at: datetime = time("at", default_factory=now)
    verdict: Verdict = Field(sa_type=Text)
    reason: str = ""
    method: str
    query: str = Field(default="", sa_type=Text)
    headers: str = Field(default="{}", sa_type=Text)
    body: bytes = Field(default=b"", sa_type=LargeBinary)
    size: int = 0
    address: str = ""


class Event(SQLModel, table=True):
    """Something that happened, written down once. `source_id` is the sender's own id of it, where there is one."""

    __tablename__ = "Event"
    __table_args__ = (UniqueConstraint("workflowId", "sourceId"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    workflow_id: str = column("workflowId", foreign_key="Workflow.id", ondelete="CASCADE")
    source_id: str | None = column("sourceId", default=None)
    at: datetime = time("at", default_factory=now, index=True)


class Execution(SQLModel, table=True):
    """One run of a workflow for one event.

    `due_at` is when it may go on; `lease_by` the worker that took it on last, where there are several, and
    `lease_until` until when that one is believed alive; `crashes` how often a worker died over it; `waits_for` the
    integration that must be mended first; `files` the folder of what was uploaded with its event.
    """

    __tablename__ = "Execution"
    __table_args__ = (
        Index(
            "ix_Execution_open", "workflowId", "status", "waitsFor", "dueAt", sqlite_where=OPEN, postgresql_where=OPEN
        ),
        Index("ix_Execution_waitsFor", "waitsFor", sqlite_where=WAITS, postgresql_where=WAITS),
        Index("ix_Execution_files", "files", sqlite_where=HAS_FILES, postgresql_where=HAS_FILES),
        Index("ix_Execution_workflowId_createdAt", "workflowId", "createdAt"),
        Index("ix_Execution_userId_createdAt", "userId", "createdAt"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId")
    workflow_id: str = column("workflowId", foreign_key="Workflow.id", ondelete="CASCADE")
    version: int
    event_id: str | None = column("eventId", default=None)
    status: Progress = Field(default=Progress.QUEUED, sa_type=Text)
    trigger: str = Field(sa_type=Text)
    error: str = Field(default="", sa_type=Text)
    due_at: datetime = time("dueAt", default_factory=now)
    lease_until: datetime | None = time("leaseUntil", default=None)
    lease_by: str | None = column("leaseBy", default=None)
    crashes: int = 0
    waits_for: str | None = column("waitsFor", default=None)
    is_cancelled: bool = column("isCancelled", default=False)
    replay_of: str | None = column("replayOf", default=None)
    files: str | None = None
    created_at: datetime = time("createdAt", default_factory=now)
    started_at: datetime | None = time("startedAt", default=None)
    finished_at: datetime | None = time("finishedAt", default=None)


class StepRun(SQLModel, table=True):
    """One step of one execution. `key` is its path ("post", "loop[3].post"); the row is written before the effect and
    again, with the result, before the next step, so that a crash is told from a failure.
    """

    __tablename__ = "StepRun"

    execution_id: str = column("executionId", foreign_key="Execution.id", ondelete="CASCADE", primary_key=True)
    key: str = Field(primary_key=True)
    position: int
    step_id: str = column("stepId")
    name: str = ""
    status: Progress = Field(sa_type=Text)
    attempts: str = Field(default="[]", sa_type=Text)
    input: str = Field(default="null", sa_type=Text)
    output: str = Field(default="null", sa_type=Text)
    error: str = Field(default="", sa_type=Text)
    started_at: datetime | None = time("startedAt", default=None)
    finished_at: datetime | None = time("finishedAt", default=None)
