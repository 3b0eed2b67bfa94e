"""The tables of listening to services: what is asked for news and how far we are, and which of them send it to us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from streamline_ui.storage.models import column, new_id, now, time


class Poller(SQLModel, table=True):
    """One question that is asked of a service again and again, for every workflow that listens to the answer.

    `key` tells a feed with its parameters from the others of the integration; `params` are JSON. `cursor` is where the
    next poll goes on, written together with the events before it. Until `is_caught_up`, what comes is what had waited
    before somebody listened. The process `owner` asks until `lease_until`; it writes the other times down now and then.
    `problem` says what kind of trouble the last poll had, or nothing; `last_error` says it in a sentence, `last_hint`
    what can be done. `failing_since` is when the first of the failures in a row was seen.
    """

    __tablename__ = "Poller"
    __table_args__ = (UniqueConstraint("integrationId", "key"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE")
    key: str
    feed: str
    params: str = Field(default="{}", sa_type=Text)
    cursor: str = Field(default="", sa_type=Text)
    is_caught_up: bool = column("isCaughtUp", default=False)
    owner: str = ""
    lease_until: datetime | None = time("leaseUntil", default=None)
    next_poll_at: datetime | None = time("nextPollAt", default=None, index=True)
    last_polled_at: datetime | None = time("lastPolledAt", default=None)
    last_event_at: datetime | None = time("lastEventAt", default=None)
    failures: int = 0
    problem: str = ""
    last_error: str = column("lastError", default="", sa_type=Text)
    last_hint: str = column("lastHint", default="", sa_type=Text)
    failing_since: datetime | None = time("failingSince", default=None)
    created_at: datetime = time("createdAt", default_factory=now)


class IntegrationHook(SQLModel, table=True):
    """The address at which a service tells an integration's news by itself. Address and secret are only recognised.

    `url` is the public address of ours without the part that is secret; `is_set` once the service knows the whole. One
    that a person enters at the service is shown again, from the sealed `hook_enc`; its secret is in the configuration.
    `unheard` counts what came, the last of it at `unheard_at`, since nobody listens.
    """

    __tablename__ = "IntegrationHook"

    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", primary_key=True)
    hook_hash: str = column("hookHash", unique=True)
    secret_hash: str = column("secretHash")
    hook_enc: str | None = column("hookEnc", default=None, sa_type=Text)
    url: str = ""
    is_set: bool = column("isSet", default=False)
    set_at: datetime = time("setAt", default_factory=now)
    unheard: int = 0
    unheard_at: datetime | None = time("unheardAt", default=None)
