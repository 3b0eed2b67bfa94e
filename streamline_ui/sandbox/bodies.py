"""Reads what is sent to the stand-ins, and the answers that all of them can give."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

LARGEST = 1_000_000


async def read_body(request: Request) -> bytes:
    """The body, cut off where it is too large for any of the services."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            break
    return bytes(body[: LARGEST + 1])


async def read_json(request: Request) -> Any:
    """The body as JSON, or None where it is something else."""
    try:
        return json.loads(await read_body(request))
    except (ValueError, RecursionError):
        return None


async def read_parameters(request: Request) -> dict[str, Any]:
    """Query, and a JSON or form body, as one: the body wins."""
    values: dict[str, Any] = dict(request.query_params)
    if request.method == "GET":
        return values
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return values | dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
    body = await read_json(request)
    return values | body if isinstance(body, dict) else values


def garbage() -> Response:
    """A page such as a proxy on the way shows, with status 200."""
    return HTMLResponse("<html><body><h1>Welcome to the hotel's network</h1></body></html>")
