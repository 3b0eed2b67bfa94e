"""Who may come in: every route, with every kind of token that must not open it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from streamline_ui.access import sessions, tokens
from streamline_ui.api import rates
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiToken, Integration, Session, User, now
from streamline_ui.storage.workflow_tables import Execution, Workflow
from tests.api.conftest import Person
from tests.api.table import CLOSED, OPEN, WITH_ID, fill

PROBLEM = {"type", "title", "status", "detail", "code", "hints", "requestId"}


def expired(table: type[Session] | type[ApiToken], row_id: str) -> None:
    with db.writing() as session:
        row = session.get_one(table, row_id)
        row.expires_at = now() - timedelta(seconds=1)
        session.add(row)


def bad_tokens(user: User) -> dict[str, tuple[str | None, str]]:
    """Headers by what is wrong with them, with the code that the answer has."""
    cookie, _ = sessions.start(user.id, kind="browser")
    old_session, session_row = sessions.start(user.id, kind="api")
    old_token, token_row = tokens.make(user.id, "old", expires_at=now() + timedelta(hours=1))
    revoked, revoked_row = tokens.make(user.id, "revoked")
    expired(Session, session_row.id)
    expired(ApiToken, token_row.id)
    tokens.revoke(user.id, revoked_row.id)
    return {
        "none": (None, "token_missing"),
        "empty": ("", "token_missing"),
        "garbage": ("Bearer stl_garbage", "token_invalid"),
        "other scheme": ("Basic YWxpY2U6cGFzcw==", "token_invalid"),
        "a browser's cookie": (f"Bearer {cookie}", "token_invalid"),
        "revoked": (f"Bearer {revoked}", "token_invalid"),
        "expired session": (f"Bearer {old_session}", "token_expired"),
        "expired token": (f"Bearer {old_token}", "token_expired"),
    }


async def test_no_route_opens_for_a_bad_token(
    rest: httpx.AsyncClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "BURST", 1e9)
    wrong = []
    for kind, (header, code) in bad_tokens(alice).items():
        headers = {} if header is None else {"Authorization": header}
        for method, path in CLOSED:
            for body in (None, b"\xff not json"):  # what was sent must not matter
                answer = await rest.request(method, "/api" + fill(path), headers=headers, content=body)
                seen = (answer.status_code, answer.json()["code"], answer.headers.get("www-authenticate"))
                if seen != (401, code, "Bearer") or set(answer.json()) != PROBLEM:
                    wrong.append((kind, method, path, answer.text))
    assert wrong == []


def test_what_is_open_is_meant_to_be() -> None:
    assert sorted(OPEN) == [("GET", "/setup"), ("POST", "/auth/login"), ("POST", "/setup")]
    assert len(CLOSED) >= 20


async def test_a_cookie_opens_no_rest_route(rest: httpx.AsyncClient, alice: User) -> None:
    cookie, _ = sessions.start(alice.id, kind="browser")
    answer = await rest.get("/api/me", headers={"Cookie": f"{sessions.COOKIE}={cookie}"})
    assert answer.status_code == 401


async def test_sign_out_kills_the_token(rest: httpx.AsyncClient, as_alice: Person, alice: User) -> None:
    personal, _ = tokens.make(alice.id, "script")
    for token in (as_alice.token, personal):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await rest.get("/api/me", headers=headers)).status_code == 200
        assert (await rest.post("/api/auth/logout", headers=headers)).status_code == 204
        for method, path in CLOSED:
            answer = await rest.request(method, "/api" + fill(path), headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), (method, path)


async def test_a_token_that_may_read_may_not_write(rest: httpx.AsyncClient, as_alice: Person, alice: User) -> None:
    owned = await as_alice.own()
    reader, _ = tokens.make(alice.id, "reader", scopes=["read"])
    headers = {"Authorization": f"Bearer {reader}"}
    for method, path in CLOSED:
        answer = await rest.request(method, "/api" + fill(path, owned), headers=headers, json={})
        expected = (200,) if method == "GET" else (403,)
        assert answer.status_code in expected, (method, path, answer.text)
    assert (await as_alice.ask("GET", f"/integrations/{owned['integrations']}")).status_code == 200


async def test_what_is_not_yours_is_not_there(
    as_alice: Person, as_bob: Person, as_charlie: Person, alice: User
) -> None:
    """Alice owns, Bob shares the server, Charlie must not see: neither gets another answer than for an unknown id."""
    owned = await as_alice.own()
    before = _rows(owned)
    whole = {"name": "Mine now", "trigger": {"type": "manual"}, "steps": [{"id": "end", "type": "stop"}], "version": 1}
    bodies: dict[str, Any] = {"PATCH": {"name": "Mine now"}, "PUT": whole, "POST": {}}
    special = {"choices": {"action": "write", "field": "text"}, "keys": {"name": "apiKey", "value": "mine"}}
    wrong = []
    for person in (as_bob, as_charlie):
        for method, path in WITH_ID:
            body = special.get(path.rpartition("/")[2] if method == "POST" else "", bodies.get(method))
            foreign = await person.ask(method, fill(path, owned), body)
            unknown = await person.ask(method, fill(path), body)
            expected = 403 if path.startswith("/users") else 404
            if foreign.status_code != expected or _without_request(foreign) != _without_request(unknown):
                wrong.append((method, path, foreign.text, unknown.text))
        assert (await person.ask("GET", f"/executions?workflowId={owned['workflows']}")).json()["items"] == []
        for path in ("/integrations", "/integrations/connected", "/tokens", "/workflows", "/executions"):
            assert (await person.ask("GET", path)).json()["items"] == []
    assert wrong == []
    assert _rows(owned) == before


def _rows(owned: Mapping[str, str]) -> list[dict[str, Any]]:
    tables = {"integrations": Integration, "tokens": ApiToken, "workflows": Workflow, "executions": Execution}
    with db.reading() as session:
        found = [session.get_one(table, owned[kind]).model_dump(warnings=False) for kind, table in tables.items()]
        runs = session.exec(select(Execution.id)).all()
    return [*found, {"executions": sorted(runs)}]


def _without_request(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, {name: v for name, v in answer.json().items() if name != "requestId"}, headers


@pytest.mark.parametrize(
    "row_id",
    [
        "1",
        "%00",
        "a%00b",
        "%0d%0aX: y",
        "..%2f..%2fetc",
        "' OR 1=1 --",
        "x" * 5000,
        "%ff",
        "\u202e",
        "{id}",
        "%7B%7B7*7%7D%7D",
    ],
)
async def test_no_id_does_more_than_not_exist(as_alice: Person, row_id: str) -> None:
    for method, path in WITH_ID:
        answer = await as_alice.ask(method, path.replace("{id}", row_id).replace("{action}", row_id), {"params": {}})
        assert answer.status_code in (404, 405, 422), (method, path, answer.text)
        if "%0d" not in row_id:  # a line break leads nowhere at all, not even here
            assert answer.headers["content-type"] == "application/problem+json"


async def test_only_admins_see_accounts(as_bob: Person, as_alice: Person) -> None:
    for method, path in (("GET", "/users"), ("POST", "/users"), ("PATCH", "/users/x"), ("DELETE", "/users/x")):
        answer = await as_bob.ask(method, path, {"nonsense": 1} if method in ("POST", "PATCH") else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)
    assert len((await as_alice.ask("GET", "/users")).json()["items"]) == 2


async def test_rights_taken_away_count_at_once(as_alice: Person, as_bob: Person) -> None:
    await as_alice.ask("PATCH", f"/users/{as_bob.user.id}", {"isAdmin": True})
    promoted, _ = sessions.start(as_bob.user.id, kind="api")
    as_bob.token = promoted
    assert (await as_bob.ask("GET", "/users")).status_code == 200
    personal, _ = tokens.make(as_bob.user.id, "script")
    await as_alice.ask("PATCH", f"/users/{as_bob.user.id}", {"isAdmin": False})
    assert (await as_bob.ask("GET", "/users")).status_code == 401
    as_bob.token = personal
    assert (await as_bob.ask("GET", "/users")).status_code == 403


async def test_too_fast_is_told_so(as_alice: Person, as_bob: Person) -> None:
    answers = [await as_alice.ask("GET", "/nowhere") for _ in range(3)]
    assert {a.status_code for a in answers} == {404}
    statuses = [(await as_alice.ask("GET", "/setup")).status_code for _ in range(3)]
    assert statuses == [200] * 3
    last = answers[0]
    for _ in range(600):
        last = await as_alice.ask("GET", "/integrations/x")
        if last.status_code == 429:
            break
    assert (last.status_code, last.json()["code"]) == (429, "too_many_requests")
    assert int(last.headers["retry-after"]) >= 1
    assert (await as_bob.ask("GET", "/me")).status_code == 200


def test_a_bucket_holds_200_and_fills_with_50_a_second() -> None:
    moment = [0.0]
    bucket = rates.Rates(lambda: moment[0])
    assert sum(bucket.take("alice") == 0 for _ in range(300)) == 200
    assert 0 < bucket.take("alice") <= 0.02
    moment[0] += 1
    assert sum(bucket.take("alice") == 0 for _ in range(300)) == 50
    assert bucket.take("bob") == 0


def test_the_buckets_of_many_strangers_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_CALLERS", 10)
    bucket = rates.Rates(lambda: 0.0)
    for number in range(100):
        bucket.take(f"stranger {number}")
    assert len(bucket.buckets) == 10


async def test_a_misspelt_filter_is_not_overlooked(as_alice: Person) -> None:
    answer = await as_alice.ask("GET", "/executions?workflow=7")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "workflow", "message": "Known are: cursor, limit, q, status, workflowId."}
    ]
    assert (await as_alice.ask("GET", "/me?x=1")).status_code == 422
