"""A connection that is paused: what wants to use it waits, and goes on as soon as it is resumed."""

from __future__ import annotations

import pytest

from streamline_ui.errors import Invalid
from streamline_ui.integrations import connections
from streamline_ui.storage.models import Integration, Status, User
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows import catalog, claims, executions, reasons, tryouts
from tests.workflows.conftest import Call, add, post, settled, webhook

pytestmark = pytest.mark.usefixtures("engine")
WAITING = (Progress.WAITING,)


@pytest.mark.parametrize("chosen", [{}, {"keepOrder": True}], ids=["side by side", "in order"])
async def test_they_wait_and_go_on_once_it_is_resumed(
    call: Call, alice: User, discord: Integration, chosen: dict[str, bool]
) -> None:
    flow = add(alice, webhook(post(discord, retry={"maxAttempts": 1}), settings=chosen))
    connections.change(alice.id, discord.id, is_active=False)
    for number in range(3):
        assert (await call(flow, json={"id": number})).status_code == 202
    found = await settled(alice, 1 if chosen else 3, until=WAITING)
    parked = [row for row in found if row.status == Progress.WAITING]
    assert {row.waits_for for row in parked} == {discord.id}
    reason = reasons.of(parked)[parked[0].id]
    assert (reason.code, reason.about) == ("paused", discord.id)
    assert "“Alerts” is resumed" in reason.message
    assert executions.steps(parked[0].id)[0].attempts == "[]", "it was never sent"
    assert claims.release_mended() == 0
    resumed = connections.change(alice.id, discord.id, is_active=True)
    assert resumed.status == Status.NOT_TESTED, "nobody has to test it first"
    assert claims.release_mended() == len(parked)
    done = await settled(alice, 3)
    assert {row.status for row in done} == {Progress.SUCCEEDED}


async def test_what_waits_for_one_that_is_removed_is_told(call: Call, alice: User, discord: Integration) -> None:
    flow = add(alice, webhook(post(discord)))
    connections.change(alice.id, discord.id, is_active=False)
    await call(flow, json={"id": 1})
    (row,) = await settled(alice, 1, until=WAITING)
    assert row.error == claims.PAUSED
    connections.remove(alice.id, discord.id)
    assert claims.release_mended() == 1, "it is gone"
    (row,) = await settled(alice, 1)
    assert row.status == Progress.FAILED


async def test_by_hand_it_says_so(alice: User, discord: Integration) -> None:
    connections.change(alice.id, discord.id, is_active=False)
    flow = add(alice, webhook(post(discord, "Hello")))
    (step,) = catalog.published(flow.id, 1).steps
    trial = await tryouts.step(alice.id, step, {})
    assert (trial.problem, trial.hints) == ("“Alerts” is paused.", ("Resume it first.",))
    with pytest.raises(Invalid, match="is paused"):
        await connections.perform(alice.id, discord.id, "send_message", {"content": "x"})
