"""What others send: nothing leads to a bare 500, and nothing that was refused comes back."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from pydantic import ValidationError

from streamline_ui.access import limits
from streamline_ui.api import reading
from streamline_ui.api.bodies import NewToken, SignIn
from streamline_ui.api.problems import BadBody
from streamline_ui.errors import Invalid
from tests.api.conftest import Person
from tests.api.table import BODY_MAY_BE_MISSING, OPEN, ROUTES, WITH_BODY, fill

JSON = "application/json"
KINDS = ("integrations", "workflows", "executions")
CANARY = "cnry-4f1d9b-do-not-repeat"
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000

HOSTILE: dict[str, tuple[bytes, str, tuple[int, ...]]] = {
    "empty": (b"", JSON, (400,)),
    "blank": (b"  \n ", JSON, (400,)),
    "cut off": (b'{"name": "a', JSON, (400,)),
    "bad UTF-8": (b'{"name": "\xff\xfe"}', JSON, (400,)),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "application/json; charset=utf-16", (400,)),
    "byte order mark": (b'\xef\xbb\xbf{"name": "a"}', JSON, (400,)),
    "half a character": (b'{"name": "\\ud800"}', JSON, (400,)),
    "half a character in a name": (b'{"\\udc00": 1}', JSON, (400,)),
    "100k deep lists": (b"[" * 100_000, JSON, (400,)),
    "100k deep objects": (DEEP, JSON, (400,)),
    "65 deep": (b'{"config":' + b"[" * 64 + b"]" * 64 + b"}", JSON, (400,)),
    "NaN": (b'{"name": NaN}', JSON, (400,)),
    "Infinity": (b'{"name": -Infinity}', JSON, (400,)),
    "5,000 digits": (b'{"name": ' + b"1" * 5000 + b"}", JSON, (400,)),
    "2 to the 63": (b'{"name": 9223372036854775808}', JSON, (422,)),
    "2 to the 64": (b'{"name": 18446744073709551616}', JSON, (422,)),
    "minus 2 to the 70": (b'{"name": -1180591620717411303424}', JSON, (422,)),
    "1e400": (b'{"name": 1e400}', JSON, (400,)),
    "NUL": (b'{"name": "a\\u0000b", "params": {"title": "\\u0000"}}', JSON, (422,)),
    "escape": (b'{"name": "a\\u001b[31mred"}', JSON, (422,)),
    "NUL in a name": (b'{"a\\u0000b": 1}', JSON, (422,)),
    "list": (b'[{"name": "a"}]', JSON, (422,)),
    "empty list": (b"[]", JSON, (422,)),
    "text": (b'"name"', JSON, (422,)),
    "number": (b"1", JSON, (422,)),
    "null": (b"null", JSON, (422,)),
    "unknown field": (b'{"__class__": {"__init__": 1}}', JSON, (422,)),
    "numbers for text": (b'{"name": 1, "email": 1, "password": 1, "type": 1, "config": 1, "params": 1}', JSON, (422,)),
    "objects for text": (b'{"name": {}, "email": [], "password": {}, "type": {}, "params": []}', JSON, (422,)),
    "text for truth": (b'{"isActive": "true", "isAdmin": 1, "scopes": "read", "params": "x"}', JSON, (422,)),
    "1 MB of text": (b'{"name": "' + b"a" * 900_000 + b'"}', JSON, (422,)),
    "form": (b"name=a&email=b", "application/x-www-form-urlencoded", (415,)),
    "multipart": (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", (415,)),
    "JSON as text": (b'{"name": "a"}', "text/plain", (415,)),
    "XML": (b"<a/>", "application/xml", (415,)),
    "no type": (b'{"name": "a"}', "", (415,)),
    "odd type": (b'{"name": "a"}', "application/json-but-not-really", (415,)),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_bodies_are_refused_everywhere(as_alice: Person, kind: str) -> None:
    content, media_type, expected = HOSTILE[kind]
    owned = await as_alice.own()
    before = [(await as_alice.ask("GET", f"/{kind}/{owned[kind]}")).json() for kind in KINDS]
    wrong = []
    for method, path in WITH_BODY:
        if kind == "empty" and path in BODY_MAY_BE_MISSING:
            continue
        headers = {"Content-Type": media_type} if media_type else {}
        answer = await as_alice.ask(method, fill(path, owned), content=content, headers=headers)
        is_problem = answer.headers.get("content-type") == "application/problem+json"
        if answer.status_code not in expected or not is_problem or answer.headers["cache-control"] != "no-store":
            wrong.append((method, path, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert len(WITH_BODY) >= 10
    assert [(await as_alice.ask("GET", f"/{kind}/{owned[kind]}")).json() for kind in KINDS] == before


OF_OTHER_SERVICES = ("/oauth/authorize", "/switch-to-polling")


async def test_bodies_where_none_is_expected_are_ignored(as_alice: Person) -> None:
    owned = await as_alice.own()
    without = [(m, p) for m, p, operation in ROUTES if m == "POST" and "requestBody" not in operation and "{id}" in p]
    for method, path in without:
        answer = await as_alice.ask(method, fill(path, owned), content=DEEP, headers={"Content-Type": JSON})
        if path.endswith(OF_OTHER_SERVICES):
            assert answer.json()["code"] == "invalid", (path, answer.text)  # for what it is asked, not for the body
            continue
        assert answer.status_code in (200, 202), (path, answer.text)
    assert without


async def test_duplicate_names_and_charset_are_fine(as_alice: Person) -> None:
    headers = {"Content-Type": 'application/json; charset="utf-8"'}
    answer = await as_alice.ask("PATCH", "/me", content=b'{"name": "A", "name": "B"}', headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (200, "B")
    headers = {"Content-Type": "application/vnd.api+json"}
    assert (await as_alice.ask("PATCH", "/me", content=b'{"name": "C"}', headers=headers)).status_code == 200
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    assert (await as_alice.ask("PATCH", "/me", content=b'{"name": "C"}', headers=headers)).status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        {"email": CANARY, "password": CANARY, "name": CANARY * 100, "type": CANARY, "config": CANARY, "params": CANARY},
        {"email": [CANARY], "password": {CANARY: CANARY}, "name": {CANARY: 1}, "scopes": [CANARY], "theme": CANARY},
        {"name": f"{CANARY}\x00", "expiresAt": CANARY, "isActive": CANARY, "isAdmin": CANARY, "currentPassword": 1},
        {CANARY: CANARY, "config": {CANARY: f"\x00{CANARY}"}},
        {"type": "discord", "name": "a", "config": {"webhookUrl": f"https://{CANARY}/"}, "setupToken": CANARY},
        {"type": "discord", "name": "a", "config": {"webhookUrl": {"x": CANARY}, "other": CANARY}},
        {"type": "sendgrid", "name": "a", "config": {"apiKeys": {"apiKey": CANARY, "fromEmail": CANARY}}},
    ],
)
async def test_a_refusal_repeats_nothing_of_what_was_sent(as_alice: Person, body: dict[str, Any]) -> None:
    owned = await as_alice.own()
    repeated = []
    for method, path in WITH_BODY:
        content = orjson.dumps(body)
        answer = await as_alice.ask(method, fill(path, owned), content=content, headers={"Content-Type": JSON})
        if CANARY in answer.text or CANARY in str(answer.headers) or answer.status_code >= 500:
            repeated.append((method, path, answer.status_code, answer.text))
    assert repeated == []


async def test_a_refusal_names_the_fields(as_alice: Person) -> None:
    answer = await as_alice.ask("POST", "/tokens", {"scopes": ["read", "all"], "expiresAt": 5, "nmae": "x"})
    assert answer.status_code == 422
    problem = answer.json()
    assert {error["field"] for error in problem["errors"]} == {"name", "scopes.1", "expiresAt", ""}
    assert all(error["message"].endswith(".") for error in problem["errors"])
    assert problem["hints"] == ["Known here are: name, scopes, expiresAt."]
    assert problem["type"] == "/api/docs#invalid"


@pytest.mark.parametrize(
    "time",
    [
        "2030-01-01",
        "2030-01-01T00:00:00",
        "tomorrow",
        "",
        "1e9",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+14:00",
    ],
)
async def test_times_that_are_none_are_refused(as_alice: Person, time: str) -> None:
    answer = await as_alice.ask("POST", "/tokens", {"name": "x", "expiresAt": time})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["expiresAt"]


async def test_a_time_in_any_zone_comes_back_in_utc(as_alice: Person) -> None:
    answer = await as_alice.ask("POST", "/tokens", {"name": "x", "expiresAt": "2130-01-01T02:00:00+02:00"})
    assert answer.json()["expiresAt"] == "2130-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1e9",
        "limit=" + "9" * 5000,
        "cursor=x",
        "cursor=%00",
        "cursor=" + "x" * 500,
    ],
)
async def test_queries_that_make_no_sense_are_refused(as_alice: Person, query: str) -> None:
    workflow = (await as_alice.draw())["id"]
    lists = ("/integrations", "/integrations/connected", "/tokens", "/users", "/workflows", "/executions")
    for path in (*lists, f"/workflows/{workflow}/requests", f"/workflows/{workflow}/versions"):
        answer = await as_alice.ask("GET", f"{path}?{query}")
        assert answer.status_code == 422, (path, answer.text)
        assert answer.json()["errors"][0]["field"] in ("limit", "cursor")


async def test_the_framework_speaks_as_we_do(as_alice: Person) -> None:
    nowhere = await as_alice.ask("GET", "/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    wrong_method = await as_alice.ask("PUT", "/integrations/x")
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")
    assert wrong_method.headers["allow"] == "DELETE, GET, PATCH"
    for answer in (nowhere, wrong_method):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"


async def test_what_nobody_has_foreseen_is_told_to_the_log_only(
    as_alice: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("streamline_ui.integrations.connections.all_of", break_down)
    answer = await as_alice.ask("GET", "/integrations")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert CANARY not in answer.text
    assert answer.json()["requestId"] in caplog.text


async def test_open_routes_survive_the_same(rest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FREE_ATTEMPTS", 10**6)
    posts = [f"/api{path}" for method, path in OPEN if method == "POST"] + ["/session", "/session/setup"]
    for kind, (content, media_type, expected) in HOSTILE.items():
        for path in posts:
            headers = {"Content-Type": media_type} if media_type else {}
            answer = await rest.post(path, content=content, headers=headers)
            assert answer.status_code in expected, (kind, path, answer.text[:200])
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["cache-control"] == "no-store"


def test_64_levels_are_read_and_65_are_not() -> None:
    assert reading.parse(b"[" * 64 + b"]" * 64)
    with pytest.raises(BadBody):
        reading.parse(b"[" * 65 + b"]" * 65)


def test_the_largest_numbers_are_read() -> None:
    assert reading.parse(b"[9223372036854775807, -9223372036854775808, 1.5, true]")
    with pytest.raises(Invalid):
        reading.parse(b"[-18446744073709551616]")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b'{"name": "\xff"}', "The body is not UTF-8."),
        (b'{"name": }', "The body is not valid JSON (near character 9)."),
    ],
)
def test_a_body_that_cannot_be_read_says_why(raw: bytes, sentence: str) -> None:
    with pytest.raises(BadBody) as caught:
        reading.parse(raw)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (
            {"email": "a@example.com", "password": "x" * 1001},
            "password",
            "This is too long; 1000 characters are the most.",
        ),
        ({"name": ""}, "name", "This is missing."),
    ],
)
def test_limits_are_said_in_what_they_count(body: dict[str, Any], field: str, sentence: str) -> None:
    model = SignIn if "email" in body else NewToken
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    assert reading.invalid(caught.value.errors(), model, skip=0).fields == {field: sentence}


def test_line_breaks_and_tabs_are_no_control_characters() -> None:
    assert reading.parse(b'{"text": "one\\n\\ttwo\\r\\n"}') == {"text": "one\n\ttwo\r\n"}
