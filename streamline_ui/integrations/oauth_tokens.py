"""Asks a service's token address: for the tokens of a new sign-in, or for newer ones. Nothing is stored here."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from streamline_ui.errors import AuthFailed, Rejected, SignInNeeded, StreamlineError, Unavailable
from streamline_ui.net import egress
from streamline_ui.providers.describe import Provider
from streamline_ui.providers.meanings import json_of, retry_after
from streamline_ui.providers.oauth import OAuth
from streamline_ui.vault import redact

SECONDS = 20.0
LARGEST = 200_000  # bytes of an answer; a real one has a few thousand
LONGEST_TOKEN = 20_000
LONGEST_LIFE = 10 * 366 * 86_400  # seconds
_TOKEN = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_TOKEN}}}")  # what a header can carry


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a service gave. `seconds` is how long the access token lives, None where nobody said."""

    access: str
    refresh: str
    seconds: float | None
    scopes: frozenset[str] | None
    answer: Mapping[str, Any]


async def ask(oauth: OAuth, provider: Provider[Any], grant_type: str, **values: str) -> Tokens:
    """Send a grant to the token address. Raises SignInNeeded where it is worth nothing any more, and the usual errors.

    A refusal of the client itself is AuthFailed: its id or secret has to be corrected first.
    """
    from authlib.oauth2.rfc6749.parameters import prepare_token_request  # noqa: PLC0415 - seldom needed

    secret = oauth.client_secret.get_secret_value() if oauth.client_secret is not None else ""
    auth = httpx.BasicAuth(oauth.client_id, secret) if oauth.basic and secret else None
    client = {} if auth else {"client_id": oauth.client_id, "client_secret": secret}
    body = prepare_token_request(grant_type, **{name: value for name, value in (values | client).items() if value})
    hidden = [value for name, value in values.items() if name in ("code", "refresh_token", "code_verifier")]
    with redact.holding(secret, *hidden):
        async with egress.client(
            service=service(provider), base_url=origin(oauth.token_url), auth=auth, total=SECONDS, max_bytes=LARGEST
        ) as http:
            answer = await http.post(
                oauth.token_url,
                content=body,
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            )
        return _read(oauth, provider, answer, values)


def service(provider: Provider[Any]) -> str:
    """Who is signed in at, within a sentence."""
    return provider.sign_in or provider.mentioned


def opening(provider: Provider[Any]) -> str:
    """The same where a sentence begins with it."""
    name = service(provider)
    return name[:1].upper() + name[1:]


def origin(url: str) -> str:
    """The address without its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read(oauth: OAuth, provider: Provider[Any], response: httpx.Response, values: Mapping[str, str]) -> Tokens:
    body = json_of(response)
    answer: dict[str, Any] = body if isinstance(body, dict) else {}
    access, refresh = answer.get("access_token"), answer.get("refresh_token", "")
    if not response.is_success or "error" in answer:
        raise _refusal(oauth, provider, response, answer, values)
    if not _is_token(access) or (refresh and not _is_token(refresh)):
        raise Unavailable(
            f"{opening(provider)} gave an answer to the sign-in that Streamline does not understand "
            f"({response.status_code}).",
            hints=["A proxy on the way may have answered. Check the sign-in address, then try again."],
        )
    scope = answer.get("scope")
    scopes = frozenset(re.split(r"[ ,]+", scope.strip())) if isinstance(scope, str) and scope.strip() else None
    return Tokens(str(access), str(refresh or ""), _seconds(answer.get("expires_in")), scopes, answer)


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _seconds(value: object) -> float | None:
    """How long it lives; some services write the number as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, LONGEST_LIFE) if math.isfinite(seconds) and seconds > 0 else None


def _refusal(
    oauth: OAuth,
    provider: Provider[Any],
    response: httpx.Response,
    answer: Mapping[str, Any],
    values: Mapping[str, str],
) -> StreamlineError:
    """What the service's refusal means. Its own words are not repeated: they may hold anything."""
    said = answer.get("error")
    own = said if isinstance(said, str) and re.fullmatch(r"[\w.:-]{1,60}", said) else ""
    code = oauth.codes.get(own, own)
    told = f"({', '.join(part for part in (str(response.status_code), own) if part)})"
    name = opening(provider)
    if response.status_code == 429:
        return Unavailable(f"{name} asks us to wait {told}.", retry_after=retry_after(response))
    if response.status_code >= 500 or code in ("server_error", "temporarily_unavailable"):
        return Unavailable(f"{name} has a problem on its side {told}.", hints=["Streamline tries again by itself."])
    if code == "invalid_grant" and "refresh_token" in values:
        return ended(oauth, provider, told)
    if code == "unauthorized_client" or (response.status_code == 401 and not code):
        code = "invalid_client"
    kind, sentence, hint = _REFUSALS.get(code, _REFUSALS[""])
    hint = hint.replace("{uri}", values.get("redirect_uri", ""))
    return kind(f"{sentence.replace('{name}', name)} {told}.", hints=[hint])


def ended(oauth: OAuth, provider: Provider[Any], told: str = "") -> SignInNeeded:
    """The service has ended what a sign-in allowed."""
    sentence = f"{opening(provider)} ended the permission {told}".rstrip()
    return SignInNeeded(f"{sentence}.", hints=["Sign in again.", *filter(None, [oauth.ended])])


_REFUSALS: dict[str, tuple[type[Rejected], str, str]] = {
    "invalid_grant": (Rejected, "{name} no longer takes this sign-in", "It took too long. Sign in again."),
    "invalid_client": (
        AuthFailed,
        "{name} refused the client ID or its secret",
        "Copy both again from the OAuth client that you made there, then sign in again.",
    ),
    "redirect_uri_mismatch": (
        Rejected,
        "{name} expects another return address",
        "Add exactly this one to your OAuth client: {uri}",
    ),
    "invalid_scope": (Rejected, "{name} does not know one of the permissions asked for", "Check the scopes."),
    "access_denied": (Rejected, "{name} did not allow the sign-in", "Ask whoever administers the account there."),
    "": (
        Rejected,
        "{name} refused the sign-in",
        "Check the client ID, its secret and the addresses, then sign in again.",
    ),
}
