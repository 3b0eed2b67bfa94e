"""Connections as their owner sees them, and as nobody else does."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.errors import Invalid, NotFound, StreamlineError
from streamline_ui.integrations import configuration, connections, health, watch
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, Integration, Status, User, now
from streamline_ui.vault import keyring

HOOK = "https://discord.com/api/webhooks/1433848841458679839/ts4FDenPhRq-wOF1z32d"
DISCORD = {"webhookUrl": HOOK}
SENDGRID = {"apiKeys": {"apiKey": "SG.xxxxxxxxxxxxx", "fromEmail": "noreply@example.com"}}
TELEGRAM = {
    "botToken": "123456789:ABCdefGHIjklMNOpqrsTUVwxyz",
    "connectionMode": "polling",
    "pollingEnabled": True,
    "pollingInterval": 5000,
}


@pytest.mark.parametrize(
    ("type_name", "config"), [("discord", DISCORD), ("sendgrid", SENDGRID), ("telegram", TELEGRAM), ("inbox", {})]
)
def test_the_specifications_examples_are_kept_byte_for_byte(
    alice: User, type_name: str, config: dict[str, Any]
) -> None:
    row = connections.add(alice.id, type_name, "Example", config)
    assert json.dumps(configuration.unseal(row)) == json.dumps(config)


def test_what_is_on_disk_tells_nothing(data: Settings, alice: User) -> None:
    connections.add(alice.id, "discord", "Production Alerts", DISCORD)
    connections.add(alice.id, "telegram", "Ops bot", TELEGRAM)
    files = [
        path for path in Path(data.data_dir).rglob("*") if path.is_file() and path.name.startswith("streamline.db")
    ]
    assert files
    content = b"".join(path.read_bytes() for path in files)
    assert b"Production Alerts" in content
    for secret in ("1433848841458679839", "ts4FDenPhRq", "ABCdefGHIjkl"):
        assert secret.encode() not in content


def test_a_new_connection_is_looked_at_within_seconds_and_many_one_by_one(alice: User, bob: User) -> None:
    first = connections.add(alice.id, "inbox", "First", {})
    assert first.status == Status.NOT_TESTED and first.next_check_at is not None
    assert timedelta() < first.next_check_at - first.created_at < timedelta(seconds=5)
    for number in range(40):
        last = connections.add(alice.id, "inbox", f"Note {number}", {})
    assert last.next_check_at is not None
    assert last.next_check_at - last.created_at > timedelta(seconds=4)
    other = connections.add(bob.id, "inbox", "Not behind Alice's", {})
    assert other.next_check_at is not None and other.next_check_at - other.created_at < timedelta(seconds=5)


def test_where_each_look_counts_the_first_waits_and_a_paused_one_has_none(alice: User) -> None:
    news = connections.add(alice.id, "newsapi", "News", {"apiKeys": {"apiKey": "0123456789abcdef0123456789abcdef"}})
    assert news.next_check_at is not None and news.next_check_at - news.created_at > timedelta(minutes=4)
    assert connections.add(alice.id, "inbox", "Paused", {}, is_active=False).next_check_at is None


async def test_the_first_look_tells_how_it_is(hub: Settings, alice: User) -> None:
    row = connections.add(alice.id, "inbox", "Notes", {})
    await watch.sweep()
    assert connections.one(alice.id, row.id).last_checked_at is None, "it is not due yet"
    with db.writing() as session:
        kept = session.get_one(Integration, row.id)
        kept.next_check_at = now()
        session.add(kept)
    await watch.sweep()
    seen = connections.one(alice.id, row.id)
    assert seen.status == Status.HEALTHY and seen.last_checked_at is not None


def test_looking_opens_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = connections.add(alice.id, "discord", "Alerts", DISCORD)

    def refuse(*_: object) -> str:
        raise AssertionError("something was opened")

    monkeypatch.setattr(keyring, "unseal", refuse)
    assert [found.id for found in connections.all_of(alice.id)] == [row.id]
    assert connections.one(alice.id, row.id).config_view.find("ts4FDen") == -1
    assert connections.checks_of_all(alice.id) == {}


def test_a_new_connection_is_active_unused_and_not_tested(alice: User) -> None:
    row = connections.add(alice.id, "discord", "  Alerts ", DISCORD)
    assert (row.name, row.is_active, row.last_used_at, row.status) == ("Alerts", True, None, Status.NOT_TESTED)


@pytest.mark.parametrize(
    ("type_name", "name", "config", "field"),
    [
        ("discord", "", DISCORD, "name"),
        ("discord", "x" * 101, DISCORD, "name"),
        ("discord", "a\nb", DISCORD, "name"),
        ("discord", "a\x00b", DISCORD, "name"),
        ("discord", "Alerts", {}, "webhookUrl"),
        ("discord", "Alerts", {"webhookUrl": 7}, "webhookUrl"),
        ("discord", "Alerts", {"webhookUrl": {"a": 1}}, "webhookUrl"),
        ("discord", "Alerts", {"webhookUrl": "javascript:alert(1)"}, "webhookUrl"),
        ("discord", "Alerts", {"webhookUrl": HOOK, "extra": "x"}, ""),
        ("sendgrid", "Mail", {"apiKeys": {"fromEmail": "a@example.com"}}, "apiKeys.apiKey"),
        ("telegram", "Bot", {**TELEGRAM, "pollingInterval": 10}, "pollingInterval"),
        ("nothing", "X", {}, "type"),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(
    alice: User, type_name: str, name: str, config: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        connections.add(alice.id, type_name, name, config)
    assert field in caught.value.fields
    assert connections.all_of(alice.id) == []


def test_everything_that_is_wrong_is_said_at_once(alice: User) -> None:
    with pytest.raises(Invalid) as caught:
        connections.add(alice.id, "discord", "", {})
    assert set(caught.value.fields) == {"name", "webhookUrl"}


def test_secrets_left_out_stay(alice: User) -> None:
    row = connections.add(alice.id, "sendgrid", "Mail", SENDGRID)
    view = json.loads(row.config_view)
    changed = connections.change(
        alice.id, row.id, config={"apiKeys": {"apiKey": view["apiKeys"]["apiKey"], "fromEmail": "new@example.com"}}
    )
    assert configuration.unseal(changed)["apiKeys"] == {"apiKey": "SG.xxxxxxxxxxxxx", "fromEmail": "new@example.com"}


ELSEWHERE = {"baseUrl": "https://elsewhere.example.com"}
HTTP = {"baseUrl": "https://api.example.com", "apiKeys": {"X-Api-Key": "0123456789abcdef", "X-Other": "fedcba987654"}}
AGAIN = configuration.MOVED


@pytest.mark.parametrize(
    ("type_name", "stored", "given", "wanted"),
    [
        ("discord", DISCORD, ELSEWHERE, {"webhookUrl"}),
        ("discord", DISCORD, {**ELSEWHERE, "webhookUrl": {"set": True}}, {"webhookUrl"}),
        ("discord", DISCORD, {**ELSEWHERE, "webhookUrl": HOOK}, set()),
        ("discord", DISCORD, {"base_url": ELSEWHERE["baseUrl"]}, {"webhookUrl"}),
        ("discord", {**DISCORD, **ELSEWHERE}, {"baseUrl": None}, {"webhookUrl"}),
        ("discord", {**DISCORD, **ELSEWHERE}, {"baseUrl": "https://elsewhere.example.com/other/path"}, set()),
        ("discord", {**DISCORD, **ELSEWHERE}, {"baseUrl": "https://ELSEWHERE.example.com:443/"}, set()),
        ("discord", {**DISCORD, **ELSEWHERE}, {"baseUrl": "https://elsewhere.example.com:8443"}, {"webhookUrl"}),
        ("telegram", TELEGRAM, ELSEWHERE, {"botToken"}),
        ("sendgrid", SENDGRID, {**ELSEWHERE, "apiKeys": {"apiKey": ""}}, {"apiKeys.apiKey"}),
        ("sendgrid", SENDGRID, ELSEWHERE, {"apiKeys.apiKey"}),
        ("sendgrid", SENDGRID, {**ELSEWHERE, "apiKey": SENDGRID["apiKeys"]["apiKey"]}, set()),
        ("http", HTTP, ELSEWHERE, {"apiKeys.X-Api-Key", "apiKeys.X-Other"}),
        ("http", HTTP, {**ELSEWHERE, "apiKeys": {"X-Api-Key": "new-key-0123", "X-Other": None}}, set()),
        ("http", HTTP, {**ELSEWHERE, "apiKeys": {"X-Other": None}}, {"apiKeys.X-Api-Key"}),
        ("inbox", {}, {}, set()),
    ],
)
async def test_no_stored_secret_goes_to_another_address(
    alice: User, type_name: str, stored: dict[str, Any], given: dict[str, Any], wanted: set[str]
) -> None:
    row = connections.add(alice.id, type_name, "Mine", stored)
    if not wanted:
        connections.change(alice.id, row.id, config=given)
        return
    with pytest.raises(Invalid) as changing:
        connections.change(alice.id, row.id, config=given)
    with pytest.raises(Invalid) as trying:
        await connections.try_out(alice.id, type_name, given, row.id)
    if given.get("apiKeys") != {"apiKey": ""}:  # that one is missing, and nothing is carried anywhere
        assert changing.value.fields == trying.value.fields == dict.fromkeys(wanted, AGAIN)
    assert connections.one(alice.id, row.id).config_enc == row.config_enc


@pytest.mark.parametrize(
    ("type_name", "stored", "given"),
    [
        ("discord", DISCORD, {}),
        ("discord", DISCORD, DISCORD),
        (
            "discord",
            {**DISCORD, **ELSEWHERE},
            {"webhookUrl": {"set": True}, "baseUrl": "https://elsewhere.example.com/"},
        ),
        ("sendgrid", SENDGRID, {"fromEmail": "noreply@example.com"}),
        ("telegram", TELEGRAM, {"connectionMode": "polling"}),
        ("http", HTTP, HTTP),
    ],
)
def test_a_change_that_changes_nothing_keeps_what_was_found(
    alice: User, type_name: str, stored: dict[str, Any], given: dict[str, Any]
) -> None:
    found = health.succeeded("", "Connected.", 5)
    row = connections.add(alice.id, type_name, "Mine", stored, outcome=found)
    changed = connections.change(alice.id, row.id, config=given)
    assert (changed.status, changed.next_check_at) == (Status.HEALTHY, row.next_check_at)
    assert changed.config_enc == row.config_enc


def test_renaming_touches_no_secret(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", DISCORD)
    assert connections.change(alice.id, row.id, name="Pager").config_enc == row.config_enc


def test_a_paused_connection_stays_paused_whatever_is_found(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", DISCORD)
    paused = connections.change(alice.id, row.id, is_active=False)
    assert (paused.status, paused.next_check_at) == (Status.PAUSED, None)
    resumed = connections.change(alice.id, row.id, is_active=True)
    assert resumed.status == Status.NOT_TESTED
    assert resumed.next_check_at is not None


def test_removal_can_be_taken_back(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", DISCORD)
    connections.remove(alice.id, row.id, undoable=True)
    assert connections.all_of(alice.id) == []
    with pytest.raises(NotFound):
        connections.one(alice.id, row.id)
    connections.purge()  # the minute is not over
    assert connections.restore(alice.id, row.id).name == "Alerts"
    connections.remove(alice.id, row.id)
    with pytest.raises(NotFound):
        connections.restore(alice.id, row.id)


def test_removing_takes_the_history_along(alice: User) -> None:
    outcome = health.succeeded("", "Connected.", 5)
    row = connections.add(alice.id, "discord", "Alerts", DISCORD, outcome=outcome)
    assert len(connections.checks(alice.id, row.id)) == 1
    connections.remove(alice.id, row.id)
    with db.reading() as session:
        assert session.exec(select(HealthCheck)).all() == []


def test_names_are_numbered(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Discord", DISCORD)
    assert connections.free_name(alice.id, "Discord") == "Discord 2"
    assert connections.duplicate(alice.id, row.id).name == "Discord 2"
    assert connections.free_name(alice.id, "Discord") == "Discord 3"


def test_broken_ones_come_first(alice: User) -> None:
    well = connections.add(alice.id, "inbox", "Well", {}, outcome=health.succeeded("", "Fine.", 1))
    new = connections.add(alice.id, "inbox", "New", {})
    broken = connections.add(alice.id, "inbox", "Broken", {}, outcome=health.failed(StreamlineError("No.")))
    assert [row.id for row in connections.all_of(alice.id)] == [broken.id, new.id, well.id]


def test_nobody_finds_what_is_somebody_elses(alice: User, bob: User) -> None:
    row = connections.add(alice.id, "inbox", "Mine", {})
    assert connections.all_of(bob.id) == []
    assert connections.checks_of_all(bob.id) == {}
    for attempt in (
        lambda: connections.one(bob.id, row.id),
        lambda: connections.change(bob.id, row.id, name="Ours"),
        lambda: connections.remove(bob.id, row.id),
        lambda: connections.restore(bob.id, row.id),
        lambda: connections.duplicate(bob.id, row.id),
        lambda: connections.checks(bob.id, row.id),
        lambda: asyncio.run(connections.test(bob.id, row.id)),
        lambda: asyncio.run(connections.perform(bob.id, row.id, "write", {"title": "x"})),
        lambda: asyncio.run(connections.try_out(bob.id, "inbox", {}, row.id)),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert connections.one(alice.id, row.id).name == "Mine"


def test_two_edits_at_once_lose_nothing(alice: User) -> None:
    row = connections.add(alice.id, "inbox", "Mine", {})

    async def edit() -> None:
        await asyncio.gather(
            *(asyncio.to_thread(connections.change, alice.id, row.id, name=f"Name {n}") for n in range(8)),
            *(asyncio.to_thread(connections.add, alice.id, "inbox", f"Other {n}", {}) for n in range(8)),
        )

    asyncio.run(edit())
    assert len(connections.all_of(alice.id)) == 9
    with db.reading() as session:
        assert session.get(Integration, row.id) is not None
