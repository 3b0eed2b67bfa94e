"""Templates: Liquid in the texts of a step, filled in from what came before.

The scope is plain JSON: `trigger`, `steps.<id>.output`, `item` inside a loop, `execution`. What one call may use is
bounded in time, memory and size, see `budget`. Every error is an `Invalid` whose code is `tpl.syntax`, `tpl.missing`,
`tpl.limit` or `tpl.value`, with the place inside the rendered value as its field.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from liquid import BoundTemplate
from liquid.expression import Expression

from streamline_ui.errors import Invalid
from streamline_ui.workflows.templating import language, missing, scanner
from streamline_ui.workflows.templating.budget import Budget, refusal, text, too_much

DEPTH = 64
CACHED = 2_000_000  # characters of source, over all cached templates; a marker counts as 500

__all__ = [
    "check",
    "check_condition",
    "condition",
    "is_template",
    "items",
    "near",
    "needed",
    "paths",
    "references",
    "render",
    "text",
]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to run: `alone` is the expression where the whole text is one `{{ … }}`.

    `needed` are those of its references that have to lead somewhere.
    """

    template: BoundTemplate | None
    alone: Expression | None
    references: tuple[tuple[object, ...], ...]
    needed: tuple[tuple[object, ...], ...]
    weight: int


_cache: OrderedDict[tuple[str, str], Compiled] = OrderedDict()
_cached_weight = 0
_lock = Lock()


def is_template(value: str) -> bool:
    """Whether there is anything to fill in."""
    return "{{" in value or "{%" in value


def is_alone(source: str) -> bool:
    """Whether a text is one lone `{{ … }}`, or cannot be read."""
    try:
        return _compile(source).alone is not None
    except Invalid:
        return True


def render(value: object, scope: Mapping[str, object]) -> object:
    """Fill in every text of a JSON value. A text that is one lone `{{ … }}` becomes the value itself.

    Such values are not copied: do not change what comes out. Raises Invalid.
    """
    return _render(value, scope, Budget(), ())


