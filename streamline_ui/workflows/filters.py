"""The filters of templates: the library's where they are harmless, our own where they are not.

Each is wrapped so that its input is small JSON and its result is counted: one template may not use up the memory or
hold up the others, whatever it does. The library's `date` reads the machine's time zone, its `uniq` needs quadratic
time, its `replace` and `join` build their result before anybody can look at its size, its `map` gives out objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from math import isfinite
from typing import Any, Literal

from liquid.builtin.filters import array, math, misc, string
from liquid.exceptions import LiquidError
from liquid.filter import flatten

from streamline_ui.workflows import dates, markup
from streamline_ui.workflows.budget import BITS, ENTRIES, OUTPUT, TEXT, Budget, refusal, text, too_much, weigh
from streamline_ui.workflows.missing import Missing

Kind = Literal["text", "list", "number", "any"]
SCALAR = (str, int, float, type(None))
JSON = (*SCALAR, list, tuple, dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: its function, what it works on, and whether its arguments may be lists and objects."""

    name: str
    kind: Kind
    function: Callable[..., object]
    texts: bool = False
    takes_any: bool = False
    environment: bool = False

    def __call__(self, left: object, *args: object, budget: Budget, **options: object) -> object:
        """Apply it. Raises Invalid."""
        if self.name == "default" and isinstance(left, Missing):
            return args[0] if args else ""
        _refuse_missing((left, *args, *options.values()))
        if self.environment:
            options["environment"] = _ENVIRONMENT
        try:
            result = self.function(self._input(left), *map(self._argument, args), **options)
        except LiquidError as error:
            raise refusal("tpl.value", f"| {self.name}: {error.message}.") from None
        budget.look_at_clock()
        budget.make(result)
        if self.name == "split":
            budget.make(left)
        return self._sound(result)

    def _input(self, value: object) -> object:
        if not isinstance(value, JSON):
            raise refusal("tpl.value", f"| {self.name} works on plain values only.")
        if self.kind == "text":
            value = text(value)
        if self.kind == "list":
            _count(value, self.name)
        if self.kind == "number" and not isinstance(value, SCALAR):
            raise refusal("tpl.value", f"| {self.name} works on numbers.")
        if isinstance(value, str) and len(value) > TEXT and self.name not in _ANY_LENGTH:
            raise too_much(f"| {self.name} takes at most {TEXT:,} characters")
        return value

    def _argument(self, value: object) -> object:
        if isinstance(value, str) and len(value) > TEXT:
            raise too_much(f"| {self.name} takes at most {TEXT:,} characters")
        if self.texts:
            return text(value)
        if not (self.takes_any or isinstance(value, SCALAR)):
            raise refusal("tpl.value", f"| {self.name} takes texts and numbers.")
        return value

    def _sound(self, result: object) -> object:
        if isinstance(result, int) and result.bit_length() > BITS:
            raise too_much("the number is too large")
        if isinstance(result, float) and not isfinite(result):
            raise too_much("the number is too large")
        return result


def near(name: str) -> str:
    """The filter that is written most like it."""
    return next(iter(get_close_matches(name[:40], FILTERS, n=1)), "")


def _refuse_missing(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, Missing):
            value.refuse()


def _count(value: object, name: str) -> None:
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


def _replace(value: str, wanted: str, by: str = "") -> str:
    _fits(len(value) + value.count(wanted) * (len(by) - len(wanted)))
    return value.replace(wanted, by)


def _split(value: str, separator: str = " ") -> list[str]:
    pieces = len(value) if separator == "" else value.count(separator) + 1
    if pieces > ENTRIES and separator != " ":
        raise too_much(f"| split makes at most {ENTRIES:,} entries")
    if separator == " ":
        return value.split(None, ENTRIES)
    return list(value) if separator == "" else [] if not value else value.split(separator)


def _join(value: object, separator: object = " ") -> str:
    words, between = [text(each) for each in _list(value)], text(separator)
    _fits(sum(map(len, words)) + len(between) * len(words))
    return between.join(words)


def _map(value: object, key: object) -> list[object]:
    return [each.get(str(key)) if isinstance(each, dict) else None for each in _list(value)]


def _compact(value: object, key: object = None) -> list[object]:
    found = [(each.get(str(key)) if isinstance(each, dict) else None) if key else each for each in _list(value)]
    return [each for each, judged in zip(_list(value), found, strict=True) if judged is not None]


