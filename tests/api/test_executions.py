"""Executions over REST: listed, looked at, run again, cancelled."""

from __future__ import annotations

import json
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import insert

from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun
from streamline_ui.workflows import dispatch, executions
from tests.api.conftest import Person

EXECUTION = {
    "id", "workflowId", "workflowVersion", "status", "trigger", "createdAt", "startedAt", "finishedAt", "durationMs",
    "error", "nextTryAt", "waitsFor", "replayOf", "reason", "steps",
}  # fmt: skip
MANY = 20_000


def ran(person: Person, workflow_id: str, **more: Any) -> Execution:
    """An execution that is over."""
    at = now()
    values: dict[str, Any] = {
        "user_id": person.user.id,
        "workflow_id": workflow_id,
        "version": 1,
        "status": Progress.SUCCEEDED,
        "trigger": json.dumps({"type": "webhook", "body": {"id": 7}}),
        "started_at": at,
        "finished_at": at + timedelta(milliseconds=125),
    }
    row = Execution(**values | more)
    with db.writing() as session:
        session.add(row)
    return row


def stepped(execution: Execution, key: str, position: int, **more: Any) -> None:
    """One of its steps."""
    values: dict[str, Any] = {
        "execution_id": execution.id,
        "key": key,
        "step_id": key.rpartition(".")[2],
        "position": position,
        "status": Progress.SUCCEEDED,
        "started_at": now(),
        "finished_at": now(),
    }
    with db.writing() as session:
        session.add(StepRun(**values | more))


