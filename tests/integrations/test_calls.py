"""Using connections against the stand-ins, over real sockets."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import AuthFailed, Invalid, NotFound, Unavailable
from streamline_ui.integrations import calls, connections, health, inbox, rows, watch
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Status, User, now

pytestmark = pytest.mark.usefixtures("hub")


def pointing_at(stand_ins: str, type_name: str) -> dict[str, object]:
    return {**sandbox.DEMO[type_name], "baseUrl": f"{stand_ins}/{type_name}"}


async def faults(stand_ins: str, type_name: str, **what: object) -> None:
    async with httpx.AsyncClient() as client:
        (await client.post(f"{stand_ins}/{type_name}/_faults", json=what)).raise_for_status()


async def arrived(stand_ins: str, type_name: str) -> list[object]:
    async with httpx.AsyncClient() as client:
        found: list[object] = (await client.get(f"{stand_ins}/{type_name}/_arrived")).json()
        return found


@pytest.mark.parametrize("type_name", ["discord", "telegram", "sendgrid"])
async def test_a_test_says_who_we_are_and_posts_nothing(stand_ins: str, alice: User, type_name: str) -> None:
    outcome = await connections.try_out(alice.id, type_name, pointing_at(stand_ins, type_name))
    assert (outcome.ok, outcome.status) == (True, Status.HEALTHY)
    assert outcome.message
    assert await arrived(stand_ins, type_name) == []
    assert connections.all_of(alice.id) == []


async def test_a_saved_connection_is_tested_and_used(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", pointing_at(stand_ins, "discord"))
    await connections.test(alice.id, row.id)
    assert connections.one(alice.id, row.id).last_used_at is None
    output = await connections.perform(alice.id, row.id, "send_message", {"content": "Hello"})
    assert output["id"]
    used = connections.one(alice.id, row.id)
    assert used.status == Status.HEALTHY
    assert used.last_used_at is not None
    assert "Hello" in str(await arrived(stand_ins, "discord"))


async def test_a_refusal_needs_attention_and_is_remembered_as_use(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "telegram", "Bot", pointing_at(stand_ins, "telegram"))
    await faults(stand_ins, "telegram", expiredToken=True)
    with pytest.raises(AuthFailed) as caught:
        await connections.perform(alice.id, row.id, "send_message", {"chatId": "42", "text": "Hello"})
    token = str(sandbox.DEMO["telegram"]["botToken"])
    assert token not in str(caught.value)
    broken = connections.one(alice.id, row.id)
    assert (broken.status, broken.next_check_at) == (Status.NEEDS_ATTENTION, None)
    assert broken.last_used_at is not None
    assert token not in broken.status_message + broken.status_hints


async def test_a_mistyped_address_says_nothing_about_a_connection_that_goes_anywhere(
    stand_ins: str, alice: User
) -> None:
    row = connections.add(alice.id, "http", "Any", {})
    await connections.test(alice.id, row.id)
    before = connections.one(alice.id, row.id)
    with pytest.raises(Unavailable):
        await connections.perform(alice.id, row.id, "request", {"method": "GET", "url": "http://127.0.0.1:9/"})
    after = connections.one(alice.id, row.id)
    assert (after.status, after.failures, after.status_message) == (before.status, 0, before.status_message)
    assert after.last_used_at is not None


async def test_an_outage_heals_by_itself(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "sendgrid", "Mail", pointing_at(stand_ins, "sendgrid"))
    await faults(stand_ins, "sendgrid", status=503, times=1)
    assert (await connections.test(alice.id, row.id)).status == Status.DEGRADED
    with db.writing() as session:
        stored = session.get(Integration, row.id)
        assert stored is not None
        stored.next_check_at = now()
        session.add(stored)
    await watch.sweep()
    healed = connections.one(alice.id, row.id)
    assert (healed.status, healed.failures) == (Status.HEALTHY, 0)
    assert [check.ok for check in connections.checks(alice.id, row.id)] == [False, True]


async def test_a_test_shows_while_it_runs_and_keeps_since_when_all_is_well(
    stand_ins: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = connections.add(alice.id, "discord", "Alerts", pointing_at(stand_ins, "discord"))
    await connections.test(alice.id, row.id)
    since = connections.one(alice.id, row.id).status_since
    seen: list[tuple[str, str]] = []

    async def looking(*_: object) -> health.Outcome:
        seen.append((connections.one(alice.id, row.id).status, connections.all_of(alice.id)[0].status))
        return health.succeeded("", "Connected.", 5)

    monkeypatch.setattr(calls, "_look", looking)
    await connections.test(alice.id, row.id)
    assert seen == [(Status.TESTING, Status.TESTING)]
    after = connections.one(alice.id, row.id)
    assert (after.status, after.status_since) == (Status.HEALTHY, since)


async def test_two_sweeps_at_once_test_each_connection_once(stand_ins: str, alice: User) -> None:
    for n in range(3):
        connections.add(alice.id, "discord", f"Alerts {n}", pointing_at(stand_ins, "discord"))
    with db.writing() as session:
        for row in connections.all_of(alice.id):
            row.next_check_at = now()
            session.add(row)
    await asyncio.gather(watch.sweep(), watch.sweep())
    assert [len(looks) for looks in connections.checks_of_all(alice.id).values()] == [1, 1, 1]


async def test_bad_parameters_are_said_by_field_and_send_nothing(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", pointing_at(stand_ins, "discord"))
    for params, field in [({}, "content"), ({"content": 7}, "content"), ({"content": "x", "nope": 1}, "")]:
        with pytest.raises(Invalid) as caught:
            await connections.perform(alice.id, row.id, "send_message", params)
        assert field in caught.value.fields
    assert await arrived(stand_ins, "discord") == []


async def test_a_paused_connection_and_an_unknown_action_do_nothing(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", pointing_at(stand_ins, "discord"))
    with pytest.raises(NotFound):
        await connections.perform(alice.id, row.id, "launch", {})
    connections.change(alice.id, row.id, is_active=False)
    with pytest.raises(Invalid):
        await connections.perform(alice.id, row.id, "send_message", {"content": "Hello"})
    assert await arrived(stand_ins, "discord") == []


async def test_an_edited_connection_is_tried_with_what_is_stored(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", pointing_at(stand_ins, "discord"))
    assert (await connections.try_out(alice.id, "discord", {}, row.id)).ok


async def test_the_inbox_shows_what_was_written(hub: Settings, alice: User, bob: User) -> None:
    row = connections.add(alice.id, "inbox", "Inbox", {})
    await connections.perform(alice.id, row.id, "write", {"title": "Order 7", "text": "Two lamps"})
    assert [(entry.title, entry.text) for entry in inbox.entries(alice.id)] == [("Order 7", "Two lamps")]
    assert inbox.entries(bob.id) == []
    inbox.clear(alice.id)
    assert inbox.entries(alice.id) == []


@pytest.mark.usefixtures("hub")
async def test_a_use_that_works_heals_at_once_and_moves_the_next_check(stand_ins: str, alice: User) -> None:
    row = connections.add(alice.id, "discord", "Ops", {**sandbox.DEMO["discord"], "baseUrl": f"{stand_ins}/discord"})
    for _ in range(4):
        rows.record(alice.id, row.id, health.failed(Unavailable("Discord did not answer within 10 s.")))
    await connections.perform(alice.id, row.id, "send_message", {"content": "Hello"})
    now_ = connections.one(alice.id, row.id)
    assert (now_.status, now_.failures, now_.failing_since) == (Status.HEALTHY, 0, None)
    newest = connections.checks(alice.id, row.id)[-1]
    assert newest.kind == "use" and newest.ok


HALF = {
    "telegram": {"botToken": "123456789:AAEh"},
    "sendgrid": {"apiKeys": {"apiKey": "SG." + "a" * 22, "fromEmail": "a@example.com"}},
    "newsapi": {"apiKeys": {"apiKey": "0a" * 8 + "b"}},
}


@pytest.mark.parametrize("type_name", HALF)
async def test_a_key_that_looks_cut_off_is_told_whatever_the_service_says(
    stand_ins: str, alice: User, type_name: str
) -> None:
    outcome = await connections.try_out(alice.id, type_name, {**HALF[type_name], "baseUrl": f"{stand_ins}/{type_name}"})
    assert any("Check that nothing is cut off." in hint for hint in outcome.hints)
    assert not outcome.ok or "Check that nothing is cut off." in outcome.message
