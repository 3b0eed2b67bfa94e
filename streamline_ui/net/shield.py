"""The only way in: the outermost layer, which every request and every socket passes first."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from streamline_ui.net import callers, compress
from streamline_ui.net.callers import known_hosts
from streamline_ui.net.compress import Shelf
from streamline_ui.net.exchange import Arrival, Exchange

__all__ = ["SESSION_COOKIE", "Shield", "known_hosts"]

SESSION_COOKIE = "streamline_session"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_SOCKET_PATH = "/_nicegui_ws/"
_HOOKS_PATH = "/hooks/"  # anybody's page may call a webhook; no cookie counts there
_PROBES = ("/healthz", "/readyz")  # whoever watches us asks by whatever address it knows
_FILE_PATHS = ("/_nicegui/", "/assets/")
_CONDITIONS = (b"range", b"if-none-match", b"if-modified-since")
_POLICY_VIOLATION = 1008  # the WebSocket close code
_UNKNOWN_HOST = "Streamline does not know itself under this name."
_UNKNOWN_HOST_HINT = "Set STREAMLINE_BASE_URL to the address that people use in their browser."


@dataclass(frozen=True, slots=True)
class _Incoming:
    """The headers that matter, by name in lower case (the first of each), and how often Host came."""

    headers: dict[bytes, bytes]
    hosts: int

    @classmethod
    def of(cls, scope: Scope) -> _Incoming:
        found: dict[bytes, bytes] = {}
        hosts = 0
        for key, value in scope["headers"]:
            found.setdefault(key, value)
            hosts += key == b"host"
        return cls(found, hosts)

    @property
    def announced(self) -> int:
        """The length that the body is said to have. What is sent without one is counted as it comes."""
        text = self.headers.get(b"content-length", b"")
        return int(text) if text.isdigit() and len(text) < 20 else 0

    def text(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


def _asked(scope: Scope) -> Scope:
    """HEAD asks for what GET answers, without its body, which stays here. A webhook is not called by it."""
    is_head = scope["method"] == "HEAD" and not scope["path"].startswith(_HOOKS_PATH)
    return {**scope, "method": "GET"} if is_head else scope


class Shield:
    """ASGI middleware. `hosts` are the Host headers that mean us, best made with `known_hosts`.

    It leaves in `scope["state"]`: `address` (the caller's, behind trusted proxies), `secure` (whether the browser came
    by https) and `request_id`. Below a public path (that of `base_url`) the application sees paths without it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        base_url: str = "",
        trusted_proxies: Iterable[str] = (),
        max_body: int = 1_000_000,
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._public = callers.origin_of(base_url)
        self._public_host = self._public.partition("://")[2]
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._proxies = callers.Proxies(trusted_proxies)
        self._max_body = max_body
        self._shelf = Shelf()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        incoming = _Incoming.of(scope)
        host, peer = incoming.text(b"host").lower(), str((scope.get("client") or ("",))[0])
        is_behind_proxy = self._proxies.trusts(peer)
        if is_behind_proxy and b"x-forwarded-host" in incoming.headers:
            host = incoming.text(b"x-forwarded-host").partition(",")[0].strip().lower()
        secure = self._is_secure(scope, incoming, host, is_behind_proxy)
        inner = self._inner_scope(scope, secure)
        inner["state"]["address"] = self._proxies.caller(peer, incoming.text(b"x-forwarded-for"))
        refusal = self._refusal(inner, incoming, host, secure)
        if scope["type"] == "websocket":
            await self._pass_socket(inner, receive, send, is_refused=refusal is not None)
        else:
            await self._pass_request(inner, incoming, receive, send, refusal)

    def _is_secure(self, scope: Scope, incoming: _Incoming, host: str, is_behind_proxy: bool) -> bool:
        if scope["scheme"] in ("https", "wss"):
            return True
        if is_behind_proxy and incoming.text(b"x-forwarded-proto").partition(",")[0].strip().lower() == "https":
            return True
        return self._public.startswith("https://") and host == self._public_host

    def _inner_scope(self, scope: Scope, secure: bool) -> Scope:
        """What the application sees: no forwarding headers of unknown origin, no path above it, no own compression."""
        path, raw_path = scope["path"], scope.get("raw_path") or scope["path"].encode()
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            path, raw_path = path[len(self._prefix) :] or "/", raw_path[len(self._prefix) :] or b"/"
        kept = [
            (key, value)
            for key, value in scope["headers"]
            if not key.startswith(b"x-forwarded-") and key not in (b"forwarded", b"accept-encoding")
        ]
        if self._prefix:
            kept.append((b"x-forwarded-prefix", self._prefix.encode()))
        scheme = {"http": "https", "ws": "wss"}.get(scope["scheme"], scope["scheme"]) if secure else scope["scheme"]
        state = {**scope.get("state", {}), "secure": secure, "request_id": secrets.token_hex(8)}
        return {
            **scope,
            "path": path,
            "raw_path": raw_path,
            "root_path": "",
            "scheme": scheme,
            "headers": kept,
            "state": state,
        }

    def _refusal(self, scope: Scope, incoming: _Incoming, host: str, secure: bool) -> tuple[int, str, str, str] | None:
        """Status, code, sentence and hint if this request may not come in."""
        if scope["path"] in _PROBES and scope.get("method", "") in _SAFE_METHODS:
            return None
        if incoming.hosts != 1 or not callers.is_known(incoming.text(b"host"), self._hosts):
            return 400, "unknown_host", _UNKNOWN_HOST, _UNKNOWN_HOST_HINT
        if not callers.is_known(host, self._hosts):
            return 400, "unknown_host", _UNKNOWN_HOST, _UNKNOWN_HOST_HINT
        if not self._comes_from_us(scope, incoming, host, secure):
            return 403, "foreign_origin", "This request comes from another site, so nothing was done.", ""
        return None

    def _comes_from_us(self, scope: Scope, incoming: _Incoming, host: str, secure: bool) -> bool:
        """Whether no other site's page is behind this request, as far as it could do harm with it."""
        path, is_safe = scope["path"], scope.get("method", "") in _SAFE_METHODS
        is_socket = scope["type"] == "websocket" or path.startswith(_SOCKET_PATH)
        if not is_socket and (is_safe or path.startswith(_HOOKS_PATH)):
            return True
        origin = incoming.text(b"origin")
        if origin not in ("", "null"):
            return callers.is_ours(origin, host=host, secure=secure, public=self._public)
        if scope["type"] == "websocket":
            return False
        if site := incoming.text(b"sec-fetch-site"):
            return site == "same-origin"
        if is_socket:
            return is_safe and not origin  # a browser names no origin when a page of ours only reads
        return self._is_from_a_program(incoming) or callers.is_ours(
            callers.origin_of(incoming.text(b"referer")), host=host, secure=secure, public=self._public
        )

    def _is_from_a_program(self, incoming: _Incoming) -> bool:
        """Without an origin and without our cookie, there is no browser whose rights could be abused."""
        return not incoming.text(b"origin") and f"{SESSION_COOKIE}=" not in incoming.text(b"cookie")

    async def _pass_socket(self, scope: Scope, receive: Receive, send: Send, *, is_refused: bool) -> None:
        if not is_refused:
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _pass_request(
        self,
        scope: Scope,
        incoming: _Incoming,
        receive: Receive,
        send: Send,
        refusal: tuple[int, str, str, str] | None,
    ) -> None:
        arrival = self._arrival(scope, incoming)
        exchange = Exchange(arrival, receive, send, self._shelf, self._max_body)
        if refusal is not None:
            await exchange.refuse(*refusal)
            return
        if incoming.announced > self._max_body:
            await exchange.cut_off_too_big()
            return
        if arrival.shelf_key and (found := self._shelf.get(arrival.shelf_key)):
            await exchange.send_shelved(*found)
            return
        try:
            await self._app(_asked(scope), exchange.receive, exchange.send)
        except Exception:
            if not exchange.is_cut_off:  # else it is only the application's surprise at the body that ended
                raise

    def _arrival(self, scope: Scope, incoming: _Incoming) -> Arrival:
        takes_gzip = compress.is_accepted(incoming.headers.get(b"accept-encoding", b""))
        is_file = takes_gzip and scope["method"] == "GET" and scope["path"].startswith(_FILE_PATHS)
        may_shelve = is_file and not any(name in incoming.headers for name in _CONDITIONS)
        return Arrival(
            method=scope["method"],
            secure=scope["state"]["secure"],
            request_id=scope["state"]["request_id"],
            takes_gzip=takes_gzip,
            prefix=self._prefix.encode(),
            shelf_key=scope["path"].encode() + b"?" + scope["query_string"] if may_shelve else b"",
        )
