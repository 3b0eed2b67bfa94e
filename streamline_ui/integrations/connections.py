"""A user's connections: listed, added, changed, removed. What leaves the house to use one stands in `calls`.

Every function takes the user who asks, and finds only what is theirs: what is somebody else's is not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import col, delete, select

from streamline_ui import live, names
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import configuration, health, keys, oauth_drafts, oauth_revoking, rows
from streamline_ui.integrations.calls import choices, test, try_out
from streamline_ui.integrations.directly import perform
from streamline_ui.integrations.oauth_revoking import Permission
from streamline_ui.integrations.rows import one
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Config
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, Integration, Status, new_id, now
from streamline_ui.vault import keyring

__all__ = [
    "Glance", "add", "all_of", "change", "checks", "checks_of_all", "choices", "doubts", "duplicate", "free_name",
    "glance", "one", "perform", "purge", "remove", "restore", "test", "try_out", "validate",
]  # fmt: skip

UNDO = timedelta(minutes=1)
SOON, PER_SECOND = timedelta(seconds=2), 10  # of the first looks at new connections
DEAR = timedelta(hours=1)  # who is looked at more seldom than this counts every look
RANK = {Status.NEEDS_ATTENTION: 0, Status.WAITING_FOR_SIGN_IN: 0, Status.DEGRADED: 1}


def all_of(user_id: str, type_name: str | None = None) -> list[Integration]:
    """The user's connections: broken ones first, then the most recently used."""
    query = select(Integration).where(Integration.user_id == user_id, col(Integration.deleted_at).is_(None))
    if type_name is not None:
        query = query.where(Integration.type == type_name)
    with db.reading() as session:
        found = list(session.exec(query).all())
    found.sort(key=lambda row: row.last_used_at or row.created_at, reverse=True)
    found.sort(key=lambda row: RANK.get(Status(row.status), 2))
    return [rows.as_seen(row) for row in found]


@dataclass(frozen=True, slots=True)
class Glance:
    """A user's connections in three figures; `next_check_at` is when one of them is next looked at."""

    total: int
    broken: int
    next_check_at: datetime | None


def glance(user_id: str) -> Glance:
    """How the user's connections are, in one look."""
    is_broken = col(Integration.status).in_([status for status, rank in RANK.items() if rank == 0])
    query = select(
        func.count(col(Integration.id)),
        func.count(col(Integration.id)).filter(is_broken),
        func.min(Integration.next_check_at),
    ).where(Integration.user_id == user_id, col(Integration.deleted_at).is_(None))
    with db.reading() as session:
        total, broken, next_check_at = session.exec(query).one()
    return Glance(total, broken, next_check_at)


def add(
    user_id: str,
    type_name: str,
    name: str,
    config: Mapping[str, Any],
    *,
    is_active: bool = True,
    outcome: health.Outcome | None = None,
    is_draft: bool = False,
) -> Integration:
    """Save a new connection, with what a test of it found. A draft goes again if nobody signs in. Raises Invalid."""
    fields: dict[str, str] = {}
    clean = _name(name, fields)
    parsed = _collect(type_name, config, fields)
    row = Integration(id=new_id(), user_id=user_id, type=type_name, name=clean, is_active=is_active, config_enc="")
    sealed = configuration.seal(parsed, row.id, user_id)
    row.config_enc, row.config_view = sealed.enc, sealed.view
    row.status = _first_status(type_name, parsed) if is_active else Status.PAUSED
    if row.status is Status.NOT_TESTED:
        row.next_check_at = now() + _first_check(user_id, type_name)  # nobody may ever test it by hand
    elif row.status is Status.WAITING_FOR_SIGN_IN:
        row.status_message = "Nobody has signed in for this connection yet."
    with db.writing() as session:
        session.add(row)
        session.flush()
        if is_draft:
            oauth_drafts.mark(session, row.id)
        if outcome is not None:
            rows.apply(session, row, outcome)
    live.tell(user_id, "integration", row.id)
    return row


