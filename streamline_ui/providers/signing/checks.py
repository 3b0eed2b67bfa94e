"""How senders prove with a shared secret that a request is their own: HMAC over the body, often with the time.

A check returns the signed octets when they hold the time of sending, so that the very same request can be recognised
when it comes a second time, and else None. It refuses by raising `Refused`.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence

from streamline_ui.providers.signing.parts import (
    BASE64,
    TEXT,
    WHSEC,
    Attempt,
    Encoding,
    Key,
    Refused,
    check_age,
    has,
    header,
    in_hex,
    json_object,
    matches,
    octets,
    whole_number,
)

Check = Callable[[Attempt], bytes | None]

DEFAULT_HEADER = "X-Signature"
LINEAR_TOLERANCE = 60_000
GITHUB_HEADERS = ("X-Hub-Signature-256", "X-Forgejo-Signature", "X-Gitea-Signature")
_ENCODERS: dict[Encoding, Callable[[bytes], bytes]] = {"hex": in_hex, "base64": base64.b64encode}
_ALGORITHMS = frozenset({"sha1", "sha256", "sha512"})
_NO_TIME = "The body holds no time of sending."


def nothing(_attempt: Attempt) -> None:
    """Everybody who knows the address may send."""


def agree(
    attempt: Attempt,
    name: str,
    sent: Sequence[bytes],
    messages: Sequence[bytes],
    *,
    key: Key[bytes] = TEXT,
    algorithm: str = "sha256",
    encode: Callable[[bytes], bytes] = in_hex,
    hint: str = "",
) -> None:
    """Refuses unless one of the signatures sent in header `name` is that of a message under one of the secrets."""
    wanted = [
        encode(hmac.digest(secret, message, algorithm))
        for secret in key.all_of(attempt.secrets)
        for message in messages
    ]
    if not matches(sent, wanted):
        raise Refused(differs(attempt, name, hint))


def differs(attempt: Attempt, name: str, hint: str = "") -> str:
    first = f"The signature in {name} does not match: the secret at {attempt.sender} and the one here must be the same,"
    return f"{first} and the body must arrive unchanged.{hint}"


def after_prefix(value: str, prefix: str, name: str) -> str:
    if not value.startswith(prefix):
        raise Refused(f"The value of {name} does not start with “{prefix}”.")
    return value[len(prefix) :]


def of_body(
    *names: str, prefix: str = "", encoding: Encoding = "hex", any_case: bool = False, key: Key[bytes] = TEXT
) -> Check:
    """HMAC-SHA256 of the body alone, in the first of the headers that is there."""

    def check(attempt: Attempt) -> None:
        value = after_prefix(header(attempt.incoming, *names), prefix, names[0])
        sent = octets(value.lower() if any_case else value)
        agree(attempt, names[0], [sent], [attempt.incoming.body], key=key, encode=_ENCODERS[encoding])

    return check


def github(attempt: Attempt) -> None:
    """GitHub's header, which Gitea and Forgejo send too, or else their own. SHA-1 alone is too weak to count."""
    incoming = attempt.incoming
    name = next((each for each in GITHUB_HEADERS if has(incoming, each)), GITHUB_HEADERS[0])
    if has(incoming, "X-Hub-Signature") and not has(incoming, name):
        raise Refused("Only the old SHA-1 signature was sent; the header X-Hub-Signature-256 is missing.")
    value = header(incoming, *GITHUB_HEADERS)
    sent = after_prefix(value, "sha256=", name) if name == GITHUB_HEADERS[0] else value
    agree(attempt, name, [octets(sent)], [incoming.body])


def standard_webhooks(attempt: Attempt) -> bytes:
    """Standard Webhooks, and Svix, whose headers differ in name only. Signatures of other versions are skipped."""
    incoming = attempt.incoming
    identity = header(incoming, "svix-id", "webhook-id")
    time = header(incoming, "svix-timestamp", "webhook-timestamp")
    signatures = header(incoming, "svix-signature", "webhook-signature").split(" ")
    sent = [octets(each.removeprefix("v1,")) for each in signatures if each.startswith("v1,")]
    message = b".".join((octets(identity), octets(time), incoming.body))
    seconds = whole_number(time, "webhook-timestamp")
    agree(attempt, "webhook-signature", sent, [message], key=WHSEC, encode=base64.b64encode)
    check_age(attempt.at, seconds * 1000)
    return message


def stripe(attempt: Attempt) -> bytes:
    """`t=…,v1=…[,v1=…]`: while a secret is being changed there are several v1; v0 is of test mode and never counts."""
    parts = [part.partition("=") for part in header(attempt.incoming, "Stripe-Signature").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    sent = [octets(value) for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not sent:
        raise Refused("The header Stripe-Signature does not hold one time t and a signature v1.")
    seconds = whole_number(times[0], "Stripe-Signature")
    message = octets(times[0]) + b"." + attempt.incoming.body
    agree(attempt, "Stripe-Signature", sent, [message])
    check_age(attempt.at, seconds * 1000, future=None)
    return message


def slack(attempt: Attempt) -> bytes:
    time = header(attempt.incoming, "X-Slack-Request-Timestamp")
    sent = after_prefix(header(attempt.incoming, "X-Slack-Signature"), "v0=", "X-Slack-Signature")
    seconds = whole_number(time, "X-Slack-Request-Timestamp")
    message = b"v0:" + octets(time) + b":" + attempt.incoming.body
    agree(attempt, "X-Slack-Signature", [octets(sent)], [message])
    check_age(attempt.at, seconds * 1000)
    return message


def linear(attempt: Attempt) -> bytes:
    """The time is in the body, in milliseconds: it is read only after the body has proved genuine."""
    of_body("Linear-Signature")(attempt)
    sent_at = json_object(attempt.incoming.body).get("webhookTimestamp")
    if isinstance(sent_at, bool) or not isinstance(sent_at, int | float):
        raise Refused(_NO_TIME)
    check_age(attempt.at, sent_at, past=LINEAR_TOLERANCE, future=LINEAR_TOLERANCE, allowed=60)
    return attempt.incoming.body


def generic_hmac(attempt: Attempt) -> None:
    """HMAC of the body, as the options say. Hexadecimal digits may be of either case, base64 of either alphabet."""
    options = attempt.options
    if options.algorithm not in _ALGORITHMS or options.encoding not in _ENCODERS:
        raise Refused("The algorithm or the encoding that is set here is not known.")
    name = options.header.strip() or DEFAULT_HEADER
    value = header(attempt.incoming, name)
    usual = f"{options.algorithm}="
    if not options.prefix and value.startswith(usual):
        raise Refused(f"The value of {name} starts with “{usual}”: enter that as the prefix.")
    value = after_prefix(value, options.prefix, name)
    encode: Callable[[bytes], bytes]
    if options.encoding == "hex":
        value, encode = value.lower(), in_hex
    else:
        value, encode = value.replace("-", "+").replace("_", "/").rstrip("="), _bare_base64
    agree(attempt, name, [octets(value)], [attempt.incoming.body], algorithm=options.algorithm, encode=encode)


def _bare_base64(digest: bytes) -> bytes:
    return base64.b64encode(digest).rstrip(b"=")


airtable = of_body("X-Airtable-Content-MAC", prefix="hmac-sha256=", key=BASE64)
shopify = of_body("X-Shopify-Hmac-Sha256", encoding="base64")
notion = of_body("X-Notion-Signature", prefix="sha256=", any_case=True)
