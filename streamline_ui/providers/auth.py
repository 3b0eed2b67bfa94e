"""How requests are signed."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import httpx
from pydantic import SecretStr


class Bearer(httpx.Auth):
    """`Authorization: Bearer …`, the way most services want their key."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._secret.get_secret_value()}"
        yield request


class Headers(httpx.Auth):
    """Each key as a header of its own name. They win over what the request has already."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers."""
        request.headers.update(self._headers)
        yield request
