"""Every route of the interface, from its own document, so that a new one cannot be forgotten."""

from __future__ import annotations

import re

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
WITH_ID = [(method, path) for method, path in CLOSED if "{id}" in path]

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def fill(path: str, row_id: str = UNKNOWN_ID) -> str:
    """A path with ids in it."""
    return re.sub(r"\{\w+\}", "write", path.replace("{id}", row_id))
