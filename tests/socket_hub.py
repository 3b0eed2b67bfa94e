"""A small program with a private and a public page, for test_sockets.py: run as `python -m tests.socket_hub PORT`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI, Request
from nicegui import Client, ui
from starlette.types import ASGIApp, Receive, Scope, Send

from streamline_ui import live, sockets
from streamline_ui.net.shield import Shield, known_hosts


@dataclass(frozen=True)
class Visitor:
    session_id: str


SESSIONS = {f"cookie-of-{name}": Visitor(name) for name in ("alice", "bob", "charlie", "dave")}
HITS: list[str] = []


def lookup(cookie: str | None) -> Visitor | None:
    return SESSIONS.get(cookie or "")


def living(session_ids: Collection[str]) -> set[str]:
    return {visitor.session_id for visitor in SESSIONS.values()} & set(session_ids)


class Gate:
    """Says who is asking, as the real one does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"]["visitor"] = lookup(Request(scope).cookies.get("streamline_session"))
        await self.app(scope, receive, send)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    live.start(asyncio.get_running_loop())
    yield
    live.stop()


outer = FastAPI(lifespan=lifespan)


@outer.get("/hits")
def hits() -> list[str]:
    return HITS


@outer.get("/pages")
def pages() -> int:
    return len(Client.instances)


@outer.post("/echo")
async def echo(request: Request) -> int:
    return len(await request.body())


@outer.post("/end/{cookie}")
def end(cookie: str) -> None:
    live.tell_session_ended(SESSIONS.pop(cookie).session_id)


@outer.post("/vanish/{cookie}")
def vanish(cookie: str) -> None:
    """What another process does to a session: nobody tells us."""
    del SESSIONS[cookie]


@outer.post("/sweep")
async def sweep() -> None:
    await sockets.sweep()


@ui.page("/")
def private(request: Request) -> None:
    who = request.state.visitor.session_id if request.state.visitor else "nobody"
    ui.button("fire", on_click=lambda: HITS.append(who))


@ui.page("/twice")
def script() -> None:
    ui.label("</script><script>window.injected = 1</script>")


def build(port: int) -> ASGIApp:
    sockets.bind(lookup, living)
    ui.run_with(
        outer,
        title="Hub",
        language="en-US",
        tailwind=False,
        reconnect_timeout=30,
        binding_refresh_interval=None,
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    return Shield(Gate(outer), hosts=known_hosts("127.0.0.1", port))


if __name__ == "__main__":
    number = int(sys.argv[1])
    uvicorn.run(
        build(number),
        port=number,
        loop="uvloop",
        http="httptools",
        ws="wsproto",
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )
