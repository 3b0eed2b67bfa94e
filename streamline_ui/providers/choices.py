"""Offers the values of a parameter: the bases of an account, the tables of a base, the channels of a server.

In `Annotated[str, Choices(tables), Field(title="Table")]` the function `tables` lists what may be chosen. What it needs
to know besides the connection are parameters of the same action or feed, by their names: `tables(account, base_id)`.
A value that is not among those offered is still allowed; the service has the last word.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """Annotates a parameter with `load`, which takes the opened connection and other parameters by name.

    It returns pairs of the value and its label, in the order to show, and raises StreamlineError.
    """

    load: Callable[..., Awaitable[Pairs]]

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The parameters that `load` has to know, in Python's spelling."""
        return tuple(inspect.signature(self.load).parameters)[1:]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        depends_on = [to_camel(name) for name in self.depends_on]
        return {**handler(schema), "choices": True, **({"dependsOn": depends_on} if depends_on else {})}


def of(model: type[BaseModel], field: str) -> Choices | None:
    """The choices of a model's field by its JSON name, or None where it offers none."""
    found = next((info for name, info in model.model_fields.items() if field in (info.alias, name)), None)
    return next((each for each in found.metadata if isinstance(each, Choices)), None) if found else None
