"""Tokens: renewed in time, one at a time, stored before they are used, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import AuthFailed, Rejected, SignInNeeded, Unavailable
from streamline_ui.integrations import configuration, connections, oauth, oauth_grants, oauth_tokens
from streamline_ui.integrations.oauth_tokens import Tokens
from streamline_ui.providers import named
from streamline_ui.sandbox import authority as authorities
from streamline_ui.sandbox import oauth2
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Status, User, now
from streamline_ui.storage.oauth_tables import OAuthGrant

from .oauth_steps import add, grant, look, sign_in

ME = {"method": "GET", "path": "/me"}
MACHINE = {"grantType": "client_credentials", "clientId": "machine"}


@pytest.fixture(autouse=True)
def _new_box() -> None:
    sandbox.forget()


class Clock:
    """The time, for us and for the stand-in."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return now() + self.ahead

    def pass_(self, **time: float) -> None:
        self.ahead += timedelta(**time)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(oauth, "now", found.now)
    monkeypatch.setattr(oauth_grants, "now", found.now)
    monkeypatch.setattr(authorities, "time", _Time(found))
    return found


class _Time:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def time(self) -> float:
        return self.clock.now().timestamp()


Faulty = Callable[..., Any]


@pytest.fixture
def faulty(stand_ins: str) -> Faulty:
    """Lets the stand-in misbehave."""

    async def ask(**fault: Any) -> None:
        async with httpx.AsyncClient(base_url=stand_ins) as http:
            (await http.post("/oauth2/_faults", json=fault)).raise_for_status()

    return ask


async def me(row: Integration) -> str:
    output = await connections.perform(row.user_id, row.id, "request", ME)
    return str(output["body"]["email"] or output["body"]["client"])


