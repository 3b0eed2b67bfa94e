"""What can go wrong on the way: every failure becomes a sentence that names the host and no secret."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import json
import ssl
import time
import traceback
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
import trustme

from streamline_ui.errors import Rejected, StreamlineError, Unavailable
from streamline_ui.net import egress, resolve
from tests.net import wire
from tests.net.wire import Server, answer, raw

CANARY = "canary-4711-secret"
BOMB = gzip.compress(b"\0" * 100_000_000, 9)


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Server]:
    egress.start(allow=["127.0.0.1"], own=(), sandbox=False)
    async with Server() as server:
        yield server
        await egress.stop()


async def ask(url: str, method: str = "GET", *, total: float = 0.5, max_bytes: int = 1_000_000) -> httpx.Response:
    async with egress.client(service="Acme", anywhere=True, total=total, max_bytes=max_bytes) as http:
        return await http.request(method, url, headers={"Authorization": CANARY})


HEAD = b"HTTP/1.1 200 OK\r\n"
FAULTS = {
    "hang": (wire.hang, Unavailable, "net.timeout", True),
    "drip": (wire.drip, Unavailable, "net.timeout", True),
    "drip in the head": (wire.drip_head, Unavailable, "net.timeout", True),
    "reset half way": (wire.reset, Unavailable, "net.broken", True),
    "hang up at once": (raw(b""), Unavailable, "net.broken", True),
    "cut off": (raw(HEAD + b'Content-Length: 9\r\n\r\n{"a": '), Unavailable, "net.broken", True),
    "cut off in a chunk": (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"), Unavailable, "net.broken", True),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), Unavailable, "net.garbled", True),
    "header flood": (wire.flood, Unavailable, "net.garbled", True),
    "huge header": (raw(HEAD + b"X-Big: " + b"x" * 40_000 + b"\r\n\r\n"), Unavailable, "net.garbled", True),
    "100 MB": (wire.pour, Rejected, "net.size", False),
    "100 MB announced": (raw(HEAD + b"Content-Length: 100000000\r\n\r\n"), Rejected, "net.size", False),
    "gzip bomb": (answer(BOMB, "200 OK", "Content-Encoding: gzip"), Rejected, "net.size", False),
    "unasked encoding": (answer(b"abc", "200 OK", "Content-Encoding: br"), Rejected, "net.encoding", False),
    "two encodings": (answer(b"abc", "200 OK", "Content-Encoding: gzip, gzip"), Rejected, "net.encoding", False),
    "no gzip": (answer(b"abc", "200 OK", "Content-Encoding: gzip"), Unavailable, "net.garbled", True),
    "half a gzip": (
        answer(gzip.compress(b"x" * 99)[:-9], "200 OK", "Content-Encoding: gzip"),
        Unavailable,
        "net.broken",
        True,
    ),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", FAULTS)
async def test_every_fault_has_its_error(name: str, method: str, service: Server) -> None:
    reply, kind, code, may_have_happened = FAULTS[name]
    service.replies[f"/{CANARY}"] = reply
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        await ask(f"{service.url}/{CANARY}?key={CANARY}", method)
    assert time.monotonic() - began < 3
    error = caught.value
    assert error.code == code
    assert error.message.startswith("127.0.0.1 ") and error.message.endswith(".")
    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error.hints)
    assert "http" not in error.message.lower() or code == "net.garbled"
    if isinstance(error, Unavailable):
        assert error.unclear == (may_have_happened and method == "POST")


async def test_a_bomb_is_not_unfolded(service: Server) -> None:
    service.replies["/"] = answer(BOMB, "200 OK", "Content-Encoding: gzip")
    tracemalloc.start()
    with pytest.raises(Rejected):
        await ask(service.url + "/", max_bytes=1_000_000, total=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


async def test_garbage_with_a_good_length_is_returned_for_the_provider_to_judge(service: Server) -> None:
    service.replies["/"] = answer(b'{"truncated": ', "200 OK", "Content-Type: application/json")
    response = await ask(service.url + "/")
    with pytest.raises(json.JSONDecodeError):
        response.json()


@pytest.mark.parametrize("parts", [1, 3])
async def test_compressed_answers_are_unfolded(parts: int, service: Server) -> None:
    body = b"".join(gzip.compress(b"hello " * 1000) for _ in range(parts))
    service.replies["/"] = answer(body, "200 OK", "Content-Encoding: gzip")
    response = await ask(service.url + "/")
    assert response.content == b"hello " * 1000 * parts
    assert "content-encoding" not in response.headers


async def test_an_answer_just_within_the_limit_passes(service: Server) -> None:
    service.replies["/"] = answer(b"x" * 1000)
    assert len((await ask(service.url + "/", max_bytes=1000)).content) == 1000
    with pytest.raises(Rejected, match=r"127\.0\.0\.1 sent more than 0\.000999 MB"):
        await ask(service.url + "/", max_bytes=999)


async def test_empty_answers_are_fine(service: Server) -> None:
    service.replies["/head"] = raw(HEAD + b"Content-Length: 99999999\r\nContent-Encoding: gzip\r\n\r\n")
    service.replies["/none"] = raw(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert (await ask(service.url + "/head", "HEAD")).status_code == 200
    assert (await ask(service.url + "/none")).status_code == 204


async def test_nobody_listens(service: Server) -> None:
    async with Server() as gone:
        port = gone.port
    with pytest.raises(Unavailable) as caught:
        await ask(f"http://127.0.0.1:{port}/", "POST")
    assert (caught.value.code, caught.value.unclear) == ("net.refused", False)
    assert caught.value.message == f"127.0.0.1:{port} refuses connections. The service may be down."


async def test_the_deadline_names_its_seconds(service: Server) -> None:
    service.replies["/"] = wire.hang
    with pytest.raises(Unavailable, match=r"^127\.0\.0\.1 did not answer within 0\.2 s\.$"):
        await ask(service.url + "/", total=0.2)


async def test_redirects_do_not_prolong_the_deadline(service: Server) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await wire.redirect("/")(writer)

    service.replies["/"] = late
    began = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer within"):
        await ask(service.url + "/", total=0.3)
    assert time.monotonic() - began < 0.45


async def test_cancelling_a_request_lets_go_of_it(service: Server) -> None:
    service.replies["/"] = wire.hang
    request = asyncio.create_task(ask(service.url + "/", total=30))
    await asyncio.sleep(0.1)
    assert len(service.seen) == 1
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_names_that_do_not_exist() -> None:
    async def nobody(host: str) -> list[str]:
        raise OSError(host)

    async def silence(host: str) -> list[str]:
        await asyncio.sleep(60)
        return []

    for lookup, message in (
        (nobody, "shop.test was not found."),
        (silence, "did not say within 0.05 s where shop.test is"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resolve, "LOOKUP_SECONDS", 0.05)
            egress.start(allow=(), own=(), sandbox=False, lookup=lookup)
            with pytest.raises(Unavailable, match=message) as caught:
                await ask("http://shop.test/", "POST")
            assert (caught.value.code, caught.value.unclear) == ("net.dns", False)
            await egress.stop()


async def test_hanging_look_ups_do_not_stop_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(host: str) -> list[str]:
        time.sleep(0.4)
        raise OSError

    monkeypatch.setattr(resolve, "_getaddrinfo", slow)
    monkeypatch.setattr(resolve, "LOOKUP_SECONDS", 0.1)
    egress.start(allow=(), own=(), sandbox=False)
    asked = [asyncio.create_task(ask(f"http://shop{number}.test/", total=1)) for number in range(40)]
    await asyncio.sleep(0)
    began = time.monotonic()
    await asyncio.to_thread(lambda: None)
    assert time.monotonic() - began < 0.1
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}
    await egress.stop()


def certificate(authority: trustme.CA, name: str, *, days: int = 30) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    authority.issue_cert(name, not_after=until, not_before=until - datetime.timedelta(days=60)).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("name", "days", "is_known", "reason"),
    [
        ("shop.test", 30, True, None),
        ("shop.test", 30, False, "its authority is not one this machine knows"),
        ("other.test", 30, True, "it is for another name"),
        ("shop.test", -1, True, "it has expired"),
        ("shop.test", 80, True, "it is not valid yet"),
    ],
)
async def test_certificates_are_checked_by_name(name: str, days: int, is_known: bool, reason: str | None) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    if is_known:
        authority.configure_trust(trust)

    async def lookup(host: str) -> list[str]:
        return ["127.0.0.1"]

    egress.start(allow=["127.0.0.1"], own=(), sandbox=False, lookup=lookup, trust=trust)
    async with Server(tls=certificate(authority, name, days=days)) as server:
        url = f"https://shop.test:{server.port}/{CANARY}"
        if reason is None:
            assert (await ask(url, total=5)).text == "ok"
        else:
            with pytest.raises(Rejected) as caught:
                await ask(url, total=5)
            assert caught.value.code == "net.tls"
            assert caught.value.message == f"The certificate of shop.test is not trusted ({reason})."
            assert server.seen == []
        await egress.stop()


async def test_no_tls_at_all(service: Server) -> None:
    with pytest.raises(Unavailable) as caught:
        await ask(f"https://127.0.0.1:{service.port}/{CANARY}", total=0.5)
    assert caught.value.code in ("net.tls", "net.timeout", "net.broken")
    assert CANARY not in str(caught.value)


async def test_an_https_service_does_not_lead_to_http() -> None:
    authority, trust = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trust)
    egress.start(allow=["127.0.0.1"], own=(), sandbox=False, trust=trust)
    async with Server(tls=certificate(authority, "127.0.0.1")) as secure, Server() as plain:
        secure.replies["/"] = wire.redirect(plain.url + "/")
        with pytest.raises(Rejected, match="from https to http"):
            await ask(secure.url + "/", total=5)
        assert plain.seen == []
        await egress.stop()


def test_every_error_is_ours() -> None:
    assert all(issubclass(kind, StreamlineError) for _, kind, _, _ in FAULTS.values())