def _uniq(value: object, key: object = None) -> list[object]:
    seen: dict[int, object] = {}
    for each in _list(value):
        judged = each.get(str(key)) if key is not None and isinstance(each, dict) else each
        seen.setdefault(hash(json.dumps(judged, sort_keys=True)), each)
    return list(seen.values())


def _sort_natural(value: object, key: object = None) -> list[object]:
    def lower(each: Any) -> tuple[bool, str]:
        judged = each.get(str(key)) if key and isinstance(each, dict) else each
        return judged is None, text(judged).lower() if isinstance(judged, SCALAR) else ""

    return sorted(_list(value), key=lower)


def _concat(value: object, more: object) -> list[object]:
    if not isinstance(more, list | tuple):
        raise refusal("tpl.value", "| concat takes a list.")
    _count(more, "concat")
    return list(chain(_list(value), more))


def _json(value: object) -> str:
    weigh(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _size(value: object) -> int:
    return len(value) if isinstance(value, Sequence | dict) else 0


def _first(value: object) -> object:
    if isinstance(value, dict):
        return list(next(iter(value.items()), ())) or None
    return value[0] if isinstance(value, list | tuple) and value else None


def _last(value: object) -> object:
    return value[-1] if isinstance(value, list | tuple) and value else None


class _Environment:
    """The two settings that the library's filters ask for."""

    autoescape = False
    string_first_and_last = False


_ENVIRONMENT = _Environment()
_ANY_LENGTH = {"size", "default", "slice", "truncate", "first", "last"}
_TEXTS: dict[str, Callable[..., object]] = {
    "append": string.append,
    "base64_decode": string.base64_decode,
    "base64_encode": string.base64_encode,
    "base64_url_safe_decode": string.base64_url_safe_decode,
    "base64_url_safe_encode": string.base64_url_safe_encode,
    "capitalize": string.capitalize,
    "downcase": string.downcase,
    "lstrip": string.lstrip,
    "prepend": string.prepend,
    "remove": _replace,
    "remove_first": string.remove_first,
    "remove_last": string.remove_last,
    "replace": _replace,
    "replace_first": string.replace_first,
    "replace_last": string.replace_last,
    "rstrip": string.rstrip,
    "split": _split,
    "squish": string.squish,
    "strip": string.strip,
    "strip_html": markup.strip,
    "upcase": string.upcase,
    "url_decode": string.url_decode,
}
_TEXTS_OF_ENVIRONMENT: dict[str, Callable[..., object]] = {
    "escape": string.escape,
    "escape_once": string.escape_once,
    "html": string.escape,
    "newline_to_br": string.newline_to_br,
    "strip_newlines": string.strip_newlines,
    "url_encode": string.url_encode,
}
_NUMBERS: dict[str, Callable[..., object]] = {
    "abs": math.abs_,
    "at_least": math.at_least,
    "at_most": math.at_most,
    "ceil": math.ceil,
    "divided_by": math.divided_by,
    "floor": math.floor,
    "minus": math.minus,
    "modulo": math.modulo,
    "plus": math.plus,
    "round": math.round_,
    "times": math.times,
}
_LISTS: dict[str, Callable[..., object]] = {
    "compact": _compact,
    "concat": _concat,
    "find": array.find,
    "find_index": array.find_index,
    "has": array.has,
    "join": _join,
    "map": _map,
    "reject": array.reject,
    "reverse": array.reverse,
    "sort": array.sort,
    "sort_natural": _sort_natural,
    "sum": array.sum_,
    "uniq": _uniq,
    "where": array.where,
}
FILTERS: dict[str, Filter] = {
    each.name: each
    for each in (
        *(Filter(name, "text", function, texts=True) for name, function in _TEXTS.items()),
        *(Filter(name, "text", function, environment=True) for name, function in _TEXTS_OF_ENVIRONMENT.items()),
        *(Filter(name, "number", function) for name, function in _NUMBERS.items()),
        *(Filter(name, "list", function, takes_any=name == "concat") for name, function in _LISTS.items()),
        Filter("truncate", "text", string.truncate),
        Filter("truncatewords", "text", string.truncatewords),
        Filter("slice", "any", string.slice_),
        Filter("date", "any", dates.write),
        Filter("json", "any", _json),
        Filter("size", "any", _size),
        Filter("first", "any", _first),
        Filter("last", "any", _last),
        Filter("default", "any", misc.default, takes_any=True),
    )
}