async def listed(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await person.ask("GET", f"/executions{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_execution_is_shown_with_every_attempt(as_alice: Person) -> None:
    made = await as_alice.draw()
    row = ran(as_alice, made["id"])
    attempt = {"startedAt": "2030-01-01T00:00:00.000Z", "request": {"method": "POST"}, "response": {"status": 200}}
    stepped(row, "note", 1, attempts=json.dumps([attempt]), input='{"a": 1}', output='{"b": NaN}', name="Tell them")
    shown = (await as_alice.ask("GET", f"/executions/{row.id}")).json()
    assert set(shown) == EXECUTION
    assert (shown["status"], shown["durationMs"], shown["workflowVersion"]) == ("succeeded", 125, 1)
    assert (shown["trigger"], shown["replayOf"]) == ({"type": "webhook", "body": {"id": 7}}, None)
    [step] = shown["steps"]
    assert (step["id"], step["key"], step["name"], step["status"]) == ("note", "note", "Tell them", "succeeded")
    assert step["attempts"] == [attempt]
    assert (step["input"], step["output"]) == ({"a": 1}, {"b": None})


async def test_the_list_is_short_about_each(as_alice: Person) -> None:
    made = await as_alice.draw()
    row = ran(as_alice, made["id"])
    large = ran(as_alice, made["id"], trigger=json.dumps({"body": "x" * 30_000}))
    stepped(row, "each[0].note", 1, output=json.dumps("y" * 1000))
    first, second = await listed(as_alice)
    assert set(first) == set(second) == EXECUTION
    assert (first["id"], first["trigger"], first["steps"]) == (large.id, None, [])
    assert second["trigger"] == {"type": "webhook", "body": {"id": 7}}
    assert second["steps"] == [{"id": "note", "key": "each[0].note", "name": "", "status": "succeeded"}]


async def test_the_list_can_be_narrowed(as_alice: Person) -> None:
    first, second = await as_alice.draw(), await as_alice.draw()
    quoted = json.dumps({"body": {"text": 'She said "50 % off_\\"', "n": "Zürich"}}, ensure_ascii=False)
    said = ran(as_alice, first["id"], trigger=quoted)
    failed = ran(as_alice, second["id"], status=Progress.FAILED, error="write: Unknown Webhook")
    for query, expected in (
        ("", [failed, said]),
        (f"?workflowId={first['id']}", [said]),
        ("?workflowId=nowhere", []),
        ("?status=failed", [failed]),
        ("?status=queued", []),
        (f"?workflowId={first['id']}&status=failed", []),
        ("?q=unknown%20webhook", [failed]),
        ("?q=50%20%25%20off_", [said]),
        ("?q=%25", [said]),
        ('?q=said%20"50', [said]),
        ("?q=off_%5C", [said]),
        ("?q=Zürich", [said]),
        (f"?q={failed.id}", [failed]),
        ("?q='%20OR%201=1", []),
    ):
        assert [row["id"] for row in await listed(as_alice, query)] == [row.id for row in expected], query
    for nonsense in ("?status=skipped", "?status=", "?status=all", f"?q={'x' * 201}", f"?workflowId={'x' * 101}"):
        assert (await as_alice.ask("GET", f"/executions{nonsense}")).status_code == 422, nonsense


async def test_pages_lose_nothing_while_more_comes_in(as_alice: Person) -> None:
    made = await as_alice.draw()
    moment = now()
    rows = [ran(as_alice, made["id"], created_at=moment) for _ in range(3)]  # at the very same time
    rows += [ran(as_alice, made["id"], created_at=moment + timedelta(microseconds=n)) for n in (1, 2)]
    first = (await as_alice.ask("GET", "/executions?limit=2")).json()
    assert [item["id"] for item in first["items"]] == [rows[4].id, rows[3].id]
    ran(as_alice, made["id"])
    seen, cursor = [], first["nextCursor"]
    while cursor:
        part = (await as_alice.ask("GET", f"/executions?limit=2&cursor={cursor}")).json()
        seen += [item["id"] for item in part["items"]]
        cursor = part["nextCursor"]
    assert seen == sorted((row.id for row in rows[:3]), reverse=True)


@pytest.mark.parametrize("moment", ["2030-01-01", "2030-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "x", ""])
async def test_a_cursor_of_somebody_elses_making_is_refused(as_alice: Person, moment: str) -> None:
    from streamline_ui.api import paging

    forged = paging._write((moment, "x"))
    answer = await as_alice.ask("GET", f"/executions?cursor={forged}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_it_runs_again_with_the_old_or_the_new_version(as_alice: Person) -> None:
    made = await as_alice.draw()
    row = ran(as_alice, made["id"])
    await as_alice.ask("PUT", f"/workflows/{made['id']}", made)
    for body, version in ((None, 1), ({}, 1), ({"version": "original"}, 1), ({"version": "current"}, 2)):
        started = await as_alice.ask("POST", f"/executions/{row.id}/replay", body)
        assert started.status_code == 202, started.text
        again = (await as_alice.ask("GET", f"/executions/{started.json()['executionId']}")).json()
        assert (again["workflowVersion"], again["replayOf"], again["status"]) == (version, row.id, "queued")
        assert (again["trigger"], again["steps"]) == ({"type": "webhook", "body": {"id": 7}}, [])
    for wrong in ({"version": 1}, {"version": "newest"}, {"fromStep": "never"}, {"fromStep": 5}, {"step": "note"}):
        assert (await as_alice.ask("POST", f"/executions/{row.id}/replay", wrong)).status_code == 422, wrong
    running = ran(as_alice, made["id"], status=Progress.RUNNING)
    assert (await as_alice.ask("POST", f"/executions/{running.id}/replay")).status_code == 409


async def test_it_runs_again_from_a_step_on(as_alice: Person) -> None:
    made = await as_alice.draw({"id": "note", "type": "set", "values": {"a": 1}}, {"id": "end", "type": "stop"})
    row = ran(as_alice, made["id"])
    stepped(row, "note", 1, output='{"a": 1}')
    stepped(row, "end", 2)
    started = await as_alice.ask("POST", f"/executions/{row.id}/replay", {"fromStep": "end"})
    again = (await as_alice.ask("GET", f"/executions/{started.json()['executionId']}")).json()
    assert [(step["id"], step["output"]) for step in again["steps"]] == [("note", {"a": 1})]


async def test_what_is_asked_for_begins_at_once(as_alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[str] = []
    monkeypatch.setattr(dispatch, "offer", lambda execution: offered.append(execution.id))
    monkeypatch.setattr(dispatch, "cancel", lambda execution_id: offered.append(f"not {execution_id}"))
    owned = await as_alice.own()
    first = owned["executions"]
    assert offered == [first]
    await as_alice.ask("POST", f"/executions/{first}/cancel")
    assert offered == [first, f"not {first}"]
    paths = (f"/executions/{first}/replay", f"/workflows/{owned['workflows']}/requests/{owned['requests']}/replay")
    started = [(await as_alice.ask("POST", path)).json()["executionId"] for path in paths]
    assert offered[2:] == started


@pytest.mark.parametrize("status", [Progress.QUEUED, Progress.WAITING, Progress.RUNNING])
async def test_what_is_under_way_can_be_cancelled(as_alice: Person, status: Progress) -> None:
    made = await as_alice.draw()
    row = ran(as_alice, made["id"], status=status, finished_at=None)
    answer = await as_alice.ask("POST", f"/executions/{row.id}/cancel")
    assert answer.status_code == 200
    expected = "running" if status is Progress.RUNNING else "cancelled"
    assert (answer.json()["status"], executions.one(as_alice.user.id, row.id).is_cancelled) == (expected, True)


@pytest.mark.parametrize("status", [Progress.SUCCEEDED, Progress.FAILED, Progress.UNKNOWN, Progress.CANCELLED])
async def test_what_is_over_cannot_be_cancelled(as_alice: Person, status: Progress) -> None:
    made = await as_alice.draw()
    row = ran(as_alice, made["id"], status=status)
    assert (await as_alice.ask("POST", f"/executions/{row.id}/cancel")).status_code == 409
    assert executions.one(as_alice.user.id, row.id).status == status


async def test_a_waiting_execution_says_for_what(as_alice: Person) -> None:
    made = await as_alice.draw()
    due = now() + timedelta(seconds=30)
    paused = ran(as_alice, made["id"], status=Progress.WAITING, due_at=due, finished_at=None)
    parked = ran(as_alice, made["id"], status=Progress.WAITING, waits_for="i1", finished_at=None)
    first = (await as_alice.ask("GET", f"/executions/{paused.id}")).json()
    assert (first["nextTryAt"], first["waitsFor"]) == (due.isoformat().replace("+00:00", "Z"), None)
    second = (await as_alice.ask("GET", f"/executions/{parked.id}")).json()
    assert (second["nextTryAt"], second["waitsFor"], second["durationMs"]) == (None, "i1", None)


def fill_table(person: Person, workflow_ids: list[str]) -> None:
    """20,000 executions of about 1 kB, a few of them failed, every tenth with three steps."""
    start, filling = now() - timedelta(days=1), "lorem ipsum " * 70
    blank = Execution(user_id=person.user.id, workflow_id="", version=1, trigger="").model_dump()
    step = StepRun(execution_id="", key="", position=0, step_id="", status=Progress.SUCCEEDED).model_dump()
    rows = [
        blank
        | {
            "id": f"e{number}",
            "workflow_id": workflow_ids[number % len(workflow_ids)],
            "status": Progress.FAILED if number % 1000 == 3 else Progress.SUCCEEDED,
            "trigger": json.dumps({"type": "webhook", "body": {"id": number, "text": filling}}),
            "created_at": start + timedelta(seconds=number),
        }
        for number in range(MANY)
    ]
    steps = [
        step
        | {"execution_id": f"e{number}", "key": f"s{n}", "step_id": f"s{n}", "position": n, "output": f'"{filling}"'}
        for number in range(0, MANY, 10)
        for n in range(3)
    ]
    with db.writing() as session:
        session.exec(insert(Execution), params=rows)
        session.exec(insert(StepRun), params=steps)


async def test_pages_are_quick_in_a_large_table(as_alice: Person) -> None:
    workflow_ids = [(await as_alice.draw())["id"] for _ in range(3)]
    fill_table(as_alice, workflow_ids)
    deep = (await as_alice.ask("GET", "/executions?limit=200")).json()["nextCursor"]
    slow = {}
    for query, limit in {
        "": 0.2,
        "&status=failed": 0.2,
        "&status=waiting": 0.2,
        f"&workflowId={workflow_ids[1]}": 0.2,
        f"&workflowId={workflow_ids[1]}&status=failed": 0.2,
        f"&cursor={deep}": 0.2,
        "&q=19999": 1.0,
        "&q=nowhere-to-be-found": 1.0,
        "&q=lorem&status=failed": 1.0,
    }.items():
        taken = []
        for _ in range(3):
            begun = perf_counter()
            answer = await as_alice.ask("GET", f"/executions?limit=50{query}")
            taken.append(perf_counter() - begun)
            assert answer.status_code == 200
        if min(taken) > limit:
            slow[query] = taken
    assert slow == {}
