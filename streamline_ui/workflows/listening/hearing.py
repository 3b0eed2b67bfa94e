"""Which connections do not hear what their service tells, though their credentials may be fine.

A test that goes well says nothing about listening: another program may read the same news, the service may refuse only
the question, or the one who should ask may hang. So whoever listens has to prove it by polls that come back. Such a
connection is shown as one that needs attention (`as_seen`); its own status stays what the tests say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlmodel import col

from streamline_ui.integrations import health, rows
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Status, now
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.storage.workflow_tables import Workflow, WorkflowUse
from streamline_ui.workflows.listening import pollers, unasked
from streamline_ui.workflows.listening.unasked import Unasked

LATE = timedelta(minutes=5)  # after which a poll that should have begun is missed
STALLED = "It has not been asked for news since {since:%-d %b %H:%M} UTC."
ONLY_SENDS = "It was connected with an address that only sends, so no workflow hears anything from it."
CANNOT_POLL = "Connect it with its token, or turn off the workflows that listen to it."
OFF, SENDS_ONLY = "off", "sends_only"
OVERLAID = (Status.HEALTHY, Status.DEGRADED, Status.NOT_TESTED)  # the others say themselves what is wrong


Columns = TypeVarTuple("Columns")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a connection hears nothing, since when, and when it is asked again, if it is.

    `cause` is a sentence, the service's own words where it said any; `hint` says what can be done. `is_certain` where
    somebody should be told of it outside the page.
    """

    integration_id: str
    service: str
    problem: str
    cause: str
    hint: str
    since: datetime
    next_poll_at: datetime | None
    failures: int
    is_certain: bool

    @property
    def is_off(self) -> bool:
        """Whether nobody asks, as polling is turned off in its settings."""
        return self.problem in (OFF, SENDS_ONLY)

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        if self.is_off:
            return "Polling is off"
        return f"Not hearing from {self.service}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pollers there are, how many of them do not hear, and how many connections wait for one in vain."""

    pollers: int
    failing: int
    off: int = 0

    @property
    def sentence(self) -> str:
        """As the pages say it: "1 of 3 pollers fails"; or nothing, where all hear."""
        if not self.failing:
            where = "one connection" if self.off == 1 else f"{self.off} connections"
            return f"Polling is off at {where}" if self.off else ""
        if self.pollers == 1:
            return "The only poller fails"
        return f"{self.failing} of {self.pollers} pollers fail{'s' if self.failing == 1 else ''}"


def of(user_id: str, integration_id: str | None = None) -> Mapping[str, Trouble]:
    """The user's connections that do not hear, by their ids; or only one of them."""
    query = _only(select(Poller, Integration), user_id)
    if integration_id is not None:
        query = query.where(col(Integration.id) == integration_id)
    off = unasked.of(user_id, integration_id)
    return _troubles(query, now()) | {key: _off(each) for key, each in off.items()}


def of_all(at: datetime | None = None) -> Mapping[str, Trouble]:
    """The same of everybody's; but not those that are off: nobody needs to be told what they chose themselves."""
    return _troubles(_only(select(Poller, Integration)), at or now())


def tally(user_id: str | None = None) -> Tally:
    """How many pollers there are in all processes, of one user or of everybody, and how many fail."""
    at = now()
    with db.reading() as session:
        count = _only(select(func.count()), user_id)
        suspects = _only(select(Poller), user_id).where(_is_suspect(at))
        number, found = session.execute(count).scalar_one(), session.execute(suspects).scalars().all()
    return Tally(number, sum(_fails(poller, at) for poller in found), len(unasked.of(user_id)))


def as_seen(row: Integration, trouble: Trouble | None) -> Integration:
    """The row, read and let go of, as it is shown: one that does not hear needs attention, and says why."""
    if trouble is None or Status(row.status) not in OVERLAID:
        return row
    row.status, row.status_since, row.failing_since = Status.NEEDS_ATTENTION, trouble.since, trouble.since
    row.status_message = f"{trouble.title}: {trouble.cause}"
    row.status_hints = json.dumps([trouble.hint] if trouble.hint else [], ensure_ascii=False)
    row.failures, row.next_check_at = trouble.failures, trouble.next_poll_at
    return row


def listened(user_id: str | None = None) -> set[str]:
    """The connections, one user's or everybody's, that are polled for a workflow."""
    with db.reading() as session:
        return set(session.execute(_only(select(col(Integration.id)), user_id)).scalars())


