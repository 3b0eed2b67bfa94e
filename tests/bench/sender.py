"""Sends requests over plain sockets, cheaply enough to leave the machine to the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httptools


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: headers by name in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line(asyncio.Protocol):
    """A connection that is kept alive; one request at a time. Whatever breaks it is a ConnectionError."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._clear()

    @classmethod
    async def to(cls, port: int) -> Line:
        """Connect. Raises ConnectionError."""
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    async def send(self, request: bytes) -> Answer:
        """Send a request and wait for its answer."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the line is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError("hung up"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), self._headers, self._body)
        self._clear()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def _clear(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = b""


def request(port: int, path: str, body: bytes, *, kind: str = "application/json", **headers: str) -> bytes:
    """A POST as it goes over the wire."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{more}\r\n".encode() + body


@dataclass
class Round:
    """What was sent: when each number began, how long its answer took in seconds, and what that was."""

    sent_at: dict[int, float] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    def note(self, number: int, began: float, status: int) -> None:
        self.sent_at[number], self.took[number] = began, time.monotonic() - began
        self.statuses[number] = status

    @property
    def accepted(self) -> set[int]:
        return {number for number, status in self.statuses.items() if 200 <= status < 300}


Make = Callable[[int], bytes]


async def closed_loop(port: int, make: Make, numbers: range, lines: int) -> Round:
    """Send them all, each line its next one as soon as the last was answered. What is refused with 503 is repeated."""
    result, waiting = Round(), iter(numbers)

    async def work() -> None:
        line = await Line.to(port)
        for number in waiting:
            began = time.monotonic()
            answer = await line.send(make(number))
            while answer.status == 503:
                await asyncio.sleep(float(answer.headers["retry-after"]) / 10)
                answer = await line.send(make(number))
            result.note(number, began, answer.status)
        line.close()

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(lines)))
    result.seconds = time.monotonic() - began
    return result


async def fixed_rate(port: int, make: Make, numbers: range, rate: float, lines: int = 20) -> Round:
    """Send so many a second, whatever the answers do: each is timed from when it was due, so a stall counts in full."""
    result, began = Round(), time.monotonic()
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(lines):
        free.put_nowait(await Line.to(port))

    async def one(number: int, due: float) -> None:
        line = await free.get()
        answer = await line.send(make(number))
        result.note(number, due, answer.status)
        free.put_nowait(line)

    under_way: list[Awaitable[None]] = []
    for position, number in enumerate(numbers):
        due = began + position / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        under_way.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*under_way)
    result.seconds = time.monotonic() - began
    while not free.empty():
        free.get_nowait().close()
    return result
