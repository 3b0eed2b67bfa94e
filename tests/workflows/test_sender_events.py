"""Only the chosen events of a sender start a workflow, over the real door."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from sqlmodel import select

from streamline_ui.errors import Invalid
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Verdict
from streamline_ui.workflows import catalog, definitions, tryouts
from tests.workflows.conftest import Call, add, post, settled, webhook

pytestmark = pytest.mark.usefixtures("engine")
SECRET = "it-is-a-secret-to-everybody"


def from_github(inbox: Integration, *events: str) -> dict[str, Any]:
    check = {"scheme": "github", "secret": SECRET}
    return webhook(post(inbox, "x"), trigger={"verification": check, "events": list(events)})


async def send(call: Call, workflow: Any, event: str, delivery: str) -> httpx.Response:
    body = json.dumps({"action": "opened"}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-Hub-Signature-256": f"sha256={signature}",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "Content-Type": "application/json",
    }
    return await call(workflow, content=body, headers=headers)


async def test_other_events_are_written_down_and_start_nothing(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, from_github(inbox, "issues", "push"))
    other = await send(call, workflow, "star", "d-1")
    assert (other.status_code, other.json()) == (202, {"filtered": True})
    with db.reading() as session:
        (row,) = session.exec(select(HookRequest)).all()
        assert session.exec(select(Execution)).all() == []
    assert row.verdict == Verdict.FILTERED
    assert "“star”" in row.reason
    assert (await send(call, workflow, "issues", "d-2")).json()["eventId"]
    assert len(await settled(alice)) == 1


async def test_without_a_choice_all_count_and_a_forged_one_never(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, from_github(inbox))
    assert (await send(call, workflow, "star", "d-1")).json()["eventId"]
    forged = await call(workflow, json={}, headers={"X-GitHub-Event": "star", "X-Hub-Signature-256": "sha256=00"})
    assert forged.status_code == 401


def test_events_need_a_sender(alice: User, inbox: Integration) -> None:
    with pytest.raises(Invalid) as caught:
        add(alice, webhook(post(inbox, "x"), trigger={"events": ["push"]}))
    assert "trigger.events" in caught.value.fields


async def test_the_sample_is_the_chosen_event(alice: User, inbox: Integration) -> None:
    workflow = add(alice, from_github(inbox, "release"))
    definition = catalog.published(workflow.id, workflow.version)
    sample = await tryouts.sample(alice.id, workflow, definition)
    assert sample.trigger["headers"]["x-github-event"] == "release"
    assert sample.trigger["body"]["release"]["tag_name"]
    assert isinstance(definition, definitions.Definition)


async def test_a_test_request_needs_no_signature_and_names_its_event(alice: User, inbox: Integration) -> None:
    workflow = add(alice, from_github(inbox, "release"))
    definition = catalog.published(workflow.id, workflow.version)
    sample = await tryouts.sample(alice.id, workflow, definition)
    arrival = await tryouts.request(workflow, tryouts.body_of(sample), sample.trigger["headers"])
    assert arrival.execution is not None
    assert len(await settled(alice)) == 1
