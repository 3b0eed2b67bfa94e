"""Opens a connection: the one place where a configuration meets the network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from streamline_ui.net import egress
from streamline_ui.providers import meanings
from streamline_ui.providers.describe import C, Connection, Desk, Provider


@asynccontextmanager
async def opened(provider: Provider[C], config: C, desk: Desk) -> AsyncIterator[Connection[C]]:
    """A connection with a client that knows the service's address, signs its requests and raises our own errors."""
    explain = partial(
        meanings.translate,
        service="" if provider.anywhere else provider.name,
        meanings=provider.meanings,
        problem=provider.problem,
        wait=provider.wait,
    )
    async with egress.client(
        service=provider.name,
        base_url=provider.base_url(config),
        auth=provider.auth(config),
        anywhere=provider.anywhere,
        explain=explain,
    ) as http:
        yield Connection(config, http, desk)
