"""Turns, with a clock that goes by itself: sleeping moves it, and everybody wakes in order."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import httpx
import pytest

from streamline_ui.errors import Unavailable
from streamline_ui.net import pace
from streamline_ui.net.pace import Pace, Turns

FIVE = Pace(5, 2.0)


class Clock:
    """Time that passes only while everybody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def run(self, *work: Any) -> list[Any]:
        gathered = asyncio.gather(*work, return_exceptions=True)
        while not gathered.done():
            for _ in range(10):
                await asyncio.sleep(0)
            if self._sleepers:
                self.now, _, woken = heapq.heappop(self._sleepers)
                if not woken.done():
                    woken.set_result(None)
        return await gathered


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    found = Clock()
    pace.forget()
    monkeypatch.setattr(pace, "monotonic", found.monotonic)
    monkeypatch.setattr(pace, "_sleep", found.sleep)
    monkeypatch.setattr(pace, "MARGIN", 1.0)
    yield found
    pace.forget()


def request(lane: str = "") -> httpx.Request:
    return httpx.Request("POST", f"https://service.example/{lane}")


def turns(key: str = "one", *paces: Pace, **more: Any) -> Turns:
    def lane(asked: httpx.Request) -> str:
        return asked.url.path.strip("/")

    return Turns("Service", key, "place", paces, **{"lane": lane, **more})


def refusal(seconds: str = "", lane: str = "", **headers: str) -> httpx.Response:
    told = {"retry-after": seconds} if seconds else {}
    return httpx.Response(429, headers={**told, **headers}, request=request(lane))


def retry_after(response: httpx.Response) -> float | None:
    return float(response.headers["retry-after"]) if "retry-after" in response.headers else None


async def send(clock: Clock, subject: Turns, lane: str = "") -> float:
    await subject.sending(request(lane))
    return clock.now - 1000.0


async def test_a_burst_passes_and_the_rest_takes_turns(clock: Clock) -> None:
    times = await clock.run(*(send(clock, turns("one", FIVE)) for _ in range(12)))
    assert times == [0.0] * 5 + [2.0] * 5 + [4.0] * 2


async def test_never_more_than_allowed_in_any_window(clock: Clock) -> None:
    async def later(pause: float) -> float:
        await clock.sleep(pause)
        return await send(clock, turns("one", FIVE))

    times = sorted(await clock.run(*(later(number * 0.3) for number in range(20))))
    assert all(later - first >= 2.0 - 1e-9 for first, later in zip(times, times[5:], strict=False))


async def test_two_connections_with_one_credential_share_it_and_others_do_not(clock: Clock) -> None:
    one, same, other = turns("token", FIVE), turns("token", FIVE), turns("else", FIVE)
    work = [send(clock, each) for each in (one, same, other) for _ in range(5)]
    times = await clock.run(*work)
    assert times[:5] + times[10:] == [0.0] * 10
    assert times[5:10] == [2.0] * 5


async def test_lanes_wait_for_themselves_and_together_for_the_credential(clock: Clock) -> None:
    paces = (Pace(1, 1.0, each_lane=True), Pace(3, 1.0))
    work = [send(clock, turns("one", *paces), lane) for lane in ("a", "a", "a", "b", "c", "d")]
    times = await clock.run(*work)
    assert times[:3] == [0.0, 1.0, 2.0]
    assert sorted(times[3:]) == [0.0, 0.0, 1.0]
    assert await send(clock, turns("one", *paces)) == 3.0 - 1.0  # what has no lane waits for none


async def test_who_would_wait_too_long_comes_again_each_a_little_later(clock: Clock) -> None:
    slow = Pace(1, 4.0)
    results = await clock.run(*(send(clock, turns("one", slow)) for _ in range(6)))
    assert results[:3] == [0.0, 4.0, 8.0]
    late = results[3:]
    assert all(isinstance(each, Unavailable) and each.code == pace.CODE and not each.unclear for each in late)
    assert [each.retry_after for each in late] == [12.0, 16.0, 20.0]
    assert "next turn is in 12 s" in late[0].message


