"""Senders that sign with a private key, so that what is stored here is no secret: Discord and SendGrid.

Neither names a tolerance for the time it signs. Discord sends again what failed, so that an hour counts for it.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from streamline_ui.providers.signing.checks import differs
from streamline_ui.providers.signing.parts import (
    ED25519,
    P256,
    Attempt,
    Refused,
    check_age,
    from_base64,
    header,
    octets,
    whole_number,
)

HOUR = 3_600_000


def discord(attempt: Attempt) -> bytes:
    """Ed25519 over time and body."""
    signature = header(attempt.incoming, "X-Signature-Ed25519")
    time = header(attempt.incoming, "X-Signature-Timestamp")
    seconds = whole_number(time, "X-Signature-Timestamp")
    message = octets(time) + attempt.incoming.body
    try:
        sent = bytes.fromhex(signature)
    except ValueError:
        raise Refused("The signature in X-Signature-Ed25519 is not written in hexadecimal digits.") from None
    for key in ED25519.all_of(attempt.secrets):
        try:
            key.verify(sent, message)
        except InvalidSignature:
            continue
        check_age(attempt.at, seconds * 1000, past=HOUR, allowed=3600)
        return message
    raise Refused(differs(attempt, "X-Signature-Ed25519").replace("secret", "public key"))


def sendgrid(attempt: Attempt) -> bytes:
    """ECDSA on the curve P-256 over time and body."""
    name = "X-Twilio-Email-Event-Webhook-Signature"
    sent = from_base64(header(attempt.incoming, name))
    time = header(attempt.incoming, "X-Twilio-Email-Event-Webhook-Timestamp")
    seconds = whole_number(time, "X-Twilio-Email-Event-Webhook-Timestamp")
    message = octets(time) + attempt.incoming.body
    for key in P256.all_of(attempt.secrets):
        try:
            key.verify(sent or b"", message, ECDSA(SHA256()))
        except InvalidSignature:
            continue
        check_age(attempt.at, seconds * 1000)
        return message
    raise Refused(differs(attempt, name).replace("secret", "verification key"))
