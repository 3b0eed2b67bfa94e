from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from streamline_ui.access import limits, users
from streamline_ui.errors import TooMany, Unauthenticated
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import SignInAttempt, User, now
from tests.conftest import PASSWORD

HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time that the limits see; change its one element."""
    moment = [now()]
    monkeypatch.setattr(limits, "now", lambda: moment[0])
    return moment


def fail(email: str, address: str, times: int = 1) -> None:
    for _ in range(times):
        limits.settle(limits.begin(email, address), ok=False, reason="wrong password")


def wait_of(email: str, address: str) -> float:
    """The seconds to wait, without an attempt being made."""
    try:
        attempt = limits.begin(email, address)
    except TooMany as error:
        return error.retry_after
    with db.writing() as session:
        session.delete(session.get_one(SignInAttempt, attempt))
    return 0


def test_after_five_wrong_ones_the_wait_doubles_up_to_a_quarter_of_an_hour(
    data: Settings, clock: list[datetime]
) -> None:
    fail("a@example.com", HERE, 4)
    assert wait_of("a@example.com", HERE) == 0
    fail("a@example.com", HERE)
    waits = []
    for _ in range(7):
        waits.append(wait_of("a@example.com", HERE))
        clock[0] += timedelta(seconds=waits[-1])
        fail("a@example.com", HERE)
    assert waits == [60, 120, 240, 480, 900, 900, 900]


def test_the_wait_ends_by_itself_and_other_accounts_do_not_wait(data: Settings, clock: list[datetime]) -> None:
    fail("a@example.com", HERE, 5)
    assert wait_of("b@example.com", HERE) == 0
    clock[0] += timedelta(seconds=59)
    assert 0 < wait_of("a@example.com", HERE) <= 1
    clock[0] += timedelta(seconds=1)
    assert wait_of("a@example.com", HERE) == 0


def test_success_starts_anew(data: Settings, clock: list[datetime]) -> None:
    fail("a@example.com", HERE, 4)
    limits.settle(limits.begin("a@example.com", HERE), ok=True, reason="")
    fail("a@example.com", HERE, 4)
    assert wait_of("a@example.com", HERE) == 0


def test_strangers_elsewhere_cannot_lock_the_owner_out(data: Settings, clock: list[datetime]) -> None:
    limits.settle(limits.begin("a@example.com", HERE), ok=True, reason="")
    fail("a@example.com", THERE, 5)
    assert wait_of("a@example.com", THERE) == 60
    assert wait_of("a@example.com", HERE) == 0
    fail("a@example.com", HERE, 5)
    assert wait_of("a@example.com", HERE) == 60


def test_an_address_that_tries_many_accounts_waits_too(data: Settings, clock: list[datetime]) -> None:
    for number in range(limits.FREE_ATTEMPTS_OF_ADDRESS):
        fail(f"user{number}@example.com", THERE)
    assert wait_of("new@example.com", THERE) == 60
    assert wait_of("new@example.com", HERE) == 0


def test_attempts_at_the_same_time_count_too(data: Settings) -> None:
    refused: list[float] = []

    def attempt() -> None:
        try:
            limits.begin("a@example.com", HERE)  # never settled: it counts all the same
        except TooMany as error:
            refused.append(error.retry_after)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7


def test_the_right_password_does_not_help_while_waiting_and_a_restart_neither(alice: User, data: Settings) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            users.verify(alice.email, "wrong-wrong-wrong", HERE)
    db.dispose()
    db.connect(data.database_url)
    with pytest.raises(TooMany) as refused:
        users.verify(alice.email, PASSWORD, HERE)
    assert 50 < refused.value.retry_after <= 60
    assert len(limits.recent(alice.email)) == 5


def test_old_attempts_are_forgotten(data: Settings, clock: list[datetime]) -> None:
    fail("a@example.com", HERE, 5)
    clock[0] += timedelta(days=31)
    fail("a@example.com", HERE)
    limits.prune()
    assert len(limits.recent("a@example.com")) == 1
