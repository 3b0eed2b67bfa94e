"""Whether a service can reach us, where it is to send its news to an address of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from streamline_ui import settings
from streamline_ui.errors import Invalid
from streamline_ui.providers.describe import Config, Provider
from streamline_ui.settings import Settings

FIELD = "connectionMode"
PATH = "/hooks/"


def wants_push(config: Config) -> bool:
    """Whether this configuration has the service send its news by itself."""
    return getattr(config, "connection_mode", None) == "webhook"


def address(provider: Provider[Any], service_url: str | None) -> str:
    """The start of the addresses that we give to this service, which is at `service_url` where that is not its own.

    Raises Invalid where it could not reach them.
    """
    now = settings.current()
    if _is_ours(service_url, now):
        return f"{now.address}{PATH}"
    if not now.base_url:
        raise _unreachable(
            f"Streamline does not know its public address yet, so {provider.mentioned} cannot reach it. "
            "Set STREAMLINE_BASE_URL, or use polling."
        )
    if provider.push is not None and (refusal := provider.push.refusal(now.base_url)):
        raise _unreachable(f"{refusal} Change STREAMLINE_BASE_URL, or use polling.")
    return f"{now.base_url}{PATH}"


def check(provider: Provider[Any], config: Config) -> None:
    """Refuse a configuration whose news would never arrive. Raises Invalid."""
    if provider.push is not None and wants_push(config):
        address(provider, getattr(config, "base_url", None))


def _is_ours(service_url: str | None, now: Settings) -> bool:
    """Whether this is a stand-in of this very server, which needs no public address."""
    if not now.sandbox or not service_url:
        return False
    parts = urlsplit(service_url)
    return (
        parts.hostname in ("127.0.0.1", "localhost", now.host)
        and parts.port == now.port
        and parts.path.startswith("/sandbox/")
    )


def _unreachable(sentence: str) -> Invalid:
    return Invalid(sentence, {FIELD: sentence})
