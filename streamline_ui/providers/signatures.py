"""Is this request really from whom it seems to be? One table of senders, over raw octets; nothing here has a state.

    verdict = signatures.verify("github", [secret], incoming, at=datetime.now(UTC))

An editor's form derives from `SCHEMES`: title, where the sender shows the secret, and which options there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from streamline_ui.providers import formats
from streamline_ui.providers.signing.deliveries import Reply
from streamline_ui.providers.signing.parts import Algorithm, Attempt, Encoding, Incoming, Options, Refused
from streamline_ui.providers.signing.senders import SCHEMES, Scheme

__all__ = ["SCHEMES", "Algorithm", "Encoding", "Incoming", "Options", "Reply", "Scheme", "Signs", "Verdict"]
__all__ += ["doubt", "handshake", "verify"]

DEFAULTS = Options()


@dataclass(frozen=True)
class Verdict:
    """`reason` is a sentence for the person in both cases; `delivery_id` recognises repetitions and is None if refused.

    Where the sender gives no id but signs the time of sending, the id is a hash of what was signed.
    """

    ok: bool
    reason: str
    delivery_id: str | None = None


@dataclass(frozen=True)
class Signs:
    """Annotates a field with the scheme that its secret checks: what cannot be one is refused where it is entered."""

    scheme: str

    def check(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        """Refuse what `doubt` has a sentence for, unless it is stored already."""
        text = formats.clear(value)
        if isinstance(text, str) and not formats.is_stored(info) and (said := doubt(self.scheme, text)):
            raise formats.refusal(said)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))


def verify(
    scheme: str, secrets: Sequence[str], incoming: Incoming, *, at: datetime, options: Options = DEFAULTS
) -> Verdict:
    """Judges a request; it never raises. Several secrets are valid at once while one is being replaced by another."""
    row = SCHEMES.get(scheme)
    if row is None:
        return Verdict(False, "This way of checking requests is not known, so nothing is accepted.")
    usable = [secret for secret in secrets if secret.strip()]
    if row.secret_label and not usable:
        return Verdict(False, f"{row.secret_label} is not set here, so nothing can be accepted.")
    try:
        signed = row.check(Attempt(incoming, usable, at, options, row.sender))
    except Refused as refusal:
        return Verdict(False, str(refusal))
    reason = "The request is genuine." if row.secret_label else "Requests are not checked."
    identity = row.identity(incoming)
    if identity is None and signed is not None:
        identity = f"sha256:{hashlib.sha256(signed).hexdigest()}"
    return Verdict(True, reason, identity)


def handshake(scheme: str, incoming: Incoming) -> Reply | None:
    """What to answer at once if this is no event but the sender's question whether we are there."""
    row = SCHEMES.get(scheme)
    return row.handshake(incoming) if row else None


def doubt(scheme: str, secret: str) -> str | None:
    """A sentence when a secret that was entered cannot be one of this scheme, else None."""
    row = SCHEMES.get(scheme)
    if row is None or not row.secret_label:
        return None
    if not secret.strip():
        return f"{row.secret_label} is empty."
    return None if row.key.read(secret) is not None else row.key.problem.replace("The stored ", "The ", 1)
