"""One request through the shield: its body is kept within limits, its answer secured, marked and compressed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from starlette.types import Message, Receive, Send

from streamline_ui.net import compress, headers
from streamline_ui.net.compress import Shelf
from streamline_ui.net.headers import Headers

BODY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the shield found out about a request. `shelf_key` is empty for what may not come from the shelf."""

    method: str
    secure: bool
    request_id: str
    takes_gzip: bool
    prefix: bytes
    shelf_key: bytes


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


class Exchange:
    """Stands between the server and the application: `receive` and `send` are what the application gets."""

    def __init__(self, arrival: Arrival, receive: Receive, send: Send, shelf: Shelf, max_body: int) -> None:
        self._arrival = arrival
        self._receive = receive
        self._send = send if arrival.method != "HEAD" else _without_body(send)
        self._shelf = shelf
        self._max_body = max_body
        self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        self._arrived = 0
        self._is_read = False
        self._start: Message | None = None
        self._has_started = False
        self._nonce = ""
        self._content = bytearray()
        self.is_cut_off = False

    async def receive(self) -> Message:
        """The next part of the body. What is too long or too slow is answered here; the application sees it leave."""
        if self._is_read:
            return await self._receive()
        if self.is_cut_off:
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            sentence = f"The request's body took longer than {BODY_SECONDS:g} s."
            return await self._cut_off(408, "body_too_slow", sentence)
        self._arrived += len(message.get("body", b""))
        self._is_read = not message.get("more_body", False)
        if self._arrived > self._max_body:
            return await self.cut_off_too_big()
        return message

    async def cut_off_too_big(self) -> Message:
        limit = f"{self._max_body / 1_000_000:g} MB"
        return await self._cut_off(413, "body_too_large", f"The request's body is larger than {limit}.")

    async def _cut_off(self, status: int, code: str, detail: str) -> Message:
        if not self._has_started:
            await self.refuse(status, code, detail)
        self.is_cut_off = True
        return {"type": "http.disconnect"}

    async def refuse(self, status: int, code: str, detail: str, hint: str = "") -> None:
        """Answer for the application, with a problem document, and hang up."""
        problem = {
            "type": f"{self._arrival.prefix.decode()}/api/docs#{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "hints": [hint] if hint else [],
            "requestId": self._arrival.request_id,
        }
        body = orjson.dumps(problem)
        described: Headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self._begin({"type": "http.response.start", "status": status, "headers": described})
        await self._send({"type": "http.response.body", "body": body})
        self.is_cut_off = True

    async def send(self, message: Message) -> None:
        """Take the application's answer."""
        if self.is_cut_off:
            return
        if message["type"] == "http.response.start":
            await self._hold_or_begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._collect(message)
        else:
            await self._send(message)

    async def send_shelved(self, found: Headers, body: bytes) -> None:
        """Answer with a compressed file from the shelf."""
        described = [*found, (b"content-length", str(len(body)).encode())]
        await self._begin({"type": "http.response.start", "status": 200, "headers": described})
        await self._send({"type": "http.response.body", "body": body})

    async def _hold_or_begin(self, message: Message) -> None:
        """Hold what will be changed as a whole; let everything else stream."""
        found: Headers = list(message.get("headers", []))
        is_page = bool(headers.find(found, b"x-nicegui-content")) and b"html" in headers.find(found, b"content-type")
        if is_page:
            self._nonce = headers.new_nonce()
            found = headers.without(found, b"content-security-policy")
            found.append((b"content-security-policy", headers.page_policy(self._nonce)))
        is_text = compress.is_text(found)
        message["headers"] = compress.vary(found) if is_text else found
        if is_page or (is_text and self._is_worthwhile(found, message["status"])):
            self._start = message
        else:
            await self._begin(message)

    def _is_worthwhile(self, found: Headers, status: int) -> bool:
        if not self._arrival.takes_gzip or self._arrival.method == "HEAD" or status in (204, 206, 304):
            return False
        length = headers.find(found, b"content-length")
        return not length.isdigit() or compress.WORTHWHILE <= int(length) <= compress.LARGEST

    async def _collect(self, message: Message) -> None:
        """Gather the body until it is whole. One of unknown length that comes in parts is a stream, and let go."""
        start = self._start
        if start is None:
            return
        self._content += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(start)
        elif not self._nonce and not headers.find(start["headers"], b"content-length"):
            self._start = None
            await self._begin(start)
            await self._send({"type": "http.response.body", "body": bytes(self._content), "more_body": True})

    async def _finish(self, start: Message) -> None:
        self._start = None
        body, found = bytes(self._content), start["headers"]
        if self._nonce:
            body, found = headers.mark_scripts(body, self._nonce), headers.without(found, b"content-length")
        if self._arrival.takes_gzip and len(body) >= compress.WORTHWHILE and self._arrival.method != "HEAD":
            is_lasting = bool(self._arrival.shelf_key) and start["status"] == 200 and compress.is_lasting(found)
            body, found = await compress.squeeze(body, well=is_lasting), compress.describe(found)
            if is_lasting:
                self._shelf.put(self._arrival.shelf_key, found, body)
        if self._arrival.method != "HEAD":
            found = [*headers.without(found, b"content-length"), (b"content-length", str(len(body)).encode())]
        await self._begin({**start, "headers": found})
        await self._send({"type": "http.response.body", "body": body})

    async def _begin(self, message: Message) -> None:
        self._has_started = True
        found = self._relocated(message["headers"])
        secured = headers.secured(found, secure=self._arrival.secure, request_id=self._arrival.request_id)
        await self._send({**message, "headers": secured})

    def _relocated(self, found: Headers) -> Headers:
        """Where we live below a path, redirects to our own pages lead below it too."""
        target, prefix = headers.find(found, b"location"), self._arrival.prefix
        if not prefix or not target.startswith(b"/") or target.startswith(b"//"):
            return found
        if target == prefix or target.startswith(prefix + b"/"):
            return found
        return [*headers.without(found, b"location"), (b"location", prefix + target)]
