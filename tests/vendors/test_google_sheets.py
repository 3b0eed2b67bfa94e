"""Our calls to Google Sheets, and our stand-in's answers, judged by Google's own description, and the judge himself.

The description is Google's discovery document in Swagger's form, `sheets.json` in the folder STREAMLINE_DESCRIPTIONS.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui import sandbox
from streamline_ui.net import egress
from streamline_ui.providers import formats, named
from streamline_ui.providers.google_sheets import SCOPE, sheets
from streamline_ui.providers.opening import opened
from streamline_ui.sandbox import google_sheets
from tests.conftest import serving
from tests.providers.conftest import Desk
from tests.vendors.swagger import Description, Judge

FILE = Path(os.environ.get("STREAMLINE_DESCRIPTIONS", "")) / "sheets.json"
NAMES = "/v4/spreadsheets"
ROW = [["1002", "Bob", 7, True, None]]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("append_row", {"range": "Orders", "values": ROW}),
    ("append_row", {"range": "Orders!A1:E1", "values": ROW, "valueInput": "USER_ENTERED"}),
    ("update_range", {"range": "Orders!A2:C2", "values": [["1001", "Ann", ""]]}),
    ("read_range", {"range": "Orders"}),
    ("read_range", {"range": "Orders!A2:C2", "rendered": "UNFORMATTED_VALUE"}),
    ("read_range", {"range": "Orders!A1:C2", "rendered": "FORMULA"}),
]
SMALL = Description(
    {
        "paths": {
            "/files/{id}": {
                "parameters": [{"$ref": "#/parameters/fields"}],
                "get": {"responses": {"200": {"schema": {"$ref": "#/definitions/File"}}}},
            },
            "/files/{id}:copy": {
                "post": {
                    "parameters": [
                        {"name": "mode", "in": "query", "required": True, "enum": ["DEEP", "FLAT"]},
                        {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/File"}},
                    ],
                    "responses": {},
                }
            },
        },
        "parameters": {"fields": {"name": "fields", "in": "query", "type": "string"}},
        "definitions": {
            "File": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "size": {"type": "integer"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            }
        },
    }
)


@pytest.mark.parametrize(
    ("method", "target", "body", "said"),
    [
        ("GET", "/files/a%2Fb?fields=name", "", []),
        ("GET", "/files/1?field=name", "", ["query field is not described"]),
        ("GET", "/folders/1", "", ["GET /folders/1 is not described"]),
        ("DELETE", "/files/1", "", ["DELETE /files/1 is not described"]),
        ("GET", "/files/1", "{}", ["a body is sent where none is described"]),
        ("POST", "/files/1:copy?mode=DEEP", '{"name": "x", "tags": ["a"]}', []),
        ("POST", "/files/1:copy", '{"name": "x"}', ["query mode is missing"]),
        ("POST", "/files/1:copy?mode=deep", '{"name": "x"}', ["query mode is none of DEEP, FLAT"]),
        ("POST", "/files/1:copy?mode=FLAT", '{"size": true}', ["body.size is no integer", "body.name is missing"]),
        ("POST", "/files/1:copy?mode=FLAT", '{"name": "x", "tags": ["a", 1]}', ["body.tags.1 is no string"]),
        ("POST", "/files/1:copy?mode=FLAT", '{"name": "x", "owner": "y"}', ["body.owner is not described"]),
        ("POST", "/files/1:copy?mode=FLAT", "[]", ["body is no object"]),
    ],
)
def test_the_judge_finds_what_is_not_described(method: str, target: str, body: str, said: list[str]) -> None:
    assert list(SMALL.of_call(method, target, body.encode())) == said


def test_the_judge_looks_at_answers() -> None:
    assert list(SMALL.of_answer("GET", "/files/1", 200, b'{"name": "x", "size": "big"}')) == [
        "answer.size is no integer"
    ]
    assert list(SMALL.of_answer("GET", "/files/1", 404, b'{"error": 1}')) == []


@pytest.mark.skipif(not FILE.is_file(), reason="STREAMLINE_DESCRIPTIONS names no folder with sheets.json")
async def test_calls_and_answers_are_as_published() -> None:
    sandbox.forget()
    provider, description = named("google_sheets"), Description(json.loads(FILE.read_text()))
    judge = Judge(Starlette(routes=google_sheets.routes), description, NAMES)
    egress.start(allow=("127.0.0.1",), own=(), sandbox=True)
    try:
        async with serving(Starlette(routes=[Mount("/", judge)])) as url:
            values = {**sandbox.DEMO["google_sheets"], "baseUrl": url, "oauthBaseUrl": url}
            async with opened(provider, formats.read(provider.config, values), Desk()) as account:
                await _everything(account)
    finally:
        await egress.stop()
        sandbox.forget()
    assert sorted(judge.said) == []
    assert len(judge.calls) == len(CALLS) + 3, judge.calls


async def _everything(account: Any) -> None:
    provider, at = named("google_sheets"), google_sheets.DEMO_SHEET
    assert provider.checker is not None
    assert (await provider.checker(account)).message
    assert await sheets(account, at)
    for action, params in CALLS:
        assert await provider.actions[action].run(account, {"spreadsheetId": at, **params})
    assert (await provider.feeds["rows"].poll(account, "", {"spreadsheetId": at, "sheet": "Orders"})).cursor


@pytest.mark.skipif(not FILE.is_file(), reason="STREAMLINE_DESCRIPTIONS names no folder with sheets.json")
def test_the_scope_that_is_asked_for_allows_every_call() -> None:
    description = Description(json.loads(FILE.read_text()))
    for method, path in (
        ("GET", "/x"),
        ("GET", "/x/values/A1"),
        ("PUT", "/x/values/A1"),
        ("POST", "/x/values/A:append"),
    ):
        found = description.operation(method, NAMES + path)
        assert found is not None
        assert any(SCOPE in scopes for each in found[0]["security"] for scopes in each.values()), path
