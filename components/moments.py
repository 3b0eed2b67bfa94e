"""Times as HTML that the browser writes in its own time zone; until then, and without scripts, they are UTC."""

from __future__ import annotations

from datetime import datetime


def html(moment: datetime | None, *, never: str = "never", only_day: bool = False) -> str:
    """The time, or the word that stands for none."""
    if moment is None:
        return never
    text = f"{moment:%Y-%m-%d}" if only_day else f"{moment:%Y-%m-%d %H:%M} UTC"
    return f'<time datetime="{moment.isoformat()}" data-local="{"day" if only_day else ""}">{text}</time>'
