"""Opens a connection: the one place where a configuration meets the network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx

from streamline_ui.net import egress
from streamline_ui.net.pace import Turns
from streamline_ui.providers import meanings
from streamline_ui.providers.describe import C, Connection, Desk, Provider
from streamline_ui.providers.oauth import SignedIn


@asynccontextmanager
async def opened(provider: Provider[C], config: C, desk: Desk) -> AsyncIterator[Connection[C]]:
    """A connection with a client that knows the service's address, signs its requests and raises our own errors."""
    explain = partial(
        meanings.translate,
        service="" if provider.anywhere else provider.service,
        meanings=provider.meanings,
        problem=provider.problem,
        wait=provider.wait,
    )
    async with egress.client(
        service=provider.service,
        base_url=provider.base_url(config),
        auth=_auth(provider, config, desk),
        anywhere=provider.anywhere,
        explain=explain,
    ) as http:
        if not provider.anywhere:
            turns = _turns(provider, config)
            http.event_hooks["request"].append(turns.sending)
            http.event_hooks["response"].append(turns.came)
        yield Connection(config, http, desk)


def _turns(provider: Provider[C], config: C) -> Turns:
    """All connections with the same credential take turns."""
    limits, place = provider.limits, hash((provider.type, provider.base_url(config)))
    key = hash((place, limits.credential(config)))
    return Turns(provider.service, key, place, limits.paces, limits.lane, provider.wait, limits.is_for_all)


def _auth(provider: Provider[C], config: C, desk: Desk) -> httpx.Auth | None:
    oauth = provider.oauth(config)
    if oauth is None:
        return provider.auth(config)
    return SignedIn(partial(desk.access_token, provider, config), oauth.is_expired)
