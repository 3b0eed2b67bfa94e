"""Connections as REST shows them, with what they hear, and what tests and choices find."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from streamline_ui.api.shapes import Shape
from streamline_ui.integrations.choosing import Offered
from streamline_ui.integrations.health import Outcome
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import Integration, Status
from streamline_ui.workflows import catalog
from streamline_ui.workflows.listening.hearing import Trouble


class Use(Shape):
    """A workflow that uses an integration."""

    id: str
    name: str
    is_active: bool


class Listening(Shape):
    """Whether a connection hears what its service tells the workflows that listen to it.

    `problem` is a kind (refused, unavailable, occupied, webhook, auth, stalled, off, …), `message` the service's own
    words where it said any, `hint` what can be done; they are empty, and `since` is null, while it hears.
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

    `listening` is null where nobody listens by polling. One that does not hear needs attention, whatever its tests say.
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
