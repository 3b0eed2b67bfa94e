"""The `date` filter: reads what services send as times, and writes them as one likes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from streamline_ui.workflows.templating.budget import refusal

LONGEST = 100
_WIDTH = re.compile(r"(?<!%)(?:%%)*%[-_^#]*0?[0-9]")
MILLISECONDS_FROM = 100_000_000_000  # as seconds, this would be the year 5138
FORMS = ("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y")


def write(value: object, form: object = "%Y-%m-%d %H:%M") -> str:
    """A time in a strftime form, in the zone it came with, or UTC.

    Reads "now", Unix seconds and milliseconds, ISO 8601, RFC 2822 and a few forms that people write. What is no time
    comes out unchanged, as in other Liquids.
    """
    if value is None or value == "":
        return ""
    if not isinstance(form, str) or len(form) > LONGEST or "\0" in form:
        raise refusal("tpl.value", 'The form of a date is a short text such as "%d.%m.%Y".')
    if _WIDTH.search(form):
        raise refusal("tpl.value", 'The form of a date takes no widths, such as the 9 in "%9Y".')
    moment = read(value)
    return str(value)[:LONGEST] if moment is None else moment.strftime(form)


def read(value: object) -> datetime | None:
    """The time, with its time zone, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > LONGEST:
        return None
    if value in ("now", "today"):
        return datetime.now(UTC)
    try:
        if not isinstance(value, str) or (value.isdecimal() and len(value) > 8):
            return _from_number(int(value))
    except (ValueError, OverflowError, OSError):
        return None
    moment = _from_text(value)
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_number(number: int) -> datetime:
    return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS_FROM else number, UTC)


def _from_text(value: str) -> datetime | None:
    readers = (
        datetime.fromisoformat,
        parsedate_to_datetime,
        *(lambda text, form=form: datetime.strptime(text, form) for form in FORMS),  # noqa: DTZ007 - made UTC by read
    )
    for reader in readers:
        try:
            return reader(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
