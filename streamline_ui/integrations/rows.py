"""Finding a user's integration, and writing down what was found out about it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select, update

from streamline_ui import live
from streamline_ui.errors import NotFound
from streamline_ui.integrations import health
from streamline_ui.providers import PROVIDERS, catalog
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiKey, HealthCheck, Integration, Status, now, table_of

SOON = 15.0  # seconds within which what failed is looked at again, once one of those that failed is back
NO_ANSWER = ("net.refused", "net.timeout")
WORKED = "It has worked at this address before."
_columns = table_of(Integration).c
_keys = table_of(ApiKey).c
_brief = select_columns(
    _columns.id,
    _columns.userId,
    _columns.type,
    _columns.name,
    _columns.configEnc,
    _columns.isActive,
    exists().where(_keys.integrationId == _columns.id),
).where(_columns.id == bindparam("integration"), _columns.userId == bindparam("user"), _columns.deletedAt.is_(None))


@dataclass(frozen=True, slots=True)
class Brief:
    """What using an integration needs of its row."""

    id: str
    user_id: str
    type: str
    name: str
    config_enc: str
    is_active: bool
    has_keys: bool


_under_test: set[str] = set()


def find(session: Session, user_id: str, integration_id: str) -> Integration:
    """The user's integration. Raises NotFound for an unknown id, somebody else's, and a removed one alike."""
    query = select(Integration).where(
        Integration.id == integration_id, Integration.user_id == user_id, col(Integration.deleted_at).is_(None)
    )
    row = session.exec(query).first()
    if row is None:
        raise NotFound("There is no such integration.")
    return row


def one(user_id: str, integration_id: str) -> Integration:
    """The user's integration, to look at. Raises NotFound."""
    with db.reading() as session:
        row = find(session, user_id, integration_id)
    return as_seen(row)


async def brief(user_id: str, integration_id: str) -> Brief:
    """The user's integration, to use. Raises NotFound."""
    row = await db.glance(_brief, {"integration": integration_id, "user": user_id})
    if row is None:
        raise NotFound("There is no such integration.")
    return Brief(row[0], row[1], row[2], row[3], row[4], bool(row[5]), bool(row[6]))


def health_of(row: Integration) -> health.Health:
    """The part of the row that says how it is."""
    return health.Health(Status(row.status), row.failures, row.next_check_at, row.failing_since)


def apply(session: Session, row: Integration, outcome: health.Outcome, kind: health.Kind = "test") -> None:
    """Write an outcome into the row and its history. A paused connection stays paused."""
    before = health_of(row)
    provider = PROVIDERS.get(row.type)
    after = health.after(before, outcome, every=provider.check_every if provider else health.EVERY, kind=kind)
    status = after.status if row.is_active else Status.PAUSED
    if status != row.status:
        row.status, row.status_since = status, outcome.checked_at
    row.failures, row.failing_since = after.failures, after.failing_since
    row.next_check_at = after.next_check_at if row.is_active else None
    if kind == "test" or not outcome.ok or before.status is not Status.HEALTHY:  # a use has nothing to say beyond that
        hints = (WORKED,) if _worked_there(row, before, outcome) else outcome.hints
        row.status_message, row.status_hints = outcome.message, json.dumps(hints, ensure_ascii=False)
    row.account = outcome.account or row.account
    row.last_checked_at = outcome.checked_at
    session.add(row)
    if outcome.status is not Status.NOT_TESTED:
        session.add(
            HealthCheck(
                integration_id=row.id,
                at=outcome.checked_at,
                kind=kind,
                ok=outcome.ok,
                latency_ms=outcome.latency_ms,
                message=outcome.message,
            )
        )
    if outcome.ok and before.failures >= health.PATIENCE and before.next_check_at is not None:
        _hurry_others(session, row)


def _worked_there(row: Integration, before: health.Health, outcome: health.Outcome) -> bool:
    """Whether it is a host that does not answer any more, though it did since the connection was last changed."""
    if outcome.ok or outcome.code not in NO_ANSWER:
        return False
    if before.failures:
        return WORKED in row.status_hints
    return before.status in (Status.HEALTHY, Status.DEGRADED)


def _hurry_others(session: Session, back: Integration) -> None:
    """One is back. Where our own network was gone, the others are back, too: look at them soon, not all at once."""
    at = now()
    others = select(Integration.id).where(
        Integration.id != back.id,
        Integration.failures > 0,
        col(Integration.is_active).is_(True),
        col(Integration.deleted_at).is_(None),
        col(Integration.next_check_at) > at + timedelta(seconds=SOON),
        col(Integration.failing_since) <= at,
    )
    for integration_id in session.exec(others).all():
        soon = at + timedelta(seconds=random.uniform(1, SOON))  # noqa: S311 - a spread, no secret
        session.exec(update(Integration).where(col(Integration.id) == integration_id).values(next_check_at=soon))


def record(user_id: str, integration_id: str, outcome: health.Outcome) -> None:
    """Keep what a test found, unless the integration was removed meanwhile."""
    try:
        with db.writing() as session:
            apply(session, find(session, user_id, integration_id), outcome)
    except NotFound:
        return
    live.tell(user_id, "integration", integration_id)


def record_use(user_id: str, integration_id: str, outcome: health.Outcome | None, at: datetime | None = None) -> None:
    """Keep that it was used, and what that says about its health where it says anything."""
    try:
        with db.writing() as session:
            row = find(session, user_id, integration_id)
            row.last_used_at = at or now()
            session.add(row)
            session.exec(
                update(ApiKey)
                .where(col(ApiKey.integration_id) == row.id, col(ApiKey.name).in_(catalog.all_key_names()))
                .values(last_used_at=row.last_used_at)
            )
            if outcome is not None and not (outcome.ok and _proves_nothing(row)):
                apply(session, row, outcome, kind="use")
    except NotFound:
        return
    live.tell(user_id, "integration", integration_id)


def _proves_nothing(row: Integration) -> bool:
    """Whether its use says nothing about its health: there is nothing to test, or it is paused."""
    return not row.is_active or (row.status == Status.NOT_TESTED and row.last_checked_at is not None)


@contextmanager
def testing(user_id: str, integration_id: str) -> Iterator[None]:
    """Show everybody that a test is under way. The row keeps the status before, and since when it has it."""
    _under_test.add(integration_id)
    live.tell(user_id, "integration", integration_id)
    try:
        yield
    finally:
        _under_test.discard(integration_id)
        live.tell(user_id, "integration", integration_id)


def as_seen(row: Integration) -> Integration:
    """The row, read and let go of, with the status that is true only now."""
    if row.is_active and row.id in _under_test:
        row.status = Status.TESTING
    return row
