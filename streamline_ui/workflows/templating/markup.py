"""HTML to text, in linear time."""

from __future__ import annotations

import re

_PIECES = re.compile(r"(<[^<>]*>)")
_SILENT = re.compile(r"<(/?)(script|style)\b", re.IGNORECASE)


def strip(value: str) -> str:
    """The text without tags, scripts and styles."""
    kept: list[str] = []
    inside = ""
    for number, piece in enumerate(_PIECES.split(value)):
        if number % 2 == 0:
            kept.append("" if inside else piece)
            continue
        silent = _SILENT.match(piece)
        if silent and not silent[1] and not inside:
            inside = silent[2].lower()
        elif silent and silent[1] and silent[2].lower() == inside:
            inside = ""
    return "".join(kept)
