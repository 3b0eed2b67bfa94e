from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.access import tokens
from streamline_ui.api import idempotency
from streamline_ui.integrations import connections
from streamline_ui.storage import db
from streamline_ui.storage.models import IdempotencyRecord, now
from tests.api.conftest import Person

NOTES = {"type": "inbox", "name": "Notes", "config": {}}


def keyed(key: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def records() -> list[IdempotencyRecord]:
    with db.reading() as session:
        return list(session.exec(select(IdempotencyRecord)).all())


async def test_a_repeat_gets_the_first_answer_and_does_nothing(as_alice: Person) -> None:
    first = await as_alice.ask("POST", "/integrations", NOTES, **keyed("k1"))
    again = await as_alice.ask("POST", "/integrations", NOTES, **keyed("k1"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert len(connections.all_of(as_alice.user.id)) == 1


async def test_an_answer_without_a_body_is_repeated_too(as_alice: Person) -> None:
    made = await as_alice.connect()
    for _ in range(2):
        answer = await as_alice.ask("DELETE", f"/integrations/{made['id']}", **keyed("gone"))
        assert (answer.status_code, answer.content) == (204, b"")


async def test_the_same_key_for_another_request_is_a_conflict(as_alice: Person) -> None:
    await as_alice.ask("POST", "/integrations", NOTES, **keyed("k1"))
    for method, path, body in (
        ("POST", "/integrations", NOTES | {"name": "Other"}),
        ("POST", "/tokens", NOTES),
        ("POST", "/integrations/test", NOTES),
    ):
        answer = await as_alice.ask(method, path, body, **keyed("k1"))
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert len(connections.all_of(as_alice.user.id)) == 1


async def test_every_user_has_keys_of_their_own(as_alice: Person, as_bob: Person) -> None:
    first = await as_alice.ask("POST", "/integrations", NOTES, **keyed("k1"))
    other = await as_bob.ask("POST", "/integrations", NOTES, **keyed("k1"))
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


async def test_of_many_at_the_same_time_one_happens(as_alice: Person) -> None:
    answers = await asyncio.gather(
        *(as_alice.ask("POST", "/integrations", NOTES, **keyed("at once")) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(connections.all_of(as_alice.user.id)) == 1


async def test_what_was_cut_off_is_not_done_again(as_alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE_SECONDS", 0.2)
    await as_alice.ask("POST", "/integrations", NOTES, **keyed("cut"))
    with db.writing() as session:
        record = session.get_one(IdempotencyRecord, (as_alice.user.id, "cut"))
        record.status, record.body = idempotency.RUNNING, ""
        session.add(record)
    answer = await as_alice.ask("POST", "/integrations", NOTES, **keyed("cut"))
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_unfinished")
    assert len(connections.all_of(as_alice.user.id)) == 1


async def test_a_refused_request_leaves_the_key_free(as_alice: Person) -> None:
    refused = await as_alice.ask("POST", "/integrations", NOTES | {"name": ""}, **keyed("k1"))
    assert refused.status_code == 422
    assert records() == []
    assert (await as_alice.ask("POST", "/integrations", NOTES, **keyed("k1"))).status_code == 201


async def test_a_failure_on_our_side_is_repeated_not_retried(as_alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    async def break_down(*_: object) -> None:
        calls.append(1)
        raise RuntimeError("half done")

    monkeypatch.setattr(connections, "perform", break_down)
    made = await as_alice.connect()
    path = f"/integrations/{made['id']}/actions/write"
    answers = [await as_alice.ask("POST", path, {"params": {"title": "x"}}, **keyed("k")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert calls == [1]


async def test_no_token_is_ever_stored(as_alice: Person) -> None:
    first = await as_alice.ask("POST", "/tokens", {"name": "script"}, **keyed("t"))
    assert first.status_code == 201
    again = await as_alice.ask("POST", "/tokens", {"name": "script"}, **keyed("t"))
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_shown_once")
    assert first.json()["token"] not in again.text
    assert len(tokens.all_of(as_alice.user.id)) == 1
    [record] = records()
    assert record.body == ""


async def test_reading_needs_no_key(as_alice: Person) -> None:
    assert (await as_alice.ask("GET", "/me", **keyed("k1"))).status_code == 200
    assert records() == []


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb"])
async def test_a_key_that_is_none_is_refused(as_alice: Person, key: str) -> None:
    answer = await as_alice.ask("POST", "/integrations", NOTES, headers={"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header")


async def test_after_a_day_a_key_is_free_again(as_alice: Person) -> None:
    await as_alice.ask("POST", "/integrations", NOTES, **keyed("k1"))
    with db.writing() as session:
        record = session.get_one(IdempotencyRecord, (as_alice.user.id, "k1"))
        record.created_at = now() - timedelta(hours=25)
        session.add(record)
    assert (await as_alice.ask("POST", "/integrations", NOTES | {"name": "Else"}, **keyed("k1"))).status_code == 201
    with db.writing() as session:
        record = session.get_one(IdempotencyRecord, (as_alice.user.id, "k1"))
        record.created_at = now() - timedelta(hours=25)
        session.add(record)
    idempotency.prune()
    assert records() == []


async def test_a_request_that_removes_its_own_user_is_answered(as_alice: Person, as_bob: Person) -> None:
    await as_alice.ask("PATCH", f"/users/{as_bob.user.id}", {"isAdmin": True})
    answer = await as_alice.ask("DELETE", f"/users/{as_alice.user.id}", **keyed("bye"))
    assert answer.status_code == 204
    assert (await as_alice.ask("GET", "/me")).status_code == 401
