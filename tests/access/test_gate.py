from __future__ import annotations

import sqlite3

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from streamline_ui.access import gate, sessions
from streamline_ui.settings import Settings
from streamline_ui.storage import trouble
from streamline_ui.storage.models import User


async def page(request: Request) -> PlainTextResponse:
    visitor = getattr(request.state, "visitor", "not asked")
    return PlainTextResponse(visitor.email if isinstance(visitor, sessions.Visitor) else str(visitor))


ANY = Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST"])])


def client(cookie: str | None = None, app: object = None) -> httpx.AsyncClient:
    headers = {"Cookie": f'other={{"a":1}}; [x]=1; a=b c; {sessions.COOKIE}={cookie}'} if cookie else {}
    transport = httpx.ASGITransport(app or gate.Gate(ANY))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers)


async def location(path: str, cookie: str | None = None) -> str | None:
    async with client(cookie) as browser:
        answer = await browser.get(path)
    assert answer.status_code in (200, 303)
    return answer.headers.get("location")


async def test_before_there_is_an_account_every_page_leads_to_the_first_run(data: Settings) -> None:
    for path in ("/", "/integrations", "/settings/users?x=1", "/sign-in", "/welcome/else"):
        assert await location(path) == "/welcome", path
    assert await location("/welcome?setup=abc") is None


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/", "/sign-in"),
        ("/welcome", "/sign-in"),
        ("/integrations", "/sign-in?next=/integrations"),
        ("/integrations?q=a%20b&x=1", "/sign-in?next=/integrations%3Fq%3Da%2520b%26x%3D1"),
        ("//evil.example", "/sign-in?next=//evil.example"),
        ("/apix", "/sign-in?next=/apix"),
        ("/sessions", "/sign-in?next=/sessions"),
    ],
)
async def test_without_a_session_a_page_leads_to_the_sign_in(alice: User, path: str, where: str) -> None:
    async with client() as browser:
        answer = await browser.get(f"http://hub{path}")
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("cookie", ["wrong", "", "a=b; c", "\x80\xff", "x" * 4000, '"'])
async def test_a_cookie_of_nobody_lets_nobody_in(alice: User, cookie: str) -> None:
    transport = httpx.ASGITransport(gate.Gate(ANY))
    header = (b"cookie", f"{sessions.COOKIE}={cookie}".encode("latin-1"))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as browser:
        answer = await browser.get("/integrations", headers=[header])
    assert answer.status_code == 303


async def test_with_a_session_the_page_knows_its_visitor(alice: User) -> None:
    cookie, row = sessions.start(alice.id, kind="browser")
    async with client(cookie) as browser:
        assert (await browser.get("/integrations")).text == "alice@example.com"
        assert (await browser.get("/welcome")).text == "alice@example.com"
        assert (await browser.post("/integrations")).text == "alice@example.com"
        sessions.end(row.id)
        assert (await browser.get("/integrations")).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/me",
        "/hooks/x",
        "/assets/1/a.css",
        "/_nicegui/3/a.js",
        "/_nicegui_ws/socket.io/",
        "/healthz",
        "/readyz",
        "/sandbox/discord",
        "/session",
        "/session/setup",
        "/oauth/callback",
        "/favicon.ico",
    ],
)
async def test_what_is_no_page_passes(data: Settings, path: str) -> None:
    async with client() as browser:
        assert (await browser.get(path)).text == "not asked"


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ("/integrations?x=1", "/integrations?x=1"),
        (None, "/"),
        ("", "/"),
        ("integrations", "/"),
        ("//evil", "/"),
        ("/\\evil", "/"),
        ("\\\\evil", "/"),
        ("https:evil", "/"),
        ("https://evil", "/"),
        ("/a\\b", "/"),
        ("/a\nb", "/"),
        ("/\t/evil", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-in?next=/x", "/"),
        ("/welcome", "/"),
        ("/" + "x" * 3000, "/"),
    ],
)
def test_only_paths_on_this_server_are_gone_to(wanted: str | None, allowed: str) -> None:
    assert gate.safe_next(wanted) == allowed


async def test_who_is_signed_in_is_sent_on_from_the_sign_in_page(alice: User) -> None:
    cookie, _ = sessions.start(alice.id, kind="browser")
    assert await location("/sign-in?next=/settings", cookie) == "/settings"
    assert await location("/sign-in?next=//evil", cookie) == "/"
    assert await location("/sign-in", cookie) == "/"


async def test_below_a_sub_path_the_redirect_stays_below_it(alice: User) -> None:
    mounted = Starlette(routes=[Mount("/hub", gate.Gate(ANY))])
    async with client(app=mounted) as browser:
        assert (await browser.get("/hub/settings")).headers["location"] == "/hub/sign-in?next=/settings"
        assert (await browser.get("/hub/api/me")).text == "not asked"


async def test_where_the_database_does_not_answer_the_busy_page_does(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str | None) -> None:
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))

    async def told(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.url.path}: {request.state.refused.message}")

    monkeypatch.setattr(sessions, "visitor", refuse)
    outer = gate.Gate(Starlette(routes=[Route(gate.BUSY, told), Route("/{path:path}", page)]))
    async with client("a", outer) as browser:
        answer = await browser.get("/workflows")
    assert answer.text == f"{gate.BUSY}: {trouble.BUSY}"
