"""The status machine: a pure function, so a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamline_ui.errors import AuthFailed, Rejected, StreamlineError, Unavailable
from streamline_ui.integrations import health
from streamline_ui.integrations.health import Health
from streamline_ui.storage.models import Status, now

NEW = Health(Status.NOT_TESTED, 0, None)


def run(before: Health, *errors: StreamlineError | None) -> Health:
    for error in errors:
        outcome = health.succeeded("@bot", "Connected as @bot.", 12) if error is None else health.failed(error)
        before = health.after(before, outcome, chance=lambda: 0.5)
    return before


DOWN = Unavailable("Telegram did not answer within 10 s.")
REFUSED = AuthFailed("Telegram does not know this token (401).")


@pytest.mark.parametrize(
    ("looks", "status", "failures"),
    [
        ([None], Status.HEALTHY, 0),
        ([DOWN], Status.DEGRADED, 1),
        ([DOWN, DOWN], Status.DEGRADED, 2),
        ([DOWN, DOWN, DOWN], Status.NEEDS_ATTENTION, 3),
        ([DOWN, DOWN, DOWN, None], Status.HEALTHY, 0),
        ([REFUSED], Status.NEEDS_ATTENTION, 1),
        ([None, REFUSED], Status.NEEDS_ATTENTION, 1),
        ([Rejected("The webhook was deleted (404).")], Status.NEEDS_ATTENTION, 1),
    ],
)
def test_what_follows_from_looks(looks: list[StreamlineError | None], status: Status, failures: int) -> None:
    result = run(NEW, *looks)
    assert (result.status, result.failures) == (status, failures)


def test_only_a_person_can_help_after_a_refusal() -> None:
    assert run(NEW, REFUSED).next_check_at is None


def test_a_sick_service_is_asked_again_later_and_later() -> None:
    pauses = []
    before = NEW
    for _ in range(12):
        outcome = health.failed(DOWN)
        before = health.after(before, outcome, chance=lambda: 0.5)
        assert before.next_check_at is not None
        pauses.append((before.next_check_at - outcome.checked_at).total_seconds())
    assert pauses[:5] == [5, 10, 20, 40, 80]
    assert pauses[-1] == 900


def test_the_jitter_stays_within_a_fifth() -> None:
    assert health.backoff(1, 0.0) == timedelta(seconds=4)
    assert health.backoff(1, 1.0) == timedelta(seconds=6)


def test_a_wait_that_was_asked_for_is_kept_and_bounded() -> None:
    outcome = health.failed(Unavailable("Slow down (429).", retry_after=90))
    after = health.after(NEW, outcome)
    assert after.next_check_at == outcome.checked_at + timedelta(seconds=90)
    for_ever = health.failed(Unavailable("Slow down (429).", retry_after=1e9))
    later = health.after(NEW, for_ever).next_check_at
    assert later is not None and later <= now() + timedelta(days=1)


@pytest.mark.parametrize(
    ("limit", "wait"), [(Unavailable("Slow down (429).", retry_after=40), 40), (Unavailable("429.", is_limit=True), 30)]
)
def test_a_service_that_asks_to_wait_is_looked_at_when_the_wait_ends(limit: Unavailable, wait: float) -> None:
    outcome = health.failed(limit)
    limited = run(NEW, *[limit] * 12)
    after = health.after(limited, outcome, chance=lambda: 0.5)
    assert (after.status, health.who_acts(after)) == (Status.DEGRADED, "service")
    assert after.next_check_at == outcome.checked_at + timedelta(seconds=wait)
    assert run(after, DOWN, DOWN, DOWN).status == Status.NEEDS_ATTENTION
    assert run(NEW, DOWN, DOWN, DOWN, limit).status == Status.DEGRADED, "it is there again"
    assert run(NEW, REFUSED, limit).status == Status.NEEDS_ATTENTION, "nothing has proved that the key is right"


def test_an_untestable_connection_stays_not_tested() -> None:
    outcome = health.succeeded("", "This address can only be tried by sending.", 0, tested=False)
    assert health.after(NEW, outcome).status == Status.NOT_TESTED
