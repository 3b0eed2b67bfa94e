"""Connections that were saved only so that somebody can sign in for them, and which go when nobody does.

The mark is a row, so that a restart forgets none. It goes with the first tokens, and with every change that somebody
makes on purpose. While a page shows the sign-in it is held; once nobody can come back to finish it, the sweep removes
the connection, unless it has been of use meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, exists, select, update

from streamline_ui import live
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, Integration, now
from streamline_ui.storage.oauth_tables import OAuthDraft, OAuthGrant, OAuthSignIn
from streamline_ui.storage.workflow_tables import Workflow, WorkflowUse

HOLD_SECONDS = 30  # between two signs of life of a page
HELD = timedelta(minutes=2)
EXCHANGE = timedelta(minutes=1)  # after the last moment to come back, for what the service is still asked then


def mark(session: Session, integration_id: str) -> None:
    """This connection is saved only for a sign-in."""
    session.add(OAuthDraft(integration_id=integration_id, until=now() + HELD))


def keep(session: Session, integration_id: str) -> None:
    """This connection is meant to stay, whether or not anybody signs in."""
    session.exec(delete(OAuthDraft).where(col(OAuthDraft.integration_id) == integration_id))


def wait(session: Session, integration_id: str, until: datetime) -> None:
    """Somebody was sent to the service, and may come back until then."""
    _extend(session, integration_id, until + EXCHANGE)


def hold(integration_id: str) -> None:
    """A page still shows the sign-in."""
    with db.writing() as session:
        _extend(session, integration_id, now() + HELD)


def _extend(session: Session, integration_id: str, until: datetime) -> None:
    mine = col(OAuthDraft.integration_id) == integration_id
    session.exec(update(OAuthDraft).where(mine, col(OAuthDraft.until) < until).values(until=until))


def drop(user_id: str, integration_id: str) -> bool:
    """Remove it now, as its dialog was closed. False where it has been of use meanwhile, or is just being finished."""
    with db.writing() as session:
        unused = _unused().where(Integration.id == integration_id, Integration.user_id == user_id)
        row = session.exec(unused).first()
        if row is not None:
            session.delete(row)
    if row is not None:
        live.tell(user_id, "integration", integration_id)
    return row is not None


def sweep() -> None:
    """Remove those that nobody can finish any more."""
    is_due = col(OAuthDraft.until) < now()
    with db.reading() as session:
        if session.exec(select(OAuthDraft.integration_id).where(is_due).limit(1)).first() is None:
            return
    with db.writing() as session:
        gone = [(row.user_id, row.id) for row in session.exec(_unused().where(is_due)).all()]
        session.exec(delete(Integration).where(col(Integration.id).in_([key for _, key in gone])))
        session.exec(delete(OAuthDraft).where(is_due, ~_is_under_way(OAuthDraft.integration_id)))  # of use: they stay
    for user_id, key in gone:
        live.tell(user_id, "integration", key)


def _unused() -> Any:
    """The marked connections that never worked, that no workflow names, and for which nobody is just signing in."""
    marked, key = OAuthDraft.integration_id, Integration.id
    return (
        select(Integration)
        .join(OAuthDraft, col(marked) == key)
        .where(
            Integration.account == "",
            col(Integration.last_used_at).is_(None),
            col(Integration.deleted_at).is_(None),
            ~exists().where(col(OAuthGrant.integration_id) == key),
            ~exists().where(col(HealthCheck.integration_id) == key, col(HealthCheck.ok)),
            ~exists().where(col(WorkflowUse.integration_id) == key),
            ~exists().where(col(Workflow.user_id) == Integration.user_id, col(Workflow.draft).contains(col(key))),
            ~_is_under_way(key),
        )
    )


def _is_under_way(integration_id: Any) -> Any:
    """Whether somebody has come back, and the service is being asked for the tokens."""
    return exists().where(
        col(OAuthSignIn.integration_id) == integration_id,
        col(OAuthSignIn.used_at) > now() - EXCHANGE,
        col(OAuthSignIn.outcome) == "",
    )
