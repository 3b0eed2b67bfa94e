"""The OpenAPI document, completed with what the framework cannot know: tokens, problems, each service's form."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from streamline_ui import __version__
from streamline_ui.api.problems import MEDIA_TYPE
from streamline_ui.api.shapes import Problem
from streamline_ui.providers import PROVIDERS
from streamline_ui.workflows.definitions import Definition

DESCRIPTION = """\
Everything the pages do with services, for scripts.

Requests and answers are JSON with names in camelCase; times are ISO 8601 in UTC. Send a token as
`Authorization: Bearer stl_…`: make one under Settings, API tokens, or sign in over `POST /auth/login`.
Lists come in parts: `?limit=` (200 at most) and `?cursor=`, the `nextCursor` of the part before.
Writes accept an `Idempotency-Key`: a repeat within a day gets the first answer and happens only once.
Errors are `application/problem+json`. 50 requests a second are allowed for each token, and 200 in one burst.
"""
_REF = "#/components/schemas/"
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Makes a repeat harmless: use a new one for each new request.",
}


def describe(app: FastAPI, base_url: str) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title="Streamline",
        version=__version__,
        description=DESCRIPTION,
        routes=app.routes,
        servers=[{"url": f"{base_url}/api"}],
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "stl_…"}}
    document["security"] = [{"bearer": []}]
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= _schema_of_problem() | _schemas_of_configurations() | _schemas_of_definition()
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _complete(method, operation)
    _offer_configurations(schemas)
    _offer_definition(schemas)
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    is_public = operation.get("security") == []
    operation["summary"] = operation.get("description", "").partition(".")[0]
    answers: dict[str, Any] = operation["responses"]
    answers.pop("422", None)
    has_input = "requestBody" in operation or operation.get("parameters")
    possible = {
        "401": "No token, or one that is not known" if not is_public else None,
        "404": "Not there, or not yours" if _has_id(operation) else None,
        "422": "A field is missing or wrong" if has_input else None,
    }
    for status, meaning in possible.items():
        if meaning:
            answers[status] = {"description": meaning, "content": _PROBLEM}
    answers["default"] = {"description": "Any other error", "content": _PROBLEM}
    if method != "get" and not is_public:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)


def _has_id(operation: dict[str, Any]) -> bool:
    return any(parameter["in"] == "path" for parameter in operation.get("parameters", []))


def _schema_of_problem() -> dict[str, Any]:
    schema = Problem.model_json_schema(by_alias=True, mode="serialization", ref_template=_REF + "{model}")
    return {**schema.pop("$defs", {}), "Problem": schema}


def _schemas_of_configurations() -> dict[str, Any]:
    """For each service the schema of its `config`, as `<Type>Config`."""
    found: dict[str, Any] = {}
    for provider in PROVIDERS.values():
        prefix = _schema_name(provider.type)
        schema = provider.config.model_json_schema(by_alias=True, ref_template=f"{_REF}{prefix}.{{model}}")
        found |= {f"{prefix}.{name}": part for name, part in schema.pop("$defs", {}).items()}
        found[prefix] = schema
    return found


def _offer_configurations(schemas: dict[str, Any]) -> None:
    """Say which form `config` has for which service."""
    forms = [{"$ref": f"{_REF}{_schema_name(type_name)}"} for type_name in PROVIDERS]
    for name in ("NewIntegration", "Trial"):
        if name in schemas and forms:
            config = schemas[name]["properties"]["config"]
            config.pop("additionalProperties", None)
            config["anyOf"] = forms


def _schemas_of_definition() -> dict[str, Any]:
    """The schema of a workflow's definition, and of its parts as `Definition.<Part>`."""
    schema = Definition.model_json_schema(by_alias=True, ref_template=_REF + "Definition.{model}")
    return {f"Definition.{name}": part for name, part in schema.pop("$defs").items()} | {"Definition": schema}


def _offer_definition(schemas: dict[str, Any]) -> None:
    """Say what triggers, steps and settings look like wherever a workflow goes in or comes out."""
    parts = schemas["Definition"]["properties"]
    for name in ("NewWorkflow", "WorkflowVersion", "WorkflowChange", "Flow", "Described"):
        fields = schemas.get(name, {}).get("properties", {})
        for part in ("trigger", "steps", "settings"):
            if part in fields:
                kept = {key: value for key, value in fields[part].items() if key in ("title", "examples")}
                fields[part] = parts[part] | kept


def _schema_name(type_name: str) -> str:
    return "".join(part.capitalize() for part in type_name.split("_")) + "Config"
