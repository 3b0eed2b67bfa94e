"""Whether a service can reach us, where it is to send its news to an address of ours."""

from __future__ import annotations

from typing import Any

from streamline_ui import settings
from streamline_ui.errors import Invalid
from streamline_ui.providers.describe import Config, Provider

FIELD = "connectionMode"
PATH = "/hooks/"


def wants_push(config: Config) -> bool:
    """Whether this configuration has the service send its news by itself."""
    return getattr(config, "connection_mode", None) == "webhook"


def address(provider: Provider[Any]) -> str:
    """The start of the addresses that we give to this service. Raises Invalid where it could not reach them."""
    base = settings.current().base_url
    if not base:
        raise _unreachable(
            f"Streamline does not know its public address yet, so {provider.name} cannot reach it. "
            "Set STREAMLINE_BASE_URL, or use polling."
        )
    if provider.push is not None and (refusal := provider.push.refusal(base)):
        raise _unreachable(f"{refusal} Change STREAMLINE_BASE_URL, or use polling.")
    return f"{base}{PATH}"


def check(provider: Provider[Any], config: Config) -> None:
    """Refuse a configuration whose news would never arrive. Raises Invalid."""
    if provider.push is not None and wants_push(config):
        address(provider)


def _unreachable(sentence: str) -> Invalid:
    return Invalid(sentence, {FIELD: sentence})
