"""Polling a service that does what it should not: nothing is lost or taken twice, and others do not notice."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from time import monotonic

import pytest
import pytest_asyncio
from sqlmodel import col, func, select

from streamline_ui.integrations import connections
from streamline_ui.providers import telegram_updates
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows.listening import polling
from tests.bench.measures import resident_mb
from tests.net import wire
from tests.net.wire import Reply
from tests.waiting import until
from tests.workflows.conftest import settled

from . import told
from .polls import bot, listen, offset, row, say, texts, token
from .told import Telegram, update, updates

DEEP = {"update_id": 12, "message": {"text": "deep", "more": json.loads("[" * 150 + "]" * 150)}}
SAID = {"text": "\ud800 half a character, \x00 none"}


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with told.telegram() as found:
        yield found


async def listened(user: User, telegram: Telegram, *script: Reply, backlog: str = "process") -> Integration:
    """A bot there, to which a workflow listens; what follows is answered one after the other."""
    name = token()
    telegram.serves(name)
    telegram.script.extend(script)
    found = bot(user, telegram.url, botToken=name)
    workflow = listen(user, found, trigger={"backlog": backlog})
    await polling.settled(workflow.id, 5)
    return found


def glance(integration: Integration) -> polling.Glance:
    return polling.glances([integration.id])[integration.id]


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (wire.answer(b"\x00\xff garbage"), "unavailable"),
        (wire.answer(b"<html><title>Sign in</title></html>", "200 OK", "Content-Type: text/html"), "unavailable"),
        (told.result("text"), "unavailable"),
        (told.result([1, None, {"update_id": "x"}]), "unavailable"),
        (wire.answer(b"[" * 200_000), "unavailable"),
        (wire.answer(b"x" * 5_000_001), "refused"),
        (wire.pour, "refused"),
        (wire.reset, "unavailable"),
        (wire.raw(b""), "unavailable"),
        (wire.raw(b"no HTTP at all\r\n\r\n"), "unavailable"),
        (told.refusal(500, "Internal Server Error"), "unavailable"),
        (told.refusal(400, "Bad Request"), "refused"),
    ],
)
async def test_an_answer_that_is_none_is_asked_for_again(
    alice: User, telegram: Telegram, polled: None, reply: Reply, problem: str
) -> None:
    found = await listened(alice, telegram, reply, updates(update(10, "after that")))
    assert glance(found).problem == problem
    assert glance(found).error
    assert offset(found) == ""
    assert await polling.poll_now(alice.id, found.id) == 1
    await settled(alice)
    assert texts(alice) == ["after that"]
    assert glance(found).problem == ""
    await until(lambda: len(telegram.asked) == 3)
    assert telegram.offsets == [None, None, 11]


async def test_one_who_never_answers_keeps_nobody_else_waiting(
    alice: User, telegram: Telegram, stand_ins: str, polled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline of a poll, which the service may hold open, is its own."""
    monkeypatch.setattr(telegram_updates, "TOTAL_SECONDS", 0.7)
    monkeypatch.setattr(telegram_updates, "HOLD_SECONDS", 0)
    other = bot(alice, f"{stand_ins}/telegram")
    workflow = listen(alice, other)
    await polling.settled(workflow.id, 5)
    began = monotonic()
    found = await listened(alice, telegram)  # nothing in its script: each connection stays half open
    assert 0.6 < monotonic() - began < 2
    assert glance(found).problem == "unavailable"
    assert "did not answer" in glance(found).error or "within" in glance(found).error
    began = monotonic()
    say(other, "Are you there?")
    await settled(alice)
    assert monotonic() - began < 2  # it is asked every second here
    assert glance(other).problem == ""


async def test_the_same_update_again_starts_nothing(alice: User, telegram: Telegram, polled: None) -> None:
    again = updates(update(10), update(10), update(11))
    found = await listened(alice, telegram, again, again, updates(update(11), update(12)))
    for _ in range(3):
        await polling.poll_now(alice.id, found.id)
        await settled(alice)
    await until(lambda: offset(found) == "13")
    assert texts(alice) == ["10", "11", "12"]


async def test_updates_out_of_order_are_put_in_order(alice: User, telegram: Telegram, polled: None) -> None:
    found = await listened(alice, telegram, updates(update(12), update(10), update(11)))
    await settled(alice, 3)
    assert texts(alice) == ["10", "11", "12"]
    assert offset(found) == "13"


async def test_numbers_may_jump_ahead_and_back(alice: User, telegram: Telegram, polled: None) -> None:
    """After a week of silence Telegram begins anywhere."""
    script = [updates(update(10)), updates(update(2**40)), updates(update(5, "from the start"))]
    found = await listened(alice, telegram, *script)
    await settled(alice, 3)
    assert texts(alice) == ["10", str(2**40), "from the start"]
    assert offset(found) == "6"
    await until(lambda: len(telegram.asked) == 4)
    assert telegram.offsets == [None, 11, 2**40 + 1, 6]


