"""Senders that sign the address they call, so that ours must be known as they see it: Twilio and HubSpot."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit

from streamline_ui.providers.signing.checks import agree
from streamline_ui.providers.signing.parts import (
    MINUTES_5,
    Attempt,
    Refused,
    check_age,
    has,
    header,
    in_hex,
    matches,
    octets,
    utf8,
    whole_number,
)

HUBSPOT_TOLERANCE = MINUTES_5 - 1  # its own library counts exactly 300 seconds as too old
_TWILIO_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_HUBSPOT_PLAIN = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_HINT = " {} also signs the address it calls: the public address of this server must be set."


def twilio(attempt: Attempt) -> None:
    """Twilio signs the address it called, with the form's fields; of any other body the hash stands in the address."""
    incoming = attempt.incoming
    sent = octets(header(incoming, "X-Twilio-Signature"))
    fields = _twilio_fields(incoming.headers.get("content-type", ()), incoming.url, incoming.body)
    messages = [utf8(address) + fields for address in _with_and_without_port(incoming.url)]
    agree(
        attempt,
        "X-Twilio-Signature",
        [sent],
        messages,
        algorithm=_twilio_algorithm(attempt),
        encode=base64.b64encode,
        hint=_HINT.format("Twilio"),
    )


def _twilio_algorithm(attempt: Attempt) -> str:
    name = "X-Twilio-Webhooks-Signature-Settings"
    if not has(attempt.incoming, name):
        return "sha1"
    settings = {
        key.strip(): value.strip()
        for key, _, value in (part.partition("=") for part in header(attempt.incoming, name).split(","))
    }
    algorithm = _TWILIO_ALGORITHMS.get(settings.get("algorithm", "HMAC_SHA1").upper())
    if algorithm is None:
        raise Refused(f"The header {name} names an algorithm that is not known.")
    return algorithm


def _twilio_fields(content_types: Sequence[str], url: str, body: bytes) -> bytes:
    content_type = content_types[0] if len(content_types) == 1 else ""
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000)
            return utf8("".join(name + value for name, value in sorted(set(pairs))))
        hashes = parse_qs(urlsplit(url).query, max_num_fields=1000).get("bodySHA256", [])
    except ValueError:
        raise Refused("The form in the body, or the address, cannot be read.") from None
    if not hashes and not body:
        return b""
    if len(hashes) != 1 or not matches([utf8(hashes[0])], [in_hex(hashlib.sha256(body).digest())]):
        raise Refused("The body is not the one that was signed: bodySHA256 in the address does not match it.")
    return b""


def _with_and_without_port(url: str) -> list[str]:
    """Both spellings of an address, because Twilio's servers do not agree on which one they sign."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("The address that was called cannot be read.") from None
    if port is None:
        other = f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"
    else:
        other = parts.netloc.removesuffix(f":{port}")
    return [url, url.replace(f"//{parts.netloc}", f"//{other}", 1)]


def hubspot(attempt: Attempt) -> bytes:
    incoming = attempt.incoming
    sent = octets(header(incoming, "X-HubSpot-Signature-v3"))
    time = header(incoming, "X-HubSpot-Request-Timestamp")
    milliseconds = whole_number(time, "X-HubSpot-Request-Timestamp")
    # HubSpot signs some characters of the address as they are, also where they were sent percent-encoded.
    plain = _HUBSPOT_PLAIN.sub(lambda found: chr(int(found[1], 16)), incoming.url)
    messages = [
        utf8(incoming.method.upper() + address) + incoming.body + octets(time)
        for address in dict.fromkeys((incoming.url, plain))
    ]
    agree(attempt, "X-HubSpot-Signature-v3", [sent], messages, encode=base64.b64encode, hint=_HINT.format("HubSpot"))
    check_age(attempt.at, milliseconds // 1000 * 1000, past=HUBSPOT_TOLERANCE, future=None)
    return messages[-1]  # the same for every spelling of the address
