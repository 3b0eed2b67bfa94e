"""How a stand-in brings something to an address: to this very server only, within the process, and to nobody else.

Whoever reaches the sandbox could otherwise have the server send requests to any place. Others are never called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True, slots=True)
class _Hub:
    app: Application
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: 0 where nobody was called. `retry_after` is in seconds."""

    status: int
    retry_after: float | None = None


_hub: _Hub | None = None


def connect(app: Application | None, *origins: str) -> None:
    """Name the application that is brought to, and what its addresses for that start with: `https://hub.example/hooks`."""
    global _hub  # noqa: PLW0603 - a process is one server
    _hub = None if app is None else _Hub(app, origins)


def is_own(url: str) -> bool:
    """Whether this address is this very server's."""
    return _hub is not None and any(url.startswith(f"{origin}/") for origin in _hub.origins)


async def bring(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """POST this, as a service does."""
    if _hub is None or not is_own(url):
        return Answer(0)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    sent = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    scope: Message = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": parts.scheme,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname, port),
        "state": {},
    }
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    found: list[Message] = []

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.append(message)

    try:
        await _hub.app(scope, receive, send)
    except Exception:  # a service sees nothing but the status, whatever has happened here
        return Answer(500)
    if not found:
        return Answer(0)
    told = {name.lower(): value for name, value in found[0]["headers"]}
    pause = told.get(b"retry-after", b"").decode("latin-1")
    return Answer(found[0]["status"], float(pause) if pause.isdecimal() else None)
