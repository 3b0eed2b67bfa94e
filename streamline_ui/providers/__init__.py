"""The services Streamline can connect to: one file each, found by its `provider`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from streamline_ui.errors import Invalid
from streamline_ui.providers.describe import Provider


def _discover() -> dict[str, Provider[Any]]:
    found: dict[str, Provider[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        provider = getattr(importlib.import_module(f"{__name__}.{module.name}"), "provider", None)
        if isinstance(provider, Provider):
            found[provider.type] = provider
    return found


PROVIDERS = _discover()


def named(type_name: str) -> Provider[Any]:
    """The provider of that type. Raises Invalid for an unknown one."""
    try:
        return PROVIDERS[type_name]
    except KeyError:
        raise Invalid("There is no such service.", {"type": "Choose one of: " + ", ".join(PROVIDERS) + "."}) from None
