"""Gives permissions back: what a service allowed is revoked there once nobody here needs it any more.

It is done beside what it follows, as well as it goes: a service that is away or refuses changes nothing about a
removal. A permission that another connection holds as well is left alone, since services take it from both.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlmodel import Session, col, select

from streamline_ui.access import users
from streamline_ui.errors import StreamlineError
from streamline_ui.integrations import configuration, oauth_grants, oauth_tokens
from streamline_ui.net import egress
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.describe import Provider
from streamline_ui.providers.oauth import OAuth
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration
from streamline_ui.storage.oauth_tables import OAuthGrant
from streamline_ui.vault import redact

SECONDS = 10.0
AT_ONCE = 5
MOST = 200  # that wait; beyond it the oldest are left to end by themselves
LARGEST = 50_000  # bytes of an answer
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Permission:
    """What is to be given back, and where."""

    provider: Provider[Any]
    described: OAuth
    token: str = field(repr=False)


_waiting: deque[Permission] = deque(maxlen=MOST)


def held_by(session: Session, rows: Sequence[Integration]) -> list[Permission]:
    """What these integrations hold and no other does. To be asked before they are removed, or sign in anew."""
    going = {row.id for row in rows}
    found = [_of(session, row, going) for row in rows]
    return [permission for permission in found if permission is not None]


def remove_account(user_id: str) -> None:
    """Remove a user with all that hangs on them, and give back what they had allowed. Raises as `users.remove`."""
    with db.reading() as session:
        held = held_by(session, session.exec(select(Integration).where(Integration.user_id == user_id)).all())
    users.remove(user_id)
    later(held)


def later(permissions: Collection[Permission]) -> None:
    """Give them back within a second or two."""
    _waiting.extend(permissions)


async def sweep() -> None:
    """Give back what waits for it."""
    while _waiting:
        part = [_waiting.popleft() for _ in range(min(AT_ONCE, len(_waiting)))]
        await asyncio.gather(*map(_revoke, part))


def _of(session: Session, row: Integration, going: Collection[str]) -> Permission | None:
    kept = session.get(OAuthGrant, row.id)
    provider = PROVIDERS.get(row.type)
    if kept is None or kept.ended_at is not None or provider is None:
        return None
    try:
        config = configuration.load(row)
        described = provider.oauth(config)
        if described is None or not described.authorize_url or not described.revoke_url:
            return None
        if kept.made_for != oauth_grants.made_for(provider, config, described):
            return None  # they are another client's, whose secret is gone
        tokens = oauth_grants.opened(kept)
    except (StreamlineError, ValueError) as error:  # nobody can open or read them; the removal goes on
        log.info("a permission could not be given back: %s", getattr(error, "code", "unreadable"))
        return None
    if _is_shared(session, row, kept.made_for, going):
        return None
    access, refresh = tokens["accessToken"], tokens.get("refreshToken", "")
    return Permission(provider, described, access if described.revokes_access else refresh or access)


def _is_shared(session: Session, row: Integration, made_for: str, going: Collection[str]) -> bool:
    """Whether somebody else here has signed in with the same client and, as far as is known, the same account."""
    query = (
        select(OAuthGrant.integration_id)
        .join(Integration, col(Integration.id) == OAuthGrant.integration_id)
        .where(
            OAuthGrant.made_for == made_for,
            col(OAuthGrant.ended_at).is_(None),
            col(OAuthGrant.integration_id).not_in(going),
        )
    )
    if row.account:
        query = query.where(col(Integration.account).in_((row.account, "")))
    return session.exec(query.limit(1)).first() is not None


async def _revoke(permission: Permission) -> None:
    described = permission.described
    secret = described.client_secret.get_secret_value() if described.client_secret is not None else ""
    client = {} if described.basic and secret else {"client_id": described.client_id, "client_secret": secret}
    form = {"token": permission.token, **{name: value for name, value in client.items() if value}}
    try:
        with redact.holding(permission.token, *filter(None, [secret])):
            async with egress.client(
                service=oauth_tokens.service(permission.provider),
                base_url=oauth_tokens.origin(described.revoke_url),
                auth=httpx.BasicAuth(described.client_id, secret) if described.basic and secret else None,
                total=SECONDS,
                max_bytes=LARGEST,
            ) as http:
                answer = await http.post(described.revoke_url, data=form)
        if not answer.is_success:
            log.info("%s did not take a permission back: %d", permission.provider.name, answer.status_code)
    except StreamlineError as error:
        log.info("a permission could not be given back: %s", error.code)
