"""An action's parameters, before and after its templates are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from streamline_ui.errors import Invalid
from streamline_ui.providers import formats, wording
from streamline_ui.workflows import templates

TRIES = 4


def complaints(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with parameters whose templates are not filled in yet: dotted JSON name -> sentence.

    What depends on a template is not judged.
    """
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        filled_in = list(_templates(values, ()))
        found: dict[str, str] = {}
        for problem in error.errors(include_input=False, include_url=False):
            path = wording.path(problem["loc"])
            if not _depends(path, filled_in):
                title = wording.title(path, model)
                sentence = wording.sentence(problem["type"], problem.get("ctx", {}), title)
                found.setdefault(".".join(path), sentence)
        return found
    return {}


def fit(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose templates are filled in, with texts and numbers as the action wants them.

    A lone `{{ trigger.body.amount }}` is a number, which a message's text is not, and a form sends "12" for 12. Only
    what the model refuses is changed. Raises Invalid, by field.
    """
    fitted = dict(values)
    for _ in range(TRIES):
        try:
            model.model_validate(fitted)
        except ValidationError as error:
            changed = fitted
            for problem in error.errors(include_url=False):
                changed = _replaced(changed, problem["loc"], problem["type"])
            if changed == fitted and _same_types(changed, fitted):
                fields = formats.sentences(error, model)
                message = next(iter(fields.values())) if len(fields) == 1 else "Some of the values cannot be used."
                raise Invalid(message, fields) from None
            fitted = changed
        else:
            return fitted
    return fitted


def _replaced(value: Any, location: Sequence[str | int], kind: str) -> Any:
    """A copy in which the value at a place has the wanted type, where it can."""
    if not location:
        return _converted(value, kind)
    part, rest = location[0], location[1:]
    if isinstance(value, Mapping) and part in value:
        return {**value, part: _replaced(value[part], rest, kind)}
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return [_replaced(each, rest, kind) if index == part else each for index, each in enumerate(value)]
    return value if isinstance(value, Mapping | list) else _replaced(value, rest, kind)


def _converted(value: Any, kind: str) -> Any:
    if kind == "string_type" and value is not None:
        return templates.text(value)
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        return int(value)
    return _read(value.strip(), kind, value) if isinstance(value, str) else value


def _read(text: str, kind: str, otherwise: str) -> object:
    """A text as the wanted type, or as it was."""
    try:
        if kind == "int_type" and len(text) <= 40:
            return int(text)
        if kind == "float_type":
            return float(text)
    except ValueError:
        return otherwise
    return {"true": True, "false": False}.get(text.lower(), otherwise) if kind == "bool_type" else otherwise


def _same_types(one: Any, other: Any) -> bool:
    """1 equals True and 1.0, which makes all the difference here."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return all(_same_types(one[name], other[name]) for name in one)
    return not isinstance(one, list) or all(_same_types(a, b) for a, b in zip(one, other, strict=True))


def _templates(value: object, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, str) and templates.is_template(value):
        yield at
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _templates(each, (*at, str(name)))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _templates(each, (*at, str(index)))


def _depends(path: tuple[str, ...], filled_in: Sequence[tuple[str, ...]]) -> bool:
    """Whether a template stands at the place, around it or inside it."""
    return any(path[: len(each)] == each[: len(path)] for each in filled_in)
