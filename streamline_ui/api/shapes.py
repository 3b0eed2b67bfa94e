"""What goes out: rows turned into JSON. No type here has a field that could hold a secret, but the token just made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from streamline_ui.storage.models import ApiKey, ApiToken, HealthCheck, Session, User

T = TypeVar("T")


class Shape(BaseModel):
    """The base of all answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Page(Shape, Generic[T]):
    """A part of a list. `nextCursor` asks for the next part, and is null at the end."""

    items: list[T]
    next_cursor: str | None


class SetupState(Shape):
    """Whether the first account is still to be made."""

    needs_setup: bool


class Person(Shape):
    """An account."""

    id: str
    email: str
    name: str
    is_admin: bool
    is_active: bool
    theme: str
    created_at: datetime
    last_sign_in_at: datetime | None

    @classmethod
    def of(cls, row: User) -> Person:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class SignedIn(Shape):
    """A session over REST: its token, shown only now, is sent as `Authorization: Bearer`."""

    token: str
    expires_at: datetime
    user: Person

    @classmethod
    def of(cls, token: str, row: Session, user: User) -> SignedIn:
        """From the session's row."""
        return cls(token=token, expires_at=row.expires_at, user=Person.of(user))


class Token(Shape):
    """A personal token, without its value; `hint` is the value's end."""

    id: str
    name: str
    scopes: list[str]
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def of(cls, row: ApiToken) -> Token:
        """From its row."""
        values = row.model_dump(include=set(cls.model_fields) - {"scopes", "hint"})
        return cls(**values, scopes=row.scopes.split(), hint=f"…{row.hint}")


class MadeToken(Token):
    """A personal token that was just made. Its value is shown only now."""

    token: str

    @classmethod
    def made(cls, value: str, row: ApiToken) -> MadeToken:
        """From its row and its value."""
        return cls(**Token.of(row).model_dump(), token=value)


class Key(Shape):
    """A separate key of an integration. Its value is never shown."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def of(cls, row: ApiKey) -> Key:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class Action(Shape):
    """Something a service can do. `parameters` is a JSON Schema; `repeatable` says that twice does no harm."""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    parameters: dict[str, Any]
    repeatable: bool


class Trigger(Shape):
    """Something a service can tell."""

    event: str
    title: str
    sample: Any
    parameters: dict[str, Any] | None = None


class Provider(Shape):
    """A service that can be connected. `configSchema` is a JSON Schema."""

    model_config = ConfigDict(extra="allow")

    type: str
    name: str
    auth_type: str
    category: str
    config_schema: dict[str, Any]
    actions: list[Action]
    triggers: list[Trigger]
    docs_url: str


class Check(Shape):
    """One look at a connection."""

    at: datetime
    ok: bool
    latency_ms: int | None
    message: str

    @classmethod
    def of(cls, row: HealthCheck) -> Check:
        """From its row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class FieldProblem(Shape):
    """What is wrong with one field. `field` is its name, dotted where nested, or empty for the whole."""

    field: str
    message: str


class Problem(Shape):
    """An error (RFC 9457). `code` is for programs, `detail` and `hints` are for people, `requestId` is in the log."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hints: list[str]
    request_id: str
    errors: list[FieldProblem] | None = None
