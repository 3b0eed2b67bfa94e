"""Alerts: what needs somebody, what is over, and through which connections that is told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from streamline_ui.api import door, paging
from streamline_ui.api.bodies import Body
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import Page, Shape
from streamline_ui.integrations import alert_channel, alert_words, alerts
from streamline_ui.storage import alert_tables
from streamline_ui.storage.alert_tables import Matter

router = APIRouter(prefix="/alerts", tags=["Alerts"], route_class=door.Door)
USUAL = 50

OpenOnly = Annotated[bool, Query(alias="open", description="Only those that are not over.")]


class Alert(Shape):
    """Something that needs somebody, or did. `subjectId` is what it is about: an integration, a workflow or a user.

    `endedAt` is null while it lasts; `link` is the page where it is mended; `dismissedAt` says that it was taken off
    the list.
    """

    id: str
    matter: Matter
    subject_id: str
    title: str
    text: str
    hint: str
    link: str
    began_at: datetime
    raised_at: datetime
    ended_at: datetime | None
    dismissed_at: datetime | None

    @classmethod
    def of(cls, row: alert_tables.Alert) -> Alert:
        """From its row."""
        names = {"id", "subject_id", "text", "hint", "link", "began_at", "raised_at", "ended_at", "dismissed_at"}
        return cls(**row.model_dump(include=names), matter=Matter(row.matter), title=alert_words.title(row))


@router.get("")
def enumerate_(
    caller: Asking,
    open_only: OpenOnly = False,
    limit: paging.Limit = USUAL,
    cursor: paging.Cursor = None,
) -> Page[Alert]:
    """List alerts that were not dismissed, the newest first. To read them here does not count as having seen them."""
    rows = alerts.all_of(caller.user_id, open_only=open_only, before=paging.before(cursor), limit=limit + 1)
    return paging.part(rows, limit, lambda row: (row.raised_at, row.id), Alert.of)


class Channel(Body):
    """A connection through which alerts are told besides in the app.

    `action` is one of its service that sends or writes something; in `params`, `{{ alert }}` stands for the whole
    message, `{{ title }}` for its first line, `{{ link }}` for the list of alerts.
    """

    integration_id: Annotated[str, Field(max_length=100)]
    action: Annotated[str, Field(max_length=100, examples=["send_message"])]
    params: Annotated[dict[str, Any], Field(max_length=200, examples=[{"content": "{{ alert }}"}])]
    is_on: bool = True


class Channels(Body):
    """All connections through which alerts are told."""

    items: Annotated[list[Channel], Field(max_length=20)]


class ToldThrough(Shape):
    """A connection through which alerts are told. `problem` says why the last one did not arrive, or is null."""

    integration_id: str
    action: str
    params: dict[str, Any]
    is_on: bool
    problem: str | None


class AllToldThrough(Shape):
    """All connections through which alerts are told; none where they show in the app only."""

    items: list[ToldThrough]


@router.get("/channels")
def channels(caller: Asking) -> AllToldThrough:
    """List the connections through which alerts are told, besides in the app."""
    problems = alert_channel.failures(caller.user_id)
    items = [
        ToldThrough(
            integration_id=each.integration_id,
            action=each.action,
            params=json.loads(each.params),
            is_on=each.is_on,
            problem=problems.get(each.integration_id),
        )
        for each in alert_channel.channels(caller.user_id)
    ]
    return AllToldThrough(items=items)


@router.put("/channels")
def replace_channels(body: Channels, caller: Asking) -> AllToldThrough:
    """Choose the connections through which alerts are told. These take the place of all that were chosen before."""
    wanted = [(each.integration_id, each.action, each.params, each.is_on) for each in body.items]
    alert_channel.replace(caller.user_id, wanted)
    return channels(caller)


@router.post("/{id}/dismiss")
def dismiss(id: str, caller: Asking) -> Alert:  # noqa: A002 - the name in the address, here and below
    """Take one off the list. What is not over is told again only once it has been."""
    return Alert.of(alerts.dismiss(caller.user_id, id))


@router.post("/{id}/undismiss")
def undismiss(id: str, caller: Asking) -> Alert:  # noqa: A002
    """Put one that was dismissed back on the list."""
    return Alert.of(alerts.restore(caller.user_id, id))