def change(
    user_id: str,
    integration_id: str,
    *,
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    is_active: bool | None = None,
    outcome: health.Outcome | None = None,
    is_draft: bool = False,
) -> Integration:
    """Change what is given and leave the rest. In `config`, secrets left out stay, and null removes a field.

    A new configuration that was not tested makes the connection *not tested*, and due for a test. Raises NotFound,
    Invalid, and Locked where the stored configuration is needed but cannot be opened.
    """
    with db.writing() as session:
        row = rows.find(session, user_id, integration_id)
        fields: dict[str, str] = {}
        new_name = row.name if name is None else _name(name, fields)
        parsed = None
        if config is not None:
            parsed = _collect(row.type, configuration.over(row, config, keys.names(session, row.id)), fields)
            parsed = None if configuration.is_held(row, parsed) else parsed
        elif fields:
            raise Invalid(next(iter(fields.values())), fields)
        row.name = new_name
        if parsed is not None:
            sealed = configuration.seal(parsed, row.id, user_id)
            row.config_enc, row.config_view = sealed.enc, sealed.view
        _set_active(row, row.is_active if is_active is None else is_active, is_new=parsed is not None)
        session.add(row)
        if not is_draft:
            oauth_drafts.keep(session, row.id)
        if outcome is not None:
            rows.apply(session, row, outcome)
    _look_for_keys_again()
    live.tell(user_id, "integration", row.id)
    return row


def remove(user_id: str, integration_id: str, *, undoable: bool = False) -> None:
    """Remove a connection: at once with all that hangs on it, or so that `restore` brings it back for a minute."""
    held: list[Permission] = []
    with db.writing() as session:
        row = rows.find(session, user_id, integration_id)
        if undoable:
            row.deleted_at = now()
            session.add(row)
        else:
            held = oauth_revoking.held_by(session, [row])
            session.delete(row)
    oauth_revoking.later(held)
    _look_for_keys_again()
    live.tell(user_id, "integration", integration_id)


def restore(user_id: str, integration_id: str) -> Integration:
    """Take an undoable removal back. Raises NotFound once it is gone for good."""
    with db.writing() as session:
        row = session.get(Integration, integration_id)
        if row is None or row.user_id != user_id:
            raise NotFound("This connection is gone for good.", hints=["Connect it again."])
        row.deleted_at = None
        session.add(row)
        oauth_drafts.keep(session, row.id)
    live.tell(user_id, "integration", integration_id)
    return row


def purge() -> None:
    """Remove for good what nobody can take back any more."""
    with db.writing() as session:
        gone = session.exec(select(Integration).where(col(Integration.deleted_at) < now() - UNDO)).all()
        held = oauth_revoking.held_by(session, gone)
        session.exec(delete(Integration).where(col(Integration.id).in_([row.id for row in gone])))
    oauth_revoking.later(held)
    _look_for_keys_again()


def duplicate(user_id: str, integration_id: str) -> Integration:
    """Add the same connection once more, under a free name, not tested."""
    row = one(user_id, integration_id)
    return add(user_id, row.type, free_name(user_id, row.name), configuration.unseal(row), is_active=row.is_active)


def free_name(user_id: str, base: str) -> str:
    """The name, or with the first number that makes it free: "Discord 2"."""
    taken = {row.name for row in all_of(user_id)}
    stem = base[: names.LONGEST - 8]
    numbered = (f"{stem} {number}" for number in range(2, len(taken) + 3))
    return next(name for name in (base, *numbered) if name not in taken)


def validate(type_name: str, config: Mapping[str, Any], previous: Mapping[str, Any] | None = None) -> None:
    """Check a configuration as saving would. Raises Invalid."""
    configuration.parse(type_name, configuration.merge(config, previous or {}))


def doubts(type_name: str, config: Mapping[str, Any]) -> dict[str, str]:
    """What looks unusual but may be right, by field. Raises Invalid for what cannot be right."""
    return formats.doubts(configuration.parse(type_name, config))


