"""Permissions are given back once nobody needs them, and whatever the service says to that changes nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import Invalid, NotFound, SignInNeeded
from streamline_ui.integrations import connections, oauth_revoking
from streamline_ui.sandbox import google_sheets, oauth2, slack
from streamline_ui.settings import Settings
from streamline_ui.storage.models import Integration, Status, User, now

from .oauth_steps import add, grant, look, sign_in

ME = {"method": "GET", "path": "/me"}
SLACK = {"apiKeys": {"accessToken": None}, "clientId": "123456789012.345", "clientSecret": "slack-client-secret"}


@pytest.fixture(autouse=True)
def _new_box(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.forget()
    monkeypatch.setattr(oauth_revoking, "_waiting", deque(maxlen=oauth_revoking.MOST))


async def notes(user: User, stand_ins: str, **consented: str) -> Integration:
    row = add(user, stand_ins, revokeUrl=f"{stand_ins}/oauth2/revoke")
    assert (await sign_in(row, **consented)).ok
    return row


async def test_a_removal_gives_it_back(hub: Settings, alice: User, stand_ins: str) -> None:
    row = await notes(alice, stand_ins)
    connections.remove(alice.id, row.id)
    assert oauth2.authority.tally.revoked == 0
    await oauth_revoking.sweep()
    await oauth_revoking.sweep()
    assert oauth2.authority.tally.revoked == 1


async def test_as_long_as_it_can_come_back_it_stays(
    hub: Settings, alice: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await notes(alice, stand_ins)
    connections.remove(alice.id, row.id, undoable=True)
    connections.purge()
    await oauth_revoking.sweep()
    connections.restore(alice.id, row.id)
    assert (await connections.perform(alice.id, row.id, "request", ME))["status"] == 200
    connections.remove(alice.id, row.id, undoable=True)
    later = now() + timedelta(minutes=2)
    monkeypatch.setattr(connections, "now", lambda: later)
    connections.purge()
    await oauth_revoking.sweep()
    assert oauth2.authority.tally.revoked == 1


async def test_google_and_another_account(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins, "google_sheets")
    await sign_in(row, account="sam@example.com")
    await sign_in(row, account="sam@example.com")
    await oauth_revoking.sweep()
    assert google_sheets.authority.tally.revoked == 0  # to give that back would end the new sign-in, too
    assert (await sign_in(row, account="kim@example.com")).ok
    await oauth_revoking.sweep()
    assert google_sheets.authority.tally.revoked == 1
    assert (await connections.test(alice.id, row.id)).ok


async def test_slack(hub: Settings, alice: User, stand_ins: str) -> None:
    addresses = {"baseUrl": f"{stand_ins}/slack", "oauthBaseUrl": f"{stand_ins}/slack"}
    row = connections.add(alice.id, "slack", "Slack", {**SLACK, **addresses})
    assert (await sign_in(row)).ok
    connections.remove(alice.id, row.id)
    await oauth_revoking.sweep()
    assert [entry.kind for entry in slack.desk.arrived] == ["revoked"]


async def test_slacks_tokens_rotate_where_the_app_says_so(hub: Settings, alice: User, stand_ins: str) -> None:
    addresses = {"baseUrl": f"{stand_ins}/slack", "oauthBaseUrl": f"{stand_ins}/slack"}
    config = {**SLACK, **addresses, "clientId": "123456789012.345-rotates-lives-1"}
    row = connections.add(alice.id, "slack", "Slack", config)
    assert (await sign_in(row)).ok
    assert grant(row).refresh_at is not None
    message = {"channel": "#general", "text": "Hello"}
    await connections.perform(alice.id, row.id, "send_message", message)
    await asyncio.sleep(1.0)
    await connections.perform(alice.id, row.id, "send_message", message)
    assert slack.authority.tally.renewals == 1
    assert [entry.kind for entry in slack.desk.arrived] == ["message", "message"]
    slack.authority.end_all()
    with pytest.raises(SignInNeeded):
        await connections.perform(alice.id, row.id, "send_message", message)
    assert look(row).status == Status.WAITING_FOR_SIGN_IN
    assert (await sign_in(row)).ok
    connections.remove(alice.id, row.id)
    await oauth_revoking.sweep()
    assert slack.desk.arrived[-1].kind == "revoked"


async def test_what_another_connection_holds_as_well_stays(
    hub: Settings, alice: User, bob: User, stand_ins: str
) -> None:
    first, second = await notes(alice, stand_ins), await notes(bob, stand_ins)
    connections.remove(alice.id, first.id)
    await oauth_revoking.sweep()
    assert oauth2.authority.tally.revoked == 0
    assert (await connections.test(bob.id, second.id)).ok
    other = await notes(alice, stand_ins, account="kim@example.com")
    connections.remove(alice.id, other.id)
    await oauth_revoking.sweep()
    assert oauth2.authority.tally.revoked == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"garbage": True}, {"status": 400}])
async def test_whatever_the_service_says_it_is_removed(
    hub: Settings, alice: User, stand_ins: str, fault: dict[str, Any]
) -> None:
    row = await notes(alice, stand_ins)
    async with httpx.AsyncClient(base_url=stand_ins) as http:
        assert (await http.post("/oauth2/_faults", json={**fault, "at": "revoke"})).is_success
    connections.remove(alice.id, row.id)
    await oauth_revoking.sweep()
    with pytest.raises(NotFound):
        look(row)


async def test_a_service_that_hangs_holds_nobody_up(
    hub: Settings, alice: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await notes(alice, stand_ins)
    async with httpx.AsyncClient(base_url=stand_ins) as http:
        await http.post("/oauth2/_faults", json={"delay": 30, "status": 500, "at": "revoke"})
    monkeypatch.setattr(oauth_revoking, "SECONDS", 0.2)
    connections.remove(alice.id, row.id)
    with pytest.raises(NotFound):
        look(row)
    await asyncio.wait_for(oauth_revoking.sweep(), 5)


async def test_the_permissions_of_an_account_that_goes(hub: Settings, alice: User, bob: User, stand_ins: str) -> None:
    await notes(bob, stand_ins)
    oauth_revoking.remove_account(bob.id)
    await oauth_revoking.sweep()
    assert oauth2.authority.tally.revoked == 1


async def test_a_permission_is_not_carried_off(hub: Settings, alice: User, stand_ins: str) -> None:
    row = await notes(alice, stand_ins)
    with pytest.raises(Invalid) as refused:
        connections.change(alice.id, row.id, config={"revokeUrl": "https://evil.example/revoke"})
    assert "clientSecret" in refused.value.fields
    assert look(row).status == Status.HEALTHY
