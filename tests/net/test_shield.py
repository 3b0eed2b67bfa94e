"""The way in: who may come in, what they are told, and what their browser is told to do with it."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamline_ui.net import exchange
from streamline_ui.net.callers import known_hosts
from streamline_ui.net.shield import Shield

HOST = "127.0.0.1:8080"
OURS = f"http://{HOST}"
EVIL = "https://evil.example"
COOKIE = "streamline_session=abc"


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    parts: int = 0

    def __getitem__(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key == name)


@dataclass
class App:
    """Answers everything with what it is told to, and remembers what it was asked."""

    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    parts: list[bytes] = field(default_factory=lambda: [b"{}"])
    status: int = 200
    with_length: bool = True
    scopes: list[Scope] = field(default_factory=list)
    received: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            return
        while (message := await receive())["type"] == "http.request":
            self.received += message.get("body", b"")
            if not message.get("more_body"):
                break
        else:
            raise ConnectionError("the client left")
        headers = [(key.encode(), value.encode()) for key, value in self.headers.items()]
        if self.with_length:
            headers.append((b"content-length", str(sum(map(len, self.parts))).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for number, part in enumerate(self.parts):
            await send({"type": "http.response.body", "body": part, "more_body": number + 1 < len(self.parts)})


def shield(app: ASGIApp, **options: object) -> Shield:
    return Shield(app, **{"hosts": known_hosts("127.0.0.1", 8080), **options})


async def call(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/",
    headers: Iterable[tuple[str, str]] = (("host", HOST),),
    body: Iterable[bytes | Callable[[], Awaitable[None]]] = (),
    *,
    scheme: str = "http",
    client: str = "203.0.113.9",
) -> Answer:
    """Ask the application as the server would. A function among the parts of the body is waited for."""
    is_socket = scheme == "ws"
    scope: Scope = {
        "type": "websocket" if is_socket else "http",
        "path": path.partition("?")[0],
        "raw_path": path.partition("?")[0].encode(),
        "query_string": path.partition("?")[2].encode(),
        "scheme": scheme,
        "headers": [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers],
        "client": (client, 1),
    }
    if not is_socket:
        scope["method"] = method
    parts = list(body)
    answer = Answer()

    async def receive() -> Message:
        if is_socket:
            return {"type": "websocket.connect"}
        while parts and callable(parts[0]):
            await parts.pop(0)()
        part = parts.pop(0) if parts else b""
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert answer.status == 0, "answered twice"
            answer.status = message["status"]
            answer.headers = [(key.decode(), value.decode()) for key, value in message["headers"]]
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")
            answer.parts += 1
        else:
            answer.status = {"websocket.accept": 101, "websocket.close": 403}[message["type"]]

    await app(scope, receive, send)
    return answer


def host(name: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("host", name), *more]


# --- Host ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [HOST, "localhost:8080", "LOCALHOST:8080", "[::1]:8080"])
async def test_our_names_are_known(name: str) -> None:
    assert (await call(shield(App()), headers=host(name))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        host(""),
        host("evil.example"),
        host("evil.example:8080"),
        host("127.0.0.1"),
        host("127.0.0.1:80801"),
        host("127.0.0.1:8080:8080"),
        host("a/?x="),
        host(f"{HOST}/?x="),
        host(f"{HOST}#"),
        host(f"user@{HOST}"),
        host(f"{HOST}, evil.example"),
        host("127.0.0.1.:8080"),
        host("192.168.1.5:8080"),
        host("*"),
        host("127.0.0.1:8080\x00"),
        [("host", HOST), ("host", HOST)],
        [("host", HOST), ("host", "evil.example")],
    ],
)
async def test_other_names_are_refused(headers: list[tuple[str, str]]) -> None:
    app = App()
    answer = await call(shield(app), headers=headers)
    assert (answer.status, app.scopes) == (400, [])
    problem = json.loads(answer.body)
    assert (problem["code"], problem["type"]) == ("unknown_host", "/api/docs#unknown_host")
    assert b"evil" not in answer.body


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_may_use_any_name(path: str) -> None:
    app = App()
    for method, status in (("GET", 200), ("HEAD", 200), ("POST", 400)):
        assert (await call(shield(app), method, path, headers=host("10.1.2.3:8080"))).status == status


async def test_on_every_address_numbers_count_but_names_do_not() -> None:
    app = shield(App(), hosts=known_hosts("0.0.0.0", 8080))
    for name in ("192.168.1.5:8080", "192.168.1.5:9000", "192.168.1.5", "[fe80::1]:8080", "localhost:9000"):
        assert (await call(app, headers=host(name))).status == 200, name
    for name in ("nas.lan:8080", "evil.example", "192.168.1.5.evil.example:8080", "1.2.3.4.5"):
        assert (await call(app, headers=host(name))).status == 400, name


async def test_the_public_name_is_known() -> None:
    app = shield(
        App(), hosts=known_hosts("127.0.0.1", 8080, "https://hub.example.org/x"), base_url="https://hub.example.org/x"
    )
    for name in ("hub.example.org", "hub.example.org:443", HOST):
        assert (await call(app, headers=host(name))).status == 200, name
    assert (await call(app, headers=host("hub.example.org:8080"))).status == 400


# --- Origin -------------------------------------------------------------------------------------------------------

ORIGINS = [
    # method, path, headers, whether it may come in
    ("GET", "/", [("origin", EVIL), ("cookie", COOKIE)], True),  # reading needs CORS, which we never grant
    ("POST", "/session", [("origin", OURS)], True),
    ("POST", "/session", [("origin", OURS), ("cookie", COOKIE)], True),
    ("POST", "/session", [("origin", EVIL)], False),  # signing somebody in from elsewhere
    ("POST", "/session", [("origin", EVIL), ("cookie", COOKIE)], False),
    ("DELETE", "/session", [("origin", EVIL), ("cookie", COOKIE)], False),
    ("PATCH", "/api/me", [("origin", "http://127.0.0.1:8081"), ("cookie", COOKIE)], False),
    ("PUT", "/api/me", [("origin", "http://127.0.0.1:8080.evil.example"), ("cookie", COOKIE)], False),
    ("PUT", "/api/me", [("origin", "ftp://127.0.0.1:8080"), ("cookie", COOKIE)], False),
    ("POST", "/api/me", [("origin", "null"), ("cookie", COOKIE)], False),
    ("POST", "/api/me", [("origin", "null")], False),
    ("POST", "/api/me", [("origin", "null"), ("sec-fetch-site", "same-origin"), ("cookie", COOKIE)], True),
    ("POST", "/api/me", [("origin", "null"), ("sec-fetch-site", "cross-site")], False),
    ("POST", "/api/me", [("cookie", COOKIE)], False),
    ("POST", "/api/me", [("cookie", f"a=b; {COOKIE}")], False),
    ("POST", "/api/me", [("cookie", COOKIE), ("referer", OURS + "/settings")], True),
    ("POST", "/api/me", [("cookie", COOKIE), ("referer", EVIL + "/" + OURS)], False),
    ("POST", "/api/me", [("cookie", COOKIE), ("sec-fetch-site", "same-origin")], True),
    ("POST", "/api/me", [("cookie", COOKIE), ("sec-fetch-site", "same-site")], False),
    ("POST", "/api/me", [("authorization", "Bearer x")], True),  # a program
    ("POST", "/api/me", [("cookie", "other=1")], True),
    ("BREW", "/api/me", [("origin", EVIL)], False),
    ("POST", "/hooks/abc", [("origin", EVIL), ("cookie", COOKIE)], True),
    ("POST", "/hooksx", [("origin", EVIL)], False),
    ("GET", "/_nicegui_ws/socket.io/?transport=polling", [("origin", EVIL)], False),
    ("GET", "/_nicegui_ws/socket.io/?transport=polling", [("sec-fetch-site", "cross-site")], False),
    ("GET", "/_nicegui_ws/socket.io/?transport=polling", [("sec-fetch-site", "same-origin")], True),
    ("GET", "/_nicegui_ws/socket.io/?transport=polling", [], True),
    ("POST", "/_nicegui_ws/socket.io/?transport=polling", [], False),
    ("POST", "/_nicegui_ws/socket.io/?transport=polling", [("origin", OURS)], True),
]


@pytest.mark.parametrize(("method", "path", "headers", "may"), ORIGINS)
async def test_other_sites_cannot_act_for_us(method: str, path: str, headers: list[tuple[str, str]], may: bool) -> None:
    app = App()
    answer = await call(shield(app), method, path, host(HOST, *headers))
    assert (answer.status, len(app.scopes)) == ((200, 1) if may else (403, 0))
    assert may or json.loads(answer.body)["code"] == "foreign_origin"


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ([("origin", OURS)], True),
        ([("origin", EVIL)], False),
        ([("origin", "null")], False),
        ([], False),
        ([("sec-fetch-site", "same-origin")], False),
        ([("origin", "http://localhost:8080")], False),  # another name is another site, with other cookies
    ],
)
async def test_sockets_come_from_our_pages_only(headers: list[tuple[str, str]], may: bool) -> None:
    app = App()
    answer = await call(shield(app), path="/_nicegui_ws/socket.io/", headers=host(HOST, *headers), scheme="ws")
    assert (answer.status, len(app.scopes)) == ((101, 1) if may else (403, 0))


async def test_behind_tls_only_https_pages_are_ours() -> None:
    app = shield(App(), hosts=known_hosts("0.0.0.0", 80, "https://hub.example.org"), base_url="https://hub.example.org")
    for origin, status in (
        ("https://hub.example.org", 200),
        ("http://hub.example.org", 403),
        ("https://hub.example.org.evil.example", 403),
    ):
        answer = await call(app, "POST", "/session", host("hub.example.org", ("origin", origin)))
        assert answer.status == status, origin
    proxied = await call(app, "POST", "/session", host("10.0.0.1", ("origin", "https://hub.example.org")))
    assert proxied.status == 200  # a proxy that passes its own address for the host


# --- Proxies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "chain", "expected"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),  # no proxy of ours: anybody could write that
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # what was there before the first proxy is hearsay
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "[2606:4700::1]:99", "2606:4700::1"),
        ("10.0.0.1", "1.2.3.4:99", "1.2.3.4"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
    ],
)
async def test_the_callers_address(peer: str, chain: str, expected: str) -> None:
    app = App()
    headers = host(HOST, *([("x-forwarded-for", chain)] if chain else []))
    await call(shield(app, trusted_proxies=("10.0.0.0/8",)), headers=headers, client=peer)
    assert app.scopes[0]["state"]["address"] == expected


@pytest.mark.parametrize(("peer", "secure"), [("10.0.0.1", True), ("203.0.113.9", False)])
async def test_only_trusted_proxies_say_that_it_is_https(peer: str, secure: bool) -> None:
    app = App()
    headers = host(HOST, ("x-forwarded-proto", "https"), ("x-forwarded-prefix", "/evil"), ("forwarded", "proto=https"))
    answer = await call(shield(app, trusted_proxies=("10.0.0.1",)), headers=headers, client=peer)
    assert app.scopes[0]["state"]["secure"] == secure
    assert app.scopes[0]["scheme"] == ("https" if secure else "http")
    assert ("max-age" in answer["strict-transport-security"]) == secure
    assert not any(key.startswith((b"x-forwarded", b"forwarded")) for key, _ in app.scopes[0]["headers"])


async def test_a_public_address_with_https_is_secure_under_its_own_name_only() -> None:
    app = App()
    wrapped = shield(
        app, hosts=known_hosts("127.0.0.1", 8080, "https://hub.example.org"), base_url="https://hub.example.org"
    )
    await call(wrapped, headers=host("hub.example.org"))
    await call(wrapped, headers=host(HOST))
    assert [scope["state"]["secure"] for scope in app.scopes] == [True, False]


async def test_a_forwarded_host_is_checked_too() -> None:
    app = shield(App(), trusted_proxies=("10.0.0.1",))
    answer = await call(app, headers=host(HOST, ("x-forwarded-host", "evil.example")), client="10.0.0.1")
    assert answer.status == 400


# --- Headers, pages, compression ----------------------------------------------------------------------------------


async def test_every_answer_carries_the_security_headers() -> None:
    allowing = App(headers={"content-type": "application/json", "Access-Control-Allow-Origin": "*"})
    answers = [await call(shield(allowing)), await call(shield(App()), headers=host("evil.example"))]
    for answer in answers:
        assert answer["x-content-type-options"] == "nosniff"
        assert answer["x-frame-options"] == "DENY"
        assert answer["referrer-policy"] == "no-referrer"
        assert answer["cross-origin-opener-policy"] == "same-origin-allow-popups"
        assert "camera=()" in answer["permissions-policy"]
        assert "frame-ancestors 'none'" in answer["content-security-policy"]
        assert "script-src 'self'" in answer["content-security-policy"]
        assert answer["cache-control"] == "no-store"
        assert not any(key.lower().startswith("access-control") for key, _ in answer.headers)
        assert re.fullmatch("[0-9a-f]{16}", answer["x-request-id"])
    assert answers[0]["x-request-id"] != answers[1]["x-request-id"]


@pytest.mark.parametrize(
    ("kind", "is_document"),
    [
        *((kind, False) for kind in ("text/css; charset=utf-8", "text/javascript", "font/woff2", "image/png")),
        *((kind, True) for kind in ("image/svg+xml", "text/html", "application/pdf", "")),
    ],
)
async def test_policies_for_documents_are_on_whatever_can_be_one(kind: str, is_document: bool) -> None:
    answer = await call(shield(App(headers={"content-type": kind} if kind else {})))
    for name in ("content-security-policy", "permissions-policy", "cross-origin-opener-policy"):
        assert bool(answer[name]) == is_document
    assert answer["x-content-type-options"] == "nosniff" and answer["x-frame-options"] == "DENY"


async def test_what_the_application_says_stays() -> None:
    app = App(headers={"content-type": "text/html", "Content-Security-Policy": "sandbox", "Cache-Control": "max-age=5"})
    answer = await call(shield(app))
    assert (answer["Content-Security-Policy"], answer["Cache-Control"]) == ("sandbox", "max-age=5")
    assert answer["content-security-policy"] == answer["cache-control"] == ""


PAGE = b"<html><script type=module>1</script><script>2</script><scripture></html>"


def page(parts: list[bytes] | None = None) -> App:
    headers = {"content-type": "text/html; charset=utf-8", "x-nicegui-content": "page", "cache-control": "no-store"}
    return App(headers=headers, parts=parts or [PAGE])


@pytest.mark.parametrize("parts", [[PAGE], [PAGE[:10], PAGE[10:40], PAGE[40:]]])
async def test_pages_get_a_nonce_of_their_own(parts: list[bytes]) -> None:
    app = shield(page(parts))
    first, second = await call(app), await call(app)
    found = re.search(r"'nonce-([\w-]{20,})'", first["content-security-policy"])
    assert found
    nonce = found[1].encode()
    assert first.body == PAGE.replace(b"<script", b'<script nonce="%s"' % nonce).replace(
        b'<script nonce="%s"ure' % nonce, b"<scripture"
    )
    assert first.body.count(nonce) == 2
    assert first["content-length"] == str(len(first.body))
    assert nonce not in second.body
    assert "'unsafe-inline'" not in first["content-security-policy"].partition("script-src")[2]


async def test_no_nonce_for_what_is_no_page() -> None:
    answer = await call(shield(App(headers={"content-type": "text/html"}, parts=[PAGE])))
    assert answer.body == PAGE and "nonce" not in answer["content-security-policy"]


GZIP = host(HOST, ("accept-encoding", "br, gzip;q=0.8"))
LONG = json.dumps(["hello"] * 1000).encode()


@pytest.mark.parametrize("parts", [[LONG], [LONG[:100], LONG[100:]]])
async def test_text_is_compressed(parts: list[bytes]) -> None:
    app = App(headers={"content-type": "application/json", "etag": '"1"', "vary": "Origin"}, parts=parts)
    answer = await call(shield(app), headers=GZIP)
    assert answer["content-encoding"] == "gzip" and gzip.decompress(answer.body) == LONG
    assert answer["content-length"] == str(len(answer.body)) and len(answer.body) < 500
    assert answer["vary"] == "Origin, Accept-Encoding" and answer["etag"] == 'W/"1"'
    assert not any(key == b"accept-encoding" for key, _ in app.scopes[0]["headers"])  # else it would compress itself


async def test_pages_are_compressed_after_they_got_their_nonce() -> None:
    answer = await call(shield(page([PAGE + b" " * 2000])), headers=GZIP)
    assert b"<script nonce=" in gzip.decompress(answer.body)


@pytest.mark.parametrize(
    ("accepts", "kind", "body", "method"),
    [
        ("identity", "text/html", LONG, "GET"),
        ("gzip;q=0", "text/html", LONG, "GET"),
        ("gzip", "image/png", LONG, "GET"),
        ("gzip", "font/woff2", LONG, "GET"),
        ("gzip", "text/plain", b"short", "GET"),
        ("gzip", "text/event-stream", LONG, "GET"),
    ],
)
async def test_other_answers_are_left_alone(accepts: str, kind: str, body: bytes, method: str) -> None:
    app = App(headers={"content-type": kind}, parts=[body])
    answer = await call(shield(app), method, headers=host(HOST, ("accept-encoding", accepts)))
    assert answer["content-encoding"] == "" and answer.body == body


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "image/png"])
async def test_head_is_answered_like_get_without_the_body(kind: str) -> None:
    app = App(headers={"content-type": kind}, parts=[LONG])
    answer = await call(shield(app), "HEAD", headers=GZIP)
    assert (answer.status, answer.body, answer["content-encoding"]) == (200, b"", "")
    assert app.scopes[0]["method"] == "GET"
    await call(shield(app), "HEAD", path="/hooks/x")
    assert app.scopes[1]["method"] == "HEAD"


async def test_a_stream_is_not_held_back() -> None:
    app = App(headers={"content-type": "text/plain"}, parts=[b"a" * 2000, b"b" * 2000, b"c" * 2000], with_length=False)
    answer = await call(shield(app), headers=GZIP)
    assert (answer.parts, answer["content-encoding"], len(answer.body)) == (3, "", 6000)


async def test_files_that_last_are_compressed_once() -> None:
    app = App(
        headers={"content-type": "text/css", "cache-control": "public, max-age=31536000, immutable"}, parts=[LONG]
    )
    wrapped = shield(app)
    first, second = [await call(wrapped, path="/assets/1/a.css", headers=GZIP) for _ in range(2)]
    assert len(app.scopes) == 1
    assert first.body == second.body and gzip.decompress(second.body) == LONG
    assert second["content-type"] == "text/css" and second["x-content-type-options"] == "nosniff"
    assert first["x-request-id"] != second["x-request-id"]
    for headers in (host(HOST), [*GZIP, ("if-none-match", "x")], [*GZIP, ("range", "bytes=0-1")]):
        await call(wrapped, path="/assets/1/a.css", headers=headers)
    assert len(app.scopes) == 4
    await call(wrapped, path="/assets/1/a.css?v=2", headers=GZIP)
    await call(wrapped, path="/page", headers=GZIP)
    await call(wrapped, path="/page", headers=GZIP)
    assert len(app.scopes) == 7
    assert (await call(wrapped, path="/assets/1/a.css", headers=[("host", "evil"), *GZIP[1:]])).status == 400


# --- Bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused(announced: bool) -> None:
    app = App()
    headers = host(HOST, *([("content-length", "1001")] if announced else []))
    answer = await call(shield(app, max_body=1000), "POST", "/api/x", headers, [b"x" * 500, b"x" * 501])
    assert answer.status == 413 and answer["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert (problem["code"], problem["status"], problem["requestId"]) == ("body_too_large", 413, answer["x-request-id"])
    assert len(app.received) <= 500
    assert answer["connection"] == "close"


async def test_a_body_at_the_limit_passes() -> None:
    app = App()
    answer = await call(
        shield(app, max_body=1000), "POST", "/api/x", host(HOST, ("content-length", "1000")), [b"x" * 500] * 2
    )
    assert (answer.status, len(app.received)) == (200, 1000)


async def test_a_dripping_body_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_SECONDS", 0.1)
    app = App()

    async def pause() -> None:
        await asyncio.sleep(0.03)

    answer = await call(shield(app), "POST", "/api/x", host(HOST), [b"x", pause] * 10)
    assert (answer.status, json.loads(answer.body)["code"]) == (408, "body_too_slow")
    assert 0 < len(app.received) < 6


async def test_an_application_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_SECONDS", 0.02)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        await App()(scope, receive, send)

    assert (await call(shield(slow), "POST", "/api/x", host(HOST), [b"x", b"y"])).status == 200


async def test_the_applications_own_failure_is_not_hidden() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await call(shield(broken))


# --- Below a path -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "inner"),
    [("/hub/api/me", "/api/me"), ("/hub", "/"), ("/hub/", "/"), ("/hubs", "/hubs"), ("/api/me", "/api/me")],
)
async def test_below_a_path_the_application_sees_none_of_it(path: str, inner: str) -> None:
    app = App()
    await call(shield(app, base_url="http://127.0.0.1:8080/hub"), path=path)
    scope = app.scopes[0]
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == (inner, inner.encode(), "")
    assert (b"x-forwarded-prefix", b"/hub") in scope["headers"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/sign-in?next=/", "/hub/sign-in?next=/"),
        ("/hub/x", "/hub/x"),
        ("https://a.example/", "https://a.example/"),
        ("x", "x"),
    ],
)
async def test_below_a_path_redirects_lead_below_it(target: str, expected: str) -> None:
    app = App(status=303, headers={"location": target})
    assert (await call(shield(app, base_url="http://127.0.0.1:8080/hub")))["location"] == expected
    assert (await call(shield(app)))["location"] == target


async def test_below_a_path_origins_are_still_checked_inside() -> None:
    app = shield(App(), base_url="http://127.0.0.1:8080/hub")
    assert (await call(app, "POST", "/hub/hooks/abc", host(HOST, ("origin", EVIL)))).status == 200
    assert (await call(app, "POST", "/hub/session", host(HOST, ("origin", EVIL)))).status == 403
    assert (
        await call(app, path="/hub/_nicegui_ws/socket.io/", headers=host(HOST, ("origin", EVIL)), scheme="ws")
    ).status == 403
