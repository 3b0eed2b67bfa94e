"""The short way of a plain request: what goes to the wire is what httpx itself would have sent, byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from streamline_ui.errors import Rejected
from streamline_ui.net import client, egress
from streamline_ui.net.client import Client
from streamline_ui.net.targets import KEPT, Request, Target, resolved
from streamline_ui.net.transport import Door, Limits
from tests.net.wire import Server, answer, redirect

OUTSIDE = "127.0.0.2"
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5'
Clients = Callable[..., tuple[httpx.AsyncClient, httpx.AsyncClient]]


class Signed(httpx.Auth):
    """Signs over the body, as a service that wants HMACs has it, and again where the first one was refused."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["X-Signed"] = f"{len(request.content)} {request.method} {request.url.raw_path.decode()}"
        answered = yield request
        if answered.status_code == 401:
            request.headers["X-Signed"] = "again"
            yield request


class Elsewhere(httpx.Auth):
    """Puts its key into the address."""

    def auth_flow(self, request: httpx.Request) -> Any:
        request.url = request.url.copy_merge_params({"key": "a b&c"})
        yield request


class Late(httpx.Auth):
    """One that has to wait for its token: httpx's own way is the only one for it."""

    async def async_auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = "Bearer late"
        yield request


def basic() -> httpx.Auth:
    return httpx.BasicAuth("u", "pä")


def digest() -> httpx.Auth:
    return httpx.DigestAuth("u", "p")


@pytest_asyncio.fixture
async def clients() -> AsyncIterator[Clients]:
    """Ours, and httpx's own with the same headers over the same transport."""
    egress.start(allow=["127.0.0.0/8"], own=(), sandbox=False)

    def pair(base_url: str, auth: httpx.Auth | None = None) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
        ours = egress.client(service="Acme", base_url=base_url, auth=auth, total=5)
        assert isinstance(ours, Client)
        door = Door(egress._pools, Limits(5, 5_000_000), anywhere=False)  # type: ignore[arg-type]
        usual = httpx.AsyncClient(
            transport=door, headers=client._HEADERS, base_url=base_url, auth=auth, trust_env=False
        )
        return ours, usual

    yield pair
    await egress.stop()


async def chunks() -> AsyncIterator[bytes]:
    yield b"one,"
    yield b"two"


PLAIN: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/a", {}),
    ("get", "a", {}),
    ("GET", "", {}),
    ("GET", "?q=1&q=2", {}),
    ("GET", "/a%2Fb/~c d/é?q=%2B+%20&ü=1#part", {}),
    ("GET", "/a/../b/./c//d", {}),
    ("DELETE", "/a", {}),
    ("POST", "/a", {}),
    ("PATCH", "/a", {"content": b""}),
    ("PUT", "/a", {"content": "é"}),
    ("POST", "/a", {"content": b"\x00\xff"}),
    ("GET", "/a", {"content": b"with a body"}),
    ("DELETE", "/a", {"json": {"ids": [1, 2]}}),
    ("POST", "/a", {"json": {"text": "é – 🚲", "n": 1.50, "none": None, "deep": [{"a": [True]}], "big": 2**70}}),
    ("POST", "/a", {"json": []}),
    ("POST", "/a", {"json": 0}),
    ("POST", "/a", {"json": ""}),
    ("POST", "/a", {"json": {"a": 1}, "headers": {"content-type": "application/vnd.api+json"}}),
    ("POST", "/a", {"json": {"a": 1}, "headers": {"Accept": "text/plain", "X-Two": b"bytes"}}),
    ("GET", "/a", {"headers": [("X-A", "1"), ("X-A", "2")]}),
    ("GET", "/a", {"headers": httpx.Headers({"User-Agent": "Other/1"})}),
    ("POST", "/a", {"content": b"abc", "headers": {"Content-Length": "3"}}),
    ("GET", "/a", {"headers": {"Host": "other.example"}}),
    ("GET", "/a", {"headers": None, "params": None, "cookies": None, "data": None, "files": None}),
]
LEFT_TO_HTTPX: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/a?b=1", {"params": {"q": "a b&c", "n": 1, "yes": True, "none": None, "list": [1, 2]}}),
    ("GET", "/a", {"params": {}}),
    ("POST", "/a", {"data": {"a": "b c", "d": ["1", "2"]}}),
    (
        "POST",
        "/a",
        {
            "files": {"f": ("n.txt", b"text", "text/plain")},
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
    ),
    ("GET", "/a", {"extensions": {"total": 3.0}}),
]


@pytest.mark.parametrize(("method", "url", "options"), [*PLAIN, *LEFT_TO_HTTPX])
@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/?key=1"])
async def test_the_same_bytes_go_out(
    method: str, url: str, options: dict[str, Any], base: str, clients: Clients
) -> None:
    async with Server() as service:
        ours, usual = clients(service.url + base)
        async with ours, usual:
            for http in (ours, usual):
                assert (await http.request(method, url, **options)).status_code == 200
        assert len(service.seen) == 2
        assert service.seen[0] == service.seen[1]


@pytest.mark.parametrize("auth", [basic, digest, Signed, Elsewhere, Late])
async def test_requests_are_signed_as_httpx_signs_them(auth: Callable[[], httpx.Auth], clients: Clients) -> None:
    async with Server() as service:
        service.replies["/in"] = answer(b"", "401 Unauthorized", CHALLENGE)
        sent = []
        for which in (0, 1):
            async with clients(service.url, auth())[which] as http:
                for url, status in (("/open", 200), ("/in", 401), ("/in", 401)):
                    assert (await http.post(url, json={"a": 1})).status_code == status
            sent.append([(drop_nonces(head), body) for head, body in service.seen])
            service.seen.clear()
        assert sent[0] == sent[1]
        assert len(sent[0]) == {Signed: 5, digest: 5}.get(auth, 3)


