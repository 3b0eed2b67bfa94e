"""The address of an integration that a person enters at the service, so that it sends its events there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from streamline_ui import settings
from streamline_ui.integrations import reachable, rows, signing
from streamline_ui.providers import named
from streamline_ui.providers.signatures import SCHEMES
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.polling_tables import IntegrationHook
from streamline_ui.workflows import secrets
from streamline_ui.workflows.listening import unheard

MOST_REFUSALS = 1000
_refusals: dict[str, tuple[datetime, str]] = {}  # the last one of each integration, until one is taken


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service should send its events. `how` says where to enter it.

    `missing` says what keeps anything from being taken, or nothing; `is_public` is False where only this machine can
    reach it, as far as we know. `refused_at` and `refusal` are about the last request that was turned away, if no good
    one has come since. `unheard` counts the events, the last of them at `unheard_at`, that came while no workflow
    listened.
    """

    url: str
    how: str
    missing: str
    is_public: bool
    refused_at: datetime | None
    refusal: str
    unheard: int = 0
    unheard_at: datetime | None = None


async def address(user_id: str, integration_id: str) -> Address:
    """The integration's address, made when it is first asked for.

    It is empty where the service sends nothing. Raises NotFound, and Locked.
    """
    row = await rows.brief(user_id, integration_id)
    provider = named(row.type)
    entered = provider.entered
    if entered is None:
        return Address("", "", f"{provider.service} sends no events to an address.", False, None, "")
    token = await asyncio.to_thread(_token, user_id, integration_id)
    is_set = await signing.secret(user_id, integration_id, entered) is not None
    scheme, now_ = SCHEMES[entered.scheme], settings.current()
    label = scheme.secret_label.partition(" or ")[0]
    missing = "" if is_set else f"{label} is not set here, so nothing is accepted yet. {scheme.place}"
    refused_at, refusal = _refusals.get(integration_id, (None, ""))
    url = f"{now_.address}{reachable.PATH}{token}"
    dropped = await asyncio.to_thread(unheard.of, integration_id)
    return Address(url, entered.how, missing, now_.base_url.startswith("https://"), refused_at, refusal, *dropped)


def refused(integration_id: str, reason: str) -> None:
    """Remember why a request was turned away."""
    while len(_refusals) >= MOST_REFUSALS and integration_id not in _refusals:
        del _refusals[next(iter(_refusals))]
    _refusals[integration_id] = now(), reason


def accepted(integration_id: str) -> None:
    """Forget that: a good one has come."""
    _refusals.pop(integration_id, None)


def _token(user_id: str, integration_id: str) -> str:
    with db.writing() as session:
        row = session.get(IntegrationHook, integration_id)
        token = signing.token(row, user_id) if row is not None else None
        if token is None:
            token = secrets.new_token()
            row = row or IntegrationHook(integration_id=integration_id, hook_hash="", secret_hash="")
            row.hook_hash, row.hook_enc = secrets.hash_of(token), signing.seal_token(token, integration_id, user_id)
            row.is_set = True
            session.add(row)
    return token
