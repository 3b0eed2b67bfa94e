"""Executions that wait for a sign-in: they go on by themselves once somebody has signed in again."""

from __future__ import annotations

from typing import Any

from streamline_ui import sandbox
from streamline_ui.integrations import connections
from streamline_ui.sandbox import oauth2
from streamline_ui.storage.models import Status, User
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows import claims, executions
from tests.integrations.oauth_steps import add as connect
from tests.integrations.oauth_steps import sign_in

from .conftest import Call, add, settled, webhook


def note(integration_id: str) -> dict[str, Any]:
    params = {"method": "POST", "path": "/notes", "body": "{{ trigger.body.id }}"}
    return {"id": "keep", "type": "action", "integrationId": integration_id, "action": "request", "params": params}


async def test_they_go_on_in_order_and_once_each(call: Call, alice: User, stand_ins: str) -> None:
    sandbox.forget()
    row = connect(alice, stand_ins)
    assert (await sign_in(row)).ok
    oauth2.authority.end_all()
    flow = add(alice, webhook(note(row.id), settings={"keepOrder": True}))
    for number in range(3):
        assert (await call(flow, json={"id": number})).status_code == 202
    waiting = await settled(alice, 1, until=(Progress.WAITING,))
    assert connections.one(alice.id, row.id).status == Status.WAITING_FOR_SIGN_IN
    assert [each.waits_for for each in waiting if each.status == Progress.WAITING] == [row.id]
    assert claims.release_mended() == 0
    assert not oauth2.desk.arrived
    assert (await sign_in(row)).ok
    assert claims.release_mended() == 1
    done = await settled(alice, 3)
    assert {each.status for each in done} == {Progress.SUCCEEDED}
    assert [entry.data for entry in oauth2.desk.arrived] == [0, 1, 2]
    assert all(len(executions.steps(each.id)) == 1 for each in done)
