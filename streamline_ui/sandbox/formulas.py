"""The part of Airtable's formulas that filters are mostly made of."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from streamline_ui.sandbox.grids import Record, Refused

_TOKEN = re.compile(
    r"""\s*(?:(?P<field>\{[^}]+\})|(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[A-Za-z_]+)|(?P<sign>!=|<=|>=|[(),=<>]))"""
)
_DEEPEST = 20


def accepts(formula: str, record: Record, fields: dict[str, str]) -> bool:
    """Whether a record passes the filter. Raises Refused for a formula that cannot be read."""
    reader = _Reader(formula, record, fields)
    value = reader.comparison(0)
    if reader.peek():
        raise _unreadable()
    return bool(value)


def _unreadable() -> Refused:
    return Refused(422, "INVALID_FILTER_BY_FORMULA", "The formula for filtering records is invalid: check it.")


class _Reader:
    def __init__(self, formula: str, record: Record, fields: dict[str, str]) -> None:
        self.record, self.fields, self.at = record, fields, 0
        self.tokens: list[tuple[str, str]] = []
        position, formula = 0, formula.rstrip()
        while position < len(formula):
            found = _TOKEN.match(formula, position)
            if found is None or found.lastgroup is None:
                raise _unreadable()
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> tuple[str, str]:
        if self.at >= len(self.tokens) or (expected and self.peek() != expected):
            raise _unreadable()
        self.at += 1
        return self.tokens[self.at - 1]

    def comparison(self, depth: int) -> Any:
        left = self.value(depth)
        if self.peek() not in ("=", "!=", "<", ">", "<=", ">="):
            return left
        sign, right = self.take()[1], self.value(depth)
        if sign in ("=", "!="):
            return (left == right) == (sign == "=")
        try:
            return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]
        except TypeError:
            return False

    def value(self, depth: int) -> Any:
        kind, text = self.take()
        if kind == "field":
            if text[1:-1] not in self.fields:
                raise _unreadable()
            return self.record["fields"].get(text[1:-1], "")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if kind == "name" and depth < _DEEPEST:
            return self.call(text.upper(), depth + 1)
        raise _unreadable()

    def call(self, name: str, depth: int) -> Any:
        self.take("(")
        given: list[Any] = []
        while self.peek() != ")":
            given.append(self.comparison(depth))
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        if name in ("CREATED_TIME", "LAST_MODIFIED_TIME") and not given:
            return self.record["createdTime"]
        if name in ("AND", "OR") and given:
            return all(given) if name == "AND" else any(given)
        if name == "NOT" and len(given) == 1:
            return not given[0]
        if name in ("IS_AFTER", "IS_BEFORE") and len(given) == 2:
            first, second = (_moment(each) for each in given)
            return first > second if name == "IS_AFTER" else first < second
        raise _unreadable()


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _unreadable()
    return moment
