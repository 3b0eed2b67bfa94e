"""The comparisons of conditions, kinder and safer than the library's.

A form sends "12" where JSON sends 12: beside a number, a text that is one counts as it. Something missing is empty.
Only texts and numbers are looked for in something, because the library would write anything else out first.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from liquid import RenderContext
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank, Empty
from liquid.expression import Expression

from streamline_ui.workflows.templating.budget import TEXT, refusal, too_much
from streamline_ui.workflows.templating.missing import Missing


class Side(Expression):
    """One side of a comparison, and what stands on the other."""

    __slots__ = ("other", "side")

    def __init__(self, side: Expression, other: Expression) -> None:
        super().__init__(side.token)
        self.side = side
        self.other = other

    def children(self) -> Iterable[Expression]:
        """The side itself."""
        return [self.side]

    def evaluate(self, context: RenderContext) -> object:
        """The value to compare."""
        return self.side.evaluate(context)


class Ordered(Side):
    """A side of `<` and its kin."""

    def evaluate(self, context: RenderContext) -> object:
        """The value, as a number beside a number."""
        value, other = self.side.evaluate(context), self.other.evaluate(context)
        if isinstance(value, dict | list | tuple):
            raise refusal("tpl.value", "Only numbers and texts can be compared as larger or smaller.")
        if isinstance(value, str) and isinstance(other, int | float) and not isinstance(other, bool):
            return _number(value)
        return value


class Sought(Side):
    """What is looked for in something."""

    def evaluate(self, context: RenderContext) -> object:
        """The value, if it is a small one."""
        value = self.side.evaluate(context)
        if isinstance(value, dict | list | tuple):
            raise refusal("tpl.value", 'After "contains" stands a text or a number.')
        if isinstance(value, str) and len(value) > TEXT:
            raise too_much(f'more than {TEXT:,} characters after "contains"')
        return value


class Searched(Side):
    """Something that is looked in."""

    def evaluate(self, context: RenderContext) -> object:
        """The value; a number has nothing in it."""
        value = self.side.evaluate(context)
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Emptied(Side):
    """What is compared with `blank` or `empty`."""

    def evaluate(self, context: RenderContext) -> object:
        """The value, or an empty text where there is none."""
        value = self.side.evaluate(context)
        return "" if value is None or isinstance(value, Missing) else value


def secure(expression: Expression) -> None:
    """Put our sides into a comparison of the library's."""
    if isinstance(expression, LtExpression | GtExpression | LeExpression | GeExpression):
        left, right = expression.left, expression.right
        expression.left, expression.right = Ordered(left, right), Ordered(right, left)
    elif isinstance(expression, ContainsExpression):
        left, right = expression.left, expression.right
        expression.left, expression.right = Searched(left, right), Sought(right, left)
    elif isinstance(expression, EqExpression | NeExpression) and isinstance(expression.right, Blank | Empty):
        expression.left = Emptied(expression.left, expression.right)


def _number(text: str) -> int | float:
    try:
        number = float(text) if len(text) <= 60 else float("nan")
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise refusal("tpl.value", f'"{text[:40]}" is not a number, so it cannot be compared with one.')
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
