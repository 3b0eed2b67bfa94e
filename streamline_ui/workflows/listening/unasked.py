"""Connections that active workflows listen to and that nobody asks, as polling is off in their settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlmodel import col

from streamline_ui.providers import PROVIDERS
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.storage.workflow_tables import Workflow, WorkflowUse
from streamline_ui.workflows.listening import listeners

CHOOSING = tuple(name for name, each in PROVIDERS.items() if "connection_mode" in each.config.model_fields)
ON, OFF = '"pollingEnabled": true', '"pollingEnabled": false'  # as `config_view` is written


@dataclass(frozen=True, slots=True)
class Unasked:
    """One of them. `since` is when it was last asked, or changed; `can_poll`: turning polling on would do."""

    integration: Integration
    since: datetime
    can_poll: bool


def of(user_id: str | None = None, integration_id: str | None = None) -> Mapping[str, Unasked]:
    """Those of everybody, of one user, or this one, by their ids."""
    view = col(Integration.config_view)
    may_be_off = or_(view.contains(OFF), col(Integration.type).in_(CHOOSING) & ~view.contains(ON))
    last = select(func.max(col(Poller.last_polled_at))).where(col(Poller.integration_id) == col(Integration.id))
    query = (
        select(Integration, last.scalar_subquery())
        .join(WorkflowUse, col(WorkflowUse.integration_id) == col(Integration.id))
        .join(
            Workflow,
            and_(col(Workflow.id) == col(WorkflowUse.workflow_id), col(Workflow.user_id) == col(Integration.user_id)),
        )
        .where(
            col(WorkflowUse.is_trigger).is_(True),
            col(Workflow.is_active).is_(True),
            col(Workflow.deleted_at).is_(None),
            col(Workflow.version) > 0,
            col(Integration.is_active).is_(True),
            col(Integration.deleted_at).is_(None),
            may_be_off,
        )
    )
    if user_id is not None:
        query = query.where(col(Integration.user_id) == user_id)
    if integration_id is not None:
        query = query.where(col(Integration.id) == integration_id)
    with db.reading() as session:
        rows = session.execute(query).all()
    return {row.id: Unasked(row, at or row.updated_at, _can_poll(row)) for row, at in rows if _is_off(row)}


def settings_on(type_name: str) -> dict[str, object]:
    """The change of a configuration that turns polling on."""
    return {"pollingEnabled": True, **({"connectionMode": "polling"} if type_name in CHOOSING else {})}


def _is_off(row: Integration) -> bool:
    """Whether it would be polled, and is not: a service may tell some of its events by itself all the same."""
    if listeners.manner_of(row.type, json.loads(row.config_view)).mode != "off":
        return False
    return any(wish.manner.mode == "off" for wish in listeners.wanted(row.id).values())


def _can_poll(row: Integration) -> bool:
    """Whether it was set up with what a poll needs: a bare address sends, and hears nothing."""
    return OFF in row.config_view
