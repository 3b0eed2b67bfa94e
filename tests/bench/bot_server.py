"""As much of Telegram's Bot API as polling needs, fast enough for a thousand bots, and with a memory of who asked."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

HEAD = re.compile(rb"(?:POST|GET) /bot([^/]+)/(\w+) HTTP", re.IGNORECASE)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class Account:
    """One bot: what was not confirmed yet, and who waits for it."""

    updates: deque[dict[str, Any]] = field(default_factory=deque)
    number: int = 800_000
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    asked_at: list[float] = field(default_factory=list)

    def say(self, text: str) -> int:
        """Ann writes to it; the update's number."""
        self.number += 1
        message = {"message_id": self.number, "chat": {"id": 1}, "date": int(time.time()), "text": text}
        self.updates.append({"update_id": self.number, "message": message})
        self.waiting.set()
        return self.number


@dataclass
class BotServer:
    """Not `holds`: it answers at once. It repeats what was not confirmed, as the real one does."""

    port: int
    holds: bool = True
    accounts: dict[str, Account] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def account(self, token: str) -> Account:
        return self.accounts.setdefault(token, Account())

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=4096)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # cancelled at the end of the loop, where asyncio's own call-back cannot do with a cancelled task
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b"{}"
                asked = HEAD.match(head)
                assert asked is not None, head
                answer = await self._answer(asked[1].decode(), asked[2].decode(), json.loads(body or b"{}"))
                text = json.dumps(answer).encode()
                kind = b"Content-Type: application/json\r\n"
                writer.write(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (kind, len(text), text))
                await writer.drain()
        writer.close()

    async def _answer(self, token: str, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.requests[method] += 1
        if method != "getUpdates":
            return {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Bot", "username": "bot"}}
        account = self.account(token)
        account.asked_at.append(time.monotonic())
        account.under_way += 1
        self.most_at_once = max(self.most_at_once, account.under_way)
        try:
            while account.updates and account.updates[0]["update_id"] < asked.get("offset", 0):
                account.updates.popleft()
            if not account.updates and self.holds and asked.get("timeout"):
                account.waiting.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(account.waiting.wait(), asked["timeout"])
            return {"ok": True, "result": list(account.updates)[: asked.get("limit", 100)]}
        finally:
            account.under_way -= 1
