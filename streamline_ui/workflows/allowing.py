"""From where requests to a workflow's address may come."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_network(text: str) -> bool:
    """Whether it is an address or a network."""
    return _network(text) is not None


def is_allowed(address: str, allowed: tuple[str, ...]) -> bool:
    """Whether a request from there is taken. Where nothing is listed, all are."""
    if not allowed:
        return True
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(network is not None and caller in network for network in map(_network, allowed))


@lru_cache(maxsize=5000)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