def checks(user_id: str, integration_id: str, limit: int = 90) -> list[HealthCheck]:
    """The newest looks at a connection, oldest first. Raises NotFound."""
    with db.reading() as session:
        rows.find(session, user_id, integration_id)
        query = select(HealthCheck).where(HealthCheck.integration_id == integration_id)
        newest = session.exec(query.order_by(col(HealthCheck.id).desc()).limit(limit)).all()
    return list(reversed(newest))


def checks_of_all(user_id: str, limit: int = 40) -> dict[str, list[HealthCheck]]:
    """The newest looks at each of the user's connections, oldest first, by integration."""
    place = func.row_number().over(partition_by=HealthCheck.integration_id, order_by=col(HealthCheck.id).desc())
    newest = (
        select(HealthCheck.id, place.label("place"))
        .join(Integration, col(Integration.id) == HealthCheck.integration_id)
        .where(Integration.user_id == user_id)
        .subquery()
    )
    query = select(HealthCheck).join(newest, newest.c.id == HealthCheck.id).where(newest.c.place <= limit)
    found: dict[str, list[HealthCheck]] = {}
    with db.reading() as session:
        for check in session.exec(query.order_by(col(HealthCheck.id))).all():
            found.setdefault(check.integration_id, []).append(check)
    return found


def _name(name: str, fields: dict[str, str]) -> str:
    """The name, tidied. What is wrong with it goes into `fields`, to be told together with the rest."""
    clean = " ".join(name.split(" ")).strip()
    if not clean:
        fields["name"] = "Name is missing."
    elif said := names.problem(clean):
        fields["name"] = said
    return clean


def _collect(type_name: str, config: Mapping[str, Any], fields: dict[str, str]) -> Any:
    """Parse, and raise everything that is wrong in one go."""
    named(type_name)
    try:
        parsed = configuration.parse(type_name, config)
    except Invalid as error:
        fields |= error.fields or {"config": error.message}
    if fields:
        raise Invalid(next(iter(fields.values())), fields)
    return parsed


def _first_check(user_id: str, type_name: str) -> timedelta:
    """After what time a new connection is first looked at: in a few seconds, many that are made at once one by one.

    Where each look is one of the day's requests, its owner may first correct what they have mistyped.
    """
    if named(type_name).check_every > DEAR:
        return health.EVERY
    waiting = select(func.count()).where(
        Integration.user_id == user_id,
        Integration.status == Status.NOT_TESTED,
        col(Integration.last_checked_at).is_(None),
        col(Integration.next_check_at).is_not(None),
        col(Integration.deleted_at).is_(None),
    )
    with db.reading() as session:
        before = session.exec(waiting).one()
    return min(SOON + before / PER_SECOND * timedelta(seconds=1), health.EVERY)


def _first_status(type_name: str, config: Config) -> Status:
    """How a connection begins: where people sign in, nobody has yet."""
    oauth = named(type_name).oauth(config)
    return Status.WAITING_FOR_SIGN_IN if oauth is not None and oauth.authorize_url else Status.NOT_TESTED


def _look_for_keys_again() -> None:
    """Once the last value that nobody can open was replaced or removed, nothing is locked any more."""
    if keyring.locked() is not None:
        keyring.check()


def _set_active(row: Integration, is_active: bool, *, is_new: bool) -> None:
    """Pause or resume. Whoever resumes, or changes what is tested, wants to know soon whether it works."""
    was_active, row.is_active = row.is_active, is_active
    status = Status(row.status)
    if not is_active:
        status, row.next_check_at = Status.PAUSED, None
    elif is_new or not was_active:
        status, row.next_check_at, row.failures, row.failing_since = Status.NOT_TESTED, now(), 0, None
        row.status_message, row.status_hints = "", "[]"
    if status != row.status:
        row.status, row.status_since = status, now()