async def test_another_bots_token_begins_at_that_bots_news(alice: User, telegram: Telegram, polled: None) -> None:
    """The numbers of one bot say nothing of another's: what is asked with them would be dropped unseen."""
    found = await listened(alice, telegram, updates(update(7_000)))
    await settled(alice)
    await until(lambda: telegram.offsets == [None, 7_001])  # the second is kept waiting
    other = token()
    telegram.serves(other)
    telegram.script.append(updates(update(12, "for the other")))
    connections.change(alice.id, found.id, config={"botToken": other})
    await until(lambda: row(found).cursor == f"{other.partition(':')[0]}:13", 3)  # that one is not waited for
    await settled(alice, 2)
    assert texts(alice) == ["7000", "for the other"]
    assert telegram.offsets[2] is None


async def test_odd_updates_do_not_keep_the_others_back(alice: User, telegram: Telegram, polled: None) -> None:
    odd = [{"update_id": 9}, {"update_id": 11, "message": None}, {"no": "number"}, 5, DEEP, update(13, "\u0000 ok")]
    found = await listened(alice, telegram, updates(*odd, {"update_id": 14, "message": SAID}, update(15, "last")))
    assert glance(found).error == ""
    await until(lambda: offset(found) == "16")
    await until(lambda: "last" in str([each.trigger for each in everything()]))
    assert glance(found).problem == ""


async def test_half_a_character_can_be_read_by_everybody_afterwards(
    alice: User, telegram: Telegram, polled: None
) -> None:
    await listened(alice, telegram, updates(update(10, "a \ud800 b", big=10**30)))
    await settled(alice)
    assert texts(alice) == ["a ? b"]
    trigger = everything()[0].trigger
    assert json.loads(trigger)["message"]["big"] == 10**30
    assert trigger.encode() and "\\ud800" not in trigger


async def test_one_that_repeats_itself_for_ever_is_given_its_pause(
    alice: User, telegram: Telegram, polled: None
) -> None:
    """A page that is full says that there is more, but it is always the same."""
    full = updates(*(update(number) for number in range(1, 101)))
    await listened(alice, telegram, *[full] * 50)
    await until(lambda: len(everything()) == 100)
    before = len(telegram.asked)
    await until(lambda: len(telegram.asked) >= before + 2, 4)
    assert telegram.asked_at[-1] - telegram.asked_at[-2] >= 0.9
    assert len(everything()) == 100


@pytest.mark.slow
async def test_ten_thousand_at_once_start_once_each(alice: User, telegram: Telegram, polled: None) -> None:
    before = resident_mb(os.getpid())
    found = await listened(alice, telegram, updates(*(update(number) for number in range(1, 10_001))))
    await until(lambda: offset(found) == "10001", 60)
    for _ in range(90):
        if await asyncio.to_thread(succeeded) == 10_000:
            break
        await asyncio.sleep(1)
    said = Counter(json.loads(each.trigger)["message"]["text"] for each in everything())
    assert said == Counter(str(number) for number in range(1, 10_001))
    assert resident_mb(os.getpid()) - before < 250


async def test_ten_thousand_that_waited_are_passed_over(alice: User, telegram: Telegram, polled: None) -> None:
    waited = updates(*(update(number) for number in range(1, 10_001)))
    later = int(time.time()) + 3600  # however long the ten thousand take
    found = await listened(alice, telegram, waited, updates(update(10_001, "new", date=later)), backlog="skip")
    await polling.poll_now(alice.id, found.id)
    await until(lambda: offset(found) == "10002", 15)
    await settled(alice)
    assert texts(alice) == ["new"]


async def test_a_service_that_asks_us_to_wait_is_left_alone(alice: User, telegram: Telegram, polled: None) -> None:
    busy = told.refusal(429, "Too Many Requests: retry after 40", "Retry-After: 40", retry_after=40)
    found = await listened(alice, telegram, busy)
    assert glance(found).problem == "unavailable"
    wait = (due(found) - row(found).created_at).total_seconds()
    assert 39 < wait < 45
    assert connections.one(alice.id, found.id).status != "needs_attention"
    assert len(telegram.asked) == 1


async def test_another_program_at_the_same_bot_ends_nothing(alice: User, telegram: Telegram, polled: None) -> None:
    taken = told.refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one runs")
    found = await listened(alice, telegram, taken, updates(update(10, "mine again")))
    assert glance(found).problem == "occupied"
    await polling.poll_now(alice.id, found.id)
    await settled(alice)
    assert glance(found).problem == ""


def due(integration: Integration) -> datetime:
    found = glance(integration).next_poll_at
    assert found is not None
    return found


def succeeded() -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).where(col(Execution.status) == "succeeded")).one()


def everything() -> list[Execution]:
    with db.reading() as session:
        return list(session.exec(select(Execution)).all())
