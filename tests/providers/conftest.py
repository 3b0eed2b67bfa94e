"""Connections to the stand-ins, over real sockets and the real way out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from streamline_ui import sandbox
from streamline_ui.net import egress
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Config, Connection, Provider
from streamline_ui.providers.opening import opened
from streamline_ui.sandbox import google_sheets, oauth2

Connect = Callable[..., Any]
SIGN_INS = {"google_sheets": google_sheets.authority, "oauth2": oauth2.authority}


class Desk:
    """An Inbox that only remembers."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []

    async def write(self, title: str, text: str) -> str:
        self.written.append((title, text))
        return f"entry-{len(self.written)}"

    async def access_token(self, provider: Provider[Any], config: Config, refused: str | None) -> str:
        """What a sign-in at the stand-in gives."""
        described = provider.oauth(config)
        assert described is not None
        return SIGN_INS[provider.type].access_token(*described.scopes)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest_asyncio.fixture
async def way_out() -> AsyncIterator[None]:
    egress.start(allow=("127.0.0.1",), own=(), sandbox=True)
    yield
    await egress.stop()


@pytest_asyncio.fixture
async def connect(way_out: None, stand_ins: str, desk: Desk) -> AsyncIterator[Connect]:
    """`await connect("discord", …)`: a connection to the stand-in, with the demo credentials or those given."""
    sandbox.forget()
    async with AsyncExitStack() as stack:

        async def connected(type_name: str, /, *, as_given: bool = False, **values: Any) -> Connection[Any]:
            provider = named(type_name)
            places = sandbox.demo(type_name, stand_ins).items()
            base = {} if as_given else {name: text for name, text in places if str(text).startswith(stand_ins)}
            config = formats.read(provider.config, {**(values or sandbox.DEMO[type_name]), **base})
            return await stack.enter_async_context(opened(provider, config, desk))

        yield connected
    sandbox.forget()


@pytest.fixture
def arrived() -> Callable[[str], list[Any]]:
    """What reached a stand-in, oldest first."""
    return lambda type_name: [entry.data for entry in sandbox.DESKS[type_name].arrived]


def answering(handler: Callable[[httpx.Request], httpx.Response], config: Any, desk: Any, base: str) -> Connection[Any]:
    """A connection whose wire is a function, for answers that no stand-in gives."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url=base)
    return Connection(config, http, desk)
