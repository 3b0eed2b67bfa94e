"""httpx's client with our transport, our errors, and credentials that know where they belong.

What httpx does for each client and each request in general is most of what a request costs, so the plain case, which
nearly all are, is done here with its own parts and the same result; everything else is left to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

import httpx
from httpx import USE_CLIENT_DEFAULT

from streamline_ui import __version__
from streamline_ui.errors import StreamlineError
from streamline_ui.net import faults
from streamline_ui.net.pools import CONNECT_SECONDS
from streamline_ui.net.targets import Request, Target, resolved, target_of
from streamline_ui.net.transport import Door
from streamline_ui.net.urls import Origin

Explain = Callable[[httpx.Response], StreamlineError]
_HEADERS = {"User-Agent": f"Streamline/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip"}
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)  # as httpx writes it
_WITH_BODY = ("POST", "PUT", "PATCH")
_NOT_PLAIN = ("data", "files", "params", "cookies", "extensions")


class _NoCookies(httpx.Cookies):
    """No service's cookies are kept, nor looked for: that takes as long as reading the rest of an answer."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them there."""

    def set_cookie_header(self, request: httpx.Request) -> None:
        """There are none."""


@cache
def _blank() -> Mapping[str, Any]:
    """What httpx makes of a client without an address: every client of ours begins as a copy of it."""
    client = httpx.AsyncClient(
        transport=httpx.AsyncBaseTransport(),
        headers=_HEADERS,
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),  # the transport has the deadline for the whole
        trust_env=False,
        follow_redirects=False,
    )
    return {**vars(client), "_cookies": _NoCookies()}


@lru_cache(maxsize=200)
def _base(text: str) -> tuple[httpx.URL, Origin | None]:
    """The address that a client goes on from, and where its credentials belong."""
    url = httpx.URL(text)
    if not text:
        return url, None
    origin = Target.of(url).origin
    return (url if url.raw_path.endswith(b"/") else url.copy_with(raw_path=url.raw_path + b"/")), origin


class Client(httpx.AsyncClient):
    """See `egress.client`."""

    def __init__(
        self,
        door: Door,
        service: str,
        base_url: str,
        auth: httpx.Auth | None,
        explain: Explain | None,
        *,
        anywhere: bool,
    ) -> None:
        self.__dict__.update(_blank())
        self._transport = self._door = door
        self._base_url, self._home = _base(base_url)
        self._headers = httpx.Headers(self._headers)
        self._event_hooks = {"request": [], "response": []}
        self._auth = auth
        self._service = service
        self._explain = explain
        self._anywhere = anywhere

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        try:
            content = options.get("content")
            if (
                isinstance(url, str)
                and (content is None or isinstance(content, str | bytes))
                and all(options.get(name) is None for name in _NOT_PLAIN)
            ):
                return self._plain(method.upper(), url, content, options.get("json"), options.get("headers"))
            return super().build_request(method, url, **options)
        except httpx.InvalidURL:
            raise faults.bad_url("This is not an address a request can be sent to.") from None
        except UnicodeEncodeError:
            raise faults.unsendable() from None

    def _plain(self, method: str, url: str, content: str | bytes | None, value: Any, given: Any) -> Request:
        """A request with a whole body and nothing unusual, as httpx builds it."""
        target = resolved(self._base_url, url)
        headers = httpx.Headers(self._headers)
        if given:
            headers.update(given)
        known = {name for _, name, _ in headers._list}
        before = [(b"Host", target.url.netloc)]
        after: list[tuple[bytes, bytes]] = []
        body = b""
        if content is not None:
            body = content.encode() if isinstance(content, str) else content
        elif value is not None:
            body = _JSON.encode(value).encode()
            after.append((b"Content-Type", b"application/json"))
        if body:
            after.insert(0, (b"Content-Length", b"%d" % len(body)))
        elif method in _WITH_BODY and b"transfer-encoding" not in known:
            before.append((b"Content-Length", b"0"))
        headers._list[:0] = [(name, name.lower(), text) for name, text in before if name.lower() not in known]
        headers._list += [(name, name.lower(), text) for name, text in after if name.lower() not in known]
        return Request.ready(method, target, headers, body)

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        origin = target_of(request).origin
        if self._home is not None and origin != self._home:
            if not self._anywhere:
                raise faults.elsewhere(self._service, origin.host)
            self._strip(request)
            options["auth"] = None
        try:
            response = await self._sent(request, options)
        except UnicodeEncodeError:
            raise faults.unsendable() from None
        unchanged = response.status_code == httpx.codes.NOT_MODIFIED  # what a conditional request hopes for
        if self._explain is not None and not (response.is_success or unchanged):
            raise self._explain(response) from None
        return response

    async def _sent(self, request: httpx.Request, options: Mapping[str, Any]) -> httpx.Response:
        """Sign it and send it, again where the one who signs wants that."""
        auth = options.get("auth", USE_CLIENT_DEFAULT)
        auth = self._auth if auth is USE_CLIENT_DEFAULT else auth
        is_known = auth is None or (
            isinstance(auth, httpx.Auth) and type(auth).async_auth_flow is httpx.Auth.async_auth_flow
        )
        if not is_known or self.is_closed or not isinstance(request, Request):
            return await super().send(request, **options)
        if auth is None:
            return await self._exchange(request)
        flow = auth.auth_flow(request)
        try:
            signed = next(flow)
            while True:
                response = await self._exchange(signed)
                try:
                    signed = flow.send(response)
                except StopIteration:
                    return response
        finally:
            flow.close()

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        for hook in self._event_hooks["request"]:
            await hook(request)
        response = await self._door.handle_async_request(request)
        response.request = request  # not the one that redirects made of it
        for hook in self._event_hooks["response"]:
            await hook(response)
        return response

    def _strip(self, request: httpx.Request) -> None:
        """Take off what this client adds to its requests by itself, but for what tells nothing."""
        for name in set(self.headers) - {key.lower() for key in _HEADERS} - {"connection"}:
            request.headers.pop(name, None)
