"""The tables of sign-ins at services: those under way, and what they have brought. No behaviour.

What is sealed stands in columns whose names end in Enc, as everywhere.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from streamline_ui.storage.models import column, time


class OAuthGrant(SQLModel, table=True):
    """The tokens of an integration, and what is known about them.

    `made_for` tells for which client and addresses they were given; for others they are worth nothing. `refresh_at` is
    when they are renewed next, None where only a person can help or nothing ends. `generation` counts renewals:
    whoever renews them holds the lease until `leased_until`, and stores only over the generation that was read.
    """

    __tablename__ = "OAuthGrant"

    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", primary_key=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    tokens_enc: str = column("tokensEnc", sa_type=Text)
    made_for: str = column("madeFor")
    scopes: str = ""
    obtained_at: datetime = time("obtainedAt")
    expires_at: datetime | None = time("expiresAt", default=None)
    refresh_at: datetime | None = time("refreshAt", default=None, index=True)
    ended_at: datetime | None = time("endedAt", default=None)
    generation: int = 0
    failures: int = 0
    lease_by: str = column("leaseBy", default="")
    leased_until: datetime | None = time("leasedUntil", default=None)


class OAuthSignIn(SQLModel, table=True):
    """Somebody was sent to a service to sign in, and has ten minutes to come back with the state that hashes to this.

    `session_id` is the browser's session that began it. Where a program did, it is empty, and `address` is the one that
    it asked from. `outcome` is JSON once it is over.
    """

    __tablename__ = "OAuthSignIn"

    state_hash: str = column("stateHash", primary_key=True)
    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", index=True)
    user_id: str = column("userId", foreign_key="User.id", ondelete="CASCADE", index=True)
    session_id: str = column("sessionId", default="")
    address: str = Field(default="", sa_column_kwargs={"server_default": ""})
    verifier_enc: str = column("verifierEnc", sa_type=Text)
    made_for: str = column("madeFor")
    return_address: str = column("returnAddress")
    expires_at: datetime = time("expiresAt", index=True)
    used_at: datetime | None = time("usedAt", default=None)
    outcome: str = Field(default="", sa_type=Text)


class OAuthDraft(SQLModel, table=True):
    """This connection was saved only so that somebody can sign in. After `until`, nobody is expected any more."""

    __tablename__ = "OAuthDraft"

    integration_id: str = column("integrationId", foreign_key="Integration.id", ondelete="CASCADE", primary_key=True)
    until: datetime = time("until", index=True)
