"""Senders that send the secret itself: in a header, or as a password."""

from __future__ import annotations

from streamline_ui.providers.signing.checks import Check, after_prefix, standard_webhooks
from streamline_ui.providers.signing.parts import Attempt, Refused, from_base64, has, header, matches, octets, utf8

DEFAULT_HEADER = "X-Webhook-Token"


def token(name: str) -> Check:
    """The secret itself, in a header."""

    def check(attempt: Attempt) -> None:
        _same(attempt, name, header(attempt.incoming, name))

    return check


def gitlab(attempt: Attempt) -> bytes | None:
    """A signing token (`whsec_…`) signs as Standard Webhooks does; the older secret token is sent as it is.

    A request may carry both while only one of the two is stored here.
    """
    signing = [secret for secret in attempt.secrets if secret.startswith("whsec_")]
    signed = has(attempt.incoming, "webhook-signature")
    if signed and (signing or not has(attempt.incoming, "X-Gitlab-Token")):
        return standard_webhooks(attempt)
    if signing and len(signing) == len(attempt.secrets):
        raise Refused("The header webhook-signature is missing, and the secret here is a signing token.")
    token("X-Gitlab-Token")(attempt)
    return None


def generic_header(attempt: Attempt) -> None:
    name = attempt.options.header.strip() or DEFAULT_HEADER
    _same(attempt, name, after_prefix(header(attempt.incoming, name), attempt.options.prefix, name))


def basic(attempt: Attempt) -> None:
    scheme, _, encoded = header(attempt.incoming, "Authorization").partition(" ")
    given = from_base64(encoded) if scheme.lower() == "basic" else None
    if given is None:
        raise Refused("The header Authorization does not hold a user name and a password (Basic).")
    wanted = [spelt for secret in attempt.secrets for spelt in _spellings(f"{attempt.options.username}:{secret}")]
    if not matches([given], wanted):
        raise Refused("The user name or the password in Authorization is not the one that is stored here.")


def _same(attempt: Attempt, name: str, value: str) -> None:
    wanted = [spelt for secret in attempt.secrets for spelt in _spellings(secret)]
    if not matches([octets(value)], wanted):
        raise Refused(f"The token in {name} is not the one that is stored here.")


def _spellings(text: str) -> list[bytes]:
    """Senders write letters beyond ASCII in a header either as UTF-8 or as Latin-1."""
    return list({utf8(text), octets(text)})


telegram = token("X-Telegram-Bot-Api-Secret-Token")
