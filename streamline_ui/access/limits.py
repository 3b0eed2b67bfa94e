"""How often somebody may try to sign in. Every attempt is a row, so the limits outlive a restart.

Five wrong passwords in a row for an account make it wait a minute, each further one twice as long, up to a quarter of
an hour. An address has a limit of its own, over all accounts. An address from which the account was signed in to before
is counted by itself: strangers who try an account elsewhere cannot lock its owner out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from streamline_ui.access import alone
from streamline_ui.errors import TooMany
from streamline_ui.storage import db
from streamline_ui.storage.models import SignInAttempt, now

FREE_ATTEMPTS = 5
FREE_ATTEMPTS_OF_ADDRESS = 30
SHORTEST_WAIT = 60.0
LONGEST_WAIT = 900.0
MEMORY = timedelta(hours=24)
KEEP = timedelta(days=30)
STARTED = "not finished"


def begin(email: str, address: str) -> int:
    """Note an attempt as failed, before it is judged, so that many at once count as many. Raises TooMany.

    Returns the attempt's id, for `settle`.
    """
    with db.writing() as session:
        alone.with_table(session, SignInAttempt)
        moment = now()
        until = max(_account_until(session, email, address, moment), _address_until(session, address, moment))
        if until > moment:
            seconds = (until - moment).total_seconds()
            raise TooMany(f"Too many wrong attempts. Try again in {_words(seconds)}.", seconds)
        attempt = SignInAttempt(at=moment, email=email, address=address, ok=False, reason=STARTED)
        session.add(attempt)
        session.flush()
        assert attempt.id is not None
        return attempt.id


def settle(attempt_id: int, *, ok: bool, reason: str) -> None:
    """Say how the attempt ended. The reason is for the log that owners read, never for whoever tried."""
    with db.writing() as session:
        attempt = session.get(SignInAttempt, attempt_id)
        if attempt is not None:
            attempt.ok, attempt.reason = ok, reason
            session.add(attempt)


def recent(email: str, limit: int = 20) -> list[SignInAttempt]:
    """The latest attempts on an account, the newest first."""
    with db.reading() as session:
        mine = select(SignInAttempt).where(SignInAttempt.email == email)
        return list(session.exec(mine.order_by(col(SignInAttempt.id).desc()).limit(limit)).all())


def prune() -> None:
    """Remove attempts older than 30 days."""
    with db.writing() as session:
        session.exec(delete(SignInAttempt).where(col(SignInAttempt.at) < now() - KEEP))


def _account_until(session: Session, email: str, address: str, moment: datetime) -> datetime:
    attempts = select(SignInAttempt).where(SignInAttempt.email == email)
    known = attempts.where(SignInAttempt.address == address, col(SignInAttempt.ok).is_(True))
    if address and session.exec(known.limit(1)).first():
        attempts = attempts.where(SignInAttempt.address == address)
    attempts = attempts.where(SignInAttempt.at > moment - MEMORY).order_by(col(SignInAttempt.id).desc()).limit(50)
    failures: list[SignInAttempt] = []
    for attempt in session.exec(attempts):
        if attempt.ok:
            break
        failures.append(attempt)
    return _until(failures, FREE_ATTEMPTS, 1)


def _address_until(session: Session, address: str, moment: datetime) -> datetime:
    if not address:
        return datetime.min.replace(tzinfo=moment.tzinfo)
    attempts = select(SignInAttempt).where(
        SignInAttempt.address == address, col(SignInAttempt.ok).is_(False), SignInAttempt.at > moment - MEMORY
    )
    failures = list(session.exec(attempts.order_by(col(SignInAttempt.id).desc()).limit(100)).all())
    return _until(failures, FREE_ATTEMPTS_OF_ADDRESS, 5)


def _until(failures: list[SignInAttempt], free: int, step: int) -> datetime:
    """When the next attempt is allowed after these (the newest first): the wait doubles every `step` attempts."""
    if len(failures) < free:
        return datetime.min.replace(tzinfo=now().tzinfo)
    doublings = min((len(failures) - free) // step, 10)
    return failures[0].at + timedelta(seconds=min(SHORTEST_WAIT * 2**doublings, LONGEST_WAIT))


def _words(seconds: float) -> str:
    if seconds <= 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes"
