"""Telling of alerts outside the app: through the user's own connections, each with an action of their choice.

What is told is written down as a message first, and then sent until it has arrived or a day is over. Alerts that come
together go into one message, and there are never more than a few messages an hour, whatever happens. What is
about one connection goes through the others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, func, or_, select, update

from streamline_ui.errors import AuthFailed, Invalid, Locked, NotFound, StreamlineError, Unavailable
from streamline_ui.integrations import alert_words, alerts, calls, rows
from streamline_ui.integrations.alerts import News
from streamline_ui.providers import PROVIDERS, formats, named
from streamline_ui.providers.describe import Action
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, AlertChannel, AlertMessage, Matter
from streamline_ui.storage.models import ApiKey, now

GATHER = timedelta(seconds=10)  # what comes within it goes into one message
PACE, HOURLY = timedelta(minutes=1), 12
PAUSES = (30, 120, 600, 1800)  # seconds between tries; then the last one again
GIVE_UP = timedelta(days=1)
LEASE = timedelta(minutes=2)
PLACE = re.compile(r"{{\s*(alert|title|link)\s*}}")

log = logging.getLogger(__name__)


def channels(user_id: str) -> list[AlertChannel]:
    """Through what the user wants to be told, in the order of their choice; nothing where in the app only."""
    query = select(AlertChannel).where(AlertChannel.user_id == user_id).order_by(col(AlertChannel.updated_at))
    with db.reading() as session:
        return list(session.exec(query).all())


def choose(
    user_id: str, integration_id: str, action: str, params: Mapping[str, Any], *, is_on: bool = True
) -> AlertChannel:
    """Tell the user through this connection, too, from now on, and like this. Raises NotFound and Invalid."""
    chosen = AlertChannel(user_id=user_id, integration_id=integration_id, action=action, is_on=is_on)
    _check(user_id, chosen, params)
    chosen.params = json.dumps(params, ensure_ascii=False)
    with db.writing() as session:
        session.merge(chosen)
    alerts.end(Matter.CHANNEL, integration_id, silently=True)
    return chosen


def replace(user_id: str, wanted: Sequence[tuple[str, str, Mapping[str, Any], bool]]) -> None:
    """Tell the user through these and no others: connection, action, parameters, whether it is on.

    Raises Invalid before anything is changed.
    """
    rows_ = [
        AlertChannel(user_id=user_id, integration_id=integration_id, action=action, is_on=is_on)
        for integration_id, action, _, is_on in wanted
    ]
    names = {row.integration_id for row in rows_}
    if len(names) < len(rows_):
        raise Invalid("A connection can be chosen only once.", {"integrationId": "Choose each connection only once."})
    for row, (_, _, params, _) in zip(rows_, wanted, strict=True):
        _check(user_id, row, params)
        row.params = json.dumps(params, ensure_ascii=False)
    known = {channel.integration_id for channel in channels(user_id)}
    with db.writing() as session:
        for gone in known - names:
            if (kept := session.get(AlertChannel, (user_id, gone))) is not None:
                session.delete(kept)
        for row in rows_:
            session.merge(row)
    for name in known | names:
        alerts.end(Matter.CHANNEL, name, silently=True)


def forget(user_id: str, integration_id: str) -> bool:
    """Tell the user through this connection no more. False where that was so already."""
    with db.writing() as session:
        kept = session.get(AlertChannel, (user_id, integration_id))
        if kept is None:
            return False
        session.delete(kept)
    alerts.end(Matter.CHANNEL, integration_id, silently=True)
    return True


async def send_test(user_id: str, integration_id: str, action: str, params: Mapping[str, Any]) -> None:
    """Send a test alert right now. Raises Invalid, and what the service answered."""
    trial = AlertChannel(user_id=user_id, integration_id=integration_id, action=action)
    await asyncio.to_thread(_check, user_id, trial, params)
    title, text = alert_words.TEST
    await calls.perform(user_id, integration_id, action, filled(params, title, text))


def filled(params: Mapping[str, Any], title: str, text: str) -> dict[str, Any]:
    """The parameters with the message in its places: `{{ alert }}`, `{{ title }}`, and `{{ link }}` to the list."""
    words = {"alert": f"{title}\n{text}".strip(), "title": title, "link": alert_words.address("/alerts")}

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return PLACE.sub(lambda found: words[found[1]], value)
        if isinstance(value, dict):
            return {key: fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list) else value

    return {key: fill(value) for key, value in params.items()}


async def sweep() -> None:
    """Write messages about what is new, and send those that are due."""
    for message in await asyncio.to_thread(_prepare):
        await _send(message)


def failures(user_id: str) -> dict[str, str]:
    """What is wrong with each channel whose newest message did not arrive, by its connection."""
    query = select(AlertMessage).where(AlertMessage.user_id == user_id).order_by(col(AlertMessage.created_at))
    with db.reading() as session:
        newest = {message.integration_id or "": message for message in session.exec(query).all()}
    return {key: message.error for key, message in newest.items() if message.error and message.sent_at is None}


def _prepare() -> list[AlertMessage]:
    at = now()
    with db.reading() as session:
        waiting = session.exec(select(Alert.user_id).where(_untold()).distinct()).all()
        is_due = session.exec(select(AlertMessage.id).where(col(AlertMessage.due_at) <= at).limit(20)).all()
    for user_id in waiting:
        with db.writing() as session:
            _write(session, user_id, at)
    return _claim(at) if waiting or is_due else []


def _untold() -> Any:
    ended = col(Alert.ended_at).is_not(None)
    return or_(col(Alert.told_at).is_(None), ended & col(Alert.end_told_at).is_(None))


def _write(session: Session, user_id: str, at: datetime) -> None:
    """A message to each channel about all that the user was not told; none yet, where more may come or one went out."""
    wanted = select(AlertChannel).where(AlertChannel.user_id == user_id, col(AlertChannel.is_on))
    chosen = session.exec(wanted.order_by(col(AlertChannel.updated_at))).all()
    news = list(session.exec(select(Alert).where(Alert.user_id == user_id, _untold())).all())
    if chosen and not _may_write(session, user_id, news, at):
        return
    for channel in chosen:
        if told := [alert for alert in news if not _is_about(session, alert, channel)]:
            title, text = alert_words.message(told)
            through = channel.integration_id
            message = AlertMessage(
                user_id=user_id, integration_id=through, title=title, text=text, created_at=at, due_at=at
            )
            session.add(message)
    for alert in news:
        alert.told_at = alert.told_at or at
        alert.end_told_at = at if alert.ended_at else None
        session.add(alert)


def _may_write(session: Session, user_id: str, news: list[Alert], at: datetime) -> bool:
    oldest = min((alert.ended_at if alert.told_at else alert.raised_at) or at for alert in news)
    query = select(func.count(func.distinct(AlertMessage.created_at)), func.max(AlertMessage.created_at)).where(
        AlertMessage.user_id == user_id, AlertMessage.created_at >= at - timedelta(hours=1)
    )
    number, last = session.exec(query).one()
    return at - oldest >= GATHER and number < HOURLY and (last is None or at - last >= PACE)


def _is_about(session: Session, alert: Alert, chosen: AlertChannel) -> bool:
    """Whether it is about the channel itself, and so cannot go through it."""
    if alert.matter == Matter.KEY:
        key = session.get(ApiKey, alert.subject_id.partition(":")[0])
        return key is not None and key.integration_id == chosen.integration_id
    return alert.subject_id == chosen.integration_id


def _claim(at: datetime) -> list[AlertMessage]:
    due = select(AlertMessage).where(col(AlertMessage.due_at) <= at).order_by(col(AlertMessage.created_at))
    with db.writing() as session:
        return [
            message
            for message in session.exec(due.limit(20)).all()
            if session.exec(
                update(AlertMessage)
                .where(col(AlertMessage.id) == message.id, col(AlertMessage.due_at) <= at)
                .values(due_at=at + LEASE, tries=message.tries + 1)
            ).rowcount
            == 1
        ]


def _channel(message: AlertMessage) -> AlertChannel | None:
    with db.reading() as session:
        return session.get(AlertChannel, (message.user_id, message.integration_id or ""))


async def _send(message: AlertMessage) -> None:
    chosen = await asyncio.to_thread(_channel, message)
    if chosen is None or not chosen.is_on:
        await asyncio.to_thread(_settle, message, "")
        return
    try:
        params = filled(json.loads(chosen.params), message.title, message.text)
        await calls.perform(message.user_id, chosen.integration_id, chosen.action, params)
    except StreamlineError as error:
        await asyncio.to_thread(_settle, message, error.message, error=error)
    else:
        await asyncio.to_thread(_settle, message, "")


def _settle(message: AlertMessage, problem: str, *, error: StreamlineError | None = None) -> None:
    """Keep how sending went: over, or due again later."""
    at = now()
    may_help = isinstance(error, Unavailable | AuthFailed | Locked) and at - message.created_at < GIVE_UP
    pause = PAUSES[min(message.tries - 1, len(PAUSES) - 1)]
    if isinstance(error, Unavailable) and error.retry_after is not None:
        pause = max(pause, int(min(error.retry_after, 86_400)))
    due_at = at + timedelta(seconds=pause) if may_help else None
    kept = update(AlertMessage).where(col(AlertMessage.id) == message.id)
    with db.writing() as session:
        session.exec(kept.values(due_at=due_at, error=problem, sent_at=None if error else at))
    if error is None:
        alerts.end(Matter.CHANNEL, message.integration_id or "", silently=True)
    elif due_at is None:
        log.warning("an alert could not be sent: %s", error.code)
        _complain(message, problem)


def _complain(message: AlertMessage, problem: str) -> None:
    """Tell it in the app and, where there are others, through the other channels."""
    try:
        through = f" through “{rows.one(message.user_id, message.integration_id or '').name}”"
    except NotFound:
        through = ""
    news = News(
        user_id=message.user_id,
        matter=Matter.CHANNEL,
        subject_id=message.integration_id or "",
        name="Alerts",
        text=f"The last alert could not be sent{through}: {problem}",
        hint="Choose another connection for alerts, or change what is sent.",
        link="/settings/alerts",
    )
    if not alerts.begin(news):
        alerts.follow(news)


def actions_of(type_name: str) -> dict[str, Action[Any]]:
    """What a service can do that tells somebody something, by name; nothing for a service that we do not know."""
    known = PROVIDERS[type_name].actions if type_name in PROVIDERS else {}
    return {name: action for name, action in known.items() if action.tells}


def _check(user_id: str, chosen: AlertChannel, params: Mapping[str, Any]) -> None:
    """Whether alerts can be sent like this at all."""
    try:
        row = rows.one(user_id, chosen.integration_id)
    except NotFound:
        raise Invalid("Choose a connection.", {"integrationId": "Choose a connection."}) from None
    action = named(row.type).actions.get(chosen.action)
    if action is None:
        raise Invalid("Choose what to do.", {"action": "Choose what to do."})
    if not action.tells:
        sentence = f"“{action.title}” tells nobody anything. Choose an action that sends or writes."
        raise Invalid(sentence, {"action": sentence})
    if not PLACE.search(json.dumps(params)):
        sentence = "Nothing would be told: write {{ alert }} where its text belongs."
        raise Invalid(sentence, {"params": sentence})
    try:
        action.params.model_validate(filled(params, *alert_words.TEST))
    except ValidationError as error:
        fields = formats.sentences(error, action.params)
        raise Invalid(next(iter(fields.values()), "The parameters cannot be used."), fields) from None
