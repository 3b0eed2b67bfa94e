"""Reads a pydantic model as a form: which fields, of which kind, and how what was typed becomes JSON again.

Nothing here touches the page, so that it can be tested as plain data. Names are dotted JSON names (`apiKeys.apiKey`).
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from streamline_ui.providers.formats import Format

Kind = Literal["text", "secret", "number", "switch", "choice", "json"]
ROW = "+"  # "apiKeys.+.3.name" and "apiKeys.+.3.value" are a row that the user added below apiKeys


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as the form needs it.

    `choices` are pairs of value and label; `default` is what JSON would hold; `wanted` says that the form makes no
    sense without it, though the model may also do with something else; `formats` are what its text must look like.
    """

    name: str
    title: str
    help: str
    kind: Kind
    required: bool
    default: Any = None
    advanced: bool = False
    lines: int = 1
    placeholder: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    wanted: bool = False
    unit: str = ""
    formats: tuple[Format, ...] = ()
    limit: int | None = None  # characters that the service takes at once

    @property
    def hint(self) -> str:
        """What stands below the field."""
        return self.help or (f"In {self.unit}." if self.unit else "")


def fields_of(model: type[BaseModel], prefix: str = "") -> list[FormField]:
    """The fields of a model in its own order, those of a nested model in the place of it."""
    found: list[FormField] = []
    for python_name, info in model.model_fields.items():
        name = prefix + (info.alias or python_name)
        inner = bare_type(info.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found.extend(fields_of(inner, name + "."))
        else:
            found.append(_field(name, info, inner))
    return found


def open_ended(model: type[BaseModel]) -> list[str]:
    """The dotted names of nested models that accept further name and value rows."""
    nested = ((info.alias or name, bare_type(info.annotation)) for name, info in model.model_fields.items())
    return [
        name
        for name, inner in nested
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner.model_config.get("extra") == "allow"
    ]


def bare_type(annotation: Any) -> Any:
    """The annotation without Annotated and without "or None"."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return bare_type(members[0]) if members else annotation
    return annotation


def _field(name: str, info: FieldInfo, inner: Any) -> FormField:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    labels = extra.get("choices") or {}
    choices = tuple((str(value), _label(value, labels)) for value in get_args(inner))
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    return FormField(
        name=name,
        title=info.title or name.rpartition(".")[2],
        help=info.description or "",
        kind=_kind(inner),
        required=info.is_required(),
        default=None if isinstance(default, BaseModel | SecretStr) else default,
        advanced=bool(extra.get("advanced", False)),
        lines=int(str(extra.get("lines", 1))),
        placeholder=str(extra.get("placeholder", "")),
        choices=choices if get_origin(inner) is Literal else (),
        wanted=info.is_required() or bool(extra.get("primary", False)),
        unit=str(extra.get("unit", "")),
        formats=tuple(each for each in info.metadata if isinstance(each, Format)),
        limit=_limit(info, extra) if inner is str else None,
    )


def _limit(info: FieldInfo, extra: Mapping[str, Any]) -> int | None:
    """What the service takes in one piece, else what the model allows."""
    if isinstance(limit := extra.get("limit"), int):
        return limit
    return next((each.max_length for each in info.metadata if isinstance(each, MaxLen)), None)


def _kind(inner: Any) -> Kind:
    kinds: dict[Any, Kind] = {SecretStr: "secret", bool: "switch", int: "number", float: "number", str: "text"}
    return "choice" if get_origin(inner) is Literal else kinds.get(inner, "json")


def _label(value: object, labels: Any) -> str:
    given = labels.get(str(value)) if isinstance(labels, Mapping) else None
    return str(given) if given else str(value).replace("_", " ").capitalize()


def collect(fields: list[FormField], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed as nested JSON values. A field that is left blank is left out, and so is an unfinished row."""
    values: dict[str, Any] = {}
    for field in fields:
        text = typed.get(field.name)
        if field.kind == "switch":
            if field.name in typed or field.name + "?" in typed:  # an unticked box sends nothing but its shadow
                put(values, field.name, text is not None)
        elif text is not None and text.strip():
            put(values, field.name, _value(field, text))
    for group, name, value in rows(typed):
        put(values, group, {**(at(values, group) or {}), name: value})
    return values


def rows(typed: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The added rows as group, name and value, without those that lack a name or a value."""
    for key, name in typed.items():
        group, separator, place = key.partition(f".{ROW}.")
        number, _, part = place.partition(".")
        value = typed.get(f"{group}.{ROW}.{number}.value", "")
        if separator and part == "name" and name.strip() and value.strip():
            yield group, name.strip(), value


def at(values: Mapping[str, Any], name: str) -> Any:
    """What stands under a dotted name, or None."""
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def texts(values: Mapping[str, Any]) -> set[str]:
    """Every text in nested values."""
    inner = [texts(value) for value in values.values() if isinstance(value, Mapping)]
    return {value for value in values.values() if isinstance(value, str)}.union(*inner)


def as_text(value: Any) -> str:
    """A JSON value as it stands in a field."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _value(field: FormField, text: str) -> Any:
    """The typed text as the model wants it; what cannot be read stays text, and the model says what is wrong."""
    if field.kind == "number":
        for read in (int, float):
            try:
                return read(text.strip())
            except ValueError:
                continue
    if field.kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def put(values: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.split(".")
    for part in path:
        values = values.setdefault(part, {})
    values[last] = value