def _render(value: object, scope: Mapping[str, object], budget: Budget, at: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return _fill(value, scope, budget, at) if is_template(value) else value
    if len(at) > DEPTH:
        raise too_much("it is nested too deeply")
    if isinstance(value, dict):
        return {key: _render(each, scope, budget, (*at, str(key))) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_render(each, scope, budget, (*at, str(index))) for index, each in enumerate(value)]
    return value


def _fill(source: str, scope: Mapping[str, object], budget: Budget, at: tuple[str, ...]) -> object:
    try:
        compiled = _compile(source)
        if compiled.alone is None:
            assert compiled.template is not None
            return language.write(compiled.template, scope, budget)
        return _value(compiled.alone, scope, budget)
    except Invalid as error:
        if at and not error.fields:
            error.fields = {".".join(at): error.message}
        raise


def _value(expression: Expression, scope: Mapping[str, object], budget: Budget) -> object:
    value = language.evaluate(expression, scope, budget)
    if isinstance(value, missing.Missing):
        value.refuse()
    if isinstance(value, str) and getattr(expression, "filters", None):
        budget.write(value)
    else:
        budget.hand_on(value)
    return list(value) if isinstance(value, tuple) else value


def items(value: object, scope: Mapping[str, object]) -> list[object]:
    """The list a loop runs over: `value` is a template or a list. Raises Invalid where it is none."""
    found = render(value, scope)
    if isinstance(found, list):
        return found
    raise refusal("tpl.value", "This is no list, so there is nothing to go through one by one.")


def condition(source: str, scope: Mapping[str, object]) -> bool:
    """Whether a condition such as `trigger.body.amount > 10 and trigger.body.country == "CH"` holds.

    What is missing is false, blank, and smaller than nothing. The braces around it may be left out. Raises Invalid.
    """
    alone = _compile_condition(source).alone
    assert alone is not None
    value = language.evaluate(alone, scope, Budget())
    return not (value is None or value is False or isinstance(value, missing.Missing))


def check(source: str) -> str | None:
    """What is wrong with how a template is written, as a sentence, or None."""
    return _complaint(_compile, source)


def check_condition(source: str) -> str | None:
    """What is wrong with how a condition is written, as a sentence, or None."""
    return _complaint(_compile_condition, source)


def _complaint(compiler: object, source: str) -> str | None:
    assert callable(compiler)
    try:
        compiler(source)
    except Invalid as error:
        return error.message
    return None


def references(source: str, *, is_condition: bool = False) -> tuple[tuple[object, ...], ...]:
    """The parts of every path that a template or a condition takes from the scope. Raises Invalid."""
    return (_compile_condition if is_condition else _compile)(source).references


def needed(source: str, *, is_condition: bool = False) -> tuple[tuple[object, ...], ...]:
    """Those of them that have to lead somewhere: without a `default`, and outside of `{% if %}`. Raises Invalid."""
    return (_compile_condition if is_condition else _compile)(source).needed


def paths(source: str, *, is_condition: bool = False) -> list[str]:
    """The same as one writes them, each once: `["trigger.body.text"]`. Raises Invalid."""
    return list(dict.fromkeys(missing.path(each) for each in references(source, is_condition=is_condition)))


def near(parts: Sequence[object], scope: Mapping[str, object]) -> list[str] | None:
    """What may have been meant by a path that leads to nothing; None where there is something. Raises Invalid."""
    found = language.look_up(parts, scope, Budget())
    return found.near() if isinstance(found, missing.Missing) else None


def expression(source: str) -> Expression:
    """A condition's syntax tree, for the form in front of it. Raises Invalid."""
    alone = _compile_condition(source).alone
    assert alone is not None
    return alone


def _compile(source: str) -> Compiled:
    return _cached("template", source) or _keep("template", source, _compile_template(source))


def _compile_template(source: str) -> Compiled:
    markers = scanner.scan(source)
    template = language.parse(source.strip() if markers == 1 else source)
    nodes = template.nodes
    alone = nodes[0].expression if len(nodes) == 1 and isinstance(nodes[0], language.TextNode) else None
    template = template if alone is None or source.strip() == source else language.parse(source)
    references = tuple(language.template_paths(template))
    needed = tuple(each for each in language.needed(template.nodes) if each in references)
    return Compiled(template, alone, references, needed, len(source) + 500 * markers)


def _compile_condition(source: str) -> Compiled:
    if (kept := _cached("condition", source)) is not None:
        return kept
    bare = source.strip()
    if bare.startswith("{{") and bare.endswith("}}"):
        bare = bare[2:-2].strip()
    if not bare:
        raise scanner.syntax("The condition is empty.")
    if is_template(bare):
        raise scanner.syntax("A condition stands without {{ }}, for example: trigger.body.amount > 10")
    scanner.check_expression(bare)
    parsed = language.parse_condition(bare)
    references, needed = tuple(language.paths(parsed)), tuple(language.needed_paths(parsed))
    return _keep("condition", source, Compiled(None, parsed, references, needed, len(source) + 500))


def _cached(kind: str, source: str) -> Compiled | None:
    with _lock:
        compiled = _cache.get((kind, source))
        if compiled is not None:
            _cache.move_to_end((kind, source))
        return compiled


def _keep(kind: str, source: str, compiled: Compiled) -> Compiled:
    global _cached_weight  # noqa: PLW0603 - one cache for the process
    with _lock:
        if (kind, source) not in _cache:
            _cache[kind, source] = compiled
            _cached_weight += compiled.weight
        while _cached_weight > CACHED:
            _cached_weight -= _cache.popitem(last=False)[1].weight
    return compiled


def forget() -> None:
    """Empty the cache."""
    global _cached_weight  # noqa: PLW0603 - as above
    with _lock:
        _cache.clear()
        _cached_weight = 0
