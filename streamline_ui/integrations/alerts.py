"""The book of alerts: what needs somebody, from when until when, and who has seen it.

It is on from the first minute, in the app. `alert_channel` tells of what stands here by other ways as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, func, select, update

from streamline_ui import live
from streamline_ui.errors import NotFound
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, AlertMessage, Matter
from streamline_ui.storage.models import now

KEEP = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: of what (`subject_id`, and its `name`), in a sentence, with what to do and where."""

    user_id: str
    matter: Matter
    subject_id: str
    name: str
    text: str
    hint: str = ""
    link: str = ""
    began_at: datetime | None = None


def begin(news: News) -> bool:
    """Note that something needs somebody. False where that is known already, here or to another process."""
    alert = Alert(
        user_id=news.user_id,
        matter=news.matter,
        subject_id=news.subject_id,
        name=news.name,
        text=news.text,
        hint=news.hint,
        link=news.link,
        began_at=news.began_at or now(),
    )
    try:
        with db.writing() as session:
            session.add(alert)
    except IntegrityError:  # one is open already, or whom it is for is gone
        return False
    live.tell(news.user_id, "alert", alert.id)
    return True


def end(matter: Matter, subject_id: str, *, silently: bool = False) -> bool:
    """Note that it is over. False where nothing was open.

    `silently` where nobody needs to hear that, as what it was about is gone: then it leaves the list as well.
    """
    at = now()
    with db.writing() as session:
        found = session.exec(select(Alert).where(_is_open(), Alert.matter == matter, Alert.subject_id == subject_id))
        alert = found.first()
        if alert is None:
            return False
        alert.ended_at = at
        if silently:
            alert.told_at, alert.end_told_at = alert.told_at or at, at
            alert.dismissed_at = alert.dismissed_at or at
        session.add(alert)
    live.tell(alert.user_id, "alert", alert.id)
    return True


def turn(matter: Matter, news: News) -> bool:
    """Let the open alert about this matter of the same subject tell these news instead: it has the same cause.

    It goes on: who was told is not told again, but it counts as not seen. False where none is open.
    """
    with db.reading() as session:
        query = select(Alert).where(_is_open(), Alert.matter == matter, Alert.subject_id == news.subject_id)
        alert = session.exec(query).first()
    if alert is None:
        return False
    told = {"matter": news.matter, "name": news.name, "text": news.text, "hint": news.hint, "link": news.link}
    try:
        with db.writing() as session:
            session.exec(update(Alert).where(col(Alert.id) == alert.id, _is_open()).values(**told, seen_at=None))
    except IntegrityError:  # the other one is open already
        return end(matter, news.subject_id, silently=True)
    live.tell(news.user_id, "alert", alert.id)
    return True


def follow(news: News) -> bool:
    """Let the open alert about this say why it is so now: its cause was another before. Nobody is told once more.

    False where none is open, or where it says so already.
    """
    query = select(Alert).where(_is_open(), Alert.matter == news.matter, Alert.subject_id == news.subject_id)
    with db.reading() as session:
        alert = session.exec(query).first()
    said = {"text": news.text, "hint": news.hint, "link": news.link}
    if alert is None or all(getattr(alert, name) == value for name, value in said.items()):
        return False
    with db.writing() as session:
        session.exec(update(Alert).where(col(Alert.id) == alert.id, _is_open()).values(**said))
    live.tell(news.user_id, "alert", alert.id)
    return True


def open_ones(*matters: Matter) -> list[Alert]:
    """Everybody's alerts about these that are not over."""
    with db.reading() as session:
        return list(session.exec(select(Alert).where(_is_open(), col(Alert.matter).in_(matters))).all())


def count_lately(matter: Matter, subject_id: str, since: datetime) -> int:
    """How often the same was told since then."""
    query = select(func.count()).where(Alert.matter == matter, Alert.subject_id == subject_id, Alert.raised_at >= since)
    with db.reading() as session:
        return session.exec(query).one()


def all_of(
    user_id: str, *, open_only: bool = False, before: tuple[datetime, str] | None = None, limit: int = 100
) -> list[Alert]:
    """The user's alerts that were not dismissed, newest first; `before` is when one was raised, and its id."""
    query = select(Alert).where(Alert.user_id == user_id, col(Alert.dismissed_at).is_(None))
    if open_only:
        query = query.where(_is_open())
    if before is not None:
        at, alert_id = before
        is_same = (col(Alert.raised_at) == at) & (col(Alert.id) < alert_id)
        query = query.where(or_(col(Alert.raised_at) < at, is_same))
    query = query.order_by(col(Alert.raised_at).desc(), col(Alert.id).desc()).limit(limit)
    with db.reading() as session:
        return list(session.exec(query).all())


def unseen(user_id: str) -> int:
    """How many the user has not looked at."""
    query = select(func.count()).where(
        Alert.user_id == user_id, col(Alert.seen_at).is_(None), col(Alert.dismissed_at).is_(None)
    )
    with db.reading() as session:
        return session.exec(query).one()


def see(user_id: str) -> None:
    """The user looks at all there is."""
    unread = update(Alert).where(col(Alert.user_id) == user_id, col(Alert.seen_at).is_(None))
    with db.writing() as session:
        seen = session.exec(unread.values(seen_at=now())).rowcount
    if seen:
        live.tell(user_id, "alert", "")


def dismiss(user_id: str, alert_id: str) -> Alert:
    """Take one off the list; if it is not over, it is told again only once it has been. Raises NotFound."""
    return _set_dismissed(user_id, alert_id, now())


def restore(user_id: str, alert_id: str) -> Alert:
    """Put one that was dismissed back on the list. Raises NotFound."""
    return _set_dismissed(user_id, alert_id, None)


def _set_dismissed(user_id: str, alert_id: str, at: datetime | None) -> Alert:
    with db.writing() as session:
        alert = _of(session, user_id, alert_id)
        alert.dismissed_at = at
    live.tell(user_id, "alert", alert_id)
    return alert


def dismiss_all(user_id: str) -> Collection[str]:
    """Empty the list. Returns what was on it, for `restore`."""
    shown = [alert.id for alert in all_of(user_id, limit=1000)]
    with db.writing() as session:
        session.exec(update(Alert).where(col(Alert.id).in_(shown)).values(dismissed_at=now()))
    live.tell(user_id, "alert", "")
    return shown


def prune() -> None:
    """Throw away what has long been over."""
    before = now() - KEEP
    with db.writing() as session:
        session.exec(delete(Alert).where(col(Alert.ended_at) < before))
        session.exec(delete(AlertMessage).where(col(AlertMessage.created_at) < before))


def _is_open() -> ColumnElement[bool]:
    return col(Alert.ended_at).is_(None)


def _of(session: Session, user_id: str, alert_id: str) -> Alert:
    alert = session.get(Alert, alert_id)
    if alert is None or alert.user_id != user_id:
        raise NotFound("There is no such alert.")
    return alert
