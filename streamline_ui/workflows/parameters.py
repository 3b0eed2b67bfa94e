"""An action's parameters, before and after its templates are filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from streamline_ui.errors import Invalid
from streamline_ui.providers import formats, wording
from streamline_ui.workflows import templates

Location = tuple[str | int, ...]
CONVERTED = 50  # values, at most


def complaints(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with parameters whose templates are not filled in yet: dotted JSON name -> sentence.

    What depends on a template is not judged.
    """
    names = {name for key, field in model.model_fields.items() for name in (key, field.alias)}
    found = {name: "There is no such field." for name in values if name not in names}
    known = {name: value for name, value in values.items() if name in names}
    filled_in = list(_templates(known, ()))
    for problem in _problems(model, known):
        path = wording.path(problem["loc"])
        if not _depends(path, filled_in):
            title = wording.title(path, model)
            found.setdefault(".".join(path), wording.sentence(problem["type"], problem.get("ctx", {}), title))
    return found


def fit(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose templates are filled in, with texts and numbers as the action wants them.

    A lone `{{ trigger.body.amount }}` is a number, which a message's text is not, and a form sends "12" for 12. Only
    what the model refuses is changed, and only to what it accepts. Raises Invalid, by field.
    """
    fitted: dict[str, Any] = dict(values)
    if not (problems := _problems(model, fitted)):
        return fitted
    for problem in problems[:CONVERTED]:
        fitted = _converted(model, fitted, problem["loc"])
    formats.read(model, fitted)
    return fitted


def _problems(model: type[BaseModel], values: Mapping[str, Any]) -> list[ErrorDetails]:
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _converted(model: type[BaseModel], values: dict[str, Any], location: Location) -> dict[str, Any]:
    """The first conversion of the value at a place after which nothing is wrong there any more."""
    for convert in (templates.text, int, float, _true_or_false):
        try:
            changed = _with(values, location, convert)
        except (ValueError, KeyError, OverflowError, Invalid):
            continue
        if all(problem["loc"][: len(location)] != location for problem in _problems(model, changed)):
            return cast("dict[str, Any]", changed)
    return values


def _with(value: Any, location: Location, convert: Callable[[Any], object]) -> Any:
    """A copy in which the value at a place is converted. Parts that are no place in it name types, for unions."""
    if not location:
        return convert(_convertible(value, convert))
    part, rest = location[0], location[1:]
    if isinstance(value, Mapping) and part in value:
        return {**value, part: _with(value[part], rest, convert)}
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return [_with(each, rest, convert) if index == part else each for index, each in enumerate(value)]
    if rest or isinstance(value, Mapping | list):
        return _with(value, rest, convert)
    raise ValueError


def _convertible(value: Any, convert: Callable[[Any], object]) -> Any:
    """The value, if nothing of it gets lost. Raises ValueError."""
    if convert is templates.text:
        suits = value is not None and not isinstance(value, str)
    elif isinstance(value, str):
        suits = len(value) <= 60 and value.strip().lower().lstrip("+-") not in ("nan", "inf", "infinity")
    else:
        suits = convert is int and isinstance(value, float) and value.is_integer()
    if not suits:
        raise ValueError
    return value


def _true_or_false(value: object) -> bool:
    return {"true": True, "false": False}[str(value).strip().lower()]


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
