"""Polling: who listens is told once, in time and in order, and nobody is asked for nothing."""

from __future__ import annotations

import asyncio
import json
from time import monotonic

from streamline_ui.integrations import connections
from streamline_ui.storage.models import User
from streamline_ui.workflows import catalog, executions
from streamline_ui.workflows.listening import polling
from tests.waiting import until
from tests.workflows.conftest import settled

from .polls import at, bot, listen, offset, row, say, texts, token


async def test_a_message_starts_a_workflow_within_a_second(alice: User, stand_ins: str, polled: None) -> None:
    telegram = bot(alice, f"{stand_ins}/telegram")
    workflow = listen(alice, telegram)
    await polling.settled(workflow.id, 5)
    began = monotonic()
    say(telegram, "Is the shop open?")
    (execution,) = await settled(alice)
    assert monotonic() - began < 1
    trigger = json.loads(executions.one(alice.id, execution.id).trigger)
    assert trigger["type"] == "integration"
    assert trigger["message"]["text"] == "Is the shop open?"
    assert execution.status == "succeeded"
    assert offset(telegram) == str(trigger["update_id"] + 1)


async def test_every_update_starts_every_workflow_that_listens(alice: User, stand_ins: str, polled: None) -> None:
    telegram = bot(alice, f"{stand_ins}/telegram")
    first, second = listen(alice, telegram), listen(alice, telegram)
    listen(alice, telegram, event="callback_query")
    listen(alice, telegram, is_active=False)
    await polling.settled(second.id, 5)
    for number in range(3):
        say(telegram, f"Number {number}")
    found = await settled(alice, 6)
    assert len(found) == 6
    assert {each.workflow_id for each in found} == {first.id, second.id}
    assert sorted(texts(alice)) == sorted(["Number 0", "Number 1", "Number 2"] * 2)
    await until(lambda: not at(telegram).updates)


async def test_what_waited_is_skipped_unless_it_is_wanted(alice: User, stand_ins: str, polled: None) -> None:
    telegram, other = bot(alice, f"{stand_ins}/telegram"), bot(alice, f"{stand_ins}/telegram")
    for each in (telegram, other):
        say(each, "from before")
    skipping = listen(alice, telegram)
    processing = listen(alice, other, trigger={"backlog": "process"})
    for workflow in (skipping, processing):
        await polling.settled(workflow.id, 5)
    say(telegram, "from now")
    found = await settled(alice, 2)
    assert sorted(
        (each.workflow_id == skipping.id, text) for each, text in zip(found, texts(alice)[::-1], strict=True)
    ) == [
        (False, "from before"),
        (True, "from now"),
    ]


async def test_nobody_is_asked_while_nobody_listens(alice: User, stand_ins: str, polled: None) -> None:
    telegram = bot(alice, f"{stand_ins}/telegram")
    off = bot(alice, f"{stand_ins}/telegram", pollingEnabled=False)
    workflow = listen(alice, telegram, is_active=False)
    listen(alice, off)
    await polling.sweep()
    assert polling.summary().pollers == 0
    assert await polling.poll_now(alice.id, telegram.id) == 0
    await asyncio.to_thread(catalog.change, alice.id, workflow.id, is_active=True)
    await until(lambda: at(telegram).waiting is not None, 1.0)
    await asyncio.to_thread(catalog.change, alice.id, workflow.id, is_active=False)
    await until(lambda: polling.summary().pollers == 0, 2.0)
    await until(lambda: row(telegram).owner == "", 2.0)


async def test_refused_credentials_stop_it_until_they_are_mended(alice: User, stand_ins: str, polled: None) -> None:
    bad = f"{token()}revoked"
    telegram = bot(alice, f"{stand_ins}/telegram", botToken=bad)
    workflow = listen(alice, telegram)
    await polling.settled(workflow.id, 5)
    await until(lambda: connections.one(alice.id, telegram.id).status == "needs_attention")
    await polling.sweep()
    assert polling.summary().blocked == 1
    assert polling.glances([telegram.id])[telegram.id].problem == "auth"
    await asyncio.to_thread(connections.change, alice.id, telegram.id, config={"botToken": token()})
    await until(lambda: at(connections.one(alice.id, telegram.id)).waiting is not None, 3.0)
    assert polling.summary().blocked == 0


async def test_a_bot_with_a_webhook_elsewhere_is_taken_over(alice: User, stand_ins: str, polled: None) -> None:
    telegram = bot(alice, f"{stand_ins}/telegram")
    at(telegram).webhook = "https://elsewhere.example.com/"
    workflow = listen(alice, telegram)
    await polling.settled(workflow.id, 5)
    assert polling.glances([telegram.id])[telegram.id].problem == "webhook"
    await until(lambda: connections.one(alice.id, telegram.id).status == "needs_attention")
    assert "another address" in connections.one(alice.id, telegram.id).status_message
    await polling.switch_to_polling(alice.id, telegram.id)
    assert at(telegram).webhook == ""
    await until(lambda: at(telegram).waiting is not None, 3.0)
    say(telegram, "I am here")
    await settled(alice)
    await until(lambda: connections.one(alice.id, telegram.id).status == "healthy", 5.0)
