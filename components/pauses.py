"""The pauses between the tries of a step, as one types them: "5 s, 30 s, 2 min, 1 h"."""

from __future__ import annotations

import re
from collections.abc import Sequence

UNITS = {"": 1, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}
MOST = 50
LONGEST = 86_400  # seconds
_PAUSE = re.compile(r"(\d{1,6})\s*([a-z]*)")


def read(text: str) -> list[int]:
    """The seconds of each; nothing for a blank text. Raises ValueError with what is wrong as a sentence."""
    parts = [part.strip().lower() for part in re.split(r"[,;]", text) if part.strip()]
    if len(parts) > MOST:
        raise ValueError(f"At most {MOST} pauses.")
    return [_seconds(part) for part in parts]


def _seconds(part: str) -> int:
    found = _PAUSE.fullmatch(part)
    factor = UNITS.get(found[2]) if found else None
    if found is None or factor is None:
        raise ValueError(f"“{part[:20]}” is no pause. Write for example 5 s, 2 min, 1 h.")
    seconds = int(found[1]) * factor
    if not 1 <= seconds <= LONGEST:
        raise ValueError("A pause is 1 s at least and 24 h at most.")
    return seconds


def shown(seconds: Sequence[int]) -> str:
    """The pauses as text again."""
    return ", ".join(_shown(each) for each in seconds)


def _shown(seconds: int) -> str:
    unit, factor = next(each for each in (("h", 3600), ("min", 60), ("s", 1)) if seconds % each[1] == 0)
    return f"{seconds // factor} {unit}"
