"""The filters of templates: the library's where they are harmless, our own where they are not.

Each is wrapped so that its input is small JSON and its result is counted: one template may not use up the memory or
hold up the others, whatever it does. The library's `date` reads the machine's time zone, its `uniq` needs quadratic
time, its `replace` and `join` build their result before anybody can look at its size, its `map` gives out objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Literal

from liquid.builtin.filters import array, math, misc, string
from liquid.exceptions import LiquidError

from streamline_ui.workflows.templating import collecting, dates, markup
from streamline_ui.workflows.templating.budget import BITS, JSON, SCALAR, TEXT, Budget, refusal, text, too_much
from streamline_ui.workflows.templating.missing import Missing

Kind = Literal["text", "list", "number", "any"]


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
            said = str(error.message).removeprefix(f"{self.name}: ")
            raise refusal("tpl.value", f"| {self.name}: {said}.") from None
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
            collecting.count(value, self.name)
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
    "remove": collecting.replace,
    "remove_first": string.remove_first,
    "remove_last": string.remove_last,
    "replace": collecting.replace,
    "replace_first": string.replace_first,
    "replace_last": string.replace_last,
    "rstrip": string.rstrip,
    "split": collecting.split,
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
    "compact": collecting.compact,
    "concat": collecting.concat,
    "find": array.find,
    "find_index": array.find_index,
    "has": array.has,
    "join": collecting.join,
    "map": collecting.pick,
    "reject": array.reject,
    "reverse": array.reverse,
    "sort": array.sort,
    "sort_natural": collecting.sort_natural,
    "sum": array.sum_,
    "uniq": collecting.uniq,
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
        Filter("json", "any", collecting.as_json),
        Filter("size", "any", collecting.size),
        Filter("first", "any", collecting.first),
        Filter("last", "any", collecting.last),
        Filter("default", "any", misc.default, takes_any=True),
    )
}
