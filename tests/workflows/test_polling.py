"""Polling: who listens is told once, in time and in order, and nobody is asked for nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic

import pytest_asyncio

from streamline_ui import live, sandbox
from streamline_ui.settings import Settings
from streamline_ui.storage.models import User
from streamline_ui.workflows import executions, polling

from .conftest import settled
from .polls import at, bot, listen, row, say, until


@pytest_asyncio.fixture
async def service(engine: Settings) -> AsyncIterator[None]:
    """Polling, and what makes executions run, with a clock that ticks."""
    sandbox.forget()
    live.start(asyncio.get_running_loop())
    polling.start()
    ticking = asyncio.create_task(_tick())
    yield
    ticking.cancel()
    await polling.stop()
    live.stop()
    sandbox.forget()


async def _tick() -> None:
    while True:
        await asyncio.sleep(1)
        await polling.sweep()


def texts(user: User) -> list[str]:
    """What the user's executions were about, the oldest first."""
    found = [json.loads(executions.one(user.id, each.id).trigger) for each in executions.page(user.id, limit=200)]
    return [trigger["message"]["text"] for trigger in reversed(found)]


async def test_a_message_starts_a_workflow_within_a_second(alice: User, stand_ins: str, service: None) -> None:
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
    assert row(telegram).cursor == str(trigger["update_id"] + 1)


async def test_every_update_starts_every_workflow_that_listens(alice: User, stand_ins: str, service: None) -> None:
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
