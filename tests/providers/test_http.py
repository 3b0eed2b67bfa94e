"""Requests to anywhere, over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.providers import formats, named
from streamline_ui.providers.opening import opened
from tests.conftest import serving

from .conftest import Desk


async def echo(request: Request) -> Response:
    body = (await request.body()).decode()
    seen = {"method": request.method, "url": str(request.url), "headers": dict(request.headers), "body": body}
    return JSONResponse(seen, headers={"Set-Cookie": "session=secret", "X-Custom": "1"})


async def status(request: Request) -> Response:
    return PlainTextResponse("no", int(request.path_params["status"]))


async def away(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"], 302)


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route("/status/{status:int}", status),
        Route("/away", away),
        Route("/text", lambda _: PlainTextResponse("plain")),
        Route("/", lambda _: PlainTextResponse("home")),
    ]
)


@pytest_asyncio.fixture
async def api(way_out: None) -> AsyncIterator[str]:
    async with serving(APP) as address:
        yield address


@pytest_asyncio.fixture
async def other(way_out: None) -> AsyncIterator[str]:
    async with serving(APP) as address:
        yield address


async def ask(values: dict[str, Any], **params: Any) -> dict[str, Any]:
    provider = named("http")
    async with opened(provider, formats.read(provider.config, values), Desk()) as connection:
        return await provider.actions["request"].run(connection, params)


async def look(values: dict[str, Any]) -> Any:
    provider = named("http")
    assert provider.checker is not None
    async with opened(provider, formats.read(provider.config, values), Desk()) as connection:
        return await provider.checker(connection)


async def test_a_request_without_any_configuration(api: str) -> None:
    answer = await ask({}, method="POST", url=f"{api}/echo", query={"a": 1}, headers={"X-One": "1"}, body={"b": [1]})
    assert answer["status"] == 200
    assert answer["body"]["method"] == "POST"
    assert answer["body"]["url"].endswith("/echo?a=1")
    assert answer["body"]["headers"]["x-one"] == "1"
    assert answer["body"]["headers"]["content-type"] == "application/json"
    assert json.loads(answer["body"]["body"]) == {"b": [1]}
    assert answer["headers"]["x-custom"] == "1"
    assert "set-cookie" not in answer["headers"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"a": 1}', "application/json"),
        ("hello", "text/plain; charset=utf-8"),
        ({"a": 1}, "application/json"),
        ([1], "application/json"),
        (5, "application/json"),
    ],
)
async def test_the_kind_of_a_body(api: str, body: Any, kind: str) -> None:
    answer = await ask({}, method="PUT", url=f"{api}/echo", body=body)
    assert answer["body"]["headers"]["content-type"] == kind
    own = await ask({}, method="PUT", url=f"{api}/echo", body="x", headers='{"content-type": "text/csv"}')
    assert own["body"]["headers"]["content-type"] == "text/csv"


async def test_keys_go_to_their_own_address_only(api: str, other: str) -> None:
    values = {"baseUrl": api, "X-Api-Key": "secret-key-0123456789", "Authorization": "Bearer abc"}
    own = (await ask(values, method="GET", url="/echo"))["body"]["headers"]
    assert own["x-api-key"] == "secret-key-0123456789"
    assert own["authorization"] == "Bearer abc"
    for url in (f"{other}/echo", f"{api}/away?to={other}/echo"):
        foreign = (await ask(values, method="GET", url=url))["body"]["headers"]
        assert "x-api-key" not in foreign
        assert "authorization" not in foreign


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthFailed), (404, Rejected), (429, Unavailable), (500, Unavailable)]
)
async def test_an_error_is_named_after_the_host(api: str, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"127\.0\.0\.1 .*\(" + str(status)):
        await ask({}, method="GET", url=f"{api}/status/{status}")


async def test_check(api: str) -> None:
    nothing = await look({})
    assert not nothing.tested
    there = await look({"baseUrl": api})
    assert there.tested
    assert there.message == "127.0.0.1 answers."
    assert "answers" in (await look({"baseUrl": f"{api}/status/404"})).message
    with pytest.raises(AuthFailed):
        await look({"baseUrl": f"{api}/status/401"})
    with pytest.raises(Unavailable):
        await look({"baseUrl": "http://127.0.0.1:9"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"X-Api-Key": "abc"}, "baseUrl"),
        ({"apiKeys": {"Host": "x"}, "baseUrl": "https://api.example.com"}, "apiKeys"),
        ({"apiKeys": {"two words": "x"}, "baseUrl": "https://api.example.com"}, "apiKeys"),
        ({"apiKeys": {"X": "é"}, "baseUrl": "https://api.example.com"}, "apiKeys"),
        ({"baseUrl": "http://169.254.169.254/"}, "baseUrl"),
        ({"baseUrl": "http://10.0.0.1/"}, "baseUrl"),
        ({"baseUrl": "https://user:pass@example.com"}, "baseUrl"),
    ],
)
def test_wrong_configurations(values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        formats.read(named("http").config, values)
    assert list(raised.value.fields) == [field]
    assert "pass" not in raised.value.fields[field].replace("password", "")


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"method": "GET", "url": " "}, Invalid),
        ({"method": "GET", "url": "/relative"}, Invalid),
        ({"method": "GET", "url": "file:///etc/passwd"}, Invalid),
        ({"method": "TRACE", "url": "https://example.com"}, ValueError),
        ({"method": "GET", "url": "https://example.com", "headers": {"Host": "x"}}, Invalid),
        ({"method": "GET", "url": "https://example.com", "headers": {"a b": "x"}}, Invalid),
        ({"method": "GET", "url": "https://example.com", "headers": {"X": "a\r\nb: c"}}, Invalid),
        ({"method": "GET", "url": "http://169.254.169.254/latest"}, Rejected),
    ],
)
async def test_requests_that_are_not_sent(way_out: None, params: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await ask({}, **params)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "FTP://x/y", "javascript:alert(1)", "data:text/plain,x"])
async def test_below_an_address_another_scheme_is_refused_too(way_out: None, url: str) -> None:
    with pytest.raises(Invalid, match="must start with http"):
        await ask({"baseUrl": "http://127.0.0.1:9"}, method="GET", url=url)
