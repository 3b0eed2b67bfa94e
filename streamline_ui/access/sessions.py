"""Who is signed in, in a browser (the secret is in its cookie) or over REST (it is the bearer token).

A browser's session lasts 30 days from its last use, one over REST 30 days from its start.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete
from sqlmodel import Session as Storage
from sqlmodel import col, select

from streamline_ui import live
from streamline_ui.access import secret
from streamline_ui.storage import db, trouble
from streamline_ui.storage.models import Session, User, now

COOKIE = "streamline_session"
LIFE = timedelta(days=30)
NOTE_EVERY = timedelta(minutes=1)
LONGEST_USER_AGENT = 300

Kind = Literal["browser", "api"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page."""

    session_id: str
    user_id: str
    email: str
    name: str
    is_admin: bool
    theme: str


def start(user_id: str, *, kind: Kind, address: str = "", user_agent: str = "") -> tuple[str, Session]:
    """Begin a session and return its secret, which is seen only now, with its row."""
    value = secret.make(secret.PREFIX if kind == "api" else "")
    row = Session(
        user_id=user_id,
        kind=kind,
        secret_hash=secret.hash_of(value),
        address=address[:100],
        user_agent="".join(c for c in user_agent if c.isprintable())[:LONGEST_USER_AGENT],
        expires_at=now() + LIFE,
    )
    with db.writing() as session:
        session.add(row)
    return value, row


def visitor(cookie_value: str | None) -> Visitor | None:
    """Who has this cookie, or None: unknown, expired, or no longer allowed in."""
    found = find(cookie_value, "browser") if cookie_value else None
    if found is None:
        return None
    row, user = found
    if row.expires_at <= now():
        end(row.id)
        return None
    if not user.is_active:
        return None
    note_use(row)
    return Visitor(row.id, user.id, user.email, user.name, user.is_admin, user.theme)


def find(value: str, kind: Kind) -> tuple[Session, User] | None:
    """The session with this secret, expired or not, and its user."""
    with db.reading() as session:
        mine = select(Session, User).join(User, col(User.id) == Session.user_id)
        return session.exec(mine.where(Session.secret_hash == secret.hash_of(value), Session.kind == kind)).first()


def living(session_ids: Collection[str]) -> set[str]:
    """Those of the sessions that still let their user in."""
    query = select(Session.id).join(User, col(User.id) == Session.user_id)
    query = query.where(col(Session.id).in_(session_ids), Session.expires_at > now(), col(User.is_active).is_(True))
    with db.reading() as session:
        return set(session.exec(query).all())


def note_use(row: Session) -> None:
    """Remember that the session was used, at most once a minute; a browser's then lasts longer."""
    moment = now()
    if moment - row.last_seen_at < NOTE_EVERY or trouble.lasts():
        return
    with trouble.left_out(), db.writing() as session:
        current = session.get(Session, row.id)
        if current is not None:
            current.last_seen_at = moment
            if current.kind == "browser":
                current.expires_at = moment + LIFE
            session.add(current)


def all_of(user_id: str) -> list[Session]:
    """The user's sessions that still hold, the most recently used first."""
    with db.reading() as session:
        mine = select(Session).where(Session.user_id == user_id, Session.expires_at > now())
        return list(session.exec(mine.order_by(col(Session.last_seen_at).desc(), col(Session.id))).all())


def end(session_id: str) -> None:
    """End a session, and with it every page that was opened in it. One that is over already is left alone."""
    with db.writing() as session:
        session.exec(delete(Session).where(col(Session.id) == session_id))
    live.tell_session_ended(session_id)


def end_all(user_id: str, *, but: str | None = None) -> None:
    """End all the user's sessions, except one."""
    with db.writing() as session:
        ended = [session_id for session_id in ids_of(session, user_id) if session_id != but]
        session.exec(delete(Session).where(col(Session.id).in_(ended)))
    for session_id in ended:
        live.tell_session_ended(session_id)


def prune(moment: datetime | None = None) -> int:
    """End what has expired, so that pages left open die with it. Returns how many."""
    with db.writing() as session:
        expired = list(session.exec(select(Session.id).where(Session.expires_at <= (moment or now()))).all())
        session.exec(delete(Session).where(col(Session.id).in_(expired)))
    for session_id in expired:
        live.tell_session_ended(session_id)
    return len(expired)


def ids_of(session: Storage, user_id: str) -> list[str]:
    """The ids of all the user's sessions, within a transaction."""
    return list(session.exec(select(Session.id).where(Session.user_id == user_id)).all())
