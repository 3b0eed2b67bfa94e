"""The calls themselves: names, status codes and shapes as promised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from streamline_ui.access import sessions, users
from streamline_ui.api import operations
from streamline_ui.storage import db
from streamline_ui.storage.models import User
from tests.api.conftest import Person
from tests.conftest import PASSWORD

HOOK = "https://discord.com/api/webhooks/123456789012345678/" + "Aa1_-" * 13 + "xyz"
INTEGRATION = {
    "id", "type", "name", "authType", "isActive", "status", "statusMessage", "statusSince", "hints", "account",
    "config", "lastUsedAt", "lastCheckedAt", "nextPollAt", "listening", "usedBy", "createdAt", "updatedAt",
}  # fmt: skip
ALICE = {"email": "alice@example.com", "password": PASSWORD}


# First run, signing in


async def test_the_first_run(rest: httpx.AsyncClient) -> None:
    assert (await rest.get("/api/setup")).json() == {"needsSetup": True}
    made = await rest.post("/api/setup", json=ALICE | {"name": "Alice"})
    assert made.status_code == 201
    assert made.json()["token"].startswith("stl_")
    assert made.json()["user"]["isAdmin"] is True
    assert (await rest.get("/api/setup")).json() == {"needsSetup": False}
    again = await rest.post("/api/setup", json=ALICE)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    me = await rest.get("/api/me", headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert me.json() == made.json()["user"] | {"lastSignInAt": None}


async def test_the_first_run_with_a_setup_token(rest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_setup_token", "open-sesame")
    assert (await rest.post("/api/setup", json=ALICE)).json()["code"] == "setup_token_missing"
    assert (await rest.post("/api/setup", json=ALICE | {"setupToken": "x"})).json()["code"] == "setup_token_invalid"
    assert (await rest.post("/api/setup", json=ALICE | {"setupToken": "open-sesame"})).status_code == 201


async def test_sign_in_and_out(rest: httpx.AsyncClient, alice: User) -> None:
    answer = await rest.post("/api/auth/login", json=ALICE)
    assert answer.status_code == 200
    assert set(answer.json()) == {"token", "expiresAt", "user"}
    assert answer.json()["expiresAt"].endswith("Z")
    assert answer.headers["cache-control"] == "no-store"
    second = await rest.post("/api/auth/login", json=ALICE)
    assert second.json()["token"] != answer.json()["token"]


async def test_wrong_passwords_wait_after_five(rest: httpx.AsyncClient, alice: User) -> None:
    for _ in range(5):
        answer = await rest.post("/api/auth/login", json=ALICE | {"password": "wrong-wrong-wrong"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    answer = await rest.post("/api/auth/login", json=ALICE)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert 50 < int(answer.headers["retry-after"]) <= 60


async def test_known_and_unknown_accounts_are_answered_alike(rest: httpx.AsyncClient, alice: User) -> None:
    bodies = []
    for email in ("alice@example.com", "nobody@example.com"):
        answer = await rest.post("/api/auth/login", json={"email": email, "password": "wrong-wrong-wrong"})
        bodies.append((answer.status_code, {k: v for k, v in answer.json().items() if k != "requestId"}))
    assert bodies[0] == bodies[1]


# Me, tokens, users


async def test_me(as_bob: Person) -> None:
    assert (await as_bob.ask("GET", "/me")).json()["email"] == "bob@example.com"
    changed = await as_bob.ask("PATCH", "/me", {"name": "Robert", "theme": "dark"})
    assert (changed.json()["name"], changed.json()["theme"]) == ("Robert", "dark")
    assert (await as_bob.ask("PATCH", "/me", {"isAdmin": True})).status_code == 422
    assert (await as_bob.ask("PATCH", "/me", {"theme": "pink"})).status_code == 422


async def test_a_new_password_needs_the_old_one_and_ends_other_sessions(as_bob: Person) -> None:
    other, _ = sessions.start(as_bob.user.id, kind="api")
    new = {"password": "another-good-password"}
    assert (await as_bob.ask("PATCH", "/me", new)).json()["errors"][0]["field"] == "currentPassword"
    wrong = await as_bob.ask("PATCH", "/me", new | {"currentPassword": "not the one I have"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_credentials")
    assert (await as_bob.ask("PATCH", "/me", new | {"currentPassword": PASSWORD})).status_code == 200
    assert (await as_bob.ask("GET", "/me")).status_code == 200
    as_bob.token = other
    assert (await as_bob.ask("GET", "/me")).status_code == 401


async def test_tokens(as_bob: Person) -> None:
    made = await as_bob.ask("POST", "/tokens", {"name": "script", "scopes": ["read"]})
    assert made.status_code == 201
    value = made.json()["token"]
    assert value.startswith("stl_")
    [listed] = (await as_bob.ask("GET", "/tokens")).json()["items"]
    assert listed == {k: v for k, v in made.json().items() if k != "token"}
    assert listed["hint"] == "…" + value[-4:]
    assert value not in str(listed)
    assert (await as_bob.ask("DELETE", f"/tokens/{listed['id']}")).status_code == 204
    assert (await as_bob.ask("DELETE", f"/tokens/{listed['id']}")).status_code == 404


async def test_users(as_alice: Person) -> None:
    dora = {"email": "Dora@example.com", "password": PASSWORD, "name": "Dora"}
    made = await as_alice.ask("POST", "/users", dora)
    assert made.status_code == 201
    assert made.json()["email"] == "dora@example.com"
    assert "password" not in made.text.lower()
    assert (await as_alice.ask("POST", "/users", dora)).status_code == 409
    weak = await as_alice.ask("POST", "/users", {"email": "nope", "password": "short"})
    assert {error["field"] for error in weak.json()["errors"]} == {"email", "password"}
    path = f"/users/{made.json()['id']}"
    assert (await as_alice.ask("PATCH", path, {"isActive": False})).json()["isActive"] is False
    assert (await as_alice.ask("DELETE", path)).status_code == 204
    assert (await as_alice.ask("PATCH", path, {"name": "x"})).status_code == 404
    last = await as_alice.ask("DELETE", f"/users/{as_alice.user.id}")
    assert (last.status_code, last.json()["code"]) == (409, "conflict")


# Services and integrations


async def test_the_catalog(as_alice: Person) -> None:
    catalog = (await as_alice.ask("GET", "/providers")).json()
    by_type = {entry["type"]: entry for entry in catalog}
    assert {"discord", "telegram", "sendgrid", "http", "inbox"} <= set(by_type)
    for entry in catalog:
        expected = {"type", "name", "authType", "category", "configSchema", "actions", "triggers", "docsUrl"}
        assert expected <= set(entry), entry["type"]
        assert entry["authType"] in ("webhook", "api", "webhook_or_polling", "oauth2", "none")
        assert all({"name", "title", "parameters", "repeatable"} <= set(action) for action in entry["actions"])
    assert "webhookUrl" in by_type["discord"]["configSchema"]["properties"]


async def test_an_integration_from_beginning_to_end(as_alice: Person) -> None:
    made = await as_alice.connect("Production Alerts", "discord", webhookUrl=HOOK)
    assert set(made) == INTEGRATION
    assert made["authType"] == "webhook"
    assert made["status"] == "not_tested"
    assert made["config"]["webhookUrl"] == {"set": True, "hint": "…" + HOOK[-4:]}
    path = f"/integrations/{made['id']}"
    assert (await as_alice.ask("GET", path)).json() == made
    assert (await as_alice.ask("GET", "/integrations")).json() == {"items": [made], "nextCursor": None}
    assert (await as_alice.ask("GET", "/integrations?type=inbox")).json()["items"] == []
    assert (await as_alice.ask("GET", "/integrations?type=discord")).json()["items"] == [made]
    assert (await as_alice.ask("GET", "/integrations/connected")).json()["items"] == [made]
    renamed = (await as_alice.ask("PATCH", path, {"name": "Alerts", "isActive": False})).json()
    assert (renamed["name"], renamed["isActive"], renamed["status"]) == ("Alerts", False, "paused")
    assert renamed["config"] == made["config"]
    assert (await as_alice.ask("GET", "/integrations/connected")).json()["items"] == []
    health = (await as_alice.ask("GET", f"{path}/health")).json()
    assert health == {
        "status": "paused",
        "since": renamed["statusSince"],
        "whoActs": "nobody",
        "checks": [],
        "uptime": {"day": None, "week": None, "month": None},
        "incidents": [],
    }
    assert (await as_alice.ask("DELETE", path)).status_code == 204
    assert (await as_alice.ask("GET", path)).status_code == 404


async def test_a_secret_goes_in_and_never_comes_out(as_alice: Person) -> None:
    made = await as_alice.connect("Alerts", "discord", webhookUrl=HOOK)
    path = f"/integrations/{made['id']}"
    secret = HOOK.rpartition("/")[2]
    for method, where, body in (
        ("GET", path, None),
        ("GET", "/integrations", None),
        ("GET", "/integrations/connected", None),
        ("PATCH", path, {"name": "B"}),
        ("PATCH", path, {"config": {"webhookUrl": {"set": True}}}),
        ("PATCH", path, {"config": {"webhookUrl": HOOK + "!"}}),
        ("POST", "/integrations", {"type": "discord", "name": "", "config": {"webhookUrl": HOOK}}),
        ("POST", "/integrations", {"type": "telegram", "name": "x", "config": {"botToken": HOOK}}),
        ("GET", f"{path}/health", None),
    ):
        assert secret not in (await as_alice.ask(method, where, body)).text, (method, where)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "nonsense", "name": "x", "config": {}}, "type"),
        ({"type": "discord", "name": "", "config": {"webhookUrl": HOOK}}, "name"),
        ({"type": "discord", "name": "x" * 101, "config": {"webhookUrl": HOOK}}, "name"),
        ({"type": "discord", "name": "a\nb", "config": {"webhookUrl": HOOK}}, "name"),
        ({"type": "discord", "name": "x", "config": {}}, "webhookUrl"),
        ({"type": "discord", "name": "x", "config": {"webhookUrl": "http://example.com"}}, "webhookUrl"),
        ({"type": "discord", "name": "x", "config": {"webhookUrl": 5}}, "webhookUrl"),
        ({"type": "discord", "name": "x"}, "config"),
    ],
)
async def test_a_wrong_field_is_named(as_alice: Person, body: dict[str, Any], field: str) -> None:
    answer = await as_alice.ask("POST", "/integrations", body)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}, answer.text


async def test_a_test_is_an_answer_whatever_it_finds(as_alice: Person) -> None:
    shape = {"ok", "status", "account", "message", "hints", "latencyMs", "checkedAt"}
    made = await as_alice.connect()
    saved = await as_alice.ask("POST", f"/integrations/{made['id']}/test")
    assert (saved.status_code, saved.json()["ok"], set(saved.json())) == (200, True, shape)
    unsaved = await as_alice.ask("POST", "/integrations/test", {"type": "inbox", "config": {}})
    assert (unsaved.status_code, unsaved.json()["ok"]) == (200, True)
    async with service("404 Not Found", b'{"message": "Unknown Webhook", "code": 10015}') as address:
        config = {"webhookUrl": HOOK, "baseUrl": address}
        failed = await as_alice.ask("POST", "/integrations/test", {"type": "discord", "config": config})
    assert (failed.status_code, failed.json()["ok"], set(failed.json())) == (200, False, shape)
    assert "10015" in failed.json()["message"]
    assert failed.json()["hints"]
    assert (await as_alice.ask("POST", "/integrations/test", {"type": "discord", "config": {}})).status_code == 422


async def test_an_action_gives_its_output(as_alice: Person) -> None:
    made = await as_alice.connect()
    path = f"/integrations/{made['id']}/actions"
    answer = await as_alice.ask("POST", f"{path}/write", {"params": {"title": "Hello", "text": "one\ntwo"}})
    bare = await as_alice.ask("POST", f"{path}/write", {"title": "Hello again"})
    assert bare.status_code == 200
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"output"}
    assert (await as_alice.ask("POST", f"{path}/write", {"params": {"title": 5}})).status_code == 422
    assert (await as_alice.ask("POST", f"{path}/nonsense", {"params": {}})).status_code == 404


async def test_a_service_that_refuses_is_named_as_the_one_who_did(as_alice: Person) -> None:
    async with service("400 Bad Request", b'{"message": "Cannot send an empty message", "code": 50006}') as address:
        made = await as_alice.connect("Alerts", "discord", webhookUrl=HOOK, baseUrl=address)
        path = f"/integrations/{made['id']}/actions/send_message"
        answer = await as_alice.ask("POST", path, {"params": {"content": "x"}})
    assert (answer.status_code, answer.json()["code"]) == (502, "provider_rejected"), answer.text
    assert "50006" in answer.json()["detail"]


async def test_a_service_that_asks_to_wait_says_when_to_come_back(as_alice: Person) -> None:
    async with service("429 Too Many Requests", b'{"message": "Slow down.", "retry_after": 6.2}') as to:
        made = await as_alice.connect("Alerts", "discord", webhookUrl=HOOK, baseUrl=to)
        path = f"/integrations/{made['id']}/actions/send_message"
        answer = await as_alice.ask("POST", path, {"params": {"content": "x"}})
    assert (answer.status_code, answer.headers["retry-after"]) == (502, "7"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hints"] == ["It was not sent. Send it again in 7 s."]


async def test_what_we_refuse_to_send_is_the_callers_mistake(as_alice: Person) -> None:
    made = await as_alice.connect("Any", "http")
    path = f"/integrations/{made['id']}/actions/request"
    answer = await as_alice.ask("POST", path, {"params": {"method": "GET", "url": "http://169.254.169.254/latest"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "net.private"), answer.text
    assert answer.json()["status"] == 422


@asynccontextmanager
async def service(status: str, body: bytes) -> AsyncIterator[str]:
    """A service on a real socket that gives one answer to everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(lengths[0]) if lengths else 0)
        start = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(start.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


# Lists


async def test_lists_come_in_parts_and_lose_nothing(as_alice: Person) -> None:
    made = [(await as_alice.connect(f"Notes {number}"))["id"] for number in range(5)]
    first = (await as_alice.ask("GET", "/integrations?limit=2")).json()
    assert [item["id"] for item in first["items"]] == made[:2]
    await as_alice.ask("DELETE", f"/integrations/{made[1]}")  # the last one seen
    await as_alice.connect("Notes 5")
    seen, cursor = [], first["nextCursor"]
    while cursor:
        part = (await as_alice.ask("GET", f"/integrations?limit=2&cursor={cursor}")).json()
        seen += [item["name"] for item in part["items"]]
        cursor = part["nextCursor"]
    assert seen == ["Notes 2", "Notes 3", "Notes 4", "Notes 5"]


# In the browser


async def test_a_browser_signs_in_with_a_cookie(rest: httpx.AsyncClient, alice: User) -> None:
    answer = await rest.post("/session", json=ALICE)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    for part in ("streamline_session=", "httponly", "samesite=lax", "path=/", "max-age="):
        assert part in cookie
    assert "secure" not in cookie
    first = sessions.visitor(rest.cookies[sessions.COOKIE])
    assert first is not None
    await rest.post("/session", json=ALICE)
    second = sessions.visitor(rest.cookies[sessions.COOKIE])
    assert second is not None
    assert second.session_id != first.session_id  # a new id at each sign-in, and the old one is over
    assert not sessions.living([first.session_id])
    ended = await rest.delete("/session")
    assert ended.status_code == 204
    assert 'streamline_session=""' in ended.headers["set-cookie"]
    assert not sessions.living([second.session_id])
    assert (await rest.delete("/session")).status_code == 204


async def test_over_https_the_cookie_stays_there(rest: httpx.AsyncClient, alice: User) -> None:
    answer = await rest.post("https://hub/session", json=ALICE)
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_browser_makes_the_first_account(rest: httpx.AsyncClient) -> None:
    weak = await rest.post("/session/setup", json={"email": "alice@example.com", "password": "password123"})
    assert weak.status_code == 422
    assert weak.json()["errors"][0]["field"] == "password"
    assert "set-cookie" not in weak.headers
    made = await rest.post("/session/setup", json=ALICE)
    assert made.status_code == 201
    assert sessions.visitor(rest.cookies[sessions.COOKIE]) is not None
    assert (await rest.post("/session/setup", json=ALICE)).status_code == 409


async def test_a_browser_waits_after_five_wrong_passwords_too(rest: httpx.AsyncClient, alice: User) -> None:
    for _ in range(5):
        assert (await rest.post("/session", json=ALICE | {"password": "wrong"})).status_code == 401
    answer = await rest.post("/session", json=ALICE)
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    assert "set-cookie" not in answer.headers


# Operations


async def test_health_needs_no_database_and_readiness_does(
    rest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(operations.checks, "scheduler", lambda: None)
    assert (await rest.get("/readyz")).json() == {"status": "ready", "reasons": []}
    monkeypatch.setitem(operations.checks, "scheduler", lambda: "the scheduler is not running")
    answer = await rest.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["the scheduler is not running"])
    db.dispose()
    answer = await rest.get("/readyz")
    assert answer.json()["reasons"] == ["the database does not answer", "the scheduler is not running"]
    assert (await rest.get("/healthz")).json() == {"status": "ok"}


async def test_a_check_that_breaks_or_hangs_is_a_reason(
    rest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> str | None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(operations, "checks", {"clock": break_down})
    answer = await rest.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["clock cannot be checked"])
