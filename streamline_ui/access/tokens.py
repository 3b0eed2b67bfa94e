"""Personal tokens, with which scripts use the REST interface. A token is shown once; only its hash is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select

from streamline_ui import live, names
from streamline_ui.access import secret
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiToken, now

SCOPES = ("read", "write")
MOST = 100


def make(
    user_id: str, name: str, *, scopes: Sequence[str] = SCOPES, expires_at: datetime | None = None
) -> tuple[str, ApiToken]:
    """Make a token and return it, which is seen only now, with its row. Who may write may read. Raises Invalid."""
    name = name.strip()
    _check(name, scopes, expires_at)
    value = secret.make(secret.PREFIX)
    allowed = SCOPES if "write" in scopes else ("read",)
    row = ApiToken(
        user_id=user_id,
        name=name,
        secret_hash=secret.hash_of(value),
        hint=value[-4:],
        scopes=" ".join(allowed),
        expires_at=expires_at,
    )
    with db.writing() as session:
        mine = select(func.count()).select_from(ApiToken).where(ApiToken.user_id == user_id)
        if session.exec(mine).one() >= MOST:
            raise Invalid(f"{MOST} tokens are the most. Revoke one that is no longer used.")
        session.add(row)
    live.tell(user_id, "token", row.id)
    return value, row


def all_of(user_id: str) -> list[ApiToken]:
    """The user's tokens, the newest first, expired ones too."""
    with db.reading() as session:
        mine = select(ApiToken).where(ApiToken.user_id == user_id)
        return list(session.exec(mine.order_by(col(ApiToken.created_at).desc(), col(ApiToken.id))).all())


def revoke(user_id: str, token_id: str) -> None:
    """End a token at once. Raises NotFound where the user has no such token."""
    with db.writing() as session:
        row = session.get(ApiToken, token_id)
        if row is None or row.user_id != user_id:
            raise NotFound("There is no such token.")
        session.delete(row)
    live.tell(user_id, "token", token_id)


def _check(name: str, scopes: Sequence[str], expires_at: datetime | None) -> None:
    fields: dict[str, str] = {}
    if not name:
        fields["name"] = "Give the token a name, such as what uses it."
    elif said := names.problem(name):
        fields["name"] = said
    if not scopes or not set(scopes) <= set(SCOPES):
        fields["scopes"] = "Choose from: read, write."
    if expires_at is not None and expires_at <= now():
        fields["expiresAt"] = "This time has passed already."
    if fields:
        raise Invalid("The token cannot be made like this.", fields)
