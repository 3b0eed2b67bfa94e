"""Describes how to sign in at a service with OAuth 2.0: its addresses, what to ask for, and how it deviates.

A provider gives an `OAuth` for a configuration; the core sends people there, keeps and renews the tokens, and signs
the requests of a connection with them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr

from streamline_ui.providers.configs import Address, ServiceConfig
from streamline_ui.vault import redact

Answer = Mapping[str, Any]
"""What the token address answered, as JSON."""


def _nobody(_: Answer) -> str:
    return ""


def _is_unauthorized(response: httpx.Response) -> bool:
    return response.status_code == 401


@dataclass(frozen=True, slots=True)
class OAuth:
    """How one client signs in. Without an `authorize_url` it acts for itself (client credentials): nobody signs in.

    `scopes` is what is asked for, `needed` those without which nothing works: people may untick some. `separator`
    stands between scopes; `extra` goes along to the authorize address; `basic` sends the client's secret in a header
    instead of the form. `issuer` is who the service calls itself, where it says so. `codes` translates its own error
    codes into the standard's; `account` finds in a token answer whose it is; `is_expired` tells the answer to a
    request whose access token has expired. `ended` is the hint for a permission that the service has ended. At
    `revoke_url`, if there is one, a permission is given back: with its refresh token, or where it `revokes_access` with
    its access token.
    """

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: SecretStr | None
    _: KW_ONLY
    scopes: tuple[str, ...] = ()
    needed: Mapping[str, str] = field(default_factory=dict)
    separator: str = " "
    extra: Mapping[str, str] = field(default_factory=dict)
    basic: bool = False
    issuer: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    account: Callable[[Answer], str] = _nobody
    is_expired: Callable[[httpx.Response], bool] = _is_unauthorized
    ended: str = ""
    revoke_url: str = ""
    revokes_access: bool = False

    def moved(self, base_url: str | None) -> OAuth:
        """The same at another server: `base_url` takes the place of the addresses' origin."""
        if not base_url:
            return self
        return replace(
            self,
            authorize_url=_moved(self.authorize_url, base_url),
            token_url=_moved(self.token_url, base_url),
            revoke_url=_moved(self.revoke_url, base_url),
            issuer="",
        )


def _moved(url: str, base_url: str) -> str:
    parts = urlsplit(url)
    return base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "") if url else ""


class OAuthConfig(ServiceConfig):
    """The configuration of a service where people sign in: the client that they have registered there.

    The tokens are no part of it: they change by themselves, and are kept beside it.
    """

    client_id: str = Field(title="Client ID", description="From the OAuth client that you have made at the service.")
    client_secret: SecretStr = Field(title="Client secret")
    oauth_base_url: Address = Field(
        None,
        title="Sign-in address",
        description="Only for another server with the same sign-in, such as the sandbox.",
        json_schema_extra={"advanced": True, "placeholder": "https://", "format": "uri"},
    )


class SignedIn(httpx.Auth):
    """Signs with the access token of the moment. `token` gives it; told of one that is refused, it gives a newer one.

    A request that was refused because its token had expired was not performed, so it is sent again, once.
    """

    requires_response_body = True

    def __init__(
        self, token: Callable[[str | None], Awaitable[str]], is_expired: Callable[[httpx.Response], bool]
    ) -> None:
        self._token = token
        self._is_expired = is_expired

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Tokens are fetched on the event loop only."""
        raise RuntimeError("sign in asynchronously")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the header, and once more with a newer token."""
        token = await self._token(None)
        with redact.holding(token):
            request.headers["Authorization"] = f"Bearer {token}"
            response = yield request
        if not self._is_expired(response):
            return
        newer = await self._token(token)
        if newer != token:
            with redact.holding(newer):
                request.headers["Authorization"] = f"Bearer {newer}"
                yield request


def claim(answer: Answer, name: str) -> str:
    """A claim of the answer's id token, "" where there is none.

    It came from the token address itself over TLS, which is why OpenID Connect asks for no signature here.
    """
    parts = str(answer.get("id_token", "")).split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    return shown(claims.get(name)) if isinstance(claims, dict) else ""


def shown(value: object) -> str:
    """A name that a service gives, fit to be shown."""
    text = value if isinstance(value, str) else ""
    return "".join(c for c in re.sub(r"\s+", " ", text).strip() if c.isprintable())[:100]
