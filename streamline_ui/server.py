"""Serves the application with uvicorn: starts it, says where it is, and stops it cleanly when asked."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamline_ui import app
from streamline_ui.access import users
from streamline_ui.settings import Settings

GRACE_SECONDS = 3  # for requests under way when we are asked to stop
PATIENCE_SECONDS = 30.0  # then we end, whatever still hangs: what was acknowledged is on disk
LARGEST_FRAME = 2 * 2**20


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises what kept the start from succeeding."""
    app.prepare(settings)
    starting = Starting(app.build(settings))
    config = uvicorn.Config(
        starting,
        loop="uvloop",
        http="httptools",
        ws="wsproto",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the shield judges them
        server_header=False,
        ws_max_size=LARGEST_FRAME,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        Server(config, _hello(settings)).run(sockets=[listener])
    except SystemExit:
        raise starting.failure or RuntimeError("the server did not start") from None


class Starting:
    """The application; it keeps the error that stops its start, which uvicorn would only print."""

    def __init__(self, application: ASGIApp) -> None:
        self.application = application
        self.failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.application(scope, receive, send)
            return

        async def quietly(message: Message) -> None:
            await send({**message, "message": ""} if message["type"] == "lifespan.startup.failed" else message)

        try:
            await self.application(scope, receive, quietly)
        except Exception as error:
            self.failure = error
            raise


class Server(uvicorn.Server):
    """Uvicorn, but it greets in one line, and being asked to stop is no failure.

    Asked once, it lets what is under way come to its end, and still takes what comes in; asked again, it ends at once.
    """

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self.greeting = greeting
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_ending = False
        self._ending: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        log = logging.getLogger("uvicorn.error")
        level = log.level
        log.setLevel(logging.CRITICAL)  # a start that fails is told by whoever catches `Starting.failure`
        self._loop = asyncio.get_running_loop()
        gc.freeze()  # what is here now stays: looking through it, as NiceGUI would right now, makes pauses one feels
        await super().startup(sockets)
        log.setLevel(level)
        gc.enable()
        print(self.greeting, flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()  # uvicorn would raise them again

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._is_ending:
            _part()
        self._is_ending = True
        _end_at_last()
        if self._loop is None or not self.started:
            super().handle_exit(sig, frame)
        else:
            self._loop.call_soon_threadsafe(self._begin_to_end, sig, frame)

    def _begin_to_end(self, sig: int, frame: FrameType | None) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._end(sig, frame))

    async def _end(self, sig: int, frame: FrameType | None) -> None:
        try:
            await app.drain()
        finally:
            super().handle_exit(sig, frame)


def _end_at_last() -> None:
    timer = threading.Timer(PATIENCE_SECONDS, _part)
    timer.daemon = True
    timer.start()


def _part() -> None:
    app.part()
    os._exit(0)


def _hello(settings: Settings) -> str:
    if users.needs_setup():
        return f"Streamline is ready: make the first account at {users.setup_link(settings)} (Ctrl-C stops it)."
    return f"Streamline is ready at {settings.address} (Ctrl-C stops it)."
