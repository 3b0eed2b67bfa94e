"""Executions that wait for their turn at a service: at the time they were told, and nobody takes that for an outage."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from streamline_ui.errors import Invalid, Unavailable
from streamline_ui.net import pace
from streamline_ui.storage.models import Integration, User, now
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows import acting, breakers, executions
from tests.workflows.conftest import Call, add, post, settled, webhook

pytestmark = pytest.mark.usefixtures("engine")
WAITING = (Progress.WAITING,)


async def test_a_crowd_comes_again_in_turn_and_nothing_is_held_back(
    call: Call,
    alice: User,
    discord: Integration,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    breakers.forget()
    caplog.set_level(logging.WARNING)
    flow = add(alice, webhook(post(discord), settings={"retry": {"maxAttempts": 1}}))
    for number in range(15):
        await call(flow, json={"id": number})
    waiting = [row for row in await settled(alice, 5, until=WAITING) if row.status == Progress.WAITING]
    for row in waiting:
        (step,) = executions.steps(row.id)
        assert "the next turn is in" in row.error
        assert step.attempts == "[]", "it was never sent"
        assert row.due_at - now() < timedelta(seconds=8), "later than it was told"
    assert breakers.opened() == []
    done = await settled(alice, 15)
    assert {row.status for row in done} == {Progress.SUCCEEDED}
    assert "held back" not in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "is_outage"),
    [
        (Unavailable("Next turn.", retry_after=18, code=pace.CODE), None, False),
        (pace.HeldUp("It has asked us to wait.", retry_after=18), None, False),
        (Unavailable("Slow down.", retry_after=1), 429, False),
        (Unavailable("Slow down (ratelimited).", is_limit=True), 200, False),
        (Unavailable("Away.", retry_after=30), 503, True),
        (Unavailable("No connection."), None, True),
        (Invalid("No."), None, False),
    ],
)
def test_what_is_an_outage(error: Exception, status: int | None, is_outage: bool) -> None:
    response = None if status is None else {"status": status}
    effect = acting.Effect(None, error, {"response": response}, is_sent=status is not None)  # type: ignore[arg-type]
    assert effect.is_outage is is_outage
