"""A sign of life to somebody outside: an address that is called every minute for as long as all goes on.

Whoever expects the call notices what we cannot tell ourselves: that this machine is off, or hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from streamline_ui.errors import Forbidden, StreamlineError
from streamline_ui.net import egress
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import SealedSetting
from streamline_ui.storage.models import User, now
from streamline_ui.vault import keyring, redact
from streamline_ui.vault.crypto import Place

KEY = "lifeline"
SECONDS = 10.0
PLACE = Place("SealedSetting", "valueEnc", KEY, "")


@dataclass(frozen=True, slots=True)
class Beat:
    """How the last call went; `problem` is empty where it was heard."""

    at: datetime
    problem: str


_last: Beat | None = None


def address(user_id: str) -> str:
    """What is called, or "". Raises Forbidden for all but admins, Locked without the key."""
    _check(user_id)
    return _address()


def choose(user_id: str, url: str) -> None:
    """Call this address from now on; an empty one ends it. Raises Forbidden and Invalid."""
    global _last  # noqa: PLW0603 - a process has one
    _check(user_id)
    url = url.strip()
    if url:
        egress.check_url(url)
    with db.writing() as session:
        kept = session.get(SealedSetting, KEY)
        if not url and kept is not None:
            session.delete(kept)
        elif url:
            session.merge(SealedSetting(key=KEY, value_enc=keyring.seal(url, PLACE)))
    _last = None


def last() -> Beat | None:
    """How the last call of this process went, or None where there was none."""
    return _last


async def beat(*problems: Callable[[], str | None]) -> Beat | None:
    """Call it, unless one of these has something to tell: then the silence is the message."""
    global _last  # noqa: PLW0603
    if any(check() for check in problems):
        return None
    try:
        url = await asyncio.to_thread(_address)
        if not url:
            return None
        with redact.holding(url):
            async with egress.client(service="The heartbeat", anywhere=True, total=SECONDS) as client:
                answer = await client.get(url)
        said = "" if answer.is_success else f"It answered with {answer.status_code}."
    except StreamlineError as error:
        said = redact.scrub(error.message)
    _last = Beat(now(), said)
    return _last


def _address() -> str:
    with db.reading() as session:
        kept = session.get(SealedSetting, KEY)
    return "" if kept is None else keyring.unseal(kept.value_enc, PLACE)


def _check(user_id: str) -> None:
    with db.reading() as session:
        user = session.get(User, user_id)
    if user is None or not user.is_admin:
        raise Forbidden("Only an admin may do this.")
