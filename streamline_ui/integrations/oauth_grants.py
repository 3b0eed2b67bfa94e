"""The tokens of integrations at rest: read, stored over what was read, and leased to whoever renews them.

A renewal is one at a time, whoever asks: it is claimed by a conditional update, and stored by another one that only
succeeds over the generation that was renewed. What is stored is on disk before anybody uses it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import bindparam, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, select, update

from streamline_ui.integrations import oauth_drafts
from streamline_ui.integrations.oauth_tokens import Tokens
from streamline_ui.providers.describe import Config, Provider
from streamline_ui.providers.oauth import OAuth
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Moment, now, table_of
from streamline_ui.storage.oauth_tables import OAuthGrant
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place

LEASE = timedelta(seconds=30)  # longer than the longest request to a token address
FRESH = 0.8  # of its life, after which a token is renewed
OURS = f"{socket.gethostname()}:{os.getpid()}:{token_hex(8)}"
"""Who we are in a lease: the machine, the process, and which one of those that had its number."""

_columns = table_of(OAuthGrant).c
_glance = select_columns(
    _columns.userId,
    _columns.tokensEnc,
    _columns.madeFor,
    _columns.generation,
    _columns.expiresAt,
    _columns.refreshAt,
    _columns.endedAt,
    _columns.failures,
).where(_columns.integrationId == bindparam("integration"))


@dataclass(frozen=True, slots=True)
class Grant:
    """An integration's tokens, opened."""

    integration_id: str
    user_id: str
    access: str
    refresh: str
    made_for: str
    generation: int
    expires_at: datetime | None
    refresh_at: datetime | None
    is_ended: bool
    failures: int


def made_for(provider: Provider[Any], config: Config, oauth: OAuth) -> str:
    """For which client, sign-in and API tokens are good. After a change of any, somebody has to sign in again."""
    facts = [provider.type, oauth.client_id, oauth.authorize_url, oauth.token_url, provider.base_url(config)]
    if oauth.authorize_url:
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    secret = oauth.client_secret.get_secret_value() if oauth.client_secret is not None else ""
    facts += [secret, *oauth.scopes]  # who acts for itself has nothing to lose by asking once more
    return hmac.new(keyring.derive("oauth-client"), json.dumps(facts).encode(), "sha256").hexdigest()


async def read(integration_id: str) -> Grant | None:
    """The tokens of an integration. Raises Locked where they cannot be opened."""
    row = await db.glance(_glance, {"integration": integration_id})
    if row is None:
        return None
    user_id, sealed, made, generation, expires_at, refresh_at, ended_at, failures = row
    tokens = _unsealed(sealed, integration_id, user_id)
    return Grant(
        integration_id,
        user_id,
        tokens["accessToken"],
        tokens.get("refreshToken", ""),
        made,
        generation,
        _moment(expires_at),
        _moment(refresh_at),
        ended_at is not None,
        failures,
    )


def opened(row: OAuthGrant) -> dict[str, str]:
    """A row's `accessToken` and `refreshToken`, "" where there is none. Raises Locked where they cannot be opened."""
    return _unsealed(row.tokens_enc, row.integration_id, row.user_id)


