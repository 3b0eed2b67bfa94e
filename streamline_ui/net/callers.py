"""Who is asking, and under which name: hosts, origins and proxies. Pure judgements, made from headers alone."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

ANY_NUMERIC = "*"
"""In a collection of hosts: every numeric address and localhost, on any port. Names cannot be guessed this way."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>\d{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def known_hosts(host: str, port: int, base_url: str = "") -> frozenset[str]:
    """The `Host` headers that mean us, for where we listen and the public address (which may be "").

    Whoever listens on more than this machine is reached under numeric addresses that it cannot know beforehand, behind
    ports that a container maps; those cannot be rebound to another site, so all of them count.
    """
    names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host.lower()}
    known = {f"{name}:{port}" for name in names}
    if port == _DEFAULT_PORTS["http"]:
        known |= names
    if not _is_loopback(host):
        known.add(ANY_NUMERIC)
    if base_url:
        parts = urlsplit(base_url)
        name = parts.netloc.lower()
        known |= {name} if parts.port else {name, f"{name}:{_DEFAULT_PORTS[parts.scheme]}"}
    return frozenset(known)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_known(host: str, known: Collection[str]) -> bool:
    """Whether a `Host` header names us. Exact: no port is added or taken away, no dot forgiven."""
    text = host.lower()
    found = _HOST.fullmatch(text)
    if found is None:
        return False
    return text in known or (ANY_NUMERIC in known and _is_numeric(found["name"]))


def _is_numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name == "localhost"
    return True


def origin_of(url: str) -> str:
    """`scheme://host[:port]` as a browser writes it, or "" for what has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def is_ours(origin: str, *, host: str, secure: bool, public: str) -> bool:
    """Whether a page from `origin` is one of ours: from the public origin, or from the host that this request is for.

    Where we do not know of TLS (a proxy that is not declared as trusted), https counts as well as http.
    """
    if public and origin == public:
        return True
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and rest == host and (scheme == "https" or (scheme == "http" and not secure))


class Proxies:
    """The proxies whose `X-Forwarded-…` headers count."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(text, strict=False) for text in trusted)

    def trusts(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            numeric = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(numeric, ipaddress.IPv6Address) and numeric.ipv4_mapped:
            numeric = numeric.ipv4_mapped
        return any(numeric.version == network.version and numeric in network for network in self._networks)

    def caller(self, peer: str, forwarded_for: str) -> str:
        """The address that a chain of trusted proxies says is asking: the last one that is not a proxy of ours."""
        address = peer
        for part in reversed(forwarded_for.split(",")):
            if not self.trusts(address):
                break
            found = _address(part.strip())
            if found is None:
                break
            address = found
        return address


def _address(text: str) -> str | None:
    """A numeric address, which some proxies write with a port."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None
