"""Which workflows listen to what, right now: the questions that have to be asked of services, and for whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import and_, func, select

from streamline_ui import providers
from streamline_ui.errors import StreamlineError
from streamline_ui.providers.feeds import Feed
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Status, table_of
from streamline_ui.storage.workflow_tables import Workflow, WorkflowUse
from streamline_ui.workflows import catalog
from streamline_ui.workflows.triggers import IntegrationTrigger

LEAST = 1.0  # seconds between two polls, whatever anybody asks for
MARK = 96  # characters at the beginning of what is sealed, among them the number that is used once only
Key = tuple[str, str]
"""An integration, and a feed of it with its parameters."""

_use_table, _integration_table = table_of(WorkflowUse), table_of(Integration)
_workflows, _uses, _integrations = table_of(Workflow).c, _use_table.c, _integration_table.c
_listening = (
    select(
        _workflows.id,
        _workflows.userId,
        _workflows.version,
        _workflows.updatedAt,
        _integrations.id,
        _integrations.type,
        _integrations.configView,
        _integrations.isActive,
        _integrations.status,
        _integrations.nextCheckAt,
        func.substr(_integrations.configEnc, 1, MARK),
    )
    .join(_use_table, _uses.workflowId == _workflows.id)
    .join(_integration_table, and_(_integrations.id == _uses.integrationId, _integrations.userId == _workflows.userId))
    .where(
        _uses.isTrigger.is_(True),
        _workflows.isActive.is_(True),
        _workflows.deletedAt.is_(None),
        _workflows.version > 0,
        _integrations.deletedAt.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Listener:
    """A workflow that listens to one kind of event, in its published version. `since` is when it was last changed."""

    workflow_id: str
    version: int
    event: str
    takes_backlog: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Manner:
    """How an integration's news are to be had, as its owner has set it: `pause` is in seconds, None means as usual."""

    mode: Literal["polling", "webhook", "off"]
    pause: float | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A question to ask, and who wants to know. `is_stuck`: nothing will be answered before a person acts.

    `is_broken`: the connection needs attention, whoever's; with `is_well` it is known to work. `config_mark`
    is another after each change of the connection's configuration.
    """

    key: Key
    user_id: str
    type: str
    feed: Feed
    params: Mapping[str, Any]
    manner: Manner
    is_stuck: bool
    is_well: bool
    is_broken: bool
    listeners: tuple[Listener, ...]
    config_mark: str = ""

    @property
    def pause(self) -> float:
        """Seconds between two polls."""
        usual = self.feed.every.total_seconds()
        return max(LEAST, self.feed.least.total_seconds(), usual if self.manner.pause is None else self.manner.pause)


_triggers: dict[str, tuple[int, IntegrationTrigger | None]] = {}
_manners: dict[str, tuple[str, Manner]] = {}


def wanted(integration_id: str | None = None) -> dict[Key, Wish]:
    """Every question that an active workflow asks, whether or not it may be asked now; or those of one integration."""
    query = _listening if integration_id is None else _listening.where(_integrations.id == integration_id)
    with db.reading() as session:
        rows = session.connection().execute(query).all()
    found: dict[Key, Wish] = {}
    for row in rows:
        workflow_id, user_id, version, changed_at, listened_to, type_name, view, is_active, status, check_at, mark = row
        trigger = _trigger(workflow_id, version)
        provider = providers.PROVIDERS.get(type_name)
        feed = provider.heard(trigger.event) if provider and trigger else None
        if trigger is None or feed is None or trigger.integration_id != listened_to:
            continue
        key = (listened_to, key_of(feed, trigger.params))
        listener = Listener(workflow_id, version, trigger.event, trigger.backlog == "process", changed_at)
        listeners = (*(known.listeners if (known := found.get(key)) else ()), listener)
        manner = _manner(listened_to, type_name, view) if is_active else Manner("off", None)
        if is_active and provider and not provider.feed(trigger.event):
            manner = Manner("webhook", None)
        found[key] = Wish(
            key=key,
            user_id=user_id,
            type=type_name,
            feed=feed,
            params=trigger.params,
            manner=manner,
            is_stuck=(status == Status.NEEDS_ATTENTION and check_at is None) or status == Status.WAITING_FOR_SIGN_IN,
            is_well=status == Status.HEALTHY,
            is_broken=status == Status.NEEDS_ATTENTION,
            listeners=listeners,
            config_mark=mark,
        )
    if integration_id is None:
        _forget({row[0] for row in rows}, {row[4] for row in rows})
    return found


def key_of(feed: Feed, params: Mapping[str, Any]) -> str:
    """What tells a feed with these parameters from the integration's others."""
    given = {name: value for name, value in params.items() if value not in (None, "")}
    if not given:
        return feed.name
    text = json.dumps(given, sort_keys=True, ensure_ascii=False)
    return f"{feed.name}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _trigger(workflow_id: str, version: int) -> IntegrationTrigger | None:
    known = _triggers.get(workflow_id)
    if known is not None and known[0] == version:
        return known[1]
    try:
        trigger = catalog.published(workflow_id, version).trigger
    except (StreamlineError, ValueError):  # it cannot be read: others must not wait for it
        trigger = None
    found = trigger if isinstance(trigger, IntegrationTrigger) else None
    _triggers[workflow_id] = version, found
    return found


def _manner(integration_id: str, type_name: str, view: str) -> Manner:
    known = _manners.get(integration_id)
    if known is not None and known[0] == view:
        return known[1]
    found = manner_of(type_name, json.loads(view))
    _manners[integration_id] = view, found
    return found


def manner_of(type_name: str, config: Mapping[str, Any]) -> Manner:
    """What a configuration says; as much of it as may be shown is enough."""
    chooses = "connection_mode" in providers.named(type_name).config.model_fields
    mode = config.get("connectionMode") if chooses else "polling"
    milliseconds = config.get("pollingInterval")
    pause = milliseconds / 1000 if isinstance(milliseconds, int) else None
    if mode == "webhook":
        return Manner("webhook", pause)
    is_on = config.get("pollingEnabled") is True if chooses else config.get("pollingEnabled") is not False
    return Manner("polling" if mode == "polling" and is_on else "off", pause)


def _forget(workflows: set[str], integrations: set[str]) -> None:
    """Remember nothing of those that listen no more."""
    for workflow_id in _triggers.keys() - workflows:
        _triggers.pop(workflow_id, None)
    for integration_id in _manners.keys() - integrations:
        _manners.pop(integration_id, None)
