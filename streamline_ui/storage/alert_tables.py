"""The tables of alerts: what needed somebody, whom to tell, what was sent for it, and who hears that we are alive. No
behaviour.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from streamline_ui.storage.models import column, new_id, now, time

IS_OPEN = text('"endedAt" IS NULL')


class Matter(StrEnum):
    """What an alert is about. `subject_id` is the integration's, the workflow's or the poller's."""

    CONNECTION = "connection"
    SIGN_IN = "sign_in"
    KEY = "key"
    LISTENER = "listener"
    WORKFLOW = "workflow"
    SILENCE = "silence"
    CHANNEL = "channel"


class Alert(SQLModel, table=True):
    """Something that needed somebody: from `began_at` until `ended_at`.

    There is one open alert for each matter and subject. `link` is the page in the app where it is mended; `told_at`
    and `end_told_at` say when a message about it was written.
    """

    __tablename__ = "Alert"
    __table_args__ = (
        Index("ix_Alert_userId_raisedAt", "userId", "raisedAt"),
        Index(
            "ix_Alert_open", "matter", "subjectId", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
        ),  # two processes never tell of the same thing
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE")
    matter: Matter = Field(sa_type=Text)
    subject_id: str = column("subjectId", index=True)
    name: str
    text: str = Field(default="", sa_type=Text)
    hint: str = Field(default="", sa_type=Text)
    link: str = ""
    began_at: datetime = time("beganAt", default_factory=now)
    raised_at: datetime = time("raisedAt", default_factory=now)
    ended_at: datetime | None = time("endedAt", default=None)
    seen_at: datetime | None = time("seenAt", default=None)
    dismissed_at: datetime | None = time("dismissedAt", default=None)
    told_at: datetime | None = time("toldAt", default=None)
    end_told_at: datetime | None = time("endToldAt", default=None)


class AlertChannel(SQLModel, table=True):
    """A connection through which a user is told, besides in the app. `params` is JSON with places for the text."""

    __tablename__ = "AlertChannel"

    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", primary_key=True)
    integration_id: str = column("integrationId", primary_key=True)
    action: str
    params: str = Field(default="{}", sa_type=Text)
    is_on: bool = column("isOn", default=True)
    updated_at: datetime = time("updatedAt", default_factory=now, column={"onupdate": now})


class AlertMessage(SQLModel, table=True):
    """A message about one or several alerts through one channel, until it was sent or given up.

    `due_at` is None once it is over.
    """

    __tablename__ = "AlertMessage"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    integration_id: str | None = column("integrationId", default=None)
    title: str
    text: str = Field(sa_type=Text)
    created_at: datetime = time("createdAt", default_factory=now, index=True)
    due_at: datetime | None = time("dueAt", default_factory=now, index=True)
    tries: int = 0
    sent_at: datetime | None = time("sentAt", default=None)
    error: str = Field(default="", sa_type=Text)


class SealedSetting(SQLModel, table=True):
    """A setting of the installation that is secret, such as an address that only we may call."""

    __tablename__ = "SealedSetting"

    key: str = Field(primary_key=True)
    value_enc: str = column("valueEnc", sa_type=Text)
