"""What went over the wire for one call, as far as a log may hold it: secrets taken out, long bodies cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from streamline_ui.vault import redact

KEPT = 20_000  # characters of a body
SHOWN_HEADERS = ("content-type", "retry-after", "x-request-id")


@dataclass(slots=True)
class Wire:
    """The last request of a call and its answer, in the contract's form. An action may make several requests.

    `departing` is awaited once, right before the first of what the call does leaves: its turn has come by then.
    """

    departing: Callable[[], Awaitable[None]] | None = None
    has_departed: bool = False
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    requests: int = field(default=0)

    def listen(self, client: httpx.AsyncClient) -> None:
        """Note what this client sends and gets. To be called while the secrets are held for redaction."""
        hooks = client.event_hooks
        client.event_hooks = {
            "request": [*hooks["request"], self._sent],
            "response": [*hooks["response"], self._came],
        }

    async def depart(self) -> None:
        """What is next has an effect outside, or could have one. Raises what `departing` raises: then it has none."""
        if self.has_departed:
            return
        if self.departing is not None:
            await self.departing()
        self.has_departed = True

    async def _sent(self, request: httpx.Request) -> None:
        await self.depart()
        self.requests += 1
        self.request = {
            "method": request.method,
            "url": redact.scrub(str(request.url)),
            "body": _text(request.content),
        }
        self.response = None

    async def _came(self, response: httpx.Response) -> None:
        headers = {name: redact.scrub(response.headers[name]) for name in SHOWN_HEADERS if name in response.headers}
        self.response = {"status": response.status_code, "headers": headers, "body": _text(await response.aread())}


def _text(body: bytes) -> str:
    text = body[: KEPT * 4].decode("utf-8", "replace")
    return redact.scrub(text[:KEPT]) + ("…" if len(text) > KEPT else "")
