"""Liquid as workflows speak it: python-liquid with plain JSON values only, a budget, and errors for what is missing.

Of its tags only those without access to files, other templates or hidden state are registered, of its filters those in
`filters`. Python objects cannot be reached: a path steps through dicts, lists and texts, and through nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from io import StringIO
from typing import Any, TextIO, cast

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin import content, illegal
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    LoopExpression,
    Path,
    tokenize,
)
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    for_tag,
    if_tag,
    unless_tag,
)
from liquid.exceptions import LiquidError, LiquidInterrupt
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.token import TOKEN_EXPRESSION, Token
from liquid.undefined import UNDEFINED

from streamline_ui.errors import Invalid
from streamline_ui.workflows import filters, operators
from streamline_ui.workflows.budget import Budget, refusal, text, too_much
from streamline_ui.workflows.missing import Missing
from streamline_ui.workflows.scanner import syntax


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
        if not isinstance(value, (*filters.JSON, for_tag.ForLoop, Missing)):
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


class TextNode(OutputNode):
    """`{{ … }}` inside a text: lists and objects come out as JSON."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value."""
        value = self.expression.evaluate(context)
        if isinstance(value, Missing):
            value.refuse()
        return buffer.write(text(value))


class TextOutput(Output):
    """`{{ … }}`."""

    node_class = TextNode


class ShortRange(RangeLiteral):
    """`(1..5)`, refused before anything is made of it when it is long."""

    def _make_range(self, start: Any, stop: Any) -> range:
        made = super()._make_range(start, stop)
        if made.stop - made.start > 10_000:
            raise too_much("a range of more than 10,000 numbers")
        return made


class Language(Environment):
    """The tags and filters that exist."""

    block_nesting_limit = 20
    logical_not_operator = True
    logical_parentheses = True
    shorthand_indexes = True

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register them."""
        for tag in (
            *(content.Literal, TextOutput, illegal.Illegal, comment_tag.CommentTag),
            *(if_tag.IfTag, unless_tag.UnlessTag, case_tag.CaseTag),
            *(for_tag.ForTag, for_tag.BreakTag, for_tag.ContinueTag),
            *(assign_tag.AssignTag, capture_tag.CaptureTag),
        ):
            self.add_tag(tag)
        self.filters.update(filters.FILTERS)


LANGUAGE = Language(undefined=Missing)
EMPTY = LANGUAGE.from_string("")


def parse(source: str) -> BoundTemplate:
    """A template that `scanner.scan` has let through, checked and made safe. Raises Invalid."""
    try:
        template = LANGUAGE.from_string(source)
        for node in _nodes(template.nodes):
            for expression in node.expressions():
                _secure(expression)
    except (LiquidError, RecursionError) as error:
        raise unreadable(error) from None
    return template


def parse_condition(source: str) -> Expression:
    """A condition without braces, or, where it has filters, a value that counts as true or not."""
    try:
        try:
            expression: Expression = BooleanExpression.parse(LANGUAGE, _tokens(source))
        except LiquidError:
            if "|" not in source:
                raise
            expression = FilteredExpression.parse(LANGUAGE, _tokens(source))
        _secure(expression)
    except (LiquidError, RecursionError) as error:
        raise unreadable(error) from None
    return expression


def _tokens(source: str) -> TokenStream:
    return TokenStream(tokenize(source, Token(TOKEN_EXPRESSION, source, 0, source)))


def _nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _nodes(node.children(_STATIC, include_partials=False))


_STATIC = RenderContext(EMPTY)


def _secure(expression: Expression) -> None:
    """Check the filters, and replace what the library evaluates without a bound."""
    if isinstance(expression, LoopExpression) and type(expression.iterable) is RangeLiteral:
        bounds = expression.iterable
        expression.iterable = ShortRange(bounds.token, bounds.start, bounds.stop)
    elif type(expression) is RangeLiteral:
        raise syntax("A range such as (1..5) can only be used in {% for %}.")
    if isinstance(expression, FilteredExpression):
        for each in expression.filters or ():
            _check_filter(each)
    operators.secure(expression)
    for child in expression.children():
        _secure(child)


def _check_filter(each: Filter) -> None:
    if each.name not in filters.FILTERS:
        near = filters.near(each.name)
        raise syntax(f"There is no filter {each.name[:40]}.{f' Did you mean {near}?' if near else ''}")


def paths(root: Expression) -> list[tuple[object, ...]]:
    """The parts of every path in an expression; a part that is itself looked up ends it, and is a path of its own."""
    found: list[tuple[object, ...]] = []
    if isinstance(root, Path):
        parts: list[object] = []
        for part in root.path:
            if isinstance(part, Path):
                break
            parts.append(part)
        found += [tuple(parts)] if parts else []
    for child in root.children():
        found += paths(child)
    return found


def template_paths(template: BoundTemplate) -> list[tuple[object, ...]]:
    """The parts of every path that a template takes from outside; its own variables are left out."""
    found = template.analyze(include_partials=False).globals
    segments = [variable.segments for variables in found.values() for variable in variables]
    return [tuple(_until_looked_up(each)) for each in segments if isinstance(each[0], str)]


def _until_looked_up(segments: Iterable[object]) -> Iterator[object]:
    for each in segments:
        if isinstance(each, list):
            return
        yield each


def evaluate(expression: Expression, scope: Mapping[str, object], budget: Budget) -> object:
    """The value of one expression; it may be Missing. Raises Invalid."""
    return _guarded(lambda: expression.evaluate(Context(EMPTY, scope, budget)))


def write(template: BoundTemplate, scope: Mapping[str, object], budget: Budget) -> str:
    """The text a template makes. Raises Invalid."""

    def run() -> str:
        context, buffer = Context(template, scope, budget), Writing(budget)
        for node in template.nodes:
            node.render(context, buffer)
        return buffer.getvalue()

    return cast("str", _guarded(run))


def _guarded(run: Callable[[], object]) -> object:
    try:
        return run()
    except Invalid:
        raise
    except LiquidInterrupt as error:
        raise syntax(f"{{% {error} %}} only makes sense inside {{% for %}}.") from None
    except RecursionError:
        raise too_much("it is nested too deeply") from None
    except Exception as error:
        raise refusal("tpl.value", f"The template could not be filled in: {_words(error)}") from None


def unreadable(error: Exception) -> Invalid:
    """The sentence for the parser's complaint."""
    return error if isinstance(error, Invalid) else syntax(f"The template cannot be read: {_words(error)}")


def _words(error: Exception) -> str:
    said = str(error.message) if isinstance(error, LiquidError) else str(error)
    words = " ".join(said.split())[:160].replace("end of expression", "the end").replace("lparen", "(")
    return f"{words or 'it is too deeply nested'}."
