"""The events of those who send webhooks: what they are called, how they look, and which of them a request is.

The samples are ours, in the senders' form, one file for each scheme of `signatures`: a list of
`{"event", "title", "headers", "body"}`; a form's body is an object of its fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from streamline_ui.providers import telegram_facts
from streamline_ui.providers.signing.senders import SCHEMES

FOLDER = Path(__file__).parent / "samples"
WITH_ACTION = frozenset({"github", "gitlab", "linear"})
ALIKE = 0.86  # a typo, but not a longer name: pull_request_review_thread is no pull_request_review
JSON = {"content-type": "application/json"}
Names = Callable[[Mapping[str, str], Any], Iterable[object]]


@dataclass(frozen=True, slots=True)
class SenderEvent:
    """A kind of request. `headers` are lower-case, as templates see them; `body` is what templates see of the body."""

    event: str
    title: str
    headers: Mapping[str, str]
    body: Any


@cache
def of(scheme: str) -> tuple[SenderEvent, ...]:
    """The events that a sender offers, the usual ones first; none where the scheme is anybody's."""
    if scheme == "telegram":
        return tuple(SenderEvent(each.event, each.title, JSON, each.sample) for each in telegram_facts.TRIGGERS)
    file = FOLDER / f"{scheme}.json"
    if scheme not in _NAMES or not file.is_file():
        return ()
    return tuple(
        SenderEvent(
            each["event"],
            each["title"],
            {**JSON, **{name.lower(): value for name, value in each["headers"].items()}},
            each["body"],
        )
        for each in orjson.loads(file.read_bytes())
    )


def kinds(scheme: str, headers: Mapping[str, str], body: Any) -> frozenset[str]:
    """The events that this request is, as `of` names them. Several, where a sender puts several into one request.

    `headers` are lower-case; `body` is the parsed body.
    """
    names = _NAMES.get(scheme)
    return frozenset(str(name) for name in names(headers, body) if name) if names else frozenset()


def plain(found: Iterable[str]) -> frozenset[str]:
    """Without those that only say more of another one: `issues` of `issues` and `issues.opened`."""
    names = frozenset(found)
    return frozenset(name for name in names if name.partition(".")[0] not in names - {name})


def complaint(scheme: str, event: str) -> str | None:
    """A sentence where no request of the sender can ever be this event, else None.

    Senders have more events than `of` offers, so that one nobody knows here is refused for its form only, or as a typo.
    """
    offered = [each.event for each in of(scheme)]
    if event in offered or scheme not in _FORMS:
        return None
    known, (name, _, action) = scheme in WITH_ACTION, event.partition(".")
    near = get_close_matches(name if known else event, offered, n=1, cutoff=ALIKE)
    if re.fullmatch(_FORMS[scheme], event) and not (known and near and name != near[0]):
        return None
    near = near or get_close_matches(re.split(r"\W", event.lower())[0], offered, n=1)
    if not near:
        meant = f"It offers {', '.join(offered)}."
    elif known and re.fullmatch("[a-z_]+", action):
        meant = f"Did you mean {near[0]}.{action}?"
    else:
        meant = f"Did you mean {near[0]}?"
    return f"{SCHEMES[scheme].sender} sends no event “{event}”. {meant}"


def _header(name: str) -> Names:
    return lambda headers, _body: [headers.get(name)]


def _field(*path: str) -> Names:
    def names(_headers: Mapping[str, str], body: Any) -> list[object]:
        for step in path:
            body = body.get(step) if isinstance(body, dict) else None
        return [body]

    return names


def _each(name: str) -> Names:
    """The body is a list of events."""

    def names(_headers: Mapping[str, str], body: Any) -> list[object]:
        events = body if isinstance(body, list) else [body]
        return [event.get(name) for event in events if isinstance(event, dict)]

    return names


def _github(headers: Mapping[str, str], _body: Any) -> list[object]:
    return [headers.get(name) for name in ("x-github-event", "x-gitea-event", "x-forgejo-event")]


def _acting(names: Names, *path: str) -> Names:
    """The events, and each also with what was done, such as `issues` and `issues.opened`."""
    action = _field(*path)

    def both(headers: Mapping[str, str], body: Any) -> list[object]:
        events = [name for name in names(headers, body) if isinstance(name, str) and name]
        done = [each for each in action(headers, body) if isinstance(each, str) and each]
        return [*events, *(f"{event}.{each}" for event in events for each in done)]

    return both


def _discord(_headers: Mapping[str, str], body: Any) -> list[object]:
    if not isinstance(body, dict):
        return []
    event = body.get("event")
    return [event.get("type")] if isinstance(event, dict) else ["interaction"]


def _telegram(_headers: Mapping[str, str], body: Any) -> list[object]:
    return [name for name in body if name != "update_id"] if isinstance(body, dict) else []


def _twilio(_headers: Mapping[str, str], body: Any) -> list[object]:
    if not isinstance(body, dict):
        return []
    if "CallSid" in body:
        return ["call"]
    return ["message" if body.get("SmsStatus") == "received" else "message_status"]


_NAMES: dict[str, Names] = {
    "airtable": lambda _headers, _body: ["changed"],
    "discord": _discord,
    "github": _acting(_github, "action"),
    "gitlab": _acting(_field("object_kind"), "object_attributes", "action"),
    "hubspot": _each("subscriptionType"),
    "linear": _acting(_header("linear-event"), "action"),
    "notion": _field("type"),
    "sendgrid": _each("event"),
    "shopify": _header("x-shopify-topic"),
    "slack": _field("event", "type"),
    "stripe": _field("type"),
    "telegram": _telegram,
    "twilio": _twilio,
}
_FORMS: dict[str, str] = {
    "airtable": "changed",
    "discord": "[A-Z_]+|interaction",
    "github": r"[a-z_]+(\.[a-z_]+)?",
    "gitlab": r"[a-z_]+(\.[a-z_]+)?",
    "hubspot": r"\w+(\.\w+)+",
    "linear": r"[A-Z][A-Za-z]*(\.[a-z]+)?",
    "notion": r"[a-z_]+(\.[a-z_]+)+",
    "sendgrid": "[a-z_]+",
    "shopify": r"[a-z_]+(/[a-z_]+)+",
    "slack": "[a-z_]+",
    "stripe": r"[a-z0-9_]+(\.[a-z0-9_]+)+",
    "telegram": "[a-z_]+",
    "twilio": "call|message|message_status",
}
