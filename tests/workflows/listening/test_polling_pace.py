"""How often a service is asked: the pause that its owner has set, longer after failures, as usual after a success."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from streamline_ui.errors import StreamlineError, Unavailable
from streamline_ui.integrations import listening
from streamline_ui.providers.feeds import Page
from streamline_ui.settings import Settings
from streamline_ui.storage.models import User
from streamline_ui.workflows.listening import listeners, pollers, polling_turn
from streamline_ui.workflows.listening.polling_turn import Turn
from tests.waiting import until

from .polls import bot, listen


@pytest.fixture
def turn(alice: User, engine: Settings, monkeypatch: pytest.MonkeyPatch) -> Turn:
    """A poller whose pauses are not spread, and which is only asked by hand."""
    listen(alice, bot(alice, "http://127.0.0.1:9", pollingInterval=7000))
    (wish,) = listeners.wanted().values()
    found = Turn(wish, pollers.claim([wish])[wish.key], lambda _: None)
    monkeypatch.setattr(polling_turn.random, "random", lambda: 0.5)
    return found


def answers(monkeypatch: pytest.MonkeyPatch, answer: Page | StreamlineError) -> None:
    async def poll(*_: object) -> Page:
        if isinstance(answer, StreamlineError):
            raise answer
        return answer

    monkeypatch.setattr(listening, "poll", poll)


async def test_the_pause_is_the_owners(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, Page((), "0"))
    await turn._ask()
    assert await turn._ask() == pytest.approx(7.0, abs=0.2)


async def test_a_poll_that_was_held_open_has_waited_already(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 25))  # each look at it is 25 s later
    monkeypatch.setattr(polling_turn, "monotonic", lambda: float(next(clock)))
    answers(monkeypatch, Page((), "0"))
    await turn._ask()
    assert await turn._ask() == polling_turn.SHORTEST


async def test_failures_double_the_pause_and_a_success_ends_that(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, Unavailable("It is away."))
    assert [await turn._ask() for _ in range(10)] == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    answers(monkeypatch, Page((), turn.place.cursor))
    assert await turn._ask() == pytest.approx(7.0, abs=0.2)
    assert (turn.place.failures, turn.place.problem) == (0, "")
    answers(monkeypatch, Unavailable("It is away."))
    assert await turn._ask() == 5


@pytest.mark.parametrize(("wish", "pause"), [(40.0, 40.0), (2.0, 5.0), (1e9, 86_400.0), (0.0, 5.0)])
async def test_a_service_may_ask_us_to_wait_for_a_day_at_most(
    turn: Turn, monkeypatch: pytest.MonkeyPatch, wish: float, pause: float
) -> None:
    answers(monkeypatch, Unavailable("It asks us to wait.", retry_after=wish))
    assert await turn._ask() == pause


async def test_a_lease_that_ran_out_unnoticed_is_taken_again_before_asking(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, Page((), "0"))
    turn.place.lease_until -= timedelta(days=2)
    turn.held(0.0)
    assert await turn._is_ours()


async def test_one_found_well_while_a_poll_hangs_is_asked_again_at_once(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, hangs = [0], asyncio.Event()

    async def poll(*_: object) -> Page:
        asked[0] += 1
        await hangs.wait()
        raise Unavailable("Nobody answered.")

    monkeypatch.setattr(listening, "poll", poll)
    turn.place.failures = 7
    turn.follow(replace(turn.wish, is_broken=True, is_well=False))
    turn.now()
    await until(lambda: asked[0] == 1)
    turn.follow(replace(turn.wish, is_broken=False, is_well=True))
    hangs.set()
    await until(lambda: asked[0] == 2, 2)
    await until(lambda: not turn.is_asking)
    assert turn.late == 0.0, "and then it keeps its pause"
    assert asked[0] == 2
    await turn.stop()
