"""The request that an action would send, as a command to try in a terminal. Nothing is sent, and no secret is in it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from typing import Any, cast

import httpx
from pydantic import SecretStr, ValidationError

from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import configuration, rows
from streamline_ui.providers import formats, named
from streamline_ui.providers.auth import Bearer
from streamline_ui.providers.describe import Config, Connection, Provider
from streamline_ui.vault import redact

HOST = "https://streamline.invalid/"  # what a provider without an address of its own is relative to
OURS = {"host", "content-length", "accept", "accept-encoding", "connection", "user-agent"}


class _Sent(Exception):
    """The request has been seen; the action need not go on."""

    def __init__(self, request: httpx.Request) -> None:
        super().__init__()
        self.request = request


class _Recorder:
    """Stands where the HTTP client stands, and keeps the first request instead of sending it."""

    def __init__(self, base_url: str, auth: httpx.Auth | None) -> None:
        self.base_url = httpx.URL((base_url or HOST).rstrip("/") + "/")
        self.auth = auth

    async def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        address = httpx.URL(url)
        if address.is_relative_url:
            address = httpx.URL(f"{self.base_url}{str(address).lstrip('/')}")
        request = httpx.Request(method, address, **{key: value for key, value in options.items() if value is not None})
        raise _Sent(next(self.auth.sync_auth_flow(request)) if self.auth else request)

    async def get(self, url: httpx.URL | str, **options: Any) -> httpx.Response:
        return await self.request("GET", url, **options)

    async def post(self, url: httpx.URL | str, **options: Any) -> httpx.Response:
        return await self.request("POST", url, **options)

    async def put(self, url: httpx.URL | str, **options: Any) -> httpx.Response:
        return await self.request("PUT", url, **options)

    async def patch(self, url: httpx.URL | str, **options: Any) -> httpx.Response:
        return await self.request("PATCH", url, **options)


class _NoDesk:
    """The Inbox sends no request."""

    async def write(self, title: str, text: str) -> str:
        raise NotFound("This action sends no request: it writes to the Inbox.")

    async def access_token(self, provider: Provider[Any], config: Config, refused: str | None) -> str:
        raise NotFound("A sign-in's token is not given away.")


async def command(user_id: str, integration_id: str, action_name: str, params: Mapping[str, Any]) -> str:
    """The action's first request as a curl command. Raises NotFound, Invalid, Locked."""
    row = await asyncio.to_thread(rows.one, user_id, integration_id)
    provider = named(row.type)
    action = provider.actions.get(action_name)
    if action is None:
        raise NotFound(f"{provider.name} has no action “{action_name[:60]}”.")
    config = configuration.parse(row.type, configuration.unseal(row))
    auth = provider.auth(config) if provider.oauth(config) is None else Bearer(SecretStr(redact.MASK))
    recorder = _Recorder(provider.base_url(config), auth)
    with redact.holding(*formats.secrets(config)):
        try:
            await action.run(Connection(config, cast(httpx.AsyncClient, recorder), _NoDesk()), params)
        except _Sent as sent:
            return redact.scrub(_written(sent.request))
        except ValidationError as error:
            fields = formats.sentences(error)
            raise Invalid(next(iter(fields.values()), "The parameters cannot be used."), fields) from None
    raise NotFound("This action sends no request.")


def _written(request: httpx.Request) -> str:
    parts = ["curl", "-X", request.method, shlex.quote(str(request.url))]
    for name, value in request.headers.items():
        if name not in OURS:
            parts += ["\\\n  -H", shlex.quote(f"{name.title()}: {value}")]
    if request.content:
        parts += ["\\\n  --data", shlex.quote(request.content.decode("utf-8", "replace"))]
    return " ".join(parts)
