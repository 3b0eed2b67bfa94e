"""Why an execution stands still, or ended early, in words."""

from __future__ import annotations

from streamline_ui.errors import AuthFailed
from streamline_ui.integrations import health, rows
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Execution, Progress
from streamline_ui.workflows import breakers, reasons
from tests.workflows.conftest import Call, add, post, settled, webhook

LATER = {"id": "later", "type": "delay", "seconds": 3600}


async def test_what_keeps_the_order_names_the_first(call: Call, alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(LATER, post(inbox), settings={"keepOrder": True}))
    for number in range(3):
        await call(flow, json={"id": number})
    third, second, first = await settled(alice, 1, until=(Progress.WAITING,))
    found = reasons.of([third, second, first])
    assert found[first.id] == reasons.Reason("delay", "It waits as long as a delay in it says.")
    assert {found[each.id].code for each in (second, third)} == {"order"}
    assert {found[each.id].about for each in (second, third)} == {first.id}
    assert first.id[:8] in found[third.id].message


async def test_what_waits_in_line_is_told_the_limit(alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(post(inbox), settings={"concurrency": 3}))
    row = Execution(user_id=alice.id, workflow_id=flow.id, version=1, trigger="{}")
    assert reasons.of([row])[row.id].code == "limit"
    assert "at most 3" in reasons.of([row])[row.id].message


async def test_a_filter_that_did_not_hold_is_named(call: Call, alice: User, inbox: Integration) -> None:
    only = {"id": "only", "name": "Only large ones", "type": "filter", "condition": "trigger.body.id > 5"}
    flow = add(alice, webhook(only, post(inbox)))
    await call(flow, json={"id": 9})
    await call(flow, json={"id": 1})
    small, large = await settled(alice, 2)
    found = reasons.of([small, large])
    assert large.id not in found
    reason = found[small.id]
    assert (reason.code, reason.about) == ("filter", "only")
    assert reason.message == "It ended at the filter “Only large ones”: the condition did not hold."


async def test_a_stop_is_named_too(call: Call, alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook({"id": "end", "type": "stop"}, post(inbox)))
    await call(flow, json={})
    (row,) = await settled(alice)
    assert reasons.of([row])[row.id] == reasons.Reason("stop", "It ended at a step that stops it.", "end")


async def test_a_broken_connection_and_a_service_left_alone(alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(post(inbox)))
    rows.record_use(alice.id, inbox.id, health.failed(AuthFailed("It refused the key.")))
    about = {"user_id": alice.id, "workflow_id": flow.id, "version": 1, "trigger": "{}", "status": Progress.WAITING}
    stuck = Execution(**about, waits_for=inbox.id, error="It refused the key.")
    alone, again = Execution(**about, error=breakers.REASON), Execution(**about, error="It is down (503).")
    found = reasons.of([stuck, alone, again])
    assert (found[stuck.id].code, found[stuck.id].about) == ("connection", inbox.id)
    assert f"“{inbox.name}”" in found[stuck.id].message
    assert [found[each.id].code for each in (alone, again)] == ["breaker", "retry"]
