"""What every check of a signature needs: the request as it came, keys, comparison and time.

All of it works on untrusted octets: whatever is odd becomes a `Refused` with a sentence, never another exception.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

Algorithm = Literal["sha1", "sha256", "sha512"]
Encoding = Literal["hex", "base64"]
K = TypeVar("K")

MINUTES_5 = 300_000  # in milliseconds, as all limits here
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_HEX_32 = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_PEM_LINE = re.compile(r"-----(?:BEGIN|END) PUBLIC KEY-----|\s")


class Refused(Exception):
    """The request is not what its sender would have sent. Its text is a sentence and holds nothing secret."""


@dataclass(frozen=True)
class Incoming:
    """A request before anything has read it: `url` is the address that the sender called, header names are lower-case.

    Header values are text as ASGI servers give it (octets as Latin-1); `body` is untouched.
    """

    method: str
    url: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Options:
    """What the generic schemes leave to the person: empty means the scheme's own choice."""

    header: str = ""
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    username: str = ""


@dataclass(frozen=True)
class Attempt:
    """One request with all that it is judged by. `sender` is who should have sent it, for sentences."""

    incoming: Incoming
    secrets: Sequence[str] = field(repr=False)
    at: datetime
    options: Options
    sender: str


@dataclass(frozen=True)
class Key(Generic[K]):
    """How a stored secret becomes a key: `read` gives None for a text that cannot be one, `problem` says so."""

    read: Callable[[str], K | None]
    problem: str = "The secret is empty."

    def all_of(self, secrets: Iterable[str]) -> list[K]:
        """The usable ones of several, old and new, that count while a secret is being changed."""
        found = [key for key in map(self.read, secrets) if key is not None]
        if not found:
            raise Refused(self.problem)
        return found


def header(incoming: Incoming, *names: str) -> str:
    """The value of the first of these headers that was sent. Missing, doubled and empty ones are refused."""
    for name in names:
        values = incoming.headers.get(name.lower(), ())
        if len(values) > 1:
            raise Refused(f"The header {name} was sent {len(values)} times; once is right.")
        if values and not values[0].strip():
            raise Refused(f"The header {name} is empty.")
        if values:
            return values[0]
    raise Refused(f"The header {' or '.join(names)} is missing.")


def has(incoming: Incoming, name: str) -> bool:
    return bool(incoming.headers.get(name.lower()))


def octets(text: str) -> bytes:
    """A header's value as it was on the wire."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return utf8(text)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def in_hex(digest: bytes) -> bytes:
    return digest.hex().encode()


def from_base64(text: str) -> bytes | None:
    """The octets behind base64 with or without its padding; None when it is none, or nothing."""
    bare = text.strip().rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def matches(sent: Iterable[bytes], wanted: Sequence[bytes]) -> bool:
    """Whether any of one is any of the other: all pairs are compared, each in constant time."""
    found = False
    for each in sent:
        for value in wanted:
            found |= hmac.compare_digest(each, value)
    return found


def check_age(
    at: datetime, signed_ms: float, *, past: int = MINUTES_5, future: int | None = MINUTES_5, allowed: int = 300
) -> None:
    """Refuses what was signed too long ago or, where the sender's clock is judged too, too far ahead."""
    age = int(at.timestamp() * 1000) - signed_ms
    if age > past:
        raise Refused(
            f"The request was signed {int(age) // 1000} seconds ago and at most {allowed} are accepted: "
            "somebody repeated an old request, or a clock is wrong."
        )
    if future is not None and -age > future:
        raise Refused(
            f"The request was signed {int(-age) // 1000} seconds in the future and at most {allowed} are accepted: "
            "one of the clocks is wrong."
        )


def whole_number(text: str, name: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise Refused(f"The time in {name} is not a whole number.")
    return int(text)


def json_object(body: bytes) -> dict[str, Any]:
    """The body's object; an empty one when the body is anything else."""
    try:
        value = orjson.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text_key(secret: str) -> bytes | None:
    return utf8(secret) or None


def _standard_key(secret: str) -> bytes | None:
    return from_base64(secret.strip().removeprefix("whsec_"))


def _discord_key(secret: str) -> Ed25519PublicKey | None:
    if not _HEX_32.fullmatch(secret.strip()):
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(secret.strip()))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _sendgrid_key(secret: str) -> EllipticCurvePublicKey | None:
    der = from_base64(_PEM_LINE.sub("", secret))
    try:
        key = load_der_public_key(der) if der else None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def _stripe_key(secret: str) -> bytes | None:
    return _text_key(secret) if re.fullmatch(r"whsec_\S+", secret.strip()) else None


def _twilio_key(secret: str) -> bytes | None:
    return None if re.fullmatch(r"(?:AC|SK)[0-9a-fA-F]{32}", secret.strip()) else _text_key(secret)


def _no(pattern: str) -> Callable[[str], bytes | None]:
    """Any text but another credential of the same sender, which people take for it."""
    return lambda secret: None if re.match(pattern, secret.strip()) else _text_key(secret)


def _telegram_key(secret: str) -> bytes | None:
    return utf8(secret.strip()) if re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.strip()) else None


def _gitlab_key(secret: str) -> bytes | None:
    """A signing token has a form, a secret token has none."""
    is_signing = secret.strip().startswith("whsec_")
    return None if is_signing and _standard_key(secret) is None else _text_key(secret)


TEXT = Key(_text_key)
SLACK = Key(
    _no(r"xox|xapp-|https?:"), "The stored signing secret is not one: it stands under App Credentials and is no token."
)
TELEGRAM = Key(_telegram_key, "The stored secret token is not one: it has 1 to 256 letters, digits, _ and -.")
GITLAB = Key(_gitlab_key, "The stored signing token is not one: it is “whsec_” followed by base64.")
SHOPIFY = Key(_no(r"shp(?:at|ca|pa)_"), "The stored secret is not one: it is an access token, which signs nothing.")
LINEAR = Key(_no(r"lin_(?:api|oauth)_"), "The stored signing secret is not one: it is an API key, which signs nothing.")
NOTION = Key(
    _no(r"ntn_"), "The stored verification token is not one: it is the integration's own secret, which signs nothing."
)
HUBSPOT = Key(_no(r"pat-"), "The stored client secret is not one: it is an access token, which signs nothing.")
STRIPE = Key(_stripe_key, "The stored signing secret is not one: it starts with whsec_, while an API key does not.")
TWILIO = Key(_twilio_key, "The stored token is not one: it is a SID, which is no secret and signs nothing.")
WHSEC = Key(_standard_key, "The stored signing secret is not one: it is “whsec_” followed by base64.")
BASE64 = Key(from_base64, "The stored MAC secret is not base64.")
ED25519 = Key(_discord_key, "The stored public key is not one: it has 64 characters 0–9 and a–f.")
P256 = Key(
    _sendgrid_key,
    "The stored verification key is not one: it is 124 characters of base64 that start with MFkw. Copy all of it.",
)
