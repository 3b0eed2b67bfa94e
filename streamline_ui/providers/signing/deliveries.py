"""Which delivery a request is, and what is answered before the first event.

Senders repeat what was not answered in time: the delivery's id tells a repetition from a new event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import orjson

from streamline_ui.providers.signing.parts import Incoming, json_object

Find = Callable[[Incoming], str | None]

LONGEST_ID = 255
LONGEST_SECRET = 512
WELL_KNOWN = (
    "webhook-id",
    "svix-id",
    "X-GitHub-Delivery",
    "X-Gitea-Delivery",
    "X-Forgejo-Delivery",
    "X-Shopify-Webhook-Id",
    "Linear-Delivery",
    "I-Twilio-Idempotency-Token",
    "Idempotency-Key",
)


@dataclass(frozen=True)
class Reply:
    """What the sender wants to hear at once; such a request is no event.

    `after_verification`: only a request that was verified gets it. The others come before there is a secret: `secret`
    is what the sender hands over, to be stored only while none is stored.
    """

    status: int
    body: bytes = b""
    content_type: str = ""
    after_verification: bool = True
    secret: str | None = field(default=None, repr=False)


def in_header(*names: str) -> Find:
    """The id in the first of these headers that was sent once and is fit to be one."""

    def find(incoming: Incoming) -> str | None:
        for name in names:
            values = incoming.headers.get(name.lower(), ())
            if len(values) == 1 and (identity := _fit(values[0])):
                return identity
        return None

    return find


def in_body(name: str) -> Find:
    """The id in a field of the body's object."""
    return lambda incoming: _fit(json_object(incoming.body).get(name))


well_known = in_header(*WELL_KNOWN)


def twilio(incoming: Incoming) -> str | None:
    """Twilio's token or, for messages, which come once in each status, the message and its status."""
    found = in_header("I-Twilio-Idempotency-Token")(incoming)
    if found or b"MessageSid" not in incoming.body:
        return found
    try:
        fields = parse_qs(incoming.body.decode(), max_num_fields=1000)
    except ValueError:
        return None
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or ["received"]
    return _fit(f"{fields['MessageSid'][0]}:{status[0]}") if "MessageSid" in fields else None


def _fit(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.strip()) <= LONGEST_ID:
        return None
    return value.strip()


def no_handshake(_incoming: Incoming) -> None:
    return None


def slack_handshake(incoming: Incoming) -> Reply | None:
    """The first request to a new address asks for its own challenge back."""
    sent = json_object(incoming.body)
    challenge = sent.get("challenge")
    if sent.get("type") != "url_verification" or not isinstance(challenge, str):
        return None
    return Reply(200, orjson.dumps({"challenge": challenge}), "application/json")


def discord_handshake(incoming: Incoming) -> Reply | None:
    """A PING is type 0 among webhook events, and type 1 among interactions, where an event of the former has type 1."""
    sent = json_object(incoming.body)
    kind = sent.get("type")
    if isinstance(kind, bool):
        return None
    if kind == 0:
        return Reply(204)
    if kind == 1 and "event" not in sent:
        return Reply(200, b'{"type":1}', "application/json")
    return None


def notion_handshake(incoming: Incoming) -> Reply | None:
    """A new subscription sends the token that will sign its events, to be entered at Notion once more by the person."""
    value = json_object(incoming.body).get("verification_token")
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_SECRET:
        return None
    return Reply(200, after_verification=False, secret=value)
