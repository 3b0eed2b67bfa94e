"""From a request to its effect: what is promised about every event, over real sockets and a real database."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlmodel import select

from streamline_ui.integrations import connections
from streamline_ui.integrations import inbox as entries
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User, now
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Progress, StepRun, Verdict, Workflow
from streamline_ui.workflows import captures, catalog, claims, dispatch, drafts, executions
from tests.workflows.conftest import Call, add, post, settled, webhook

pytestmark = pytest.mark.usefixtures("engine")
WAITING = (Progress.WAITING,)


async def arrived(stand_ins: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient() as client:
        found: list[dict[str, Any]] = (await client.get(f"{stand_ins}/discord/_arrived")).json()
        return found


async def faults(stand_ins: str, **what: object) -> None:
    async with httpx.AsyncClient() as client:
        (await client.post(f"{stand_ins}/discord/_faults", json=what)).raise_for_status()


def verdicts(workflow_id: str) -> list[str]:
    with db.reading() as session:
        return list(session.exec(select(HookRequest.verdict).where(HookRequest.workflow_id == workflow_id)).all())


async def test_a_request_becomes_a_message(call: Call, stand_ins: str, alice: User, discord: Integration) -> None:
    workflow = add(alice, webhook(post(discord, "Order {{ trigger.body.id }} from {{ trigger.body.name }}")))
    answer = await call(workflow, json={"id": 7, "name": "Ada"})
    assert answer.status_code == 202
    assert answer.json()["eventId"]
    execution = (await settled(alice))[0]
    assert (execution.status, execution.error) == (Progress.SUCCEEDED, "")
    assert "Order 7 from Ada" in json.dumps(await arrived(stand_ins))
    step = executions.steps(execution.id)[0]
    attempt = json.loads(step.attempts)[0]
    assert attempt["request"]["method"] == "POST"
    assert attempt["response"]["status"] == 200
    assert json.loads(step.input) == {"content": "Order 7 from Ada"}
    assert connections.one(alice.id, discord.id).last_used_at is not None


async def test_no_secret_is_in_the_log_of_a_step(call: Call, alice: User, discord: Integration) -> None:
    secret = "ts4FDen"
    workflow = add(alice, webhook(post(discord)))
    await call(workflow, json={"id": 1})
    execution = (await settled(alice))[0]
    step = executions.steps(execution.id)[0]
    url = json.loads(step.attempts)[0]["request"]["url"]
    assert "/webhooks/" not in url or "•" in url or "***" in url, url
    assert secret not in step.attempts + step.input + step.output


async def test_every_step_type_does_its_part(call: Call, alice: User, inbox: Integration) -> None:
    steps = [
        {"id": "only", "type": "filter", "condition": "trigger.body.items.size > 1"},
        {
            "id": "text",
            "type": "set",
            "values": {"first": "{{ trigger.body.items | first }}", "n": "{{ trigger.body.n }}"},
        },
        {
            "id": "each",
            "type": "for_each",
            "items": "{{ trigger.body.items }}",
            "steps": [post(inbox, "{{ item }}", id="note")],
        },
        {
            "id": "fork",
            "type": "branch",
            "branches": [{"condition": "trigger.body.n == 3", "steps": [post(inbox, "three", id="three")]}],
            "otherwise": [post(inbox, "other", id="other")],
        },
        {"id": "end", "type": "stop"},
        post(inbox, "never", id="never"),
    ]
    workflow = add(alice, webhook(*steps))
    await call(workflow, json={"items": ["a", "b"], "n": 3})
    execution = (await settled(alice))[0]
    assert (execution.status, execution.error) == (Progress.SUCCEEDED, "")
    assert sorted(entry.title for entry in entries.entries(alice.id)) == ["a", "b", "three"]
    outputs = {step.key: json.loads(step.output) for step in executions.steps(execution.id)}
    assert outputs["text"] == {"first": "a", "n": 3}
    assert outputs["fork"] == {"branch": 0}
    assert {"each[0].note", "each[1].note"} <= outputs.keys()


async def test_a_filter_that_does_not_hold_ends_it_well(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, webhook({"id": "only", "type": "filter", "condition": "trigger.body.n > 5"}, post(inbox)))
    await call(workflow, json={"n": 1, "id": 1})
    assert (await settled(alice))[0].status == Progress.SUCCEEDED
    assert entries.entries(alice.id) == []


async def test_a_service_that_is_down_is_tried_again(
    call: Call, stand_ins: str, alice: User, discord: Integration
) -> None:
    await faults(stand_ins, status=429, retryAfter=0.01, times=1)
    workflow = add(alice, webhook(post(discord, retry={"maxAttempts": 3, "delays": [1]})))
    await call(workflow, json={"id": 7})
    waiting = (await settled(alice, until=WAITING))[0]
    assert waiting.due_at > now()
    assert (await settled(alice))[0].status == Progress.SUCCEEDED
    step = executions.steps(waiting.id)[0]
    assert [attempt["response"]["status"] for attempt in json.loads(step.attempts)] == [429, 200]
    assert len(await arrived(stand_ins)) == 1


async def test_a_step_that_was_passed_over_is_not_done_again_after_a_wait(
    call: Call, stand_ins: str, alice: User, discord: Integration, inbox: Integration
) -> None:
    await faults(stand_ins, status=400, times=1)
    first = post(discord, onError="continue")
    later = {"id": "wait", "type": "delay", "seconds": 1}
    workflow = add(alice, webhook(first, later, post(inbox, "{{ steps.post.error }}", id="note")))
    await call(workflow, json={"id": 7})
    execution = (await settled(alice))[0]
    assert execution.status == Progress.SUCCEEDED
    assert await arrived(stand_ins) == []
    assert len(entries.entries(alice.id)) == 1


async def test_refused_credentials_park_it_until_they_are_mended(
    call: Call, stand_ins: str, alice: User, discord: Integration
) -> None:
    await faults(stand_ins, status=401)
    workflow = add(alice, webhook(post(discord)))
    await call(workflow, json={"id": 7})
    parked = (await settled(alice, until=WAITING))[0]
    assert parked.waits_for == discord.id
    assert claims.release_mended() == 0
    async with httpx.AsyncClient() as client:
        await client.delete(f"{stand_ins}/discord/_faults")
    assert (await connections.test(alice.id, discord.id)).ok
    assert claims.release_mended() == 1
    assert (await settled(alice))[0].status == Progress.SUCCEEDED
    assert len(await arrived(stand_ins)) == 1


async def test_an_unclear_answer_is_not_sent_twice(
    call: Call, stand_ins: str, alice: User, discord: Integration
) -> None:
    await faults(stand_ins, status=500)
    workflow = add(alice, webhook(post(discord)))
    await call(workflow, json={"id": 7})
    execution = (await settled(alice))[0]
    assert execution.status == Progress.UNKNOWN
    assert len(json.loads(executions.steps(execution.id)[0].attempts)) == 1


async def test_a_delivery_that_comes_five_times_runs_once(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, webhook(post(inbox)))
    headers = {"Idempotency-Key": "order-7"}
    answers = await asyncio.gather(*(call(workflow, json={"id": 7}, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    await settled(alice)
    await asyncio.sleep(0.2)
    assert len(executions.page(alice.id)) == 1
    assert sorted(verdicts(workflow.id)) == [Verdict.ACCEPTED, *[Verdict.DUPLICATE] * 4]


async def test_what_is_turned_away_leaves_a_trace_and_runs_nothing(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(
        alice,
        webhook(
            post(inbox), trigger={"verification": {"scheme": "header", "header": "X-Key", "secret": "s3cret-s3cret"}}
        ),
    )
    assert (await call(workflow, json={})).status_code == 401
    assert (await call(workflow, json={}, headers={"X-Key": "wrong"})).status_code == 401
    good = {"X-Key": "s3cret-s3cret"}
    assert (await call(workflow, content=b"{", headers=good | {"Content-Type": "application/json"})).status_code == 400
    catalog.change(alice.id, workflow.id, is_active=False)
    answer = await call(workflow, json={}, headers=good)
    assert (answer.status_code, answer.json()["code"]) == (404, "workflow_inactive")
    assert executions.page(alice.id) == []
    assert sorted(verdicts(workflow.id)) == ["bad_signature", "bad_signature", "inactive", "malformed"]


async def test_a_number_fits_into_a_text(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, webhook(post(inbox, "{{ trigger.body.id }}")))
    await call(workflow, json={"id": 7})
    assert (await settled(alice))[0].status == Progress.SUCCEEDED
    assert [entry.title for entry in entries.entries(alice.id)] == ["7"]


async def test_an_unknown_address_is_not_found(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, webhook(post(inbox)))
    catalog.remove(alice.id, workflow.id)
    answer = await call(workflow, json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_before_it_is_published_a_request_is_kept_to_build_with(call: Call, alice: User) -> None:
    workflow = drafts.new(alice.id, {"name": "Orders", "trigger": {"type": "webhook"}, "steps": []})
    answer = await call(workflow, json={"id": 7})
    assert (answer.status_code, answer.json()["code"]) == (404, "workflow_inactive")
    assert answer.json()["detail"].startswith("This workflow is not live yet: the request was kept")
    assert (executions.page(alice.id), verdicts(workflow.id)) == ([], ["inactive"])


async def test_the_last_steps_result_can_be_the_answer(call: Call, alice: User) -> None:
    double = {"id": "sum", "type": "set", "values": {"double": "{{ trigger.body.n | times: 2 }}"}}
    workflow = add(alice, webhook(double, trigger={"response": "last_step"}))
    answer = await call(workflow, json={"n": 21})
    assert (answer.status_code, answer.json()) == (200, {"double": 42})


def cut_off(user: User, workflow: Workflow) -> None:
    """What a crash in the middle of its first step leaves."""
    execution = executions.start(user.id, workflow.id, 1, {"body": {"id": 7}})
    with db.writing() as session:
        stored = session.get(Execution, execution.id)
        assert stored is not None
        stored.status, stored.started_at = Progress.RUNNING, now()
        session.add(stored)
        session.add(StepRun(execution_id=execution.id, key="post", position=1, step_id="post", status=Progress.RUNNING))
    assert claims.recover() == 1


@pytest.mark.parametrize("had_written", [False, True])
async def test_what_a_crash_cut_off_is_in_the_inbox_once(alice: User, inbox: Integration, *, had_written: bool) -> None:
    workflow = add(alice, webhook(post(inbox)))
    cut_off(alice, workflow)
    if had_written:
        entries.write(alice.id, inbox.id, "Order 7", "", f"{executions.page(alice.id)[0].id} post")
    assert (await settled(alice))[0].status == Progress.SUCCEEDED
    assert len(entries.entries(alice.id)) == 1
    dispatch.offer(executions.replay(alice.id, executions.page(alice.id)[0].id))
    await settled(alice, 2)
    assert len(entries.entries(alice.id)) == 2, "a person wanted it again"


async def test_a_step_that_was_cut_off_by_a_crash_is_not_sent_again(
    stand_ins: str, alice: User, discord: Integration
) -> None:
    workflow = add(alice, webhook(post(discord)))
    cut_off(alice, workflow)
    assert (await settled(alice))[0].status == Progress.UNKNOWN
    assert await arrived(stand_ins) == []


async def test_a_hanging_workflow_harms_only_itself(
    call: Call, stand_ins: str, alice: User, discord: Integration, inbox: Integration
) -> None:
    await faults(stand_ins, delay=3)
    slow = add(alice, webhook(post(discord)))
    quick = add(alice, webhook(post(inbox)))
    await asyncio.gather(*(call(slow, json={"id": n}) for n in range(50)))
    await call(quick, json={"id": 1})
    for _ in range(100):
        if entries.entries(alice.id):
            break
        await asyncio.sleep(0.02)
    assert entries.entries(alice.id), "the healthy one waited for the slow one"
    async with httpx.AsyncClient() as client:
        await client.delete(f"{stand_ins}/discord/_faults")


async def test_a_request_with_nothing_in_it_is_listed_as_every_other(
    call: Call, alice: User, inbox: Integration
) -> None:
    workflow = add(alice, webhook(post(inbox, "x")))
    for method in ("POST", "PUT", "GET"):
        assert (await call(workflow, method, headers={"Content-Type": "application/json"})).status_code == 202
    assert [row.body for row in captures.page(alice.id, workflow.id)] == [b"", b"", b""]


async def test_a_form_that_was_cut_off_is_refused(call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, webhook(post(inbox, "x")))
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    whole = b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--XX--\r\n'
    assert (await call(workflow, content=whole, headers=headers)).status_code == 202
    for cut in (whole[:-6], whole[:40], b"--XX\r\nContent-Disp"):
        answer = await call(workflow, content=cut, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body"), cut
        assert answer.json()["type"] == "/api/docs#malformed_body"
