"""Filters of our own for lists and texts, where the library's would do too much before anybody can look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

from liquid.filter import flatten

from streamline_ui.workflows.templating.budget import ENTRIES, JSON, OUTPUT, SCALAR, refusal, text, too_much, weigh


def count(value: object, name: str) -> None:
    """Refuse long lists, with the lists inside them counted: filters flatten."""
    stack, entries = [value], 0
    while stack:
        each = stack.pop()
        if isinstance(each, list | tuple):
            entries += len(each)
            if entries > ENTRIES:
                raise too_much(f"| {name} takes at most {ENTRIES:,} entries")
            stack.extend(inner for inner in each if not isinstance(inner, SCALAR))
        elif not isinstance(each, JSON):
            raise refusal("tpl.value", f"| {name} works on plain values only.")


def _list(value: object) -> list[Any]:
    return flatten(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _fits(length: int) -> None:
    if length > OUTPUT:
        raise too_much(f"more than {OUTPUT // 1024} kB of text")


def replace(value: str, wanted: str, by: str = "") -> str:
    _fits(len(value) + value.count(wanted) * (len(by) - len(wanted)))
    return value.replace(wanted, by)


def split(value: str, separator: str = " ") -> list[str]:
    pieces = len(value) if separator == "" else value.count(separator) + 1
    if pieces > ENTRIES and separator != " ":
        raise too_much(f"| split makes at most {ENTRIES:,} entries")
    if separator == " ":
        return value.split(None, ENTRIES)
    return list(value) if separator == "" else [] if not value else value.split(separator)


def join(value: object, separator: object = " ") -> str:
    words, between = [text(each) for each in _list(value)], text(separator)
    _fits(sum(map(len, words)) + len(between) * len(words))
    return between.join(words)


def pick(value: object, key: object) -> list[object]:
    return [each.get(str(key)) if isinstance(each, dict) else None for each in _list(value)]


def compact(value: object, key: object = None) -> list[object]:
    found = [(each.get(str(key)) if isinstance(each, dict) else None) if key else each for each in _list(value)]
    return [each for each, judged in zip(_list(value), found, strict=True) if judged is not None]


def uniq(value: object, key: object = None) -> list[object]:
    seen: dict[int, object] = {}
    for each in _list(value):
        judged = each.get(str(key)) if key is not None and isinstance(each, dict) else each
        seen.setdefault(hash(json.dumps(judged, sort_keys=True)), each)
    return list(seen.values())


def sort_natural(value: object, key: object = None) -> list[object]:
    def lower(each: Any) -> tuple[bool, str]:
        judged = each.get(str(key)) if key and isinstance(each, dict) else each
        return judged is None, text(judged).lower() if isinstance(judged, SCALAR) else ""

    return sorted(_list(value), key=lower)


def concat(value: object, more: object) -> list[object]:
    if not isinstance(more, list | tuple):
        raise refusal("tpl.value", "| concat takes a list.")
    count(more, "concat")
    return list(chain(_list(value), more))


def as_json(value: object) -> str:
    weigh(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def size(value: object) -> int:
    return len(value) if isinstance(value, Sequence | dict) else 0


def first(value: object) -> object:
    if isinstance(value, dict):
        return list(next(iter(value.items()), ())) or None
    return value[0] if isinstance(value, list | tuple) and value else None


def last(value: object) -> object:
    return value[-1] if isinstance(value, list | tuple) and value else None
