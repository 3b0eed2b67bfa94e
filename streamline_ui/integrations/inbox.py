"""The Inbox: a page in the app that shows what was written to it. It needs no account anywhere."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from sqlmodel import col, delete, select

from streamline_ui import live
from streamline_ui.storage import db
from streamline_ui.storage.models import InboxEntry

KEEP = 1000  # entries of one user; the oldest go


def write(user_id: str, integration_id: str, title: str, text: str = "", occasion: str | None = None) -> str:
    """Keep an entry and show it on every open page. Returns its id.

    For the same `occasion`, such as a step of an execution that begins again after a crash, there is one entry.
    """
    entry = InboxEntry(user_id=user_id, integration_id=integration_id, title=title, text=text)
    if occasion is not None:
        entry.id = str(uuid5(NAMESPACE_OID, f"{integration_id} {occasion}"))
    with db.writing() as session:
        if occasion is not None and session.get(InboxEntry, entry.id) is not None:
            return entry.id
        session.add(entry)
        session.flush()
        mine = select(InboxEntry.id).where(InboxEntry.user_id == user_id)
        oldest = mine.order_by(col(InboxEntry.created_at).desc()).offset(KEEP)
        for row_id in session.exec(oldest).all():
            session.exec(delete(InboxEntry).where(col(InboxEntry.id) == row_id))
    live.tell(user_id, "inbox", entry.id)
    return entry.id


def entries(user_id: str, limit: int = 100, before: datetime | None = None) -> list[InboxEntry]:
    """The user's entries, newest first; `before` continues a list."""
    query = select(InboxEntry).where(InboxEntry.user_id == user_id)
    if before is not None:
        query = query.where(InboxEntry.created_at < before)
    with db.reading() as session:
        return list(session.exec(query.order_by(col(InboxEntry.created_at).desc()).limit(limit)).all())


def clear(user_id: str) -> None:
    """Throw the user's entries away."""
    with db.writing() as session:
        session.exec(delete(InboxEntry).where(col(InboxEntry.user_id) == user_id))
    live.tell(user_id, "inbox", "")
