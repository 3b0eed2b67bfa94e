"""Types for the parameters of actions, which may arrive as text from a form or as values from a template."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator

from streamline_ui.providers import formats


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise formats.refusal("This is not valid JSON.") from None


def _objects(value: Any) -> Any:
    parsed = _from_json(value)
    return [parsed] if isinstance(parsed, dict) else parsed


def _texts_of_object(value: Any) -> Any:
    parsed = _from_json(value)
    if not isinstance(parsed, dict):
        return parsed
    return {str(name): each if isinstance(each, str) else json.dumps(each) for name, each in parsed.items()}


def _object(value: Any) -> Any:
    parsed = _from_json(value)
    return parsed[0] if isinstance(parsed, list) and len(parsed) == 1 else parsed


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    return _from_json(text) if text.startswith("[") else [part.strip() for part in text.split(",") if part.strip()]


def _id_text(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


Objects = Annotated[list[dict[str, Any]], BeforeValidator(_objects)]
"""A list of JSON objects; one object alone, and JSON as text, will do."""

Object = Annotated[dict[str, Any], BeforeValidator(_object)]
"""A JSON object; JSON as text will do."""

Listed = Annotated[list[str], BeforeValidator(_listed)]
"""A list of texts; one text with commas between them will do, and JSON."""

Texts = Annotated[dict[str, str], BeforeValidator(_texts_of_object)]
"""Names and texts, such as headers; numbers become text."""

IdText = Annotated[str, BeforeValidator(_id_text)]
"""An id that is a number at some services."""
