"""Alerts: what needs somebody, and what is over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from streamline_ui.api import door, paging
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import Page, Shape
from streamline_ui.integrations import alert_words, alerts
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


@router.post("/{id}/dismiss")
def dismiss(id: str, caller: Asking) -> Alert:  # noqa: A002 - the name in the address, here and below
    """Take one off the list. What is not over is told again only once it has been."""
    return Alert.of(alerts.dismiss(caller.user_id, id))


@router.post("/{id}/undismiss")
def undismiss(id: str, caller: Asking) -> Alert:  # noqa: A002
    """Put one that was dismissed back on the list."""
    return Alert.of(alerts.restore(caller.user_id, id))
