"""Plain sentences for everything a model can find wrong, made without looking at the value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from streamline_ui.providers import paste

_SENTENCES = {
    "missing": "{title} is missing.",
    "extra_forbidden": "There is a field here that is not known.",
    "string_type": "{title} must be text.",
    "string_sub_type": "{title} must be text.",
    "string_unicode": "{title} contains characters that are not valid text.",
    "string_too_long": "{title} may have at most {max_length} characters.",
    "string_too_short": "{title} must have at least {min_length} characters.",
    "string_pattern_mismatch": "{title} does not have the right form.",
    "bool_type": "{title} must be true or false.",
    "bool_parsing": "{title} must be true or false.",
    "int_type": "{title} must be a whole number.",
    "int_parsing": "{title} must be a whole number.",
    "int_parsing_size": "{title} is too large a number.",
    "int_from_float": "{title} must be a whole number.",
    "float_type": "{title} must be a number.",
    "float_parsing": "{title} must be a number.",
    "finite_number": "{title} must be a number.",
    "greater_than": "{title} must be more than {gt}.",
    "greater_than_equal": "{title} must be at least {ge}.",
    "less_than": "{title} must be less than {lt}.",
    "less_than_equal": "{title} may be at most {le}.",
    "multiple_of": "{title} must be a multiple of {multiple_of}.",
    "literal_error": "{title} must be {expected}.",
    "enum": "{title} must be {expected}.",
    "list_type": "{title} must be a list.",
    "tuple_type": "{title} must be a list.",
    "set_type": "{title} must be a list.",
    "dict_type": "{title} must be an object of names and values.",
    "mapping_type": "{title} must be an object of names and values.",
    "model_type": "{title} must be an object of names and values.",
    "model_attributes_type": "{title} must be an object of names and values.",
    "invalid_key": "The names in {title} must be text.",
    "too_long": "{title} may have at most {max_length} entries.",
    "too_short": "{title} must have at least {min_length} entries.",
    "none_required": "{title} must be empty.",
    "json_invalid": "{title} is not valid JSON.",
    "json_type": "{title} must be JSON text.",
    "recursion_loop": "{title} contains itself.",
    "url_parsing": "{title} is not a web address.",
    "url_scheme": "{title} must start with http:// or https://.",
    "url_syntax_violation": "{title} is not a web address.",
    "url_too_long": "{title} is too long.",
    "url_type": "{title} must be a web address.",
}
# What one may call a field without repeating somebody's secret that stands where a name should be.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,39}")
# A union names in its errors which of its types was tried; that is no field.
_TYPE_NAME = re.compile(r".*[\[(].*|str|int|float|bool|none|constrained-.*|.*-str|lax-or-strict.*")
_CAPITALS = {"url": "URL", "id": "ID", "api": "API", "html": "HTML", "sid": "SID"}


def path(location: Sequence[str | int]) -> tuple[str, ...]:
    """Where a problem is, as JSON names and positions."""
    return tuple(_part(part) for part in location if isinstance(part, int) or not _TYPE_NAME.fullmatch(part))


def _part(part: str | int) -> str:
    if isinstance(part, int) or (_NAME.fullmatch(part) and paste.recognise(part, weakly=True) is None):
        return str(part)
    return "unknown"


def title(names: Sequence[str], model: type[BaseModel] | None = None) -> str:
    """What the field is called on the screen, or its JSON name in words where the model is not known."""
    found = ""
    for name in names:
        fields = model.model_fields if model is not None else {}
        field = next((field for key, field in fields.items() if name in (field.alias, key)), None)
        if not name.isdigit():
            found = (field.title if field else None) or _in_words(name)
        inner = field.annotation if field else None
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
    return found or "This"


def sentence(kind: str, context: Mapping[str, Any], name: str) -> str:
    """The sentence for a pydantic error type. Our own checks bring theirs along."""
    if kind == "format":
        return str(context["sentence"])
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error") or f"{name} cannot be used.")
    if kind == "string_too_short" and context.get("min_length") == 1:
        return f"{name} is missing."
    values = {**context, "title": name}
    try:
        return _SENTENCES[kind].format_map(values)
    except KeyError:  # an error that no model of ours can make, or one without its limits
        return f"{name} cannot be used."


def _in_words(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower().split()
    text = " ".join(_CAPITALS.get(word, word) for word in words)
    return text[:1].upper() + text[1:]
