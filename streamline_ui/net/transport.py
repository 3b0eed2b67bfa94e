"""Carries one httpx request out: checks the address, follows redirects by hand, keeps the limits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
import httpx

from streamline_ui.errors import Rejected
from streamline_ui.net import bodies, faults
from streamline_ui.net.addresses import literal
from streamline_ui.net.pools import CONNECT_SECONDS, Pools
from streamline_ui.net.resolve import Attempt, attempt
from streamline_ui.net.targets import Target, target_of
from streamline_ui.net.urls import Origin

MAX_REDIRECTS = 3
_HARMLESS_METHODS = {"GET", "HEAD", "OPTIONS"}
_TO_ANYONE = {"accept", "accept-encoding", "accept-language", "user-agent"}  # what may follow to another origin
_OF_A_BODY = {"content-type", "content-length", "content-encoding", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Limits:
    """`total` is in seconds and covers everything from the look-up to the last byte, redirects included.

    A request that may be kept waiting on purpose brings its own, as the extension `total`.
    """

    total: float
    max_bytes: int


class Door(httpx.AsyncBaseTransport):
    """A client's transport. Not `anywhere`: a redirect to another origin is refused instead of followed bare."""

    def __init__(self, pools: Pools, limits: Limits, *, anywhere: bool) -> None:
        self._pools = pools
        self._limits = limits
        self._anywhere = anywhere

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer with its whole body. Raises our own errors only."""
        await request.aread()  # a body that is still a stream could not be sent a second time after a redirect
        current = Attempt(target_of(request).origin.host)
        token = attempt.set(current)
        total = float(request.extensions.get("total", self._limits.total))
        try:
            async with asyncio.timeout(total):
                return await self._follow(request, current)
        except TimeoutError:
            unclear = current.sent and request.method not in _HARMLESS_METHODS
            raise faults.silent(current.host, total, unclear=unclear) from None
        finally:
            attempt.reset(token)

    async def _follow(self, request: httpx.Request, current: Attempt) -> httpx.Response:
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._exchange(request, current)
            if not response.has_redirect_location:
                return response
            request = self._redirected(request, response)
        raise faults.endless(current.host)

    async def _exchange(self, request: httpx.Request, current: Attempt) -> httpx.Response:
        """One request and its answer, without redirects."""
        target = target_of(request)
        origin = target.origin
        current.host, current.refused = origin.host, None
        if self._pools.is_closed:
            raise faults.stopping()
        pool = self._pools.pool(to_sandbox=target.is_sandbox)
        if (address := literal(origin.host)) is not None:
            pool.guard.check_literal(origin.host, str(address), origin.port)
        try:
            async with pool.session.request(
                request.method,
                target.text,
                headers=request.headers,
                data=request.content or None,
                allow_redirects=False,
            ) as answer:
                unclear = request.method not in _HARMLESS_METHODS
                return await bodies.read(answer, request, origin.host, self._limits.max_bytes, unclear=unclear)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._translated(error, origin, current, request.method) from None

    def _translated(self, error: Exception, origin: Origin, current: Attempt, method: str) -> Exception:
        connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        seconds = min(CONNECT_SECONDS, self._limits.total) if connecting else self._limits.total
        unclear = current.sent and method not in _HARMLESS_METHODS
        known = faults.translate(
            error, origin.host, origin.port, seconds=seconds, unclear=unclear, verdict=current.refused
        )
        return known or error

    def _redirected(self, request: httpx.Request, response: httpx.Response) -> httpx.Request:
        """The request that the answer asks for, without anything that is not for its new address."""
        here = target_of(request).origin
        url, there = _location(request, response, here)
        if here.scheme == "https" and there.scheme == "http":
            raise faults.downgrade(here.host)
        at_home = there == here or (here, there) == (Origin("http", here.host, 80), Origin("https", here.host, 443))
        if not at_home and not self._anywhere:
            raise faults.led_away(here.host, there.host)
        method, body = request.method, request.content
        dropped = {"host"}
        if _becomes_get(response.status_code, method):
            method, body, dropped = "GET", b"", dropped | _OF_A_BODY
        if not at_home and body:
            raise faults.led_away(here.host, there.host)
        headers = [
            (key, value)
            for key, value in request.headers.items()
            if key not in dropped and (at_home or key in _TO_ANYONE)
        ]
        return httpx.Request(method, url, headers=headers, content=body or None, extensions=request.extensions)


def _becomes_get(status: int, method: str) -> bool:
    """As browsers do it: See Other always, the older two for a form that was sent."""
    return (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")


def _location(request: httpx.Request, response: httpx.Response, here: Origin) -> tuple[httpx.URL, Origin]:
    try:
        url = request.url.join(response.headers["location"]).copy_with(fragment=None)
        return url, Target.of(url).origin
    except (httpx.InvalidURL, ValueError, Rejected):
        raise faults.bad_redirect(here.host) from None