async def test_a_wait_that_one_is_asked_for_holds_for_all_of_the_credential(clock: Clock) -> None:
    one, same, other = turns("a", wait=retry_after), turns("a", wait=retry_after), turns("b", wait=retry_after)
    await one.came(refusal("7"))
    assert await clock.run(send(clock, same), send(clock, one), send(clock, other)) == [7.0, 7.0, 0.0]


async def test_after_a_wait_the_turns_go_on(clock: Clock) -> None:
    subject = turns("a", FIVE, wait=retry_after)
    await subject.came(refusal("3"))
    assert await clock.run(*(send(clock, subject) for _ in range(7))) == [3.0] * 5 + [5.0] * 2


async def test_a_wait_that_comes_while_waiting_is_kept_as_well(clock: Clock) -> None:
    subject = turns("a", FIVE, wait=retry_after)

    async def refuse() -> None:
        await clock.sleep(1.0)
        await subject.came(refusal("4"))

    *times, _ = await clock.run(*(send(clock, subject) for _ in range(6)), refuse())
    assert times == [0.0] * 5 + [5.0]


async def test_a_wait_in_a_lane_is_for_that_lane(clock: Clock) -> None:
    subject = turns("a", wait=retry_after)
    await subject.came(refusal("5", "chat"))
    assert await clock.run(send(clock, subject, "chat"), send(clock, subject, "other"), send(clock, subject)) == [
        5.0, 0.0, 0.0,
    ]  # fmt: skip


async def test_a_wait_for_all_is_for_every_credential_there(clock: Clock) -> None:
    def for_all(response: httpx.Response) -> bool:
        return response.headers.get("x-scope") == "global"

    subject = turns("a", wait=retry_after, is_for_all=for_all)
    await subject.came(refusal("5", **{"x-scope": "global"}))
    elsewhere = Turns("Service", "c", "another place")
    assert await clock.run(send(clock, turns("b")), send(clock, subject), send(clock, elsewhere)) == [5.0, 5.0, 0.0]


async def test_a_long_wait_is_said_at_once(clock: Clock) -> None:
    subject = turns("a", wait=retry_after)
    await subject.came(refusal("30"))
    with pytest.raises(Unavailable, match="has asked us to wait, for another 30 s") as late:
        await subject.sending(request())
    assert late.value.retry_after == 30.0
    assert late.value.code == "provider_unavailable"
    clock.now += 25
    assert (await clock.run(send(clock, subject)))[0] == 30.0


async def test_waits_are_bounded_and_a_refusal_without_one_is_short(clock: Clock) -> None:
    await turns("a", wait=retry_after).came(refusal("999999999"))
    await turns("b", wait=retry_after).came(refusal())
    with pytest.raises(Unavailable) as late:
        await turns("a").sending(request())
    assert late.value.retry_after == pace.LONGEST_HOLD
    assert await clock.run(send(clock, turns("b"))) == [pace.SHORTEST_HOLD]


async def test_other_answers_hold_nobody(clock: Clock) -> None:
    subject = turns("a", wait=retry_after)
    for status in (200, 400, 503):
        await subject.came(httpx.Response(status, headers={"retry-after": "9"}, request=request()))
    assert await clock.run(send(clock, subject)) == [0.0]


async def test_one_who_gives_up_does_not_stop_the_others(clock: Clock) -> None:
    subject = turns("a", Pace(1, 1.0))
    waiting = [asyncio.create_task(send(clock, subject)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    times = await clock.run(*waiting)
    assert isinstance(times[1], asyncio.CancelledError)
    assert (times[0], times[2]) == (0.0, 2.0)


async def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_LANES", 50)
    for number in range(300):
        await turns(f"key {number}", FIVE, wait=retry_after).came(refusal("1"))
        await clock.run(send(clock, turns(f"key {number}", FIVE)))
        clock.now += 0.5
    assert len(pace._lanes) <= 60
    assert len(pace._held) <= 60


async def test_a_turn_that_is_free_costs_microseconds() -> None:
    pace.forget()
    subject, asked = turns("a", Pace(1_000_000, 1.0), Pace(1_000_000, 1.0, each_lane=True)), request("chat")
    for _ in range(100):
        await subject.sending(asked)
    started = perf_counter()
    for _ in range(2000):
        await subject.sending(asked)
    assert (perf_counter() - started) / 2000 < 100e-6  # a tenth of it on an idle machine
    pace.forget()
