"""Webhooks of a bot: set when somebody listens, each update once, nothing lost on the way to polling and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from streamline_ui import settings as configuration
from streamline_ui.api import hooks
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import connections
from streamline_ui.sandbox import bots, couriers
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.polling_tables import IntegrationHook
from streamline_ui.workflows import catalog, executions
from streamline_ui.workflows.listening import polling, pushing
from tests.waiting import until
from tests.workflows.conftest import settled

from .polls import at, bot, listen, say, texts

PUBLIC = "https://hub.example.com"


async def door(scope: Any, receive: Any, send: Any) -> None:
    """Our own address, as the stand-in reaches it."""
    await Starlette(routes=hooks.routes)({**scope, "state": {"address": "203.0.113.7"}}, receive, send)


@pytest.fixture(autouse=True)
def public(data: Settings) -> Iterator[None]:
    """A hub that services can reach."""
    configuration.use(replace(data, base_url=PUBLIC))
    couriers.connect(door, f"{PUBLIC}/hooks")
    yield
    couriers.connect(None)


def webhook(user: User, stand_ins: str, **more: Any) -> Integration:
    return bot(user, f"{stand_ins}/telegram", connectionMode="webhook", **more)


async def was_set(integration: Integration) -> str:
    """Wait until the service was told, and give the address."""
    await until(lambda: at(integration).webhook and pushing.kept()[integration.id].is_good)
    return at(integration).webhook


async def deliver(url: str, secret: str | bytes | None, body: object) -> httpx.Response:
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door)) as client:
        return await client.post(url, json=body, headers=headers)


async def mode(user: User, integration: Integration, wanted: str) -> None:
    config = {"connectionMode": wanted, "pollingEnabled": wanted == "polling"}
    await asyncio.to_thread(connections.change, user.id, integration.id, config=config)


async def test_listening_sets_the_webhook_and_updates_start_every_workflow(
    alice: User, stand_ins: str, polled: None
) -> None:
    telegram = webhook(alice, stand_ins)
    await polling.sweep()
    assert at(telegram).webhook == ""
    first, second = listen(alice, telegram), listen(alice, telegram)
    listen(alice, telegram, event="callback_query")
    url = await was_set(telegram)
    assert url.startswith(f"{PUBLIC}/hooks/")
    assert len(at(telegram).secret) >= 32
    say(telegram, "Is the shop open?")
    found = await settled(alice, 2)
    assert {each.workflow_id for each in found} == {first.id, second.id}
    assert texts(alice) == ["Is the shop open?"] * 2
    await until(lambda: not at(telegram).updates)
    with db.reading() as session:
        row = session.get(IntegrationHook, telegram.id)
    assert row is not None
    kept = row.model_dump_json()
    assert at(telegram).secret not in kept
    assert url.rpartition("/")[2] not in kept


async def test_a_repeated_delivery_is_harmless(alice: User, stand_ins: str, polled: None) -> None:
    telegram = webhook(alice, stand_ins)
    listen(alice, telegram)
    url = await was_set(telegram)
    update = say(telegram)
    await settled(alice)
    for _ in range(3):
        assert (await deliver(url, at(telegram).secret, update)).status_code == 202
    assert len(executions.page(alice.id)) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "ümlaut".encode()])
async def test_without_the_secret_nothing_runs(
    alice: User, stand_ins: str, polled: None, secret: str | bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    telegram = webhook(alice, stand_ins)
    listen(alice, telegram)
    url = await was_set(telegram)
    answer = await deliver(url, secret, {"update_id": 5, "message": {"text": "x"}})
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_signature"
    assert executions.page(alice.id) == []
    assert at(telegram).secret not in answer.text + caplog.text
    assert url.rpartition("/")[2] not in caplog.text


@pytest.mark.parametrize("body", [[], {}, {"update_id": True}, "x", None, {"update_id": -1, "message": {}}])
async def test_what_is_no_update_is_refused(alice: User, stand_ins: str, polled: None, body: object) -> None:
    telegram = webhook(alice, stand_ins)
    listen(alice, telegram)
    url = await was_set(telegram)
    assert (await deliver(url, at(telegram).secret, body)).status_code == 400
    assert executions.page(alice.id) == []


async def test_whoever_stops_listening_has_the_webhook_deleted(alice: User, stand_ins: str, polled: None) -> None:
    telegram = webhook(alice, stand_ins)
    workflow = listen(alice, telegram)
    old = await was_set(telegram)
    await asyncio.to_thread(catalog.change, alice.id, workflow.id, is_active=False)
    await until(lambda: at(telegram).webhook == "" and not pushing.kept())
    assert (await deliver(old, at(telegram).secret, {"update_id": 7, "message": {}})).status_code == 404
    await asyncio.to_thread(catalog.change, alice.id, workflow.id, is_active=True)
    assert await was_set(telegram) != old
    await asyncio.to_thread(connections.change, alice.id, telegram.id, is_active=False)
    await until(lambda: at(telegram).webhook == "" and not pushing.kept())
    await asyncio.to_thread(connections.change, alice.id, telegram.id, is_active=True)
    await was_set(telegram)
    await pushing.leave(alice.id, telegram.id)
    assert at(telegram).webhook == ""


async def test_what_came_while_nobody_listened_is_skipped(alice: User, stand_ins: str, polled: None) -> None:
    telegram = webhook(alice, stand_ins)
    before = {"update": {"message": {"text": "before", "date": int(datetime.now(UTC).timestamp()) - 60}}}
    bots.say(at(telegram), before)
    wanting = webhook(alice, stand_ins)
    bots.say(at(wanting), before)
    listen(alice, telegram)
    listen(alice, wanting, trigger={"backlog": "process"})
    await was_set(telegram)
    say(telegram, "now")
    await settled(alice, 2)
    await until(lambda: not at(telegram).updates)
    assert sorted(texts(alice)) == ["before", "now"]


async def test_changing_the_mode_loses_nothing_and_doubles_nothing(alice: User, stand_ins: str, polled: None) -> None:
    telegram = bot(alice, f"{stand_ins}/telegram")
    workflow = listen(alice, telegram)
    await polling.settled(workflow.id, 5)
    sent: list[str] = []

    async def talk() -> None:
        while True:
            sent.append(f"Number {len(sent)}")
            say(telegram, sent[-1])
            await asyncio.sleep(0.02)

    talking = asyncio.create_task(talk())
    for wanted in ("webhook", "polling", "webhook", "polling"):
        await asyncio.sleep(0.2)
        await mode(alice, telegram, wanted)
        if wanted == "webhook":
            await was_set(telegram)
        else:
            await until(lambda: at(telegram).webhook == "")
    talking.cancel()
    await until(lambda: len(texts(alice)) >= len(sent), 10)
    assert sorted(texts(alice)) == sorted(sent)


async def test_what_was_not_taken_comes_again(alice: User, stand_ins: str, polled: None) -> None:
    telegram = webhook(alice, stand_ins)
    listen(alice, telegram)
    await was_set(telegram)
    couriers.connect(None)
    say(telegram, "while we were away")
    await until(lambda: at(telegram).last_error)
    couriers.connect(door, f"{PUBLIC}/hooks")
    await settled(alice)
    assert texts(alice) == ["while we were away"]


async def test_taking_a_bot_over_from_its_webhook(alice: User, charlie: User, stand_ins: str, polled: None) -> None:
    telegram = webhook(alice, stand_ins)
    listen(alice, telegram)
    await was_set(telegram)
    with pytest.raises(NotFound):
        await polling.switch_to_polling(charlie.id, telegram.id)
    assert at(telegram).webhook
    await polling.switch_to_polling(alice.id, telegram.id)
    assert at(telegram).webhook == ""
    config = json.loads(connections.one(alice.id, telegram.id).config_view)
    assert (config["connectionMode"], config["pollingEnabled"]) == ("polling", True)
    await until(lambda: at(telegram).waiting is not None, 3.0)
    say(telegram)
    await settled(alice)


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("", "STREAMLINE_BASE_URL"),
        ("http://hub.example.com", "https"),
        ("https://hub.example.com:9443", "ports"),
        ("https://192.168.1.4", "cannot reach"),
        ("https://hub.local", "cannot reach"),
    ],
)
def test_an_address_that_telegram_cannot_call_is_refused(alice: User, data: Settings, base: str, said: str) -> None:
    configuration.use(replace(data, base_url=base))
    with pytest.raises(Invalid) as caught:
        connections.add(
            alice.id, "telegram", "Bot", {"botToken": f"1234567890:A{'x' * 34}", "connectionMode": "webhook"}
        )
    assert said in caught.value.fields["connectionMode"]


async def test_a_stand_in_of_this_very_server_needs_no_public_address(
    alice: User, data: Settings, stand_ins: str, polled: None
) -> None:
    port = httpx.URL(stand_ins).port
    configuration.use(replace(data, base_url="", port=port or 0))
    couriers.connect(door, f"http://127.0.0.1:{port}/hooks")
    telegram = webhook(alice, stand_ins)
    listen(alice, telegram)
    assert (await was_set(telegram)).startswith(f"http://127.0.0.1:{port}/hooks/")
    say(telegram, "Hello")
    await settled(alice)
