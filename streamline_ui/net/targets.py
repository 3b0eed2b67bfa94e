"""Where a request goes, worked out once: most of a hub's requests go to a few addresses, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import httpx

from streamline_ui.net import faults, urls
from streamline_ui.net.urls import Origin

KEPT = 200  # addresses
LONGEST_KEPT = 2000  # characters


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked. `text` is how it goes to the wire."""

    url: httpx.URL
    text: str
    origin: Origin
    is_sandbox: bool

    @classmethod
    def of(cls, url: httpx.URL) -> Target:
        """Check it. Raises Rejected."""
        text = str(url)
        try:
            return cls(url, text, urls.check(text), urls.is_sandbox(text))
        except urls.UrlError as problem:
            raise faults.bad_url(str(problem)) from None


class Request(httpx.Request):
    """A request that remembers its target."""

    target: Target

    @classmethod
    def ready(cls, method: str, target: Target, headers: httpx.Headers, body: bytes) -> Request:
        """One whose parts are complete: nothing is worked out any more."""
        request = cls.__new__(cls)
        request.method, request.url, request.headers = method, target.url, headers
        request.extensions = {}
        request.stream, request._content = httpx.ByteStream(body), body
        request.target = target
        return request


def target_of(request: httpx.Request) -> Target:
    """Where it goes now: whoever signs it may have given it another address. Raises Rejected."""
    if isinstance(request, Request) and request.target.url is request.url:
        return request.target
    return Target.of(request.url)


def resolved(base: httpx.URL, text: str) -> Target:
    """What an address means to a client with this base. Raises Rejected, and httpx.InvalidURL."""
    return _kept(base, text) if len(text) <= LONGEST_KEPT else _resolved(base, text)


def _resolved(base: httpx.URL, text: str) -> Target:
    given = httpx.URL(text)
    if given.is_relative_url:  # it goes on from the base, whether it begins with a slash or not
        given = base.copy_with(raw_path=base.raw_path + given.raw_path.lstrip(b"/"))
    return Target.of(given)


_kept = lru_cache(maxsize=KEPT)(_resolved)
