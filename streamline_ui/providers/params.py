"""The parameters of an action or a feed: the function's own signature, as a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from pydantic import create_model, model_validator

from streamline_ui.providers.configs import Spoken


class Params(Spoken):
    """What a function is asked to do. An optional text that is left empty counts as not given."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        optional = {
            key for name, field in cls.model_fields.items() if not field.is_required() for key in (name, field.alias)
        }
        return {name: value for name, value in values.items() if not (name in optional and value in ("", None))}


def of(function: Callable[..., Any], given: int = 1) -> type[Params]:
    """A function's parameters but the first `given`, which the core hands in, from its annotations."""
    hints = get_type_hints(function, include_extras=True)
    parameters = [*inspect.signature(function).parameters.values()][given:]
    fields: dict[str, Any] = {p.name: (hints[p.name], ... if p.default is p.empty else p.default) for p in parameters}
    return create_model(function.__name__, __base__=Params, **fields)
