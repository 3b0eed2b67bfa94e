"""What one rendering may use, so that no template can stop the program for others.

python-liquid bounds loops and output, each for itself; what a filter allocates and how long it all takes is ours to
count. The time is this thread's CPU time: a busy machine must not fail a template that did nothing wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from math import isfinite
from time import thread_time

import orjson

from streamline_ui.errors import Invalid

SECONDS = 0.02  # checked between operations, each of which takes a few milliseconds at most
MORE_SECONDS = 0.01  # given once: a pause for the garbage of the whole program is not the template's doing
ITERATIONS = 10_000
OUTPUT = 262_144  # bytes of text written
VALUES = 5_000_000  # bytes of values that are handed on whole
MADE = 6_000_000  # bytes that filters allocate, over all
TEXT = 100_000  # characters that one filter takes in
ENTRIES = 10_000  # entries of a list that one filter takes in
NODES = 50_000  # values inside a value that is written as text
BITS = 256
SCALAR = (str, int, float, type(None))
JSON = (*SCALAR, list, tuple, dict)
_AS_IT_IS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
OPERATIONS_BETWEEN_LOOKS_AT_THE_CLOCK = 32


def refusal(code: str, message: str, hints: Sequence[str] = ()) -> Invalid:
    """The error for a template: `tpl.syntax`, `tpl.missing`, `tpl.limit` or `tpl.value`, and its sentence."""
    error = Invalid(message, hints=hints)
    error.code = code
    return error


def too_much(what: str) -> Invalid:
    """The error for a template that asks for more than it may have."""
    return refusal("tpl.limit", f"The template was stopped: {what}.")


class Budget:
    """Counts down while one value is rendered. Every method raises Invalid when nothing is left."""

    __slots__ = ("_countdown", "_iterations", "_made", "_more", "_output", "_stop", "_values")

    def __init__(self) -> None:
        self._stop = thread_time() + SECONDS
        self._more = True
        self._countdown = OPERATIONS_BETWEEN_LOOKS_AT_THE_CLOCK
        self._iterations = self._output = self._made = self._values = 0

    def step(self) -> None:
        """One small operation."""
        self._countdown -= 1
        if self._countdown < 0:
            self.look_at_clock()

    def look_at_clock(self) -> None:
        """To be called around everything that is not small."""
        self._countdown = OPERATIONS_BETWEEN_LOOKS_AT_THE_CLOCK
        now = thread_time()
        if now > self._stop:
            if not self._more:
                raise too_much("it takes too long")
            self._more, self._stop = False, now + MORE_SECONDS

    def loop(self, iterations: int) -> None:
        """A loop is about to run; loops inside loops are counted each time."""
        self.look_at_clock()
        self._iterations += iterations
        if self._iterations > ITERATIONS:
            raise too_much(f"more than {ITERATIONS:,} repetitions")

    def write(self, text: str) -> None:
        """Text goes out, or into a variable."""
        self._output += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self._output > OUTPUT:
            raise too_much(f"more than {OUTPUT // 1024} kB of text")

    def make(self, value: object) -> None:
        """A filter made a text or a list."""
        if isinstance(value, str):
            self._made += sys.getsizeof(value)
        elif isinstance(value, list | tuple):
            self._made += 100 * len(value)
        if self._made > MADE:
            raise too_much("it needs too much memory")

    def hand_on(self, value: object) -> None:
        """A value goes out whole. It is not copied, but counts each time, because whoever stores it writes it out."""
        if isinstance(value, float) and not isfinite(value):
            raise refusal("tpl.value", "The number is too large.")
        try:
            self._values += len(orjson.dumps(value, option=_AS_IT_IS))
        except TypeError:
            raise refusal("tpl.value", "The value is not plain JSON, or nested too deeply.") from None
        if self._values > VALUES:
            raise too_much(f"more than {VALUES // 1_000_000} MB of values")


def weigh(value: object) -> None:
    """Refuse a value that is too big to be written as text, before any time or memory goes into it."""
    stack, nodes, characters = [value], 0, 0
    while stack:
        each = stack.pop()
        nodes += 1
        if isinstance(each, str):
            characters += len(each)
        elif isinstance(each, dict):
            nodes += len(each)
            characters += sum(map(len, each)) if nodes <= NODES else 0
            stack.extend(each.values() if nodes <= NODES else ())
        elif isinstance(each, list | tuple):
            nodes += len(each)
            stack.extend(each if nodes <= NODES else ())
        if nodes > NODES or characters > OUTPUT:
            raise too_much(f"a value of more than {OUTPUT // 1024} kB as text")


def text(value: object) -> str:
    """How a value stands in a text: lists and objects as JSON, nothing as an empty text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple | dict):
        weigh(value)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    raise refusal("tpl.value", "Only text, numbers, lists and objects can be used in a template.")
