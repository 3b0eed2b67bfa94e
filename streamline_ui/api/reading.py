"""Reads the JSON that others send, strictly: what comes out is plain, shallow and storable.

Refused are what is not JSON, not UTF-8 or nests deeper than 64, numbers that no database holds, and control characters
(PostgreSQL cannot store NUL, and a name with line breaks lies in every log). Nothing refused is ever repeated.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic_core import ErrorDetails
from starlette.requests import Request

from streamline_ui.api.problems import BadBody, NotJson
from streamline_ui.errors import Invalid

DEEPEST = 64
LARGEST_NUMBER = 2**63 - 1
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # all but tab and line breaks, which messages need


async def body(request: Request, known: Collection[str] = (), *, may_be_empty: bool = False) -> tuple[bytes, Any]:
    """A request's body, raw and as JSON values. Only the names of `known` fields may appear in an error.

    Raises NotJson, BadBody, and Invalid for what is JSON but cannot be stored.
    """
    raw = await request.body()
    if may_be_empty and not raw:
        return raw, None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/(json|[\w.-]+\+json)", media_type):
        raise NotJson("The body has to be JSON.", hints=["Send the header Content-Type: application/json."])
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise NotJson("The body has to be plain, without a Content-Encoding.")
    return raw, parse(raw, known)


def parse(raw: bytes, known: Collection[str] = ()) -> Any:
    """The JSON values of a text, as `body` gives them."""
    if not raw.strip():
        raise BadBody("The body is empty; a JSON object is expected.")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if not _is_text(raw):
            raise BadBody("The body is not UTF-8.") from None
        raise BadBody(f"The body is not valid JSON (near character {error.pos}).") from None
    fields: dict[str, str] = {}
    remaining: list[tuple[Any, str, int]] = [(value, "", 1)]
    while remaining:
        item, field, depth = remaining.pop()
        if depth > DEEPEST:
            raise BadBody(f"The body nests deeper than {DEEPEST} levels.")
        problem = _problem(item)
        if problem:
            fields[field] = problem
        if isinstance(item, dict):
            remaining += [(v, field or (k if k in known else ""), depth + 1) for k, v in item.items()]
        elif isinstance(item, list):
            remaining += [(v, field, depth + 1) for v in item]
    if fields:
        raise Invalid(next(iter(fields.values())), fields)
    return value


def _is_text(raw: bytes) -> bool:
    try:
        return bool(raw.decode())
    except UnicodeDecodeError:
        return False


def _problem(item: Any) -> str | None:
    if isinstance(item, str) and _CONTROL.search(item):
        return "There are control characters in it."
    if isinstance(item, dict) and any(_CONTROL.search(key) for key in item):
        return "There are control characters in a field's name."
    if isinstance(item, int | float) and not -LARGEST_NUMBER - 1 <= item <= LARGEST_NUMBER:
        return "A number in it is too large."
    return None


_SENTENCES = {
    "missing": "This is missing.",
    "extra_forbidden": "There is a field here that is not known.",
    "string_type": "This has to be text.",
    "bool_type": "This has to be true or false.",
    "int_type": "This has to be a whole number.",
    "int_parsing": "This has to be a whole number.",
    "dict_type": "This has to be an object with fields.",
    "list_type": "This has to be a list.",
    "model_type": "This has to be an object with fields.",
    "model_attributes_type": "This has to be an object with fields.",
    "string_empty": "This is missing.",
    "string_too_short": "This is too short; {min_length} characters are the least.",
    "string_too_long": "This is too long; {max_length} characters are the most.",
    "too_long": "These are too many; {max_length} are the most.",
    "too_short": "These are too few; {min_length} are the least.",
    "literal_error": "This has to be one of {expected}.",
    "greater_than_equal": "This has to be at least {ge}.",
    "less_than_equal": "This has to be at most {le}.",
    "time_text": "This has to be a time such as 2030-01-31T12:00:00Z.",
    "timezone_aware": "This time needs its zone, as in 2030-01-31T12:00:00Z.",
    "string_pattern_mismatch": "This has characters that cannot be used here.",
}


def _sentence(kind: str, context: dict[str, Any]) -> str:
    if kind == "too_long" and context.get("field_type") == "Value":  # that is what pydantic calls a secret's text
        kind = "string_too_long"
    if kind == "string_too_short" and context.get("min_length") == 1:
        kind = "string_empty"
    return _SENTENCES.get(kind, "This cannot be used.").format_map(context)


def invalid(errors: list[ErrorDetails], model: type[BaseModel] | None = None, *, skip: int = 1) -> Invalid:
    """What a model refused, in our words: field names are the model's own, values are never repeated.

    `skip` is how many parts of a place to leave out: FastAPI puts "body" or "query" first.
    """
    fields: dict[str, str] = {}
    hints: list[str] = []
    for error in errors:
        place = [str(part) for part in error["loc"][skip:]]
        if error["type"] == "extra_forbidden":
            place.pop()  # the name was made up by whoever sent it
            if model is not None:
                hints = ["Known here are: " + ", ".join(f.alias or n for n, f in model.model_fields.items()) + "."]
        fields.setdefault(".".join(place), _sentence(error["type"], error.get("ctx") or {}))
    field, sentence = next(iter(fields.items()))
    message = f"{field}: {sentence}" if field else sentence
    return Invalid(message if len(fields) == 1 else f"{len(fields)} fields cannot be used.", fields, hints=hints)
