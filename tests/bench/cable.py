"""The line between a hub and a service, which can be cut: it refuses, or it swallows all that is sent."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.bench.bot_server import BotServer

Manner = Literal["refuses", "swallows"]
PORTS = range(20_000, 30_000)  # of these, the system gives none to others while nobody listens at one


def _port() -> int:
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = random.choice(PORTS)
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(eq=False)
class _Line:
    """One connection through it. A dead one carries nothing any more, and nobody is told: not even that it ended."""

    writers: list[asyncio.StreamWriter]
    is_dead: bool = False


@dataclass
class Cable:
    """How it is cut: `refuses` resets what is open and takes nothing new, `swallows` leaves all open and still.

    What was open when it was cut stays dead after it is mended, as with a router that has forgotten.
    """

    server: BotServer
    manner: Manner
    port: int = field(default_factory=_port)
    is_cut: bool = False
    _lines: set[_Line] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _door: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._door = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=4096)

    async def cut(self) -> None:
        """From now on nothing gets through, in either direction."""
        self.is_cut = True
        for line in self._lines:
            line.is_dead = True
        if self.manner == "refuses":
            self._hang_up()

    async def mend(self) -> None:
        """What is opened from now on gets through."""
        self.is_cut = False
        if self.manner == "refuses":
            await self.start()

    async def stop(self) -> None:
        """End all."""
        self._hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hang_up(self) -> None:
        if self._door is not None:
            self._door.close()
        for line in list(self._lines):
            for writer in line.writers:
                writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line([writer], is_dead=self.is_cut)
        self._lines.add(line)
        try:
            if line.is_dead:
                await self._carry(line, reader, None)
                return
            there, to = await asyncio.open_connection("127.0.0.1", self.server.port)
            line.writers.append(to)
            back = asyncio.create_task(self._carry(line, there, writer))
            self._tasks.add(back)
            back.add_done_callback(self._tasks.discard)
            await self._carry(line, reader, to)
        except asyncio.CancelledError:
            pass  # the end of the loop, where asyncio's own call-back cannot do with a cancelled task
        finally:
            self._lines.discard(line)
            for each in line.writers:
                each.close()

    async def _carry(self, line: _Line, reader: asyncio.StreamReader, to: asyncio.StreamWriter | None) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if to is not None and not line.is_dead:
                    to.write(data)
                    await to.drain()
        if to is not None and not line.is_dead:
            to.close()
