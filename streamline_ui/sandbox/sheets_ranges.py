"""A1 notation, as far as Google Sheets takes it: 'Sheet name'!A1:C3, whole columns and rows, a sheet alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"(?P<c1>[A-Za-z]{0,3})(?P<r1>\d{0,7})(?::(?P<c2>[A-Za-z]{0,3})(?P<r2>\d{0,7}))?")


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a sheet; rows and columns count from 0, and an end of None is the sheet's own."""

    sheet: str
    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None


def read(text: str, sheets: list[str]) -> Area | None:
    """The area that a text names, or None where it cannot be parsed."""
    name, mark, rest = text.rpartition("!")
    if not mark and _plain(text) in sheets:
        return Area(_plain(text))
    sheet = _plain(name) if mark else sheets[0]
    found = _RANGE.fullmatch(rest)
    if sheet not in sheets or found is None or not rest:
        return None
    c1, r1, c2, r2 = (found[part] or "" for part in ("c1", "r1", "c2", "r2"))
    top, left = int(r1 or 1) - 1, number(c1) if c1 else 0
    if ":" not in rest:
        return Area(sheet, top, left, top + 1, left + 1) if c1 and r1 else None
    return Area(sheet, top, left, int(r2) if r2 else None, number(c2) + 1 if c2 else None)


def write(sheet: str, top: int, left: int, rows: int, columns: int) -> str:
    """The name of an area, as Google writes it."""
    name = sheet if re.fullmatch(r"\w+", sheet) else "'" + sheet.replace("'", "''") + "'"
    first, last = f"{letters(left)}{top + 1}", f"{letters(left + max(columns, 1) - 1)}{top + max(rows, 1)}"
    return f"{name}!{first}" if first == last else f"{name}!{first}:{last}"


def number(column: str) -> int:
    """A column's number: A is 0, AA is 26."""
    found = 0
    for letter in column.upper():
        found = found * 26 + ord(letter) - 64
    return found - 1


def letters(column: int) -> str:
    """A column's letters."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _plain(name: str) -> str:
    is_quoted = len(name) >= 2 and name[0] == name[-1] == "'"
    return name[1:-1].replace("''", "'") if is_quoted else name
