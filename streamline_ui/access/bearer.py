"""Who calls the REST interface, from the `Authorization` header."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select

from streamline_ui.access import secret, sessions
from streamline_ui.errors import Unauthenticated
from streamline_ui.storage import db, trouble
from streamline_ui.storage.models import ApiToken, User, now

NOTE_EVERY = timedelta(minutes=1)
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what the token allows. Either the session (after a sign-in over REST) or the token is named."""

    user_id: str
    is_admin: bool
    scopes: frozenset[str]
    session_id: str | None = None
    token_id: str | None = None


def caller(header: str | None) -> Caller:
    """Who sent this header. Raises Unauthenticated: token_missing, token_invalid or token_expired."""
    if not header or not header.strip():
        raise Unauthenticated(
            "This needs a token.",
            hints=["Send the header Authorization: Bearer <token>. Tokens are made under Settings, API tokens."],
            code="token_missing",
        )
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() != "bearer" or not value.startswith(secret.PREFIX) or len(value) > LONGEST:
        raise _invalid()
    return _by_token(value) or _by_session(value)


def _by_token(value: str) -> Caller | None:
    with db.reading() as session:
        mine = select(ApiToken, User).join(User, col(User.id) == ApiToken.user_id)
        found = session.exec(mine.where(ApiToken.secret_hash == secret.hash_of(value))).first()
    if found is None:
        return None
    row, user = found
    if not user.is_active:
        raise _invalid()
    if row.expires_at is not None and row.expires_at <= now():
        raise _expired("Make a new one under Settings, API tokens.")
    _note_use(row)
    return Caller(user.id, user.is_admin, frozenset(row.scopes.split()), token_id=row.id)


def _by_session(value: str) -> Caller:
    found = sessions.find(value, "api")
    if found is None or not found[1].is_active:
        raise _invalid()
    row, user = found
    if row.expires_at <= now():
        raise _expired("Sign in again.")
    sessions.note_use(row)
    return Caller(user.id, user.is_admin, frozenset({"read", "write"}), session_id=row.id)


def _note_use(row: ApiToken) -> None:
    moment = now()
    if (row.last_used_at is not None and moment - row.last_used_at < NOTE_EVERY) or trouble.lasts():
        return
    with trouble.left_out(), db.writing() as session:
        current = session.get(ApiToken, row.id)
        if current is not None:
            current.last_used_at = moment
            session.add(current)


def _invalid() -> Unauthenticated:
    return Unauthenticated(
        "This token is not known here.",
        hints=["It was revoked, its session has ended, or it was copied incompletely. Tokens start with stl_."],
        code="token_invalid",
    )


def _expired(hint: str) -> Unauthenticated:
    return Unauthenticated("This token has expired.", hints=[hint], code="token_expired")
