"""What goes out: rows turned into JSON. No type here has a field that could hold a secret, but the token just made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from streamline_ui.integrations.choosing import Offered
from streamline_ui.integrations.health import Outcome
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import ApiKey, ApiToken, HealthCheck, Integration, Session, Status, User
from streamline_ui.workflows import catalog
from streamline_ui.workflows.listening.hearing import Trouble

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


class Use(Shape):
    """A workflow that uses an integration."""

    id: str
    name: str
    is_active: bool


class Listening(Shape):
    """Whether a connection hears what its service tells the workflows that listen to it.

    `problem` is a kind (refused, unavailable, occupied, webhook, auth, stalled, …), `message` the service's own words
    where it said any, `hint` what can be done; they are empty, and `since` is null, while it hears.
    """

    is_hearing: bool
    since: datetime | None
    problem: str
    message: str
    hint: str

    @classmethod
    def of(cls, trouble: Trouble | None) -> Listening:
        """From what keeps it from hearing, or nothing."""
        if trouble is None:
            return cls(is_hearing=True, since=None, problem="", message="", hint="")
        return cls(
            is_hearing=False, since=trouble.since, problem=trouble.problem, message=trouble.cause, hint=trouble.hint
        )


class Connected(Shape):
    """A connection to a service. `config` shows of a secret only `{"set": true, "hint": "…ab12"}`.

    `listening` is null where nothing is polled. One that does not hear needs attention, however well its tests go.
    """

    id: str
    type: str
    name: str
    auth_type: str
    is_active: bool
    status: Status
    status_message: str
    status_since: datetime
    hints: list[str]
    account: str
    config: dict[str, Any]
    last_used_at: datetime | None
    last_checked_at: datetime | None
    next_poll_at: datetime | None
    listening: Listening | None
    used_by: list[Use]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(
        cls,
        row: Integration,
        uses: Sequence[catalog.Use] = (),
        next_poll_at: datetime | None = None,
        listening: Listening | None = None,
    ) -> Connected:
        """From its row as it is seen, the workflows that use it, when it is polled next, and whether it hears."""
        own = {"auth_type", "hints", "config", "used_by", "status", "next_poll_at", "listening"}
        copied = set(cls.model_fields) - own
        provider = PROVIDERS.get(row.type)
        return cls(
            **row.model_dump(include=copied),
            status=Status(row.status),
            auth_type=provider.auth_type if provider else "none",
            hints=json.loads(row.status_hints),
            config=json.loads(row.config_view),
            next_poll_at=next_poll_at,
            listening=listening,
            used_by=[Use(id=use.workflow_id, name=use.name, is_active=use.is_active) for use in uses],
        )


class Tested(Shape):
    """What a test found out. A service's refusal is a finding, not an error."""

    ok: bool
    status: Status
    account: str
    message: str
    hints: list[str]
    latency_ms: int | None
    checked_at: datetime

    @classmethod
    def of(cls, outcome: Outcome) -> Tested:
        """From an outcome."""
        values = {name: getattr(outcome, name) for name in cls.model_fields}
        return cls(**values | {"hints": list(outcome.hints)})


class Polled(Shape):
    """How many questions the service is asked now."""

    polls: int


class EventAddress(Shape):
    """Where a service should send its events, and how to enter it there.

    `missing` says what keeps anything from being taken yet; `refusal` why the last request was turned away; `unheard`
    how many events came, the last at `unheardAt`, while no workflow listened. They were answered, and started nothing.
    """

    url: str
    how: str
    missing: str
    is_public: bool
    refused_at: datetime | None
    refusal: str
    unheard: int
    unheard_at: datetime | None


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


class Output(Shape):
    """What an action gave back."""

    output: dict[str, Any]


class Choice(Shape):
    """A value, and what it is called."""

    value: str
    label: str


class Choices(Shape):
    """What may be chosen. `more`: there are others, which `q` finds."""

    items: list[Choice]
    more: bool

    @classmethod
    def of(cls, offered: Offered) -> Choices:
        """From what the core found."""
        return cls(items=[Choice(value=value, label=label) for value, label in offered.items], more=offered.more)


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
