"""Several processes at one bot: one asks, another takes over when it is gone, and clocks may be set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from streamline_ui import sandbox
from streamline_ui.settings import Settings
from streamline_ui.storage import db, writer
from streamline_ui.storage.models import Integration, User
from streamline_ui.workflows import dispatch
from streamline_ui.workflows.listening import listeners, pollers, polling_service, polling_turn
from streamline_ui.workflows.listening.polling_service import Service
from tests.waiting import until

from .polls import at, bot, listen, row, say, texts


@pytest.fixture(autouse=True)
def stand_ins_end(stand_ins: str) -> Iterator[None]:
    """No poll is held open any more when the stand-ins end."""
    sandbox.forget()
    yield
    sandbox.forget()


@pytest_asyncio.fixture
async def owner(shared: Settings) -> AsyncIterator[User]:
    """Alice, with what makes executions run."""
    writer.start()
    dispatch.start()
    with db.writing() as session:
        found = User(email="alice@example.com", password_hash="x")
        session.add(found)
    yield found
    await dispatch.stop()
    writer.stop()


class Clock:
    """Shifts what the pollers take for the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shift = timedelta()
        true = pollers.now
        for module in (pollers, polling_turn, polling_service):
            monkeypatch.setattr(module, "now", lambda: true() + self.shift)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def become(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From now on this process is another one."""
    monkeypatch.setattr(pollers, "OWNER", name)


async def dead(service: Service) -> None:
    """It ends without a word, as a process that is killed."""
    service._is_over = True
    for turn in service.turns.values():
        await turn.stop()
    service.turns.clear()


def listened(user: User, stand_ins: str) -> Integration:
    found = bot(user, f"{stand_ins}/telegram")
    listen(user, found)
    return found


async def test_one_asks_and_another_takes_over_when_it_is_gone(
    owner: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    telegram = listened(owner, stand_ins)
    become(monkeypatch, "first")
    first = Service()
    await first.look()
    await until(lambda: at(telegram).waiting is not None)
    become(monkeypatch, "second")
    second = Service()
    await second.look()
    assert not second.turns, "two ask at a time"
    await dead(first)
    say(telegram, "while nobody asked")
    clock.shift = pollers.LEASE - timedelta(seconds=5)
    await second.look()
    assert not second.turns, "it has not run out yet"
    clock.shift = pollers.LEASE + timedelta(seconds=1)
    await second.look()
    assert len(second.turns) == 1
    await until(lambda: texts(owner) == ["while nobody asked"])
    assert row(telegram).owner == "second"
    await second.stop()
    assert row(telegram).owner == ""


async def test_who_comes_back_late_changes_nothing(
    owner: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    telegram = listened(owner, stand_ins)
    become(monkeypatch, "first")
    first = Service()
    await first.look()
    await until(lambda: at(telegram).waiting is not None)
    (turn,) = first.turns.values()
    clock.shift = pollers.LEASE + timedelta(seconds=1)
    become(monkeypatch, "second")
    (wish,) = listeners.wanted().values()
    assert pollers.claim([wish])
    become(monkeypatch, "first")
    assert not await turn._is_ours()
    await first.renew()
    assert turn.is_lost
    await first.look()
    assert not first.turns
    assert row(telegram).owner == "second"
    await first.stop()


@pytest.mark.parametrize("days", [2, -2])
async def test_a_clock_that_is_set_ends_nothing(
    owner: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch, clock: Clock, days: int
) -> None:
    telegram = listened(owner, stand_ins)
    service = Service()
    await service.look()
    await until(lambda: at(telegram).waiting is not None)
    clock.shift = timedelta(days=days)
    say(telegram, "Which day is it?")
    await until(lambda: texts(owner) == ["Which day is it?"])
    await service.look()
    service._renewed_at = 0.0
    await service.renew()
    await service.look()
    assert len(service.turns) == 1
    say(telegram, "And now?")
    await until(lambda: texts(owner) == ["Which day is it?", "And now?"])
    until_when: datetime | None = row(telegram).lease_until
    assert until_when is not None
    assert abs(until_when - pollers.now() - pollers.LEASE) < timedelta(seconds=10)
    await service.stop()
    again = Service()
    await again.look()
    say(telegram, "After a restart")
    await until(lambda: len(texts(owner)) == 3)
    await again.stop()


async def test_what_a_dead_process_held_is_free_at_once_on_sqlite(
    alice: User, engine: Settings, stand_ins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other process may work on the same file, so whoever held a lease is dead."""
    telegram = listened(alice, stand_ins)
    become(monkeypatch, "first")
    first = Service()
    await first.look()
    await until(lambda: at(telegram).waiting is not None)
    await dead(first)
    become(monkeypatch, "second")
    pollers.free_all()
    say(telegram, "Hello again")
    second = Service()
    await second.look()
    await until(lambda: texts(alice) == ["Hello again"], 2.0)
    await second.stop()


async def test_asking_now_reaches_the_process_that_asks(
    owner: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = listened(owner, stand_ins)
    become(monkeypatch, "first")
    first = Service()
    await first.look()
    await until(lambda: at(telegram).waiting is not None)
    become(monkeypatch, "second")
    second = Service()
    await second.look()
    assert second.poll_now(telegram.id) == 0
    assert await asyncio.to_thread(pollers.hasten, telegram.id) == 1
    assert row(telegram).next_poll_at is not None
    await second.stop()
    become(monkeypatch, "first")
    await first.stop()
    assert await asyncio.to_thread(pollers.hasten, telegram.id) == 0, "nobody listens any more"
