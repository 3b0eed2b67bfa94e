"""The rows of pollers: who asks which question, until when, and how far the answers were read.

A poller belongs to one process at a time, by a lease in its row. Whoever finds the lease run out takes it; the row is
only ever changed by its owner, so that one who comes back late changes nothing.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from streamline_ui.integrations import health
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, new_id, now, table_of
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.storage.writer import Statement
from streamline_ui.workflows.listening.listeners import Key, Wish

LEASE = timedelta(seconds=60)
KEEP = timedelta(days=30)  # how far a feed was read, after nobody wants to know any more
CLAIMED = 500  # in one transaction
OWNER = f"{socket.gethostname()[:40]}:{os.getpid()}:{new_id()[:8]}"

_pollers, _integrations = table_of(Poller), table_of(Integration)
_columns = _pollers.c
_mine = (_columns.id == bindparam("poller"), _columns.owner == bindparam("me"))
_advance = (
    update(_pollers)
    .where(*_mine)
    .values(
        cursor=bindparam("cursor"),
        isCaughtUp=bindparam("isCaughtUp"),
        lastPolledAt=bindparam("lastPolledAt"),
        lastEventAt=bindparam("lastEventAt"),
        failures=0,
        problem="",
        lastError="",
        lastHint="",
        failingSince=None,
    )
)
_renew = (
    update(_pollers)
    .where(*_mine)
    .values(
        leaseUntil=bindparam("leaseUntil"),
        nextPollAt=bindparam("nextPollAt"),
        lastPolledAt=bindparam("lastPolledAt"),
        failures=bindparam("failures"),
        problem=bindparam("problem"),
        lastError=bindparam("lastError"),
        lastHint=bindparam("lastHint"),
        failingSince=bindparam("failingSince"),
    )
)


@dataclass(slots=True)
class Place:
    """Where a poller stands: what its row says, and what is not yet written into it."""

    id: str
    cursor: str
    is_caught_up: bool
    lease_until: datetime
    next_poll_at: datetime | None
    last_polled_at: datetime | None
    last_event_at: datetime | None
    failures: int
    problem: str
    error: str
    hint: str = ""
    failing_since: datetime | None = None

    def forget_trouble(self) -> None:
        """It hears; or nobody wants it to, or somebody has acted, and what was known is old."""
        self.failures, self.problem, self.error, self.hint, self.failing_since = 0, "", "", "", None


def is_failing(poller: Place | Poller) -> bool:
    """Whether it does not hear. What the service refuses it will refuse again; other trouble counts from the third."""
    return bool(poller.problem) and (poller.problem != "unavailable" or poller.failures >= health.PATIENCE)


def claim(wishes: Sequence[Wish]) -> dict[Key, Place]:
    """Take what is free of these, and return it. A poller that was never there is made."""
    found: dict[Key, Place] = {}
    for start in range(0, len(wishes), CLAIMED):
        with db.writing() as session:
            connection = session.connection()
            for wish in wishes[start : start + CLAIMED]:
                place = _claim(connection, wish)
                if place is not None:
                    found[wish.key] = place
    return found


def reclaim(place: Place) -> bool:
    """Take one again whose lease ran out on us. False where it is somebody else's by now, or gone."""
    until = now() + LEASE
    with db.writing() as session:
        taken = session.connection().execute(
            update(_pollers).where(_columns.id == place.id, _is_free(now())).values(owner=OWNER, leaseUntil=until)
        )
        if taken.rowcount != 1:
            return False
        place.cursor = session.connection().execute(select(_columns.cursor).where(_columns.id == place.id)).scalar_one()
    place.lease_until = until
    return True


def release(places: Iterable[tuple[Place, bool]]) -> None:
    """Give these up. With True, nobody listens any more: what comes now will have waited for who listens next."""
    with db.writing() as session:
        for place, is_left in places:
            values: dict[str, Any] = {"owner": "", "leaseUntil": None, "lastPolledAt": place.last_polled_at}
            values |= {"isCaughtUp": False, "nextPollAt": None} if is_left else {"nextPollAt": place.next_poll_at}
            values |= _state(place)
            mine = (_columns.id == place.id, _columns.owner == OWNER)
            session.connection().execute(update(_pollers).where(*mine).values(**values))


def free_all() -> None:
    """Nobody else works on this database: whoever held a lease is dead."""
    with db.writing() as session:
        session.connection().execute(update(_pollers).where(_columns.owner != "").values(owner="", leaseUntil=None))