def _unsealed(sealed: str, integration_id: str, user_id: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(keyring.unseal(sealed, _place(integration_id, user_id)))
    return found


def put(user_id: str, integration_id: str, made: str, tokens: Tokens, *, renews: bool) -> None:
    """Keep new tokens in place of those before. `renews` says that newer ones can be had without a refresh token."""
    with db.writing() as session:
        row = session.get(OAuthGrant, integration_id) or OAuthGrant(
            integration_id=integration_id, user_id=user_id, tokens_enc="", made_for=made, obtained_at=now()
        )
        values = _values(user_id, integration_id, tokens, "", row.generation, renews=renews)
        for name, value in values.items():
            setattr(row, name, value)
        row.made_for, row.lease_by = made, ""
        row.scopes = " ".join(sorted(tokens.scopes or ()))
        session.add(row)
        oauth_drafts.keep(session, integration_id)


def claim(grant: Grant) -> bool:
    """Take the lease to renew this generation. False where somebody else has it, or has renewed it already."""
    at = now()
    with db.writing() as session:
        row = session.get(OAuthGrant, grant.integration_id)
        if row is None or row.generation != grant.generation:
            return False
        if row.leased_until is not None and row.leased_until > at and not _is_gone(row.lease_by):
            return False
        is_free = or_(col(OAuthGrant.leased_until).is_(None), col(OAuthGrant.lease_by) == row.lease_by)
        mine = update(OAuthGrant).where(_is(grant), is_free)
        return session.exec(mine.values(lease_by=OURS, leased_until=at + LEASE)).rowcount == 1


def store(grant: Grant, tokens: Tokens, *, renews: bool) -> bool:
    """Keep renewed tokens over the generation that they replace. False where that has been replaced meanwhile."""
    with db.writing() as session:
        values = _values(grant.user_id, grant.integration_id, tokens, grant.refresh, grant.generation, renews=renews)
        return session.exec(update(OAuthGrant).where(_is(grant)).values(**values)).rowcount == 1


def put_off(grant: Grant, until: datetime | None, *, is_over: bool = False) -> None:
    """Give the lease back without new tokens: try again then, never (None), or not before a new sign-in (`is_over`)."""
    values: dict[str, Any] = {"leased_until": None, "lease_by": "", "refresh_at": until}
    values["failures"] = grant.failures + 1
    if is_over:
        values["ended_at"] = now()
    with db.writing() as session:
        session.exec(update(OAuthGrant).where(_is(grant), col(OAuthGrant.lease_by) == OURS).values(**values))


def due(limit: int) -> list[tuple[str, str]]:
    """The user and the id of integrations in use whose tokens should be renewed now, longest due first.

    What another process is renewing is left to it, unless that has died: then there is no time to lose, as services
    take an old refresh token again for seconds only.
    """
    query = (
        select(Integration.user_id, Integration.id, OAuthGrant.lease_by, OAuthGrant.leased_until)
        .join(OAuthGrant, col(OAuthGrant.integration_id) == Integration.id)
        .where(
            col(OAuthGrant.refresh_at) <= now(),
            col(OAuthGrant.ended_at).is_(None),
            col(Integration.is_active).is_(True),
            col(Integration.deleted_at).is_(None),
        )
        .order_by(col(OAuthGrant.refresh_at))
        .limit(limit)
    )
    with db.reading() as session:
        found = session.exec(query).all()
    at = now()
    return [(user_id, key) for user_id, key, owner, until in found if until is None or until < at or _is_gone(owner)]


def _is(grant: Grant) -> Any:
    return (col(OAuthGrant.integration_id) == grant.integration_id) & (col(OAuthGrant.generation) == grant.generation)


def _values(
    user_id: str, integration_id: str, tokens: Tokens, before: str, generation: int, *, renews: bool
) -> dict[str, Any]:
    """A row's new values. A service that does not rotate gives no refresh token: then the one before stays."""
    at = now()
    kept = {"accessToken": tokens.access, "refreshToken": tokens.refresh or before}
    life = None if tokens.seconds is None else timedelta(seconds=tokens.seconds)
    renews = renews or bool(kept["refreshToken"])
    return {
        "tokens_enc": keyring.seal(json.dumps(kept), _place(integration_id, user_id)),
        "obtained_at": at,
        "expires_at": None if life is None else at + life,
        "refresh_at": at + life * FRESH if life is not None and renews else None,
        "generation": generation + 1,
        "failures": 0,
        "ended_at": None,
        "lease_by": "",
        "leased_until": None,
    }


def _is_gone(owner: str) -> bool:
    """Whether a lease's owner died: a process of this machine that is no more, or one that had our own number."""
    host, _, rest = owner.partition(":")
    number, _, _ = rest.partition(":")
    if host != socket.gethostname() or not number.isdigit() or owner == OURS:
        return False
    if int(number) == os.getpid():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _moment(value: Any) -> datetime | None:
    """A time as the database gives it to a glance: SQLite's is a text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return Moment().process_result_value(value, None)  # type: ignore[arg-type]  # it does not ask for the dialect


def _place(integration_id: str, user_id: str) -> Place:
    return Place("OAuthGrant", "tokensEnc", integration_id, user_id)
