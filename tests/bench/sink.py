"""A service that takes every POST: in a process of its own, it writes down what came and when.

`python -m tests.bench.sink PORT FILE`. A line of the file is the time (of the machine's monotonic clock, which all
processes share) and the body; it is there before the answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httptools
import uvloop

ROOT = Path(__file__).parent.parent.parent
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'


@dataclass
class Arrival:
    """One request: when it came, in seconds, and its JSON body."""

    at: float
    body: Any


@dataclass
class Sink:
    """The process and its file, from the outside."""

    port: int
    file: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; also again after `stop`, and then the file goes on."""
        command = [sys.executable, "-m", "tests.bench.sink", str(self.port), str(self.file)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def stop(self) -> None:
        """Hang up, and listen no more."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def count(self) -> int:
        """How many came."""
        return self.file.read_bytes().count(b"\n") if self.file.exists() else 0

    def arrivals(self) -> list[Arrival]:
        """All that came."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [Arrival(float(at), json.loads(body)) for at, _, body in (line.partition(" ") for line in lines)]


class _Talk(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.body = bytearray()
        self.parser = httptools.HttpRequestParser(self)
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        if self.body:  # else somebody only looks whether it is there
            os.write(self.file, b"%.6f %b\n" % (time.monotonic(), bytes(self.body).replace(b"\n", b" ")))
        self.body.clear()
        self.transport.write(ANSWER)


async def _serve(port: int, path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    server = await asyncio.get_running_loop().create_server(lambda: _Talk(file), "127.0.0.1", port, reuse_address=True)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
