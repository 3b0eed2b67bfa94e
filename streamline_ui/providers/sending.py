"""What users may send to an API of their own choosing, and how its answer is passed on: headers, bodies, JSON, text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import httpx

from streamline_ui.errors import Invalid
from streamline_ui.providers.configs import CONTROL
from streamline_ui.providers.describe import Result
from streamline_ui.providers.meanings import json_of

METHODS = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
OURS = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive"}
PRIVATE = {"set-cookie", "set-cookie2", "proxy-authenticate", "www-authenticate"}


class Answer(Result):
    """What the address answered: `body` is JSON where it is JSON, else text."""

    status: int
    headers: dict[str, str]
    body: Any = None


def checked(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers that a request can carry. Raises Invalid."""
    for name, value in (headers or {}).items():
        if not HEADER.fullmatch(name) or name.lower() in OURS or CONTROL.search(value):
            raise Invalid(
                "A header cannot be sent.", {"headers": "A header has a name or a value that cannot be sent."}
            )
    return dict(headers or {})


def sent(body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    """Headers and body: a text as it is, called JSON where it is that; every other value as JSON."""
    if body is None or body == "":
        return {"headers": headers}
    if not isinstance(body, str):
        return {"headers": headers, "json": body}
    if any(name.lower() == "content-type" for name in headers):
        return {"headers": headers, "content": body}
    try:
        json.loads(body)
        kind = "application/json"
    except (ValueError, RecursionError):
        kind = "text/plain; charset=utf-8"
    return {"headers": {**headers, "Content-Type": kind}, "content": body}


def answer(response: httpx.Response) -> Answer:
    """What came back, for the next step."""
    shown = {name: value for name, value in response.headers.items() if name not in PRIVATE}
    parsed = json_of(response) if response.content else None
    text = response.text if response.content and parsed is None else None
    return Answer(status=response.status_code, headers=shown, body=text if parsed is None else parsed)
