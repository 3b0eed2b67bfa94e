"""Reads an address for a request so strictly that no two parsers on the way can understand it differently."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import yarl

from streamline_ui.net.addresses import literal

MAX_URL = 8000
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_SANDBOX = "/sandbox/"
_CLIMBING = re.compile(r"\.\.|%2e|%5c|\\", re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "https": 443}


class UrlError(ValueError):
    """The sentence says what is wrong, without repeating the address: it may hold a secret."""


class Origin(NamedTuple):
    """Who a request goes to. `host` is lower case ASCII without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"


@lru_cache(maxsize=200)
def check(text: str) -> Origin:
    """Refuse what is not plainly one http(s) address, and say whom it names. Raises UrlError.

    On its way out a request is checked four times, and most of a hub's requests go to a few addresses.
    """
    if len(text) > MAX_URL:
        raise UrlError(f"The address is longer than {MAX_URL} characters.")
    if _FORBIDDEN.search(text):
        raise UrlError("The address has a space, a backslash or a control character in it.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UrlError("This is not an address a request can be sent to.") from None
    if parts.scheme not in DEFAULT_PORTS or not text.lower().startswith(f"{parts.scheme}://"):
        raise UrlError("The address must start with http:// or https://.")
    if "@" in parts.netloc:
        raise UrlError("The address has a user name or password in it. Those belong in the fields for credentials.")
    if port == 0:
        raise UrlError("The port in the address cannot be used.")
    host = _host(text, parts.hostname or "")
    return Origin(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme])


def _host(text: str, first: str) -> str:
    """The host, if three parsers read the same one: the check, the credentials and the socket each rely on another."""
    try:
        second = httpx.URL(text).raw_host.decode("ascii").lower()
        third = (yarl.URL(text).raw_host or "").lower()
        first = first if first.isascii() else httpx.URL(f"http://{first}/").raw_host.decode("ascii")
    except (ValueError, httpx.InvalidURL):
        raise UrlError("The address has no usable host.") from None
    if not first == second == third:
        raise UrlError("The host in the address can be read in more than one way.")
    if ":" in first:
        if "%" in first or literal(first) is None:
            raise UrlError("The address has no usable host.")
    elif not _HOST.fullmatch(first) or len(first) > 253:
        raise UrlError("The address has no usable host.")
    return first


@lru_cache(maxsize=200)
def is_sandbox(text: str) -> bool:
    """Whether the path lies below `/sandbox/`, with nothing in it that could climb out on the way to the server."""
    path = httpx.URL(text).raw_path.partition(b"?")[0].decode("ascii")
    return path.startswith(_SANDBOX) and not _CLIMBING.search(path)