def drop_nonces(head: str) -> str:
    """What Digest makes up anew for each request."""
    kept = [part for part in head.split(", ") if not part.startswith(("cnonce=", "response="))]
    return ", ".join(kept)


async def test_credentials_of_one_request_and_a_stream_are_left_to_httpx(clients: Clients) -> None:
    async with Server() as service:
        ours, usual = clients(service.url)
        async with ours, usual:
            for http in (ours, usual):
                await http.get("/a", auth=("u", "p"))
                await http.post("/b", content=chunks())
                async with http.stream("GET", "/c") as streamed:
                    assert [part async for part in streamed.aiter_bytes()] == [b"ok"]
        assert service.seen[:3] == service.seen[3:]
        assert "authorization: basic" in service.seen[0][0].lower()
        assert service.seen[1][1] == b"" or b"one,two" in service.seen[1][1]


async def test_answers_are_those_of_httpx(clients: Clients) -> None:
    async with Server() as service:
        service.replies["/bad"] = answer(
            b'{"error": "\xc3\xa9"}', "422 Unprocessable", "Content-Type: application/json"
        )
        service.replies["/old"] = redirect("/new", 303)
        ours, usual = clients(service.url)
        async with ours, usual:
            for url in ("/bad", "/old", "/plain"):
                found, expected = await ours.post(url, json={}), await usual.post(url, json={})
                assert (found.status_code, found.reason_phrase, found.content, found.headers, found.text) == (
                    (expected.status_code, expected.reason_phrase, expected.content, expected.headers, expected.text)
                )
                assert (found.request.method, found.url) == (expected.request.method, expected.url)
                assert found.is_closed and not found.cookies
            with pytest.raises(httpx.HTTPStatusError):
                (await ours.get("/bad")).raise_for_status()


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
async def test_what_is_no_json_is_refused_as_httpx_refuses_it(value: object, clients: Clients) -> None:
    for http in clients("http://127.0.0.1:9"):
        with pytest.raises((ValueError, TypeError)):
            await http.post("/", json=value)


async def test_a_client_that_is_closed_sends_nothing(clients: Clients) -> None:
    async with Server() as service:
        ours, _ = clients(service.url)
        async with ours:
            pass
        with pytest.raises(RuntimeError, match="closed"):
            await ours.get("/")
        assert service.seen == []


async def test_an_address_of_its_own_never_takes_the_credentials_along(clients: Clients) -> None:
    """Neither where it is written out, nor where a request that was built is changed."""
    async with Server() as service, Server(OUTSIDE) as other:
        ours, _ = clients(service.url, httpx.BasicAuth("u", "p"))
        async with ours:
            await ours.get("/")
            await ours.get(f"//{OUTSIDE}:{other.port}/")  # goes on from the base, as all that begins with a slash
            for url in (other.url, f"http://127.0.0.1:{other.port}/", f"HTTP://{OUTSIDE}:{other.port}"):
                with pytest.raises(Rejected):
                    await ours.get(url, headers={"X-Key": "k"})
            request = ours.build_request("GET", "/")
            request.url = httpx.URL(other.url)
            with pytest.raises(Rejected):
                await ours.send(request)
        assert other.seen == []
        assert len(service.seen) == 2


async def test_clients_share_nothing_that_changes(clients: Clients) -> None:
    """They begin as copies of one: a header, a hook or a cookie of one is not another's."""
    async with Server() as service:
        first, _ = clients(service.url, httpx.BasicAuth("u", "p"))
        second, _ = clients(service.url)
        first.headers["X-Key"] = "k"
        first.event_hooks["request"].append(lambda _: pytest.fail("not this one's"))
        async with second:
            await second.get("/")
        head = service.seen[0][0].lower()
        assert "x-key" not in head and "authorization" not in head
        assert second.headers is not first.headers and "x-key" not in second.headers


def test_httpx_has_the_parts_that_ours_are_made_of() -> None:
    """Clients and requests are made past httpx's constructors: one that has more or other parts is told here."""
    egress.start(allow=(), own=(), sandbox=False)
    ours = vars(egress.client(service="Acme", base_url="https://acme.example/"))
    own = {"_door", "_home", "_service", "_explain", "_anywhere"}
    assert ours.keys() - own == vars(httpx.AsyncClient()).keys()
    target = Target.of(httpx.URL("https://acme.example/"))
    usual = httpx.Request("POST", "https://acme.example/", content=b"a")
    made = vars(Request.ready("POST", target, httpx.Headers({}), b"a"))
    assert made.keys() - {"target"} == vars(usual).keys() | {"_content"}
    assert {name: type(value) for name, value in vars(usual).items()} == {
        name: type(made[name]) for name in vars(usual)
    }


def test_addresses_are_kept_within_bounds() -> None:
    base = httpx.URL("https://acme.example/v1/")
    for number in range(KEPT + 50):
        assert resolved(base, f"/items/{number}").text == f"https://acme.example/v1/items/{number}"
    assert resolved.__globals__["_kept"].cache_info().currsize <= KEPT
    assert resolved(base, "/" + "x" * 3000).text.endswith("x" * 3000)
