"""How a connection is told in words: its status, how it is connected, when it was used, how well it did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from components import elements
from streamline_ui.integrations import health, rows
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import HealthCheck, Integration, Status, now

BROKEN = (Status.NEEDS_ATTENTION, Status.WAITING_FOR_SIGN_IN)
TURN_ON, TAKE, ASK_AGAIN = "Turn polling on", "Switch to polling here", "Ask again"
GROUPS = {
    Status.HEALTHY: "healthy",
    Status.NEEDS_ATTENTION: "attention",
    Status.WAITING_FOR_SIGN_IN: "attention",
    Status.PAUSED: "paused",
}


def status(row: Integration) -> Status:
    """The row's status; the database gives it back as plain text."""
    return Status(row.status)


def service(row: Integration) -> str:
    """The name of its service."""
    provider = PROVIDERS.get(row.type)
    return provider.name if provider else row.type


def how(row: Integration) -> str:
    """How it is connected: by polling, by a webhook, or with what the service asked for."""
    mode = json.loads(row.config_view).get("connectionMode")
    if mode in ("polling", "webhook"):
        return str(mode).capitalize()
    provider = PROVIDERS.get(row.type)
    if provider and provider.auth_type == "none" and '"set"' in row.config_view:
        return "With a key"
    return provider.needs if provider else ""


def line(row: Integration) -> str:
    """What stands below its name: its service, and whose it is there or how it is connected."""
    return f"{service(row)} · {row.account or how(row)}"


def pill_html(row: Integration) -> str:
    """How it is. What was looked at and has nothing to test is ready."""
    if status(row) is Status.NOT_TESTED and row.last_checked_at is not None:
        return f'<span class="sl-pill ok">{elements.icon_html("circle-check")}Ready</span>'
    return elements.pill_html(status(row), who_acts(row) if status(row) in (*BROKEN, Status.DEGRADED) else "")


def up_to(row: Integration) -> str:
    """Whose move it is, as a card tells it: "Up to you", "Up to Discord", or "" where nobody has to do anything."""
    actor = health.who_acts(rows.health_of(row))
    if actor != "service":
        return "Up to you" if actor == "you" else ""
    provider = PROVIDERS.get(row.type)
    whom = provider.mentioned if provider else row.type
    return f"Up to {'the service' if row.name in (service(row), whom) else whom}"


def who_acts(row: Integration) -> str:
    """The same in a sentence."""
    actor = health.who_acts(rows.health_of(row))
    if actor == "you":
        return "Only you can mend this."
    if actor == "service":
        if is_elsewhere(row):
            return "Look whether its address is right, or wait: Streamline looks again by itself."
        return f"{service(row)} has to recover. Streamline looks again by itself; there is nothing for you to do."
    return "Nobody has to do anything."


def is_theirs(row: Integration) -> bool:
    """Whether only the service can mend it. Of an address that may be mistyped nobody knows."""
    return health.who_acts(rows.health_of(row)) == "service" and not is_elsewhere(row)


def wants_secret(row: Integration) -> bool:
    """Whether a broken connection needs another secret. Where its address is the trouble, that comes first."""
    if status(row) is Status.WAITING_FOR_SIGN_IN or conflict(row):
        return False
    return '"set"' in row.config_view and row.next_check_at is None and not is_elsewhere(row)


def conflict(row: Integration) -> str:
    """What ends it where somebody else has its news, which no other secret would: `TAKE`, `ASK_AGAIN`, else ""."""
    provider = PROVIDERS.get(row.type)
    if provider is None or status(row) not in BROKEN:
        return ""
    others = (each for each in provider.meanings if each.kind == "conflict" and provider.push is not None)
    found = next((each for each in others if each.message in row.status_message), None)
    return "" if found is None else TAKE if found.can_take else ASK_AGAIN


def is_elsewhere(row: Integration) -> bool:
    """Whether its address may be the trouble: then what went wrong is told of a host, and not of the service.

    Where it has worked at this address, the address is right.
    """
    if rows.WORKED in row.status_hints:
        return False
    first = row.status_message.partition(" ")[0]
    return "." in first.rstrip(".") or first.partition(":")[0] in ("localhost", "[")


def sign_in(provider: Provider[Any], *, again: bool) -> str:
    """What the button is called that leads to a service's sign-in."""
    at = f" with {provider.sign_in}" if provider.sign_in[:1].isupper() else ""
    return "Sign in again" if again else f"Sign in{at}"


def mend(row: Integration) -> str:
    """What the button is called that leads to the end of a problem."""
    if status(row) is Status.WAITING_FOR_SIGN_IN:
        return "Sign in again" if row.account else "Sign in"
    if not row.status_message:
        return "Fix"
    if not wants_secret(row):
        return "Edit"
    provider = PROVIDERS.get(row.type)
    needs = provider.needs if provider and provider.auth_type != "none" else "Key"
    return f"Replace {needs if needs[:2].isupper() else needs[:1].lower() + needs[1:]}"


def ago(moment: datetime) -> str:
    """How long ago: "just now", "12 min ago", "3 h ago", "5 days ago"."""
    seconds = max(0, int((now() - moment).total_seconds()))
    if seconds < 10:
        return "just now"
    for size, unit, most in ((1, "s", 60), (60, "min", 3600), (3600, "h", 86_400)):
        if seconds < most:
            return f"{seconds // size} {unit} ago"
    return count(seconds // 86_400, "day") + " ago"


def used(row: Integration) -> str:
    """When it was last used, or since when it rests."""
    if status(row) is Status.PAUSED:
        return f"Paused {ago(row.status_since)}"
    return f"Used {ago(row.last_used_at)}" if row.last_used_at else "Not used yet"


def share(checks: Sequence[HealthCheck]) -> str:
    """How much of the time that these checks tell of it was up, "98.7 %", or a dash where there were none.

    What a check found holds until the next, as for the uptime of 30 days: an outage is looked at far more often.
    """
    if not checks:
        return "–"
    known = (checks[-1].at - checks[0].at).total_seconds()
    up = sum((after.at - check.at).total_seconds() for check, after in pairwise(checks) if check.ok)
    percent = 100 * (up / known if known > 0 else checks[-1].ok)
    return f"{percent:.1f}".removesuffix(".0") + " %"


def count(number: int, word: str) -> str:
    """ "1 connection", "6 connections"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
