"""Figures in words, in one style: three digits, and the unit that keeps them short."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape

from streamline_ui.integrations import alert_words


def size(number: float) -> str:
    """Bytes in words: "512 B", "3.4 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "B" or number >= 99.95 else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("unreachable")


def took(seconds: float) -> str:
    """A short time in words: "12 ms", "1.5 s", "12 s", "3 min"."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else alert_words.duration(timedelta(seconds=round(seconds)))


def since(moment: datetime | None, at: datetime) -> str:
    """How long ago: "now", "12 s ago", "never"."""
    if moment is None:
        return "never"
    ago = at - moment
    return "now" if ago.total_seconds() < 1 else f"{alert_words.duration(ago)} ago"


def until(moment: datetime, at: datetime) -> str:
    """In how long: "now", "in 12 s"."""
    left = moment - at
    return "now" if left.total_seconds() < 1 else f"in {alert_words.duration(left)}"


def facts(named: Mapping[str, str]) -> str:
    """The inside of a list of facts, as HTML."""
    return "".join(f"<dt>{escape(name)}</dt><dd class='wraps'>{escape(value)}</dd>" for name, value in named.items())