def _only(query: Select[*Columns], user_id: str | None = None) -> Select[*Columns]:
    """This of every poller that an active workflow wants, and of its connection; or of one user's."""
    wanted = select(col(WorkflowUse.integration_id), col(Workflow.user_id)).where(  # asked once, not for each of them
        col(WorkflowUse.is_trigger).is_(True),
        col(Workflow.id) == col(WorkflowUse.workflow_id),
        col(Workflow.is_active).is_(True),
        col(Workflow.deleted_at).is_(None),
        col(Workflow.version) > 0,
    )
    was_left = (col(Poller.problem) != "") & (col(Poller.last_polled_at) > now() - LATE)  # by a process that ended
    found = query.select_from(Poller).where(
        col(Integration.id) == col(Poller.integration_id),
        col(Integration.is_active).is_(True),
        col(Integration.deleted_at).is_(None),
        or_(col(Poller.owner) != "", was_left),
        tuple_(col(Integration.id), col(Integration.user_id)).in_(wanted),
    )
    return found if user_id is None else found.where(col(Integration.user_id) == user_id)


def _is_suspect(at: datetime) -> ColumnElement[bool]:
    return or_(col(Poller.problem) != "", col(Poller.next_poll_at) < at - LATE)


def _troubles(query: Select[Poller, Integration], at: datetime) -> dict[str, Trouble]:
    with db.reading() as session:
        pairs = session.execute(query.where(_is_suspect(at))).all()
    found: dict[str, Trouble] = {}
    for poller, owner in pairs:
        if _fails(poller, at):
            trouble = _trouble(poller, owner, at)
            known = found.get(owner.id)
            if known is None or (trouble.is_certain, known.since) > (known.is_certain, trouble.since):
                found[owner.id] = trouble
    return found


def _fails(poller: Poller, at: datetime) -> bool:
    return pollers.is_failing(poller) or _is_stalled(poller, at)


def _is_stalled(poller: Poller, at: datetime) -> bool:
    return bool(poller.owner) and poller.next_poll_at is not None and poller.next_poll_at < at - LATE


def _is_certain(poller: Poller, at: datetime) -> bool:
    if not poller.problem or poller.problem in ("auth", "webhook", "occupied"):  # it stalls, or stays until one acts
        return True
    if poller.problem != "unavailable":
        return poller.failures >= health.PATIENCE
    since = poller.failing_since or at
    return poller.failures >= health.CONFIRMED and at - since >= health.CONFIRMED_FOR


def _trouble(poller: Poller, owner: Integration, at: datetime) -> Trouble:
    provider = PROVIDERS.get(owner.type)
    service = provider.service if provider else owner.type
    is_stalled = not pollers.is_failing(poller)
    last = poller.last_polled_at or poller.created_at
    return Trouble(
        integration_id=owner.id,
        service=service[:1].lower() + service[1:] if service.startswith("The ") else service,
        problem="stalled" if is_stalled else poller.problem,
        cause=STALLED.format(since=last) if is_stalled else poller.last_error or "Its service does not answer.",
        hint=_hint(poller, owner, is_stalled=is_stalled),
        since=poller.failing_since or last,
        next_poll_at=None if is_stalled else poller.next_poll_at,
        failures=poller.failures,
        is_certain=_is_certain(poller, at),
    )


def _off(found: Unasked) -> Trouble:
    provider = PROVIDERS.get(found.integration.type)
    service = provider.service if provider else found.integration.type
    return Trouble(
        integration_id=found.integration.id,
        service=service,
        problem=OFF if found.can_poll else SENDS_ONLY,
        cause="No workflow that listens to it hears anything." if found.can_poll else ONLY_SENDS,
        hint="Turn polling on, or turn off the workflows that listen to it." if found.can_poll else CANNOT_POLL,
        since=found.since,
        next_poll_at=None,
        failures=0,
        is_certain=False,
    )


def _hint(poller: Poller, owner: Integration, *, is_stalled: bool) -> str:
    """Where to begin. What answers at an address of its owner's may be another service altogether."""
    if is_stalled:
        return "Restart Streamline if it stays so."
    address = json.loads(owner.config_view).get("baseUrl")
    if poller.last_hint == rows.WORKED:  # then it is right
        return poller.last_hint
    if isinstance(address, str) and address:
        where = f"It is asked at the service address {address}, which was set under Edit. Check that it is right."
        return where if poller.problem == "refused" else f"{poller.last_hint} {where}".strip()
    return poller.last_hint
