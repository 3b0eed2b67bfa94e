"""Signing in at a service: who may finish it, what may come back, and what is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from sqlmodel import select

from streamline_ui import sandbox
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import connections, oauth_sign_in
from streamline_ui.sandbox import google_sheets, oauth2
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Status, User, now
from streamline_ui.storage.oauth_tables import OAuthGrant, OAuthSignIn

from .oauth_steps import HOME, add, consent, grant, look, query, sign_in


@pytest.fixture(autouse=True)
def _new_box() -> None:
    sandbox.forget()


async def test_the_whole_way(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins)
    assert row.status == Status.WAITING_FOR_SIGN_IN
    url, key = oauth_sign_in.begin(alice.id, row.id, HOME, "browser-1")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["redirect_uri"] == f"{HOME}/oauth/callback"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 43
    assert asked["scope"] == "read write"
    assert oauth_sign_in.outcome(alice.id, key) is None
    result = await oauth_sign_in.finish(query(await consent(url)), session_id="browser-1", user_id=alice.id)
    assert result.ok, result
    assert oauth_sign_in.outcome(alice.id, key) == result
    assert oauth_sign_in.outcome("somebody", key) is None
    seen = look(row)
    assert (seen.status, seen.account, seen.name) == (Status.HEALTHY, "alex@example.com", "Notes")
    output = await connections.perform(
        alice.id, row.id, "request", {"method": "POST", "path": "/notes", "body": {"a": 1}}
    )
    assert output["status"] == 201
    assert oauth2.authority.tally.codes == 1


async def test_google(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins, "google_sheets")
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME)
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["access_type"] == "offline"
    assert asked["prompt"] == "consent"
    result = await oauth_sign_in.finish(query(await consent(url, account="sam@example.com")))
    assert result.message == "Signed in as sam@example.com."
    assert look(row).account == "sam@example.com"
    again = await sign_in(row)
    assert again.message == "Signed in as alex@example.com. Before, it was sam@example.com."
    values = {"spreadsheetId": google_sheets.DEMO_SHEET, "range": "Orders", "values": [["1002", "Bob", 7]]}
    done = await connections.perform(alice.id, row.id, "append_row", values)
    assert done == {"updatedRange": "Orders!A3:C3", "updatedRows": 1, "updatedCells": 3}


async def test_a_box_that_was_unticked_is_told(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins, "google_sheets")
    result = await sign_in(row, scopes=[])
    assert not result.ok
    assert result.message == "Google was not allowed everything: Google Sheets is missing."
    assert look(row).status == Status.WAITING_FOR_SIGN_IN
    assert (await sign_in(row)).ok
    assert look(row).status == Status.HEALTHY


async def test_cancelled(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins)
    assert (await sign_in(row)).ok
    before = grant(row).tokens_enc
    result = await sign_in(row, answer="deny")
    assert (result.ok, result.message) == (False, "Sign-in was cancelled. Nothing was changed.")
    assert grant(row).tokens_enc == before
    assert look(row).status == Status.HEALTHY


STRANGE = "This sign-in took too long or was started in another browser."


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({"state": None}, {}),
        ({"state": ""}, {}),
        ({"state": "x" * 43}, {}),
        ({}, {"session_id": None}),
        ({}, {"session_id": "browser-2"}),
    ],
)
async def test_a_foreign_state_does_nothing(
    hub: Settings, alice: User, stand_ins: str, change: dict[str, Any], who: dict[str, Any]
) -> None:
    row = add(alice, stand_ins)
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME, "browser-1")
    back = {**dict(query(await consent(url))), **change}
    given = [(name, value) for name, value in back.items() if value is not None]
    result = await oauth_sign_in.finish(given, **{"session_id": "browser-1", "user_id": alice.id, **who})
    assert result.message == STRANGE
    assert _nothing_is_kept()


async def test_a_doubled_state_and_another_user_do_nothing(
    hub: Settings, alice: User, bob: User, stand_ins: str
) -> None:
    row = add(alice, stand_ins)
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME)
    back = query(await consent(url))
    state = next(pair for pair in back if pair[0] == "state")
    assert (await oauth_sign_in.finish([*back, state])).message == STRANGE
    assert (await oauth_sign_in.finish(back, session_id="browser-2", user_id=bob.id)).message == STRANGE
    assert _nothing_is_kept()
    assert (await oauth_sign_in.finish(back)).ok  # what a program began may end where nobody is signed in
    assert (await oauth_sign_in.finish(back)).message == "This sign-in is over already."


def _nothing_is_kept() -> bool:
    with db.reading() as session:
        rows = session.exec(select(OAuthGrant)).all()
    return not rows and oauth2.authority.tally.renewals == 0


async def test_ten_minutes(hub: Settings, alice: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = add(alice, stand_ins)
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME)
    back = query(await consent(url))
    later = now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(oauth_sign_in, "now", lambda: later)
    assert (await oauth_sign_in.finish(back)).message == STRANGE
    assert _nothing_is_kept()
    monkeypatch.setattr(oauth_sign_in, "now", lambda: later + timedelta(hours=2))
    oauth_sign_in.prune()
    with db.reading() as session:
        assert session.exec(select(OAuthSignIn)).all() == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"garbage": True}, "The service gave an answer to the sign-in that Streamline does not understand (200)."),
        ({"status": 500}, "The service has a problem on its side (500, server_error)."),
        ({"status": 400}, "The service no longer takes this sign-in (400, invalid_grant)."),
        ({"status": 401}, "The service refused the client ID or its secret (401, invalid_client)."),
    ],
)
async def test_what_the_token_address_may_answer(
    hub: Settings, alice: User, stand_ins: str, fault: dict[str, Any], sentence: str
) -> None:
    row = add(alice, stand_ins)
    async with httpx.AsyncClient(base_url=stand_ins) as http:
        await http.post("/oauth2/_faults", json={**fault, "at": "token"})
    result = await sign_in(row)
    assert (result.ok, result.message) == (False, sentence)
    assert result.hints
    assert look(row).status != Status.HEALTHY


@pytest.mark.parametrize(
    ("back", "sentence"),
    [
        ({"code": None}, "The service sent nobody back: the code is missing."),
        ({"code": "x" * 5000}, "The service sent nobody back: the code is missing."),
        ({"code": None, "error": "server_error"}, "The service has a problem on its side."),
        ({"code": None, "error": "<script>alert(1)</script>"}, "The service refused the sign-in."),
        ({"code": "<img src=x>"}, "The service no longer takes this sign-in (400, invalid_grant)."),
        ({"iss": "https://evil.example"}, "Somebody else than expected answered the sign-in."),
    ],
)
async def test_what_the_browser_may_bring_back(
    hub: Settings, alice: User, stand_ins: str, back: dict[str, Any], sentence: str
) -> None:
    row = add(alice, stand_ins)
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME)
    given = {**dict(query(await consent(url))), **back}
    result = await oauth_sign_in.finish([(name, value) for name, value in given.items() if value is not None])
    assert (result.ok, result.message) == (False, sentence)


async def test_tokens_are_for_the_client_and_the_addresses_they_were_given_for(
    hub: Settings, alice: User, stand_ins: str
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    with pytest.raises(Invalid) as refused:
        connections.change(alice.id, row.id, config={"apiBaseUrl": "https://evil.example"})
    assert "clientSecret" in refused.value.fields
    with pytest.raises(Invalid) as refused:
        connections.change(alice.id, row.id, config={"tokenUrl": "https://evil.example/token"})
    assert "clientSecret" in refused.value.fields
    connections.change(alice.id, row.id, name="Renamed", config={"clientId": "another-client"})
    assert (await connections.test(alice.id, row.id)).status is Status.WAITING_FOR_SIGN_IN
    assert (await sign_in(row)).ok
    assert look(row).name == "Renamed"


async def test_only_the_owner_begins(hub: Settings, alice: User, charlie: User, stand_ins: str) -> None:
    row = add(alice, stand_ins)
    with pytest.raises(NotFound):
        oauth_sign_in.begin(charlie.id, row.id, HOME)
    inbox = connections.add(alice.id, "inbox", "Inbox", {})
    with pytest.raises(Invalid):
        oauth_sign_in.begin(alice.id, inbox.id, HOME)


async def test_what_is_on_disk_tells_nothing(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins)
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME)
    back = await consent(url)
    await oauth_sign_in.finish(query(back))
    told = dict(query(back))
    content = b"".join(file.read_bytes() for file in Path(hub.data_dir).glob("streamline.db*"))
    for secret in (oauth2.authority.prefix + "ey", told["state"], told["code"], "sandbox-client-secret"):
        assert secret.encode() not in content


SLACK = {"apiKeys": {"accessToken": None}, "clientId": "123456789012.345", "clientSecret": "slack-client-secret"}


def slack(alice: User, stand_ins: str, **values: Any) -> Any:
    config = {**SLACK, "baseUrl": f"{stand_ins}/slack", "oauthBaseUrl": f"{stand_ins}/slack", **values}
    return connections.add(alice.id, "slack", "Slack", config)


async def test_slack(hub: Settings, alice: User, stand_ins: str) -> None:
    row = slack(alice, stand_ins)
    assert row.status == Status.WAITING_FOR_SIGN_IN
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME)
    assert dict(parse_qsl(urlsplit(url).query))["scope"] == "chat:write,channels:read,reactions:write"
    result = await oauth_sign_in.finish(query(await consent(url)))
    assert result.ok, result
    assert result.message == "Signed in as Sandbox."
    sent = await connections.perform(alice.id, row.id, "send_message", {"channel": "#general", "text": "Hello"})
    assert sent["ts"]
    assert grant(row).refresh_at is None  # these tokens last
    refused = slack(alice, stand_ins, clientSecret="a-wrong-secret")
    assert (await sign_in(refused)).message == "Slack refused the client ID or its secret (200, bad_client_secret)."


@pytest.mark.parametrize(
    ("config", "field"),
    [({}, "apiKeys.accessToken"), ({"clientId": "1.2"}, "clientSecret"), ({"clientSecret": "x" * 20}, "clientId")],
)
def test_slack_wants_a_token_or_a_client(alice: User, config: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        connections.add(alice.id, "slack", "Slack", config)
    assert field in refused.value.fields
