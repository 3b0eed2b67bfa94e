"""The tables. No behaviour: a row is a value, what happens to it stands with whoever uses it.

Tables and columns carry the specification's names (`Integration.configEnc`), attributes Python's (`config_enc`).
Every time is aware and in UTC; every id is a random UUID.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import DateTime, Dialect, MetaData, Table, Text, TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {  # Alembic can only alter what has a name
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


class Moment(TypeDecorator[datetime]):
    """A time in UTC: SQLite keeps no time zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new random id."""
    return str(uuid4())


def column(name: str, **options: Any) -> Any:
    """A field whose column has the specification's name."""
    return Field(sa_column_kwargs={"name": name, **options.pop("column", {})}, **options)


def time(name: str, **options: Any) -> Any:
    """A field for a time, see Moment."""
    return column(name, sa_type=Moment, **options)


def table_of(model: type[SQLModel]) -> Table:
    """A model's table, for statements that run by the thousand. Its columns go by their names in the database."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


class Status(StrEnum):
    """How a connection is. Shown with an icon, a word and a colour, and with who has to act."""

    NOT_TESTED = "not_tested"
    TESTING = "testing"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    NEEDS_ATTENTION = "needs_attention"
    PAUSED = "paused"
    WAITING_FOR_SIGN_IN = "waiting_for_sign_in"


class User(SQLModel, table=True):
    """A person with an account. `email` is kept in lower case."""

    __tablename__ = "User"

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)
    name: str = ""
    password_hash: str = column("passwordHash")
    is_admin: bool = column("isAdmin", default=False)
    is_active: bool = column("isActive", default=True)
    theme: str = "system"
    created_at: datetime = time("createdAt", default_factory=now)
    updated_at: datetime = time("updatedAt", default_factory=now, column={"onupdate": now})
    last_sign_in_at: datetime | None = time("lastSignInAt", default=None)


class Session(SQLModel, table=True):
    """One sign-in: of a browser (`kind` "browser", the secret is in its cookie) or over REST ("api", a bearer)."""

    __tablename__ = "Session"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    kind: str = "browser"
    secret_hash: str = column("secretHash", unique=True)
    address: str = ""
    user_agent: str = column("userAgent", default="")
    created_at: datetime = time("createdAt", default_factory=now)
    last_seen_at: datetime = time("lastSeenAt", default_factory=now)
    expires_at: datetime = time("expiresAt")


class ApiToken(SQLModel, table=True):
    """A personal token for scripts. `scopes` is a space-separated list; `hint` is its end, for recognising it."""

    __tablename__ = "ApiToken"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    name: str
    secret_hash: str = column("secretHash", unique=True)
    hint: str
    scopes: str = "read write"
    created_at: datetime = time("createdAt", default_factory=now)
    last_used_at: datetime | None = time("lastUsedAt", default=None)
    expires_at: datetime | None = time("expiresAt", default=None)


class SignInAttempt(SQLModel, table=True):
    """Somebody tried to sign in. Feeds the limits, which survive a restart, and the list that the owner can read."""

    __tablename__ = "SignInAttempt"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = time("at", default_factory=now, index=True)
    email: str = Field(index=True)
    address: str = Field(default="", index=True)
    ok: bool
    reason: str = ""


class Integration(SQLModel, table=True):
    """A user's connection to a service.

    `config_enc` is the sealed configuration, JSON in the specification's form. `config_view` is what may be shown of
    it (JSON: plain fields as they are, of a secret only `{"set": true, "hint": "…ab12"}`), written together with it, so
    that looking at connections opens nothing. A row with `deleted_at` is gone for everybody but "Undo".
    """

    __tablename__ = "Integration"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    type: str = Field(index=True)
    name: str
    config_enc: str = column("configEnc", sa_type=Text)
    config_view: str = column("configView", sa_type=Text, default="{}")
    is_active: bool = column("isActive", default=True)
    status: Status = Field(default=Status.NOT_TESTED, sa_type=Text)
    status_message: str = column("statusMessage", default="")
    status_hints: str = column("statusHints", default="[]")
    status_since: datetime = time("statusSince", default_factory=now)
    account: str = ""
    failures: int = 0
    failing_since: datetime | None = time("failingSince", default=None)
    last_used_at: datetime | None = time("lastUsedAt", default=None)
    last_checked_at: datetime | None = time("lastCheckedAt", default=None)
    next_check_at: datetime | None = time("nextCheckAt", default=None, index=True)
    created_at: datetime = time("createdAt", default_factory=now)
    updated_at: datetime = time("updatedAt", default_factory=now, column={"onupdate": now})
    deleted_at: datetime | None = time("deletedAt", default=None, index=True)


class ApiKey(SQLModel, table=True):
    """A key of an integration that is kept apart, so that it is replaced or expires on its own. The value is sealed."""

    __tablename__ = "ApiKey"

    id: str = Field(default_factory=new_id, primary_key=True)
    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", index=True)
    name: str
    value_enc: str = column("valueEnc", sa_type=Text)
    created_at: datetime = time("createdAt", default_factory=now)
    last_used_at: datetime | None = time("lastUsedAt", default=None)
    expires_at: datetime | None = time("expiresAt", default=None)


class HealthCheck(SQLModel, table=True):
    """One look at a connection: a test ("test"), or a real call that told something ("use")."""

    __tablename__ = "HealthCheck"

    id: int | None = Field(default=None, primary_key=True)
    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", index=True)
    at: datetime = time("at", default_factory=now, index=True)
    kind: str = "test"
    ok: bool
    latency_ms: int | None = column("latencyMs", default=None)
    message: str = ""


class InboxEntry(SQLModel, table=True):
    """Something written to the Inbox, the page in the app that shows what arrived."""

    __tablename__ = "InboxEntry"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", index=True)
    title: str
    text: str = Field(default="", sa_type=Text)
    created_at: datetime = time("createdAt", default_factory=now, index=True)


class KeyCheck(SQLModel, table=True):
    """A known value sealed with each key that was ever used here: tells a wrong key from a right one at start."""

    __tablename__ = "KeyCheck"

    kid: str = Field(primary_key=True)
    sealed: str = Field(sa_type=Text)
    created_at: datetime = time("createdAt", default_factory=now)


class Setting(SQLModel, table=True):
    """A setting of the installation that is changed in the app. `value` is JSON."""

    __tablename__ = "Setting"

    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


class IdempotencyRecord(SQLModel, table=True):
    """The answer to a REST write that carried an `Idempotency-Key`, kept for a day and given again to a repeat."""

    __tablename__ = "IdempotencyRecord"

    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str = column("requestHash")
    status: int
    body: str = Field(sa_type=Text)
    created_at: datetime = time("createdAt", default_factory=now, index=True)
