"""Our calls, and our stand-ins' answers, judged by the descriptions that the services publish.

Prism (npm, @stoplight/prism-cli) stands between a provider and its stand-in, and says what of either is not as
described. It takes Node and the descriptions, so this stage runs only where STREAMLINE_DESCRIPTIONS names a folder with
`discord.json`, `telegram.json` … (OpenAPI or Swagger, with the service's base path in the paths). Google Sheets has a
judge of its own, see `test_google_sheets`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui import sandbox
from streamline_ui.integrations import connections
from streamline_ui.providers import named
from streamline_ui.storage.models import User
from tests.conftest import free_port, serving

FOLDER = os.environ.get("STREAMLINE_DESCRIPTIONS", "")
PRISM = ("npx", "--yes", "@stoplight/prism-cli@5")
IN_ROOM = "@room"

pytestmark = [
    pytest.mark.usefixtures("hub"),
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not FOLDER, reason="STREAMLINE_DESCRIPTIONS names no folder with the services' descriptions"),
    pytest.mark.skipif(not shutil.which("npx"), reason="there is no Node"),
]

CALLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "discord": [
        ("send_message", {"content": "Hello", "username": "Hub", "silent": True}),
        ("send_message", {"content": "x" * 4500}),
        ("send_message", {"content": "Look", "embeds": [{"title": "T", "description": "D", "color": 5}]}),
    ],
    "telegram": [
        ("send_message", {"chatId": "42", "text": "Hello", "silent": True}),
        ("send_message", {"chatId": IN_ROOM, "text": "<b>Hello</b>", "parseMode": "HTML"}),
        ("send_photo", {"chatId": "42", "photo": "https://example.com/p.jpg", "caption": "Look"}),
    ],
    "sendgrid": [
        ("send_email", {"to": "bob@example.com", "subject": "Hello", "text": "x"}),
        ("send_email", {"to": "bob@example.com", "subject": "Hello", "html": "<p>x</p>", "replyTo": "a@example.com"}),
    ],
    "slack": [
        ("send_message", {"channel": "C0SANDBOX", "text": "Hello"}),
        ("send_message", {"channel": "#general", "text": "a < b"}),
    ],
    "twilio": [
        ("send_sms", {"to": "+4915112345678", "body": "Hello + welcome"}),
        ("make_call", {"to": "+4915112345678", "twiml": "<Response><Say>Hi</Say></Response>"}),
    ],
    "newsapi": [
        ("top_headlines", {"country": "us", "pageSize": 5}),
        ("everything", {"q": "bees", "sortBy": "publishedAt"}),
    ],
}


class Judge:
    """A running Prism: where it listens, and what it has complained of so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.said: list[str] = []

    def complaints(self) -> list[str]:
        """Each once."""
        lines = (re.sub("\x1b\\[[0-9;]*m", "", line) for line in self.said)
        return sorted({line.partition("Violation: ")[2].strip() for line in lines if "Violation: " in line})


@asynccontextmanager
async def judged(description: Path, upstream: str) -> AsyncIterator[Judge]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *PRISM, "proxy", "-h", "127.0.0.1", "-p", str(port), str(description), upstream,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    judge = Judge(f"http://127.0.0.1:{port}")
    assert process.stdout is not None
    listening = asyncio.Event()

    async def listen(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            judge.said.append(line.decode(errors="replace"))
            if b"is listening" in line:
                listening.set()

    reading = asyncio.create_task(listen(process.stdout))
    try:
        await asyncio.wait_for(listening.wait(), 120)
        judge.said.clear()
        yield judge
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # npx leaves its child behind
        await process.wait()
        await reading


@pytest.mark.parametrize("service", CALLS)
async def test_calls_and_answers_are_as_published(service: str, alice: User) -> None:
    description = Path(FOLDER) / f"{service}.json"
    if service not in sandbox.DEMO or not description.is_file():
        pytest.skip(f"there is no description of {service}, or no stand-in")
    provider, demo = named(service), sandbox.DEMO[service]
    root: str = sys.modules[provider.module].ROOT  # type: ignore[attr-defined]
    prefix = urlsplit(root).path
    stand_in = next(route for route in sandbox.build().routes if isinstance(route, Mount) and route.name == service)
    app = Starlette(routes=[Mount(prefix or "/", routes=list(stand_in.routes or []))])
    async with serving(app) as upstream, judged(description, upstream) as judge:
        row = connections.add(alice.id, service, "Judged", {**demo, "baseUrl": judge.url + prefix})
        outcome = await connections.test(alice.id, row.id)
        assert outcome.ok, outcome.message
        for action, params in CALLS[service]:
            await connections.perform(alice.id, row.id, action, params)
        await asyncio.sleep(0.3)
        assert "\n".join(judge.complaints()) == ""
