"""Signing in at a service over REST, and the public door that services send people back through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from streamline_ui import sandbox
from streamline_ui.access import sessions, users
from streamline_ui.api import app, oauth
from streamline_ui.settings import Settings
from streamline_ui.storage.models import User
from tests.api.conftest import Person
from tests.conftest import serving
from tests.integrations.oauth_steps import consent

STRANGE = "This sign-in took too long or was started in another browser."


@pytest_asyncio.fixture
async def rest(hub: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The interface with the public door beside it."""
    monkeypatch.setattr(users, "_setup_token", None)
    sandbox.forget()
    outer = Starlette(routes=[*oauth.routes, Mount("/api", app.build(hub))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://hub") as client:
        yield client


async def begin(person: Person, stand_ins: str, **config: Any) -> tuple[str, str]:
    made = await person.connect("Notes", "oauth2", **{**sandbox.demo("oauth2", stand_ins), **config})
    assert (made["status"], made["account"]) == ("waiting_for_sign_in", "")
    answer = await person.ask("POST", f"/integrations/{made['id']}/oauth/authorize")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"url"}
    return made["id"], answer.json()["url"]


async def back(rest: httpx.AsyncClient, address: str, **options: Any) -> httpx.Response:
    parts = urlsplit(address)
    return await rest.get(f"{parts.path}?{parts.query}", **options)


async def test_there_and_back(rest: httpx.AsyncClient, as_alice: Person, stand_ins: str) -> None:
    made, url = await begin(as_alice, stand_ins)
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["redirect_uri"] == "http://hub/oauth/callback"
    address = await consent(url)
    answer = await back(rest, address)
    assert answer.status_code == 200
    assert "Signed in as alex@example.com." in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    told = dict(parse_qsl(urlsplit(address).query))
    assert told["code"] not in answer.text
    assert told["state"] not in answer.text
    shown = (await as_alice.ask("GET", f"/integrations/{made}")).json()
    assert (shown["status"], shown["account"]) == ("healthy", "alex@example.com")
    assert "example.ey" not in str(shown)
    assert set(shown["config"]["clientSecret"]) == {"set", "hint"}
    performed = await as_alice.ask("POST", f"/integrations/{made}/actions/request", {"method": "GET", "path": "/me"})
    assert performed.json()["output"]["body"]["email"] == "alex@example.com"
    again = await back(rest, address)
    assert again.status_code == 400
    assert "This sign-in is over already." in again.text


async def test_in_a_browser_it_ends_in_the_session_that_began_it(
    rest: httpx.AsyncClient, as_alice: Person, as_bob: Person, stand_ins: str
) -> None:
    _, url = await begin(as_alice, stand_ins)
    address = await consent(url)
    bobs, _ = sessions.start(as_bob.user.id, kind="browser")
    assert STRANGE in (await back(rest, address, headers={"Cookie": f"{sessions.COOKIE}={bobs}"})).text
    assert STRANGE in (await back(rest, address, headers={"Authorization": f"Bearer {as_bob.token}"})).text
    alices, _ = sessions.start(as_alice.user.id, kind="browser")
    assert "Signed in" in (await back(rest, address, headers={"Cookie": f"{sessions.COOKIE}={alices}"})).text


async def test_a_link_that_was_sent_on_brings_no_strangers_account(
    rest: httpx.AsyncClient, as_alice: Person, as_bob: Person, stand_ins: str
) -> None:
    made, url = await begin(as_alice, stand_ins)
    address = await consent(url)
    elsewhere = httpx.ASGITransport(rest._transport.app, client=("203.0.113.9", 4711))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://hub") as away:
        refused = await back(away, address)
        assert refused.status_code == 400
        assert "Sign in to Streamline in this browser first, then try again." in refused.text
        assert STRANGE in (await back(away, address, headers={"Authorization": f"Bearer {as_bob.token}"})).text
        shown = (await as_alice.ask("GET", f"/integrations/{made}")).json()
        assert (shown["status"], shown["account"]) == ("waiting_for_sign_in", "")
        alices, _ = sessions.start(as_alice.user.id, kind="browser")
        assert "Signed in as" in (await back(away, address, headers={"Cookie": f"{sessions.COOKIE}={alices}"})).text
        _, url = await begin(as_alice, stand_ins)
        with_token = {"Authorization": f"Bearer {as_alice.token}"}
        assert "Signed in as" in (await back(away, await consent(url), headers=with_token)).text


@pytest.mark.parametrize(
    "query",
    ["", "?code=x", "?state=", "?state=x&state=y&code=z", "?state=%00&code=%ff", "?" + "a=b&" * 2000,
     "?error=access_denied",
     "?state=<script>alert(1)</script>&error=<script>alert(1)</script>&code=<img%20src=x%20onerror=alert(1)>"],
)  # fmt: skip
async def test_whatever_comes_is_answered_calmly(rest: httpx.AsyncClient, alice: User, query: str) -> None:
    answer = await rest.get(f"/oauth/callback{query}")
    assert answer.status_code == 400
    assert STRANGE in answer.text
    assert "<script>alert" not in answer.text
    assert "onerror" not in answer.text


async def test_others_cannot_begin(rest: httpx.AsyncClient, as_alice: Person, as_bob: Person, stand_ins: str) -> None:
    made, _ = await begin(as_alice, stand_ins)
    assert (await as_bob.ask("POST", f"/integrations/{made}/oauth/authorize")).status_code == 404
    assert (await rest.post(f"/api/integrations/{made}/oauth/authorize")).status_code == 401
    inbox = (await as_alice.connect())["id"]
    refused = await as_alice.ask("POST", f"/integrations/{inbox}/oauth/authorize")
    assert (refused.status_code, refused.json()["detail"]) == (422, "Nobody has to sign in for this connection.")


async def huge(_: Request) -> Response:
    return HTMLResponse("x" * 5_000_000)


async def test_a_token_address_that_floods_or_is_away(
    rest: httpx.AsyncClient, as_alice: Person, stand_ins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = Route("/sandbox/oauth2/flood", huge, methods=["POST"])
    async with serving(Starlette(routes=[flood])) as server:
        _, url = await begin(as_alice, stand_ins, tokenUrl=f"{server}/sandbox/oauth2/flood")
        answer = await back(rest, await consent(url))
        assert "127.0.0.1 sent more than 0.2 MB." in answer.text
    _, url = await begin(as_alice, stand_ins, tokenUrl=f"{server}/token")
    answer = await back(rest, await consent(url))
    assert f"{server.removeprefix('http://')} refuses connections." in answer.text
