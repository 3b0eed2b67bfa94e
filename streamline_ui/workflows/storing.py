"""How values that services gave us are written down: as JSON that everybody can read again."""

from __future__ import annotations

import json
from typing import Any

import orjson


def text(value: Any) -> str:
    """The value as JSON.

    Services send what they like: of what orjson refuses, numbers beyond 64 bits are kept, and half a character, which
    no database, browser or strict reader takes, becomes a question mark.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return written.encode("utf-8", "replace").decode()
