"""Liquid as workflows speak it: python-liquid with plain JSON values only, a budget, and errors for what is missing.

Of its tags only those without access to files, other templates or hidden state are registered, of its filters those in
`filters`. Python objects cannot be reached: a path steps through dicts, lists and texts, and through nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO, cast

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin import content, illegal
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    LoopExpression,
    Path,
    TernaryFilteredExpression,
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
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.token import TOKEN_DOT, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_WORD, Token

from streamline_ui.errors import Invalid
from streamline_ui.workflows.templating import filters, operators
from streamline_ui.workflows.templating.budget import Budget, refusal, text, too_much
from streamline_ui.workflows.templating.context import Context, Writing
from streamline_ui.workflows.templating.missing import Missing
from streamline_ui.workflows.templating.scanner import syntax


class TextNode(OutputNode):
    """`{{ … }}` inside a text: lists and objects come out as JSON."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value."""
        value = self.expression.evaluate(context)
        if isinstance(value, Missing):
            value.refuse()
        return buffer.write(text(value))


class Stream(TokenStream):
    """Tokens in which a key may be called like one of Liquid's words: `trigger.body.limit`."""

    def into_inner(self, *, tag: Token | None = None, eat: bool = True) -> TokenStream:
        """The tokens inside a tag."""
        inner = super().into_inner(tag=tag, eat=eat)
        inner.tokens = _with_keys(inner.tokens)
        return inner


def _with_keys(tokens: Sequence[Token]) -> list[Token]:
    before = [None, *(token.kind for token in tokens)]
    return [
        token._replace(kind=TOKEN_WORD) if kind == TOKEN_DOT and token.value.isidentifier() else token
        for kind, token in zip(before, tokens, strict=False)
    ]


class TextOutput(Output):
    """`{{ … }}`."""

    node_class = TextNode

    def parse(self, stream: TokenStream) -> OutputNode:
        """Read one."""
        token = stream.eat(TOKEN_OUTPUT)
        inside = stream.expect(TOKEN_EXPRESSION)
        return self.node_class(token, FilteredExpression.parse(self.env, _tokens(inside.value, inside)))


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

    def _parse(self, source: str) -> list[Node]:
        return get_parser(self).parse(Stream(self.tokenizer()(source)))


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


def _tokens(source: str, parent: Token | None = None) -> TokenStream:
    found = list(tokenize(source, parent or Token(TOKEN_EXPRESSION, source, 0, source)))
    return TokenStream(iter(_with_keys(found)))


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


def needed(nodes: Iterable[Node]) -> Iterator[tuple[object, ...]]:
    """The parts of the paths without which a template fails: not those with a `default`, nor what `if` decides on."""
    for node in nodes:
        if not isinstance(node, if_tag.IfNode | unless_tag.UnlessNode | case_tag.CaseNode):
            for expression in node.expressions():
                yield from needed_paths(expression)
            yield from needed(node.children(_STATIC, include_partials=False))


def needed_paths(expression: Expression) -> list[tuple[object, ...]]:
    """The same for one expression."""
    named = [each.name for each in getattr(expression, "filters", None) or ()]
    is_ternary = isinstance(expression, TernaryFilteredExpression)
    return [] if is_ternary or "default" in named else paths(expression)


def _until_looked_up(segments: Iterable[object]) -> Iterator[object]:
    for each in segments:
        if isinstance(each, list):
            return
        yield each


def evaluate(expression: Expression, scope: Mapping[str, object], budget: Budget) -> object:
    """The value of one expression; it may be Missing. Raises Invalid."""
    return _guarded(lambda: expression.evaluate(Context(EMPTY, scope, budget)))


def look_up(parts: Sequence[object], scope: Mapping[str, object], budget: Budget) -> object:
    """What stands at a path; it may be Missing. Raises Invalid."""
    return _guarded(lambda: Context(EMPTY, scope, budget).get([*parts], token=None))


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
