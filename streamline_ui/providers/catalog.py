"""What the REST catalog, the pages and the workflow editor know about a provider, as JSON values."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from streamline_ui import providers
from streamline_ui.providers.describe import Action, Provider


def entries() -> list[dict[str, Any]]:
    """Every provider, by name."""
    return [entry(provider) for provider in sorted(providers.PROVIDERS.values(), key=lambda each: each.name.lower())]


def entry(provider: Provider[Any]) -> dict[str, Any]:
    """One provider: who it is, what to fill in, what it can do and what it can tell."""
    return {
        "type": provider.type,
        "name": provider.name,
        "authType": provider.auth_type,
        "category": provider.category,
        "needs": provider.needs,
        "purpose": provider.purpose,
        "can": list(provider.can),
        "brand": provider.brand,
        "icon": provider.icon,
        "aliases": list(provider.aliases),
        "guide": provider.guide,
        "docsUrl": provider.docs,
        "consoleUrl": provider.console,
        "configSchema": schema(provider.config),
        "actions": [_action(action) for action in provider.actions.values()],
        "triggers": [
            {
                "event": each.event,
                "title": each.title,
                "sample": dict(each.sample),
                "parameters": None if each.params is None else schema(each.params),
            }
            for each in provider.triggers
        ],
    }


def _action(action: Action[Any]) -> dict[str, Any]:
    return {
        "name": action.name,
        "title": action.title,
        "description": action.help,
        "parameters": schema(action.params),
        "repeatable": action.repeatable,
        "trial": None if action.trial is None else dict(action.trial),
    }


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """A model as JSON Schema without references. Secrets are `format: password` and `writeOnly`."""
    found = model.model_json_schema(by_alias=True)
    definitions = found.pop("$defs", {})
    found.pop("description", None)  # the class's docstring, which is for programmers
    resolved: dict[str, Any] = _resolved(found, definitions)
    return resolved


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    """References filled in, "or null" left out (what may be missing is not in `required`), advanced fields last."""
    if isinstance(node, list):
        return [_resolved(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        node = {**definitions[name], **{key: value for key, value in node.items() if key != "$ref"}}
    options = [each for each in node.get("anyOf", []) if each != {"type": "null"}]
    if len(options) == 1:
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _resolved({**options[0], **rest}, definitions)
    plain = {key: _resolved(value, definitions) for key, value in node.items()}
    if isinstance(plain.get("properties"), dict):
        properties = sorted(plain["properties"].items(), key=lambda each: each[1].get("advanced", False))
        plain["properties"] = dict(properties)
    return {key: value for key, value in plain.items() if not (key == "default" and value is None)}


def key_names(model: type[BaseModel]) -> list[str]:
    """The JSON names of the keys that a form asks for; others may stand beside them, and are not sent anywhere."""
    keys = model.model_fields.get("api_keys")
    inner = () if keys is None else (keys.annotation, *get_args(keys.annotation))
    forms = [part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)]
    return [field.alias or name for form in forms for name, field in form.model_fields.items()]


@cache
def all_key_names() -> frozenset[str]:
    """The same of all services together."""
    return frozenset(name for provider in providers.PROVIDERS.values() for name in key_names(provider.config))


def secret_fields(model: type[BaseModel], prefix: str = "") -> list[str]:
    """The JSON names of everything that is a secret, dotted where nested."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        inner = [
            part for part in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(part, type)
        ]
        found += [path for part in inner if issubclass(part, SecretStr)]
        found += [each for part in inner if issubclass(part, BaseModel) for each in secret_fields(part, f"{path}.")]
    return found
