"""One rendering of a template: what it sees, counted step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, RenderContext
from liquid.builtin.tags import for_tag
from liquid.token import Token
from liquid.undefined import UNDEFINED

from streamline_ui.workflows.templating.budget import JSON, Budget, refusal
from streamline_ui.workflows.templating.missing import Missing

LARGE = 1_000


class Meter(list[str]):
    """Every node asks whether tags are disabled before it renders; so this is where nodes are counted."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._step = budget.step

    def __bool__(self) -> bool:
        self._step()
        return False


class Writing(StringIO):
    """What a template writes, counted."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(newline="")
        self._budget = budget

    def write(self, text: str, /) -> int:
        self._budget.write(text)
        return super().write(text)


class Context(RenderContext):
    """One rendering."""

    __slots__ = ("budget",)

    def __init__(self, template: BoundTemplate, scope: Mapping[str, object], budget: Budget) -> None:
        super().__init__(template, globals=scope)
        self.budget = budget
        self.disabled_tags = Meter(budget)
        self.scope = type(self.scope)(self.locals, self.globals)  # without the library's `now`, which is an object

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """What stands at a path, or Missing."""
        self.budget.step()
        root, *rest = path
        try:
            value = self.scope[root] if isinstance(root, str) else _step(root, None)
        except KeyError:
            return Missing.at(path, 0, dict(self.globals), self.globals)
        for depth, part in enumerate(rest, 1):
            try:
                value = _step(value, part)
            except KeyError:
                return value if isinstance(value, Missing) else Missing.at(path, depth, value, self.globals)
        if not isinstance(value, (*JSON, for_tag.ForLoop, Missing)):
            raise refusal("tpl.value", "Only text, numbers, lists and objects can be used in a template.")
        if isinstance(value, str | list | dict) and len(value) > LARGE:
            self.budget.look_at_clock()  # whatever is done with it now may take long
        return value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """The filter, counted."""
        self.budget.look_at_clock()
        return partial(self.env.filters[name], budget=self.budget)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Called before each loop."""
        self.budget.loop(length)

    def assign(self, key: str, val: Any) -> None:
        """Keep a variable."""
        self.budget.step()
        self.locals[key] = val

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """A place to write to."""
        return Writing(self.budget)


def _step(value: object, part: object) -> object:
    if isinstance(value, dict | for_tag.ForLoop) and isinstance(part, str) and part in value:
        return value[part]
    if isinstance(value, list | tuple) and type(part) is int and -len(value) <= part < len(value):
        return value[part]
    if part == "size" and isinstance(value, dict | list | tuple | str):
        return len(value)
    if part in ("first", "last") and isinstance(value, list | tuple) and value:
        return value[0 if part == "first" else -1]
    raise KeyError
