"""A server of its own for benchmarks and harnesses: made ready with a workflow before it starts, killed at will."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamline_ui import settings as configuration
from streamline_ui.access import users
from streamline_ui.integrations import connections
from streamline_ui.net import egress
from streamline_ui.storage import db, migrate
from streamline_ui.vault import keyring
from streamline_ui.workflows import catalog, secrets
from tests.bench.sender import Line
from tests.conftest import PASSWORD, ROOT, free_port

ANSWERS_WITHIN = 30.0  # seconds after a start


@dataclass
class Hub:
    """A server process, its folder and where it listens. `variables` are its settings."""

    folder: Path
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "NICEGUI", "STREAMLINE"))}
        clean["PYTHONPATH"] = str(ROOT)
        ours = {"PORT": str(self.port), "DATA_DIR": str(self.data), "EGRESS_ALLOW": "127.0.0.1"}
        return clean | {f"STREAMLINE_{name}": value for name, value in (ours | self.variables).items()}

    def start(self, program: str = "main.py") -> None:
        """Start the program, or another one in its place; it does not answer yet."""
        with (self.folder / "server.log").open("ab") as log:
            command = [sys.executable, program]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(), stdout=log, stderr=subprocess.STDOUT
            )

    async def until_ready(self) -> float:
        """Wait for its first answer; the seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < ANSWERS_WITHIN:
            assert self.process is not None
            assert self.process.poll() is None, self.log[-3000:]
            try:
                line = await Line.to(self.port)
                await line.send(f"GET /healthz HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            line.close()
            return time.monotonic() - began
        raise AssertionError(f"no answer within {ANSWERS_WITHIN} s:\n{self.log[-3000:]}")

    def kill(self) -> None:
        """As a power cut does it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 30) -> int:
        """Ask it to end; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def opened(hub: Hub) -> Iterator[str]:
    """Its data, while it does not run: the id of Alice, who is made at the first time."""
    chosen = configuration.load(hub.environment())
    configuration.use(chosen)
    hub.data.mkdir(parents=True, exist_ok=True)
    db.connect(chosen.database_url)
    migrate.upgrade(chosen)
    keyring.unlock(chosen)
    egress.start(allow=chosen.egress_allow, own=(), sandbox=False)
    try:
        known = users.everyone()
        yield known[0].id if known else users.create_first("alice@example.com", PASSWORD, "Alice").id
    finally:
        asyncio.run(egress.stop())
        keyring.forget()
        db.dispose()


@contextmanager
def looking(hub: Hub) -> Iterator[sqlite3.Connection]:
    """Its database, from outside, also while it runs."""
    connection = sqlite3.connect(hub.data / "streamline.db", timeout=20)
    try:
        yield connection
    finally:
        connection.close()


def forward(user_id: str, url: str, **more: Any) -> str:
    """A workflow that posts what comes in, filled into a template, to that address. Its own address, as a path."""
    connection = connections.add(user_id, "http", f"Sink at {url}", {"baseUrl": url})
    body = {
        "id": "{{ trigger.body.id }}",
        "text": "Order {{ trigger.body.id }} from {{ trigger.body.customer.name | upcase }}: {{ trigger.body.total }}",
        "items": "{{ trigger.body.items }}",
    }
    step = {
        "id": "post",
        "type": "action",
        "integrationId": connection.id,
        "action": "request",
        "params": {"method": "POST", "url": "/orders", "body": body},
        **more,
    }
    definition = {"name": "Forward orders", "trigger": {"type": "webhook"}, "steps": [step]}
    return f"/hooks/{secrets.token(catalog.add(user_id, definition))}"


def order(number: int) -> bytes:
    """The body of an order with that number."""
    return (
        b'{"id":%d,"customer":{"name":"Ada Lovelace","email":"ada@example.com"},"total":"%d.50",'
        b'"items":[{"sku":"A-%d","quantity":2},{"sku":"B-%d","quantity":1}]}' % (number, number, number, number)
    )
