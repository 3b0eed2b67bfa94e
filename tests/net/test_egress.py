"""The way out: where it leads, and where it must never lead. Real sockets; only the name server is ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import pytest_asyncio

from streamline_ui.errors import BadSetting, Invalid, Rejected, StreamlineError, Unavailable
from streamline_ui.net import egress
from tests.net.wire import Server, answer, redirect

OUTSIDE = "127.0.0.2"  # stands in for the rest of the world
Dialled = list[tuple[str, int]]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    """Every address that a connection was really opened to. None leaves this machine."""
    addresses: Dialled = []
    loop_class = asyncio.selector_events.BaseSelectorEventLoop
    connect = loop_class.sock_connect

    async def recorded(self: object, sock: object, address: tuple[str, int]) -> None:
        addresses.append(address[:2])
        if not address[0].startswith("127."):
            raise ConnectionRefusedError(111, "not in a test")
        await connect(self, sock, address)

    monkeypatch.setattr(loop_class, "sock_connect", recorded)
    return addresses


@pytest_asyncio.fixture
async def open_way() -> AsyncIterator[Callable[..., None]]:
    """Opens the way out with the rules given; `names` answers for the name server."""

    def start(
        *allow: str, own: set[tuple[str, int]] = frozenset(), sandbox: bool = False, names: object = None, **more
    ):
        egress.start(allow=allow, own=own, sandbox=sandbox, lookup=names, **more)

    yield start
    await egress.stop()


def names(**answers: str) -> Callable[[str], object]:
    """A name server: each name (with `_` for the dot) has its addresses, separated by spaces."""

    async def lookup(host: str) -> list[str]:
        key = host.replace(".", "_")
        if key not in answers:
            raise OSError("no such name")
        return answers[key].split()

    return lookup


async def get(url: str, **options: object) -> httpx.Response:
    async with egress.client(service="Test", anywhere=True, total=3, **options) as http:
        return await http.get(url)


_SPELLINGS = """
http://127.0.0.1:{p}/ http://127.1:{p}/ http://127.0.1:{p}/ http://2130706433:{p}/ http://0x7f000001:{p}/
http://0x7f.0.0.1:{p}/ http://0177.0.0.1:{p}/ http://017700000001:{p}/ http://127.0.0.1.:{p}/ http://localhost:{p}/
http://LOCALHOST:{p}/ http://localhost.:{p}/ http://0.0.0.0:{p}/ http://0:{p}/ http://[::1]:{p}/ http://[::]:{p}/
http://[::ffff:127.0.0.1]:{p}/ http://[::ffff:7f00:1]:{p}/ http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/
http://[::127.0.0.1]:{p}/ http://[64:ff9b::127.0.0.1]:{p}/ http://[64:ff9b:1::7f00:1]:{p}/ http://[2002:7f00:1::]:{p}/
http://[2001:0:7f00:1::]:{p}/ http://[fe80::1]:{p}/ http://[fe80::1%25lo]:{p}/ http://[::5efe:127.0.0.1]:{p}/
http://[fe80::5efe:7f00:1]:{p}/ http://169.254.169.254/latest/meta-data/ http://[::ffff:169.254.169.254]/latest/
http://2852039166/ http://0xA9FEA9FE/ http://0251.0376.0251.0376/ http://169.254.43518/ http://[64:ff9b::a9fe:a9fe]/
http://[fd00:ec2::254]/ http://100.100.100.200/ http://168.63.129.16/ http://192.0.0.192/ http://10.0.0.1/
http://172.16.5.4/ http://192.168.1.1/ http://100.64.0.1/ http://[fd12:3456::1]/ http://224.0.0.1/
http://255.255.255.255/ http://240.0.0.1/ http://198.18.0.1/ http://192.0.2.1/ http://[ff02::1]/ http://[2001:db8::1]/
http://①②⑦.⓪.⓪.①:{p}/ http://127。0。0。1:{p}/ http://１２７.0.0.1:{p}/ http://%31%32%37.0.0.1:{p}/
http://127.0.0.1%00.example.com:{p}/ http://127.0.0.1%09:{p}/ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{p}/ http://user:pw@127.0.0.1:{p}/
http://example.com@127.0.0.1:{p}/ http://127.0.0.1:{p}#@example.com/ http://example.com\\@127.0.0.1:{p}/
http://127.0.0.1:{p}\\@example.com/ http:/127.0.0.1:{p}/ http:127.0.0.1:{p}/ //127.0.0.1:{p}/ file:///etc/passwd
gopher://127.0.0.1:{p}/_x ftp://127.0.0.1/ dict://127.0.0.1:11211/ unix:///var/run/docker.sock
http+unix://%2Fvar%2Frun%2Fdocker.sock/ data:text/plain,hi javascript:alert(1) jar:http://127.0.0.1!/
ldap://127.0.0.1/ ws://127.0.0.1:{p}/ http:// http://:80/ http://127.0.0.1:0/ http://127.0.0.1:99999/
http://127.0.0.1:-1/ http://[::1 http://a..b/ http://[::1]x:{p}/ /relative relative ?q
"""
INNER = _SPELLINGS.split()


@pytest.mark.parametrize("template", INNER)
async def test_no_spelling_of_an_inner_address_is_called(template: str, open_way, dialled: Dialled) -> None:
    open_way()
    async with Server() as inner:
        with pytest.raises((Rejected, Unavailable)) as caught:
            await get(template.replace("{p}", str(inner.port)))
        assert caught.value.code in ("net.private", "net.address", "net.dns")
        assert (dialled, inner.seen) == ([], [])


@pytest.mark.parametrize("template", INNER)
def test_an_inner_address_is_refused_when_it_is_typed_in(template: str) -> None:
    with pytest.raises(Invalid):
        egress.check_url(template.replace("{p}", "8080"))


@pytest.mark.parametrize(
    "url", ["https://example.com/x?y=1", "http://bücher.example:8080/", "https://1.1.1.1/", "https://a_b.example/"]
)
def test_an_outer_address_may_be_typed_in(url: str) -> None:
    assert egress.check_url(url) == url


async def test_what_the_rules_allow_may_be_typed_in(open_way) -> None:
    open_way("127.0.0.1:81", own={("127.0.0.1", 8080)}, sandbox=True)
    egress.check_url("http://localhost:81/x")
    egress.check_url("http://127.0.0.1:8080/sandbox/discord/")
    for url in ("http://localhost:82/", "http://127.0.0.1:8080/api/me", "http://127.0.0.1:8080/sandbox/%2e%2e/api/me"):
        with pytest.raises(Invalid):
            egress.check_url(url)


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{p}/",
        "http://169.254.169.254/latest/",
        "http://[::ffff:127.0.0.1]:{p}/",
        "http://2130706433:{p}/",
        "//127.0.0.1:{p}/",
        "http://name.test:{p}/",
        "file:///etc/passwd",
        "http://a:b@127.0.0.2/",
        "ws://127.0.0.1:{p}/",
        "http://[",
        "http://127.0.0.1:{p}\\@example.com/",
    ],
)
@pytest.mark.parametrize("status", [301, 307])
async def test_a_redirect_leads_to_no_inner_address(location: str, status: int, open_way, dialled: Dialled) -> None:
    open_way(OUTSIDE, names=names(name_test="127.0.0.1"))
    async with Server() as inner, Server(OUTSIDE) as outer:
        outer.replies["/"] = redirect(location.replace("{p}", str(inner.port)), status)
        with pytest.raises(Rejected):
            await get(outer.url + "/")
        assert inner.seen == []
        assert {address for address, _ in dialled} == {OUTSIDE}


async def test_a_name_is_looked_up_once_and_that_answer_is_used(open_way, dialled: Dialled) -> None:
    asked = []

    async def rebinding(host: str) -> list[str]:
        asked.append(host)
        return [OUTSIDE if len(asked) == 1 else "127.0.0.1"]

    open_way(OUTSIDE, names=rebinding)
    async with Server() as inner, Server(OUTSIDE) as outer:
        response = await get(f"http://evil.test:{outer.port}/")
        assert (response.text, asked, dialled) == ("ok", ["evil.test"], [(OUTSIDE, outer.port)])
        assert f"host: evil.test:{outer.port}" in outer.seen[0][0].lower()
        with pytest.raises(Rejected, match="inside your network"):
            await get(f"http://evil.test:{inner.port}/")
        assert inner.seen == []


async def test_of_several_addresses_only_the_allowed_are_tried(open_way, dialled: Dialled) -> None:
    open_way(OUTSIDE, names=names(mixed_test=f"127.0.0.1 169.254.169.254 {OUTSIDE}"))
    async with Server(OUTSIDE) as outer:
        assert (await get(f"http://mixed.test:{outer.port}/")).text == "ok"
        assert dialled == [(OUTSIDE, outer.port)]


async def test_the_socket_itself_is_guarded_even_if_the_look_up_were_fooled(open_way, dialled, monkeypatch) -> None:
    """Whatever a resolver hands over, the last check is on the address that would be dialled."""
    from streamline_ui.net import resolve

    async def careless(self: object, host: str, port: int = 0, family: int = 0) -> list[object]:
        return [resolve._result(host, "127.0.0.1", port)]

    monkeypatch.setattr(resolve.Guard, "resolve", careless)
    open_way()
    async with Server() as inner:
        with pytest.raises(Rejected) as caught:
            await get(f"http://evil.test:{inner.port}/")
        assert caught.value.code == "net.private"
        assert (dialled, inner.seen) == ([], [])


async def test_allow_rules_open_exactly_what_they_name(open_way) -> None:
    async with Server() as inner:
        open_way(f"127.0.0.1:{inner.port}")
        assert (await get(inner.url)).text == "ok"
        await egress.stop()
        open_way("localhost")
        assert (await get(f"http://localhost:{inner.port}/")).text == "ok"
        with pytest.raises(Rejected) as caught:
            await get(inner.url)
        assert f"STREAMLINE_EGRESS_ALLOW=127.0.0.1:{inner.port}" in caught.value.hints[0]
        await egress.stop()
        open_way("127.0.0.1:1")
        with pytest.raises(Rejected):
            await get(inner.url)


def test_a_rule_that_cannot_be_read_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting):
        egress.start(allow=["http://nas"], own=(), sandbox=False)


async def test_our_own_listener_is_called_only_for_its_stand_ins(open_way) -> None:
    async with Server() as ours:
        open_way("127.0.0.1", own={("127.0.0.1", ours.port)}, sandbox=True)
        for path in (
            "/api/me",
            "/",
            "/sandbox",
            "/sandbox/../api/me",
            "/sandbox/%2e%2e/api/me",
            "/sandbox/..%2fapi",
            "//sandbox/x",
        ):
            with pytest.raises(Rejected, match="Streamline itself"):
                await get(ours.url + path)
        assert ours.seen == []
        assert (await get(ours.url + "/sandbox/discord/a%20b?x=..")).text == "ok"
        with pytest.raises(Rejected, match="Streamline itself"):  # also not over the connection that is now open
            await get(ours.url + "/api/me")
        ours.replies["/sandbox/away"] = redirect("/api/me")
        with pytest.raises(Rejected, match="Streamline itself"):
            await get(ours.url + "/sandbox/away")
        assert all(" /sandbox/" in head for head, _ in ours.seen)


async def test_without_a_sandbox_its_paths_are_shut_too(open_way) -> None:
    async with Server() as ours:
        open_way("127.0.0.1", own={("127.0.0.1", ours.port)})
        with pytest.raises(Rejected, match="Streamline itself"):
            await get(ours.url + "/sandbox/discord/")


async def test_a_client_speaks_only_to_its_own_service(open_way) -> None:
    open_way("127.0.0.0/8")
    async with Server() as service, Server(OUTSIDE) as other:
        async with egress.client(service="Acme", base_url=service.url, auth=httpx.BasicAuth("u", "p")) as http:
            assert (await http.get("/hello")).text == "ok"
            for url in (other.url, f"http://127.0.0.1:{other.port}/", f"https://127.0.0.1:{service.port}/"):
                with pytest.raises(Rejected, match="Acme's credentials") as caught:
                    await http.get(url)
                assert caught.value.code == "net.origin"
            service.replies["/away"] = redirect(other.url)
            with pytest.raises(Rejected) as caught:
                await http.get("/away")
            assert caught.value.code == "net.redirect"
        assert other.seen == []
        assert "authorization: basic" in service.seen[0][0].lower()


async def test_credentials_and_bodies_stay_with_their_origin(open_way) -> None:
    open_way("127.0.0.0/8")
    secrets = {"Authorization": "Bearer T", "X-Api-Key": "K", "Cookie": "c=1", "X-Custom": "z"}
    async with Server() as first, Server(OUTSIDE) as other:
        first.replies["/go"] = redirect(other.url + "/there", 302)
        first.replies["/same"] = redirect("/home", 307)
        first.replies["/keep"] = redirect(other.url + "/there", 307)
        async with egress.client(
            service="Acme", anywhere=True, base_url=first.url, auth=httpx.BasicAuth("u", "p")
        ) as http:
            await http.get("/go", headers=secrets)
            await http.get(other.url + "/direct")
            await http.post("/same", content=b"body", headers=secrets)
            with pytest.raises(Rejected) as caught:
                await http.post("/keep", content=b"secret body")
        assert caught.value.code == "net.redirect"
        told = "".join(head for head, _ in other.seen).lower()
        assert len(other.seen) == 2
        assert not any(word in told for word in ("authorization", "bearer", "x-api-key", "cookie", "x-custom", "basic"))
        head, body = first.seen[-2]
        assert head.startswith("POST /home") and body == b"body" and "x-api-key: k" in head.lower()


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (302, "PUT", "PUT"),
        (308, "POST", "POST"),
    ],
)
async def test_a_redirect_changes_the_method_as_browsers_do(status: int, method: str, expected: str, open_way) -> None:
    open_way("127.0.0.1")
    async with Server() as service:
        service.replies["/old"] = redirect("/new", status)
        async with egress.client(service="Acme", base_url=service.url) as http:
            assert (await http.request(method, "/old", content=b"body")).text == "ok"
        head, body = service.seen[1]
        assert head.startswith(f"{expected} /new") and body == (b"body" if expected == method else b"")
        assert ("content-length" in head.lower()) == (expected == method)


async def test_redirects_end(open_way) -> None:
    open_way("127.0.0.1")
    async with Server() as service:
        service.replies["/loop"] = redirect("/loop")
        with pytest.raises(Rejected, match="again and again"):
            await get(service.url + "/loop")
        assert len(service.seen) == 4


async def test_what_we_say_of_ourselves(open_way, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    open_way("127.0.0.1")
    async with Server() as service:
        await get(service.url + "/a%2Fb/%7Ec?q=%2B+%20")
        lines = service.seen[0][0].split("\r\n")
        assert lines[0] in ("GET /a%2Fb/%7Ec?q=%2B+%20 HTTP/1.1", "GET /a%2Fb/~c?q=%2B+%20 HTTP/1.1")
        names_sent = {line.partition(":")[0].lower() for line in lines[1:] if line}
        assert names_sent == {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert any(line.lower().startswith("user-agent: streamline/") for line in lines)


async def test_cookies_of_a_service_are_not_kept(open_way) -> None:
    open_way("127.0.0.1")
    async with Server() as service:
        service.replies["/set"] = answer(b"", "200 OK", "Set-Cookie: track=me")
        async with egress.client(service="Acme", base_url=service.url) as http:
            await http.get("/set")
            await http.get("/next")
        assert "cookie" not in service.seen[1][0].lower()


async def test_connections_are_shared_by_all_clients(open_way) -> None:
    open_way("127.0.0.1")
    async with Server() as service:
        for _ in range(5):
            async with egress.client(service="Acme", base_url=service.url) as http:
                await http.get("/")
        assert (len(service.seen), service.connections) == (5, 1)


async def test_an_explained_answer_is_raised(open_way) -> None:
    class OddError(StreamlineError):
        pass

    open_way("127.0.0.1")
    async with Server() as service:
        service.replies["/no"] = answer(b'{"why": "because"}', "403 No")
        async with egress.client(service="Acme", base_url=service.url) as http:
            assert (await http.get("/no")).status_code == 403
        explain = lambda response: OddError(f"{response.status_code} {response.json()['why']}")  # noqa: E731
        async with egress.client(service="Acme", base_url=service.url, explain=explain) as http:
            assert (await http.get("/yes")).text == "ok"
            with pytest.raises(OddError, match="403 because") as caught:
                await http.get("/no")
        assert caught.value.__suppress_context__


async def test_the_way_out_is_shut_before_start_and_after_stop(open_way) -> None:
    with pytest.raises(RuntimeError):
        egress.client(service="Acme", anywhere=True)
    open_way("127.0.0.1")
    async with Server() as service, egress.client(service="Acme", base_url=service.url) as http:
        await http.get("/")
        await egress.stop()
        with pytest.raises(Unavailable, match="stopping"):
            await http.get("/")


def test_it_works_on_one_loop_after_another() -> None:
    async def once() -> str:
        egress.start(allow=["127.0.0.1"], own=(), sandbox=False)
        async with Server() as service:
            text = (await get(service.url)).text
        await egress.stop()
        return text

    assert [asyncio.run(once()) for _ in range(3)] == ["ok"] * 3


async def test_a_client_without_a_home_must_say_so() -> None:
    egress.start(allow=(), own=(), sandbox=False)
    with pytest.raises(ValueError, match="anywhere"):
        egress.client(service="Acme")
    await egress.stop()


async def test_headers_that_cannot_be_sent_are_refused_without_repeating_them(open_way) -> None:
    open_way("127.0.0.1")
    async with Server() as service, egress.client(service="Acme", base_url=service.url) as http:
        for value in ("canary\r\nX-Evil: 1", "canary\x00", "canary…"):
            with pytest.raises(Rejected) as caught:
                await http.get("/", headers={"X-Key": value})
            assert "canary" not in str(caught.value) and caught.value.__suppress_context__
        assert service.seen == []
