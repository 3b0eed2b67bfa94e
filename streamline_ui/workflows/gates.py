"""Why an incoming request started something, or did not: what each gate on its way said, in the order of the way.

A request only remembers where it was stopped. What the gates before that one asked for is read from the version that
was published when it came in, and what lies behind it was never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from streamline_ui.errors import NotFound
from streamline_ui.providers.signatures import SCHEMES
from streamline_ui.storage import db
from streamline_ui.storage.workflow_tables import HookRequest, Verdict, WorkflowVersion
from streamline_ui.workflows import catalog
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.outline import Settings
from streamline_ui.workflows.triggers import WebhookTrigger

OURS = "this server"  # in place of the address, where the owner sent a test request
COMPRESSED = "The body is compressed."
TITLES = {
    "published": "Published",
    "active": "Turned on",
    "address": "Sender’s address",
    "size": "Size",
    "encoding": "Encoding",
    "signature": "Signature",
    "pace": "Requests per minute",
    "content": "Content",
    "event": "Event",
    "repeat": "Delivered before",
}
STOPS = {
    Verdict.INACTIVE: "active",
    Verdict.NOT_ALLOWED: "address",
    Verdict.TOO_LARGE: "size",
    Verdict.BAD_SIGNATURE: "signature",
    Verdict.TOO_MANY: "pace",
    Verdict.MALFORMED: "content",
    Verdict.FILTERED: "event",
    Verdict.DUPLICATE: "repeat",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """What one gate said. `is_passed` is None where the request did not come to it."""

    name: str
    is_passed: bool | None
    message: str

    @property
    def title(self) -> str:
        """What it is about."""
        return TITLES[self.name]


def of(workflow_id: str, requests: Sequence[HookRequest]) -> dict[str, list[Gate]]:
    """The gates of each of a workflow's requests, by the request's id."""
    query = select(WorkflowVersion.version, WorkflowVersion.created_at).where(
        WorkflowVersion.workflow_id == workflow_id
    )
    with db.reading() as session:
        versions = list(session.exec(query.order_by(col(WorkflowVersion.version).desc())).all())
    return {row.id: _judged(row, *_at(workflow_id, versions, row.at)) for row in requests}


def _at(workflow_id: str, versions: Sequence[tuple[int, datetime]], at: datetime) -> tuple[int, Definition | None]:
    """The version that counted at a moment; 0 where there was none."""
    version = next((number for number, since in versions if since <= at), 0)
    try:
        return version, catalog.published(workflow_id, version) if version else None
    except NotFound:
        return version, None


def _judged(request: HookRequest, version: int, definition: Definition | None) -> list[Gate]:
    stop = STOPS.get(Verdict(request.verdict))
    if request.verdict == Verdict.INACTIVE and not version:
        stop = "published"
    elif request.verdict == Verdict.MALFORMED and request.reason == COMPRESSED:
        stop = "encoding"
    found: list[Gate] = []
    is_behind = False
    for name, message in _passed(request, version, definition).items():
        if name == stop:
            found.append(Gate(name, False, request.reason))
            is_behind = True
        elif name != "encoding":  # it is only told of where it stopped something
            found.append(Gate(name, None, "Not looked at.") if is_behind else Gate(name, True, message))
    return found


def _passed(request: HookRequest, version: int, definition: Definition | None) -> dict[str, str]:
    """What each gate says to a request that passes it."""
    trigger = definition.trigger if definition else None
    if not isinstance(trigger, WebhookTrigger):
        trigger = WebhookTrigger(type="webhook")
    settings = definition.settings if definition else Settings()
    scheme = SCHEMES[trigger.verification.scheme]
    is_ours = request.address == OURS
    signature = f"It matched: {scheme.title}."
    if trigger.verification.scheme == "none":
        signature = "No signature is asked for."
    elif is_ours:
        signature = "Sent from here, so it needs none."
    most = settings.rate_per_minute
    return {
        "published": f"Version {version} was the published one.",
        "active": "The workflow was on.",
        "address": f"{request.address} may send." if trigger.allowed_addresses else "Any address may send.",
        "size": f"{_size(request.size)} of at most {_size(settings.max_body_bytes)}.",
        "encoding": "",
        "signature": signature,
        "pace": f"Within {most} a minute." if most else "No limit is set.",
        "content": "It could be read.",
        "event": "It is one of the chosen events." if trigger.events else "Every event counts.",
        "repeat": "No earlier delivery is known." if trigger.duplicates == "delivery_id" else "Repeats are taken too.",
    }


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f}".removesuffix(".0") + " kB"
