"""Every route of the interface, from its own document, so that a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Mapping

from streamline_ui import settings
from streamline_ui.api import app

DOCUMENT = app.build(settings.load({})).openapi()
ROUTES = [
    (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
CLOSED = [(method, path) for method, path, operation in ROUTES if operation.get("security") != []]
OPEN = [(method, path) for method, path, operation in ROUTES if operation.get("security") == []]
WITH_BODY = [(method, path) for method, path, operation in ROUTES if "requestBody" in operation]
BODY_MAY_BE_MISSING = [
    path for _, path, operation in ROUTES if "requestBody" in operation and "required" not in operation["requestBody"]
]
WITH_ID = [(method, path) for method, path in CLOSED if "{id}" in path]

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def fill(path: str, owned: Mapping[str, str] | None = None) -> str:
    """A path with ids in it: of what somebody owns (see `Person.own`), or unknown ones."""
    ids = owned or {}
    kind = path.split("/")[1]
    path = path.replace("{id}", ids.get(kind, UNKNOWN_ID)).replace("{request_id}", ids.get("requests", UNKNOWN_ID))
    return path.replace("{version}", "1").replace("{action}", "write")
