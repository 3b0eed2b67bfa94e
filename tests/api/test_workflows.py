"""Workflows over REST: made, read, replaced, run, and their incoming requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.errors import Locked
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import HookRequest, Verdict, WorkflowUse
from streamline_ui.vault import keyring
from tests.api.conftest import Person

FLOW = {
    "id", "name", "isActive", "version", "trigger", "steps", "webhookUrl", "settings", "nextRunAt", "createdAt",
    "updatedAt",
}  # fmt: skip
SECRET = "whsec-canary-0123456789"
NOTE = {"id": "note", "type": "set", "values": {"text": "Hello"}}
SIGNED = {"type": "webhook", "verification": {"scheme": "github", "secret": SECRET}}


def write(integration_id: str, title: object = "Order {{ trigger.body.id }}") -> dict[str, Any]:
    params = {"title": title}
    return {"id": "write", "type": "action", "integrationId": integration_id, "action": "write", "params": params}


async def test_a_workflow_from_beginning_to_end(as_alice: Person) -> None:
    made = await as_alice.draw()
    assert set(made) == FLOW
    assert (made["version"], made["isActive"], made["nextRunAt"]) == (1, True, None)
    assert made["trigger"]["type"] == "webhook"
    assert made["steps"][0]["values"] == {"text": "Hello"}
    assert made["settings"]["missedRuns"] == "once"
    assert made["createdAt"].endswith("Z")
    path = f"/workflows/{made['id']}"
    assert (await as_alice.ask("GET", path)).json() == made
    assert (await as_alice.ask("GET", "/workflows")).json() == {"items": [made], "nextCursor": None}
    renamed = (await as_alice.ask("PATCH", path, {"name": "Orders", "isActive": False})).json()
    assert (renamed["name"], renamed["isActive"], renamed["version"]) == ("Orders", False, 1)
    assert (await as_alice.ask("DELETE", path)).status_code == 204
    assert (await as_alice.ask("GET", path)).status_code == 404
    assert (await as_alice.ask("GET", "/workflows")).json()["items"] == []


async def test_the_address_is_its_own_and_secret(as_alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await as_alice.draw(), await as_alice.draw()
    assert first["webhookUrl"] != second["webhookUrl"]
    assert first["webhookUrl"].startswith("http://127.0.0.1:8080/hooks/")
    assert len(first["webhookUrl"].rpartition("/")[2]) == 32
    for trigger in ({"type": "manual"}, {"type": "schedule", "cron": "0 9 * * *"}, {"type": "failure"}):
        assert (await as_alice.draw(trigger=trigger))["webhookUrl"] is None

    def refuse(*_: object) -> str:
        raise Locked("The key is missing.")

    monkeypatch.setattr(keyring, "unseal", refuse)
    locked = await as_alice.ask("GET", f"/workflows/{first['id']}")
    assert (locked.status_code, locked.json()["webhookUrl"]) == (200, None)


async def test_two_editors_never_overwrite_each_other(as_alice: Person) -> None:
    read = await as_alice.draw()
    path = f"/workflows/{read['id']}"
    first = await as_alice.ask("PUT", path, read | {"name": "First"})  # what was read can be sent back as it is
    assert (first.status_code, first.json()["version"], first.json()["name"]) == (200, 2, "First")
    second = await as_alice.ask("PUT", path, read | {"name": "Second"})
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    assert "version 2" in second.json()["detail"]
    unsaid = await as_alice.ask("PUT", path, {name: read[name] for name in ("name", "trigger", "steps")})
    assert unsaid.status_code == 409
    late = await as_alice.ask("PATCH", path, {"name": "Late", "version": 1})
    assert late.status_code == 409
    assert (await as_alice.ask("GET", path)).json()["name"] == "First"


async def test_a_part_can_be_changed_alone(as_alice: Person) -> None:
    made = await as_alice.draw(trigger=SIGNED)
    path = f"/workflows/{made['id']}"
    await as_alice.ask("PATCH", path, {"name": "Orders"})
    changed = (await as_alice.ask("PATCH", path, {"steps": [NOTE, {"id": "end", "type": "stop"}]})).json()
    assert (changed["version"], changed["name"], len(changed["steps"])) == (2, "Orders", 2)
    assert changed["trigger"] == made["trigger"]
    assert changed["webhookUrl"] == made["webhookUrl"]


async def test_versions_are_kept_and_come_back(as_alice: Person) -> None:
    made = await as_alice.draw()
    path = f"/workflows/{made['id']}"
    await as_alice.ask("PUT", path, made | {"steps": [NOTE | {"values": {"text": "Second"}}]})
    await as_alice.ask("PATCH", path, {"name": "Orders"})
    listed = (await as_alice.ask("GET", f"{path}/versions")).json()["items"]
    assert [row["version"] for row in listed] == [2, 1]
    assert listed[1]["definition"]["steps"][0]["values"] == {"text": "Hello"}
    restored = (await as_alice.ask("POST", f"{path}/versions/1/restore")).json()
    assert (restored["version"], restored["name"]) == (3, "Orders")
    assert restored["steps"] == made["steps"]
    part = (await as_alice.ask("GET", f"{path}/versions?limit=2")).json()
    rest = (await as_alice.ask("GET", f"{path}/versions?limit=2&cursor={part['nextCursor']}")).json()
    assert [row["version"] for row in part["items"] + rest["items"]] == [3, 2, 1]
    for nonsense in ("4", "0", "-1", "x", "9" * 30, "1.0", "²"):
        assert (await as_alice.ask("POST", f"{path}/versions/{nonsense}/restore")).status_code == 404


async def test_a_secret_goes_in_and_never_comes_out(as_alice: Person) -> None:
    made = await as_alice.draw(trigger=SIGNED)
    path = f"/workflows/{made['id']}"
    assert made["trigger"]["verification"]["secret"] == {"set": True, "hint": f"…{SECRET[-4:]}"}
    wrong = made | {"steps": [{"id": "a", "type": "filter"}], "trigger": SIGNED}
    for method, where, body in (
        ("GET", path, None),
        ("GET", "/workflows", None),
        ("PUT", path, made | {"trigger": SIGNED}),
        ("PUT", path, wrong | {"version": 2}),
        ("POST", "/workflows", wrong),
        ("GET", f"{path}/versions", None),
        ("GET", f"{path}/export", None),
        ("POST", f"{path}/versions/1/restore", None),
    ):
        answer = await as_alice.ask(method, where, body)
        assert answer.status_code in (200, 422), answer.text
        assert SECRET not in answer.text, (method, where)


async def test_what_is_exported_can_be_imported_but_for_the_secret(as_alice: Person) -> None:
    made = await as_alice.draw(trigger=SIGNED)
    exported = (await as_alice.ask("GET", f"/workflows/{made['id']}/export")).json()
    assert set(exported) == {"name", "trigger", "steps", "settings"}
    assert "secret" not in exported["trigger"]["verification"]
    for copied in (exported, made):  # a copy that says a secret is set has none either
        refused = await as_alice.ask("POST", "/workflows", copied)
        assert [error["field"] for error in refused.json()["errors"]] == ["trigger.verification.secret"]
    exported["trigger"]["verification"]["secret"] = SECRET
    copy = await as_alice.ask("POST", "/workflows", exported)
    assert copy.status_code == 201
    assert {name: copy.json()[name] for name in exported} == {name: made[name] for name in exported}
    assert copy.json()["webhookUrl"] != made["webhookUrl"]


async def test_a_secret_nobody_asks_for_is_forgotten(as_alice: Person) -> None:
    made = await as_alice.draw(trigger=SIGNED)
    path = f"/workflows/{made['id']}"
    assert (await as_alice.ask("PATCH", path, {"trigger": {"type": "webhook"}})).status_code == 200
    restored = await as_alice.ask("POST", f"{path}/versions/1/restore")
    assert [error["field"] for error in restored.json()["errors"]] == ["trigger.verification.secret"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"trigger": None}, "trigger"),
        ({"trigger": {"type": "nonsense"}}, "trigger"),
        ({"trigger": {"type": "webhook", "response": "later"}}, "trigger.response"),
        ({"trigger": {"type": "webhook", "verification": {"scheme": "hmac"}}}, "trigger.verification.secret"),
        ({"trigger": {"type": "schedule", "cron": "0 0 30 2 *"}}, "trigger.cron"),
        ({"trigger": {"type": "schedule", "cron": "often"}}, "trigger.cron"),
        ({"trigger": {"type": "schedule", "cron": "0 0 9 * * * 2030"}}, "trigger.cron"),
        ({"trigger": {"type": "schedule", "cron": "0 9 * * *", "timezone": "Mars/Olympus"}}, "trigger.timezone"),
        ({"steps": []}, "steps"),
        ({"steps": {}}, "steps"),
        ({"steps": [5]}, "steps.0"),
        ({"steps": [NOTE, NOTE]}, "steps.1.id"),
        ({"steps": [{"id": "a", "type": "delay", "seconds": 0}]}, "steps.0.seconds"),
        ({"steps": [{"id": "a", "type": "filter", "condition": "steps.a.output == 1"}]}, "steps.0.condition"),
        ({"steps": [{"id": "a", "type": "set", "values": {"x": "{{ nothing }}"}}]}, "steps.0.values.x"),
        ({"steps": [{"id": "a", "type": "set", "values": {"x": "{% for %}"}}]}, "steps.0.values.x"),
        ({"steps": [{"id": f"s{n}", "type": "stop"} for n in range(201)]}, "steps"),
        ({"settings": {"missedRuns": "perhaps"}}, "settings.missedRuns"),
        ({"isActive": "yes"}, "isActive"),
    ],
)
async def test_a_wrong_field_is_named(as_alice: Person, change: dict[str, Any], field: str) -> None:
    made = await as_alice.draw()
    for method, path in (("POST", "/workflows"), ("PUT", f"/workflows/{made['id']}")):
        answer = await as_alice.ask(method, path, made | change)
        assert answer.status_code == 422, answer.text
        assert field in {error["field"] for error in answer.json()["errors"]}, answer.text
    assert (await as_alice.ask("GET", "/workflows")).json()["items"] == [made]


async def test_the_field_of_an_action_is_named(as_alice: Person) -> None:
    notes = await as_alice.connect()
    for step, field in (
        (write(notes["id"], 5), "steps.0.params.title"),
        (write(notes["id"]) | {"action": "shout"}, "steps.0.action"),
        (write("nowhere"), "steps.0.integrationId"),
        (write(notes["id"]) | {"params": {}}, "steps.0.params.title"),
    ):
        body = {"name": "x", "trigger": {"type": "webhook"}, "steps": [step]}
        answer = await as_alice.ask("POST", "/workflows", body)
        assert [error["field"] for error in answer.json()["errors"]] == [field], answer.text


async def test_nobody_works_with_what_is_somebody_elses(as_alice: Person, as_bob: Person, as_charlie: Person) -> None:
    hers = (await as_alice.connect())["id"]
    for person in (as_bob, as_charlie):
        own = await person.draw()
        path = f"/workflows/{own['id']}"
        told = []
        for integration_id in (hers, "nowhere"):
            for method, where, body in (
                ("POST", "/workflows", {"name": "x", "trigger": {"type": "manual"}, "steps": [write(integration_id)]}),
                ("PUT", path, own | {"steps": [write(integration_id)]}),
                ("PATCH", path, {"steps": [write(integration_id)]}),
                (
                    "PATCH",
                    path,
                    {"trigger": {"type": "integration", "integrationId": integration_id, "event": "message"}},
                ),
            ):
                answer = await person.ask(method, where, body)
                assert answer.status_code == 422
                told.append(answer.json()["errors"])
        assert told[:4] == told[4:]  # as if it did not exist
        assert (await person.ask("GET", path)).json()["version"] == 1
    with db.reading() as session:
        assert session.exec(select(WorkflowUse)).all() == []
    assert (await as_alice.ask("GET", f"/integrations/{hers}")).json()["usedBy"] == []


async def test_an_integration_tells_who_uses_it(as_alice: Person) -> None:
    notes, other = await as_alice.connect(), await as_alice.connect("Other")
    assert notes["usedBy"] == []
    made = await as_alice.draw(write(notes["id"]))
    path = f"/integrations/{notes['id']}"
    use = {"id": made["id"], "name": "Forward orders", "isActive": True}
    assert (await as_alice.ask("GET", path)).json()["usedBy"] == [use]
    assert [row["usedBy"] for row in (await as_alice.ask("GET", "/integrations")).json()["items"]] == [[use], []]
    await as_alice.ask("PATCH", f"/workflows/{made['id']}", {"isActive": False, "name": "Off"})
    assert (await as_alice.ask("PATCH", path, {"name": "B"})).json()["usedBy"] == [
        use | {"isActive": False, "name": "Off"}
    ]
    await as_alice.ask("PATCH", f"/workflows/{made['id']}", {"steps": [write(other["id"])]})
    assert (await as_alice.ask("GET", path)).json()["usedBy"] == []
    await as_alice.ask("DELETE", f"/workflows/{made['id']}")
    assert (await as_alice.ask("GET", f"/integrations/{other['id']}")).json()["usedBy"] == []


async def test_a_schedule_says_when_it_runs_next(as_alice: Person) -> None:
    made = await as_alice.draw(trigger={"type": "schedule", "cron": "0 9 * * *", "timezone": "Europe/Zurich"})
    path = f"/workflows/{made['id']}"
    assert made["nextRunAt"] > now().isoformat()
    assert (await as_alice.ask("PATCH", path, {"isActive": False})).json()["nextRunAt"] is None
    assert (await as_alice.ask("PATCH", path, {"isActive": True})).json()["nextRunAt"] == made["nextRunAt"]
    assert (await as_alice.ask("PATCH", path, {"trigger": {"type": "manual"}})).json()["nextRunAt"] is None


# Runs by hand


@pytest.mark.parametrize(
    ("trigger", "given", "seen"),
    [
        ({"type": "manual"}, {"input": {"id": 7}}, {"type": "manual", "input": {"id": 7}}),
        ({"type": "manual"}, None, {"type": "manual", "input": None}),
        ({"type": "manual"}, {}, {"type": "manual", "input": None}),
        ({"type": "webhook"}, {"input": [1, "two"]}, {"type": "webhook", "body": [1, "two"], "method": "POST"}),
        ({"type": "failure"}, {"input": {"error": "x", "type": "y"}}, {"type": "failure", "error": "x"}),
    ],
)
async def test_a_run_by_hand_brings_its_own_event(
    as_alice: Person, trigger: dict[str, Any], given: dict[str, Any] | None, seen: dict[str, Any]
) -> None:
    made = await as_alice.draw(trigger=trigger, isActive=False)
    started = await as_alice.ask("POST", f"/workflows/{made['id']}/run", given)
    assert started.status_code == 202
    execution = (await as_alice.ask("GET", f"/executions/{started.json()['executionId']}")).json()
    assert execution["trigger"].items() >= seen.items()
    assert (execution["status"], execution["workflowId"], execution["workflowVersion"]) == ("queued", made["id"], 1)


async def test_a_repeated_run_runs_once(as_alice: Person) -> None:
    made = await as_alice.draw()
    headers = {"Idempotency-Key": "k1"}
    answers = [await as_alice.ask("POST", f"/workflows/{made['id']}/run", {}, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await as_alice.ask("GET", "/executions")).json()["items"]) == 1


# Incoming requests


def capture(workflow_id: str, body: bytes = b'{"id": 7}', **more: Any) -> HookRequest:
    kind = more.pop("kind", "application/json")
    row = HookRequest(
        workflow_id=workflow_id,
        verdict=more.pop("verdict", Verdict.ACCEPTED),
        method="POST",
        query="a=1&a=2",
        headers=json.dumps({"content-type": kind}),
        body=body,
        size=more.pop("size", len(body)),
        address="203.0.113.7",
        **more,
    )
    with db.writing() as session:
        session.add(row)
    return row


async def test_requests_are_listed_with_their_verdict(as_alice: Person) -> None:
    made = await as_alice.draw()
    path = f"/workflows/{made['id']}/requests"
    capture(made["id"])
    capture(made["id"], verdict=Verdict.BAD_SIGNATURE, reason="The signature is missing.", body=b"\xff\x00")
    listed = (await as_alice.ask("GET", path)).json()["items"]
    assert [row["verdict"] for row in listed] == ["bad_signature", "accepted"]
    assert listed[0]["reason"] == "The signature is missing."
    stop = next(gate for gate in listed[0]["gates"] if not gate["isPassed"])
    assert stop == {"gate": "signature", "isPassed": False, "message": "The signature is missing."}
    assert all(gate["isPassed"] for gate in listed[1]["gates"])
    assert {row["executionId"] for row in listed} == {None}
    assert (listed[0]["body"], listed[0]["isBase64"]) == ("/wA=", True)
    assert (listed[1]["body"], listed[1]["isBase64"], listed[1]["isTruncated"]) == ('{"id": 7}', False, False)
    assert listed[1]["headers"] == {"content-type": "application/json"}
    assert (listed[1]["query"], listed[1]["address"], listed[1]["size"]) == ("a=1&a=2", "203.0.113.7", 9)
    part = (await as_alice.ask("GET", f"{path}?limit=1")).json()
    rest = (await as_alice.ask("GET", f"{path}?limit=1&cursor={part['nextCursor']}")).json()
    assert part["items"] + rest["items"] == listed
    assert rest["nextCursor"] is None


async def test_a_long_body_is_cut_in_the_list_only(as_alice: Person) -> None:
    made = await as_alice.draw()
    body = b"x" + "é".encode() * 50_000  # the cut falls into a character
    row = capture(made["id"], body)
    path = f"/workflows/{made['id']}/requests"
    [listed] = (await as_alice.ask("GET", path)).json()["items"]
    assert (listed["isTruncated"], listed["isBase64"], len(listed["body"])) == (True, False, 32_000)
    whole = (await as_alice.ask("GET", f"{path}/{row.id}")).json()
    assert (whole["isTruncated"], whole["body"]) == (False, body.decode())


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.BAD_SIGNATURE, Verdict.INACTIVE, Verdict.DUPLICATE])
async def test_a_request_runs_again_as_it_came(as_alice: Person, verdict: Verdict) -> None:
    made = await as_alice.draw()
    row = capture(made["id"], b"id=7&name=Ada", kind="application/x-www-form-urlencoded", verdict=verdict)
    started = await as_alice.ask("POST", f"/workflows/{made['id']}/requests/{row.id}/replay")
    assert started.status_code == 202
    trigger = (await as_alice.ask("GET", f"/executions/{started.json()['executionId']}")).json()["trigger"]
    assert (trigger["type"], trigger["method"], trigger["query"]) == ("webhook", "POST", {"a": ["1", "2"]})
    assert trigger["body"] == {"id": "7", "name": "Ada"}


async def test_some_requests_cannot_run_again(as_alice: Person) -> None:
    made, other = await as_alice.draw(), await as_alice.draw()
    path = f"/workflows/{made['id']}/requests"
    too_large = capture(made["id"], b"{}", size=5_000_000, verdict=Verdict.TOO_LARGE)
    malformed = capture(made["id"], b"{", verdict=Verdict.MALFORMED)
    elsewhere = capture(other["id"])
    assert (await as_alice.ask("POST", f"{path}/{too_large.id}/replay")).status_code == 409
    assert (await as_alice.ask("POST", f"{path}/{malformed.id}/replay")).status_code == 422
    assert (await as_alice.ask("POST", f"{path}/{elsewhere.id}/replay")).status_code == 404
    assert (await as_alice.ask("GET", f"{path}/{elsewhere.id}")).status_code == 404
    assert (await as_alice.ask("GET", "/executions")).json()["items"] == []
