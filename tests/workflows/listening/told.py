"""A Telegram that answers byte for byte what a test wants, on a real socket, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from tests.net import wire
from tests.net.wire import Reply, Server

ME = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "bot"}


def update(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    """What Ann wrote, as update with this number."""
    message = {"message_id": number, "chat": {"id": 1}, "date": 1767225600, "text": text or str(number), **more}
    return {"update_id": number, "message": message}


def updates(*found: Any) -> Reply:
    """An answer with these updates, whatever was confirmed."""
    return result(list(found))


def result(value: Any, *headers: str) -> Reply:
    """An answer that went well."""
    body = json.dumps({"ok": True, "result": value}).encode()
    return wire.answer(body, "200 OK", "Content-Type: application/json", *headers)


def refusal(status: int, text: str, *headers: str, **parameters: Any) -> Reply:
    """An answer that did not."""
    body = json.dumps({"ok": False, "error_code": status, "description": text, "parameters": parameters}).encode()
    return wire.answer(body, f"{status} X", "Content-Type: application/json", *headers)


class Telegram:
    """`script` holds the next answers to getUpdates; after them each is kept waiting, as where nothing happens."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.script: deque[Reply] = deque()
        self.asked_at: list[float] = []

    @property
    def url(self) -> str:
        return self.server.url

    def serves(self, token: str) -> None:
        """Have a bot with this token."""
        self.server.replies[f"/bot{token}/getMe"] = result(ME)
        self.server.replies[f"/bot{token}/getUpdates"] = self._updates

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What getUpdates was asked, oldest first."""
        return [json.loads(body) for head, body in self.server.seen if "/getUpdates " in head.partition("\r\n")[0]]

    @property
    def offsets(self) -> list[int | None]:
        """What each of these confirmed."""
        return [each.get("offset") for each in self.asked]

    async def _updates(self, writer: asyncio.StreamWriter) -> None:
        self.asked_at.append(monotonic())
        await (self.script.popleft() if self.script else wire.hang)(writer)


@asynccontextmanager
async def telegram() -> AsyncIterator[Telegram]:
    """It listens."""
    async with Server() as server:
        yield Telegram(server)
