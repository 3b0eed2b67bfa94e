"""Lists in parts: `?limit=` and `?cursor=`. A cursor names the last row seen, so changes in between lose nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, NoReturn, Protocol, TypeVar

from fastapi import Query

from streamline_ui.api.shapes import Page
from streamline_ui.errors import Invalid

R = TypeVar("R", bound="Row")
S = TypeVar("S")
D = TypeVar("D")

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`nextCursor` of the part before.")]
USUAL = 100


class Row(Protocol):
    """What can be listed: the oldest comes first."""

    id: str
    created_at: datetime


def page(rows: Iterable[R], limit: int, cursor: str | None, shape: Callable[[R], S]) -> Page[S]:
    """The part of a list that was asked for. Raises Invalid for a cursor that is none of ours."""
    after = _read(cursor) if cursor else ("", "")
    ordered = sorted((row for row in rows if _key(row) > after), key=_key)
    part = ordered[:limit]
    following = _write(_key(part[-1])) if len(ordered) > limit else None
    return Page(items=[shape(row) for row in part], next_cursor=following)


def before(cursor: str | None) -> tuple[datetime, str] | None:
    """Where the last part of a long list ended, the newest first. Raises Invalid for a cursor that is none of ours."""
    if not cursor:
        return None
    moment, row_id = _read(cursor)
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            _refuse()
        return at.astimezone(UTC), row_id
    except (ValueError, OverflowError):
        _refuse()


def part(rows: Sequence[D], limit: int, place: Callable[[D], tuple[datetime, str]], shape: Callable[[D], S]) -> Page[S]:
    """The part of a long list that was read from the database, with one row more than asked for where it goes on."""
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        moment, row_id = place(shown[-1])
        following = _write((moment.isoformat(timespec="microseconds"), row_id))
    return Page(items=[shape(row) for row in shown], next_cursor=following)


def _key(row: Row) -> tuple[str, str]:
    return row.created_at.isoformat(timespec="microseconds"), row.id


def _write(key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(" ".join(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[str, str]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeError, ValueError):
        text = ""
    moment, separator, row_id = text.partition(" ")
    if not separator:
        _refuse()
    return moment, row_id


def _refuse() -> NoReturn:
    raise Invalid("This cursor is none of ours.", {"cursor": "Use nextCursor of the part before, unchanged."})