async def test_a_token_is_renewed_at_four_fifths_of_its_life(
    hub: Settings, alice: User, stand_ins: str, clock: Clock
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(seconds=0.79 * 3600)
    await oauth.sweep()
    assert oauth2.authority.tally.renewals == 0
    clock.pass_(seconds=0.02 * 3600)
    await oauth.sweep()
    assert oauth2.authority.tally.renewals == 1
    clock.pass_(seconds=0.81 * 3600)
    assert await me(row) == "alex@example.com"  # whoever uses it then renews it, too
    assert oauth2.authority.tally.renewals == 2
    assert (grant(row).generation, oauth2.authority.tally.thefts) == (3, 0)


async def test_a_week_of_refreshes(hub: Settings, alice: User, stand_ins: str, clock: Clock) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    for hour in range(7 * 24):
        clock.pass_(hours=1)
        await oauth.sweep()
        if hour % 24 == 0:
            assert await me(row) == "alex@example.com"
    assert oauth2.authority.tally.renewals >= 7 * 24
    assert oauth2.authority.tally.thefts == 0
    assert look(row).status == Status.HEALTHY


async def test_what_is_paused_rests_and_goes_on(hub: Settings, alice: User, stand_ins: str, clock: Clock) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    connections.change(alice.id, row.id, is_active=False)
    clock.pass_(hours=2)
    await oauth.sweep()
    assert oauth2.authority.tally.renewals == 0
    connections.change(alice.id, row.id, is_active=True)
    assert await me(row) == "alex@example.com"


async def test_many_at_once_renew_once(hub: Settings, alice: User, stand_ins: str, clock: Clock) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(hours=2)
    assert set(await asyncio.gather(*(me(row) for _ in range(25)))) == {"alex@example.com"}
    assert oauth2.authority.tally.renewals == 1


async def test_a_token_that_is_refused_is_renewed_once_and_the_request_sent_again(
    hub: Settings, alice: User, stand_ins: str, faulty: Faulty
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    await faulty(expiredToken=True, at="api", times=1)
    assert await me(row) == "alex@example.com"
    assert oauth2.authority.tally.renewals == 1
    await faulty(expiredToken=True, at="api")
    with pytest.raises(AuthFailed):
        await me(row)
    assert oauth2.authority.tally.renewals == 2
    assert look(row).status == Status.NEEDS_ATTENTION


async def test_who_gives_up_waiting_loses_no_token(
    hub: Settings, alice: User, stand_ins: str, clock: Clock, faulty: Faulty
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(hours=2)
    await faulty(delay=0.4, at="token")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await me(row)
    await oauth.settle()
    assert grant(row).generation == 2
    assert await me(row) == "alex@example.com"
    assert (oauth2.authority.tally.renewals, oauth2.authority.tally.repeats) == (1, 0)


async def test_the_service_is_down_for_a_while(
    hub: Settings, alice: User, stand_ins: str, clock: Clock, faulty: Faulty
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(seconds=0.85 * 3600)
    await faulty(status=503, at="token")
    assert await me(row) == "alex@example.com"  # the token lives a little longer
    clock.pass_(seconds=0.2 * 3600)
    with pytest.raises(Unavailable) as waiting:
        await me(row)
    assert "The service has a problem on its side (503, server_error)." in waiting.value.message
    assert "nobody has to sign in again" in " ".join(waiting.value.hints)
    with pytest.raises(Unavailable) as waiting:
        await me(row)  # not asked at every call
    assert waiting.value.retry_after
    async with httpx.AsyncClient(base_url=stand_ins) as http:
        await http.delete("/oauth2/_faults")
    clock.pass_(minutes=5)
    assert await me(row) == "alex@example.com"
    assert oauth2.authority.tally.thefts == 0


async def test_an_ended_permission_waits_for_a_sign_in_and_keeps_everything(
    hub: Settings, alice: User, stand_ins: str, clock: Clock
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    oauth2.authority.end_all()
    clock.pass_(hours=1)
    await oauth.sweep()
    seen = look(row)
    assert seen.status == Status.WAITING_FOR_SIGN_IN
    assert seen.status_message == "The service ended the permission (400, invalid_grant)."
    assert "Sign in again." in seen.status_hints
    assert seen.next_check_at is None
    asked = oauth2.authority.tally.renewals
    with pytest.raises(SignInNeeded):
        await me(row)
    assert oauth2.authority.tally.renewals == asked  # it is not asked again and again
    assert (await sign_in(row)).ok
    again = look(row)
    assert (again.id, again.name, again.status) == (row.id, "Notes", Status.HEALTHY)
    assert await me(row) == "alex@example.com"


async def test_nobody_has_signed_in_yet(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins)
    with pytest.raises(SignInNeeded) as needed:
        await me(row)
    assert needed.value.message == "Nobody has signed in at the service for this connection yet."
    outcome = await connections.try_out(alice.id, "oauth2", sandbox.demo("oauth2", stand_ins))
    assert outcome.status is Status.WAITING_FOR_SIGN_IN


async def test_a_client_for_itself(hub: Settings, alice: User, stand_ins: str, clock: Clock) -> None:
    row = add(alice, stand_ins, **MACHINE)
    assert row.status == Status.NOT_TESTED
    assert (await connections.test(alice.id, row.id)).ok
    assert await me(row) == "machine"
    clock.pass_(hours=2)
    assert await me(row) == "machine"
    assert grant(row).generation == 2
    wrong = {**sandbox.demo("oauth2", stand_ins), **MACHINE, "clientSecret": "wrong-client-secret"}
    outcome = await connections.try_out(alice.id, "oauth2", wrong, row.id)
    assert outcome.message == "The service refused the client ID or its secret (401, invalid_client)."


@pytest.mark.parametrize("path", ["https://evil.example/x", "//evil.example/x", "\\\\evil.example", "javascript:x"])
async def test_tokens_go_to_the_apis_own_address_only(hub: Settings, alice: User, stand_ins: str, path: str) -> None:
    row = add(alice, stand_ins, **MACHINE)
    with pytest.raises((Rejected, Exception), match="own address"):
        await connections.perform(alice.id, row.id, "request", {"method": "GET", "path": path})


async def test_two_processes_renew_once(hub: Settings, alice: User, stand_ins: str, clock: Clock) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(hours=2)
    held = await oauth_grants.read(row.id)
    assert held is not None
    assert oauth_grants.claim(held)
    assert not oauth_grants.claim(held)  # as a second process would
    config, provider = configuration.load(row), named("oauth2")
    waiting = asyncio.create_task(oauth.access_token(alice.id, row.id, provider, config, None))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    described = provider.oauth(config)
    assert described is not None
    tokens = await oauth_tokens.ask(described, provider, "refresh_token", refresh_token=held.refresh)
    assert oauth_grants.store(held, tokens, renews=False)
    assert await waiting == tokens.access
    assert not oauth_grants.store(held, Tokens("late", "late", None, None, {}), renews=False)
    assert oauth2.authority.tally.renewals == 1


@pytest.mark.parametrize("leftover", ["{host}:1:gone-before", "{host}:999999999:x", "another-machine:5:x"])
async def test_a_lease_of_the_dead_is_taken_over(  # noqa: PLR0917
    hub: Settings, alice: User, stand_ins: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, leftover: str
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(hours=2)
    monkeypatch.setattr(oauth_grants.os, "getpid", lambda: 1)
    owner = leftover.format(host=oauth_grants.socket.gethostname())
    with db.writing() as session:
        kept = session.get(OAuthGrant, row.id)
        assert kept is not None
        kept.lease_by, kept.leased_until = owner, clock.now() + timedelta(seconds=25)
        session.add(kept)
    task = asyncio.create_task(me(row))
    if owner.startswith("another"):
        await asyncio.sleep(0.3)
        assert not task.done()
        clock.pass_(seconds=26)
    assert await task == "alex@example.com"


@pytest.mark.parametrize(("seconds", "is_kept"), [(5, True), (65, False)])
async def test_an_answer_that_was_lost_costs_no_sign_in_while_the_service_waits(
    hub: Settings, alice: User, stand_ins: str, clock: Clock, *, seconds: float, is_kept: bool
) -> None:
    row = add(alice, stand_ins)
    await sign_in(row)
    clock.pass_(seconds=3600 * 0.81)
    held = await oauth_grants.read(row.id)
    assert held is not None
    config, provider = configuration.load(row), named("oauth2")
    described = provider.oauth(config)
    assert described is not None
    await oauth_tokens.ask(described, provider, "refresh_token", refresh_token=held.refresh)  # and then killed
    clock.pass_(seconds=seconds)
    await oauth.sweep()
    tally = oauth2.authority.tally
    assert (tally.repeats, tally.thefts) == ((1, 0) if is_kept else (0, 1))
    assert look(row).status == (Status.HEALTHY if is_kept else Status.WAITING_FOR_SIGN_IN)