def hasten(integration_id: str) -> int:
    """Note that other processes are to ask at once what they ask this integration; how many questions that are.

    They have to be told besides. Where one of them is gone, whoever takes over from it asks at once.
    """
    theirs = (_columns.owner.not_in(("", OWNER)), _columns.leaseUntil > now())
    with db.writing() as session:
        hastened = update(_pollers).where(_columns.integrationId == integration_id, *theirs)
        return session.connection().execute(hastened.values(nextPollAt=now())).rowcount


def owned() -> set[str]:
    """The ids of the pollers that are ours."""
    with db.reading() as session:
        return set(session.connection().execute(select(_columns.id).where(_columns.owner == OWNER)).scalars())


def prune() -> None:
    """Forget how far we were where nobody has wanted to know for long."""
    old = or_(
        _columns.lastPolledAt < now() - KEEP, _columns.lastPolledAt.is_(None) & (_columns.createdAt < now() - KEEP)
    )
    with db.writing() as session:
        session.connection().execute(_pollers.delete().where(_columns.owner == "", old))


def advanced(place: Place, cursor: str, *, is_caught_up: bool, at: datetime, has_events: bool) -> Statement:
    """What writes down how far it was read."""
    return _advance, {
        "poller": place.id,
        "me": OWNER,
        "cursor": cursor,
        "isCaughtUp": is_caught_up,
        "lastPolledAt": at,
        "lastEventAt": at if has_events else place.last_event_at,
    }


def renewed(place: Place, until: datetime) -> Statement:
    """What holds it until then, and writes down the rest."""
    return _renew, {
        "poller": place.id,
        "me": OWNER,
        "leaseUntil": until,
        "nextPollAt": place.next_poll_at,
        "lastPolledAt": place.last_polled_at,
        **_state(place),
    }


def _state(place: Place) -> dict[str, Any]:
    return {
        "failures": place.failures,
        "problem": place.problem,
        "lastError": place.error,
        "lastHint": place.hint,
        "failingSince": place.failing_since,
    }


def of(integration_ids: Iterable[str]) -> Mapping[str, list[Poller]]:
    """The pollers of these integrations, as they were written down last."""
    found: dict[str, list[Poller]] = {}
    with db.reading() as session:
        query = select_rows(Poller).where(col(Poller.integration_id).in_(list(integration_ids)))
        for row in session.exec(query).all():
            found.setdefault(row.integration_id, []).append(row)
    return found


def polled(user_id: str) -> set[str]:
    """The ids of this user's integrations that are polled, or were."""
    mine = select(_columns.integrationId).join(_integrations, _integrations.c.id == _columns.integrationId)
    with db.reading() as session:
        return set(session.connection().execute(mine.where(_integrations.c.userId == user_id)).scalars())


def _is_free(at: datetime) -> Any:
    """Ours, nobody's, run out, or longer than any lease: then the clock was set back since it was made."""
    lease = _columns.leaseUntil
    return or_(_columns.owner.in_(("", OWNER)), lease.is_(None), lease < at, lease > at + 2 * LEASE)


def _claim(connection: Connection, wish: Wish) -> Place | None:
    integration_id, key = wish.key
    at = now()
    known = connection.execute(
        select(_pollers).where(_columns.integrationId == integration_id, _columns.key == key)
    ).first()
    until = at + LEASE
    if known is None:
        place = Place(new_id(), "", False, until, None, None, None, 0, "", "")
        connection.execute(
            _pollers.insert().values(
                id=place.id,
                integrationId=integration_id,
                key=key,
                feed=wish.feed.name,
                params=json.dumps(dict(wish.params), ensure_ascii=False),
                cursor="",
                isCaughtUp=False,
                owner=OWNER,
                leaseUntil=until,
                failures=0,
                problem="",
                lastError="",
                createdAt=at,
            )
        )
        return place
    taken = connection.execute(
        update(_pollers).where(_columns.id == known.id, _is_free(at)).values(owner=OWNER, leaseUntil=until)
    )
    if taken.rowcount != 1:
        return None
    return Place(
        known.id,
        known.cursor,
        known.isCaughtUp,
        until,
        known.nextPollAt,
        known.lastPolledAt,
        known.lastEventAt,
        known.failures,
        known.problem,
        known.lastError,
        known.lastHint,
        known.failingSince,
    )
