"""The rules of the Airtable stand-in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from streamline_ui.sandbox import airtable
from streamline_ui.sandbox.grids import BASE

from .conftest import AIRTABLE

TASKS = f"airtable/v0/{BASE}/Tasks"


async def ask(box: httpx.AsyncClient, method: str = "GET", path: str = TASKS, **options: Any) -> httpx.Response:
    return await box.request(method, path, headers=AIRTABLE, **options)


async def test_a_sixth_request_within_a_second_locks_the_base_for_thirty_seconds(
    box: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(airtable, "monotonic", lambda: now[0])
    monkeypatch.setattr("streamline_ui.sandbox.state.monotonic", lambda: now[0])
    assert [(await ask(box)).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    refused = await ask(box)
    assert refused.json()["errors"][0]["error"] == "RATE_LIMIT_REACHED"
    assert "retry-after" not in refused.headers
    now[0] += 29.0
    assert (await ask(box)).status_code == 429
    assert (await ask(box, path="airtable/v0/meta/whoami")).status_code == 200  # the lock is the base's alone
    now[0] += 1.1
    assert (await ask(box)).status_code == 200


async def test_pages_and_limits(box: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airtable, "LIMIT", 100)
    await box.post("airtable/_say", json={"count": 120, "fields": {"Name": "More"}})
    first = (await ask(box, params={"pageSize": 100})).json()
    second = (await ask(box, params={"pageSize": 100, "offset": first["offset"]})).json()
    assert (len(first["records"]), len(second["records"])) == (100, 22)
    assert "offset" not in second
    again = await ask(box, params={"offset": first["offset"]})
    assert (again.status_code, again.json()["error"]["type"]) == (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
    assert (await ask(box, params={"pageSize": 101})).status_code == 422
    eleven = [{"fields": {"Name": "x"}}] * 11
    assert (await ask(box, "POST", json={"records": eleven})).status_code == 422
    assert (await ask(box, params={"filterByFormula": "x" * 17_000})).status_code == 414


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("{Name} = 'Call Ann'", ["Call Ann"]),
        ('NOT({Name} = "Call Ann")', ["Order paper"]),
        ("{Amount} >= 12", ["Order paper"]),
        ("OR({Status} = 'Done', {Amount} < 3)", ["Call Ann"]),
        ("IS_AFTER(CREATED_TIME(), '2020-01-01T00:00:00.000Z')", ["Order paper", "Call Ann"]),
        ("IS_BEFORE(CREATED_TIME(), '2020-01-01T00:00:00.000Z')", []),
        ("{Name} = 'It\\'s'", []),
    ],
)
async def test_formulas(box: httpx.AsyncClient, formula: str, names: list[str]) -> None:
    answer = await ask(box, params={"filterByFormula": formula})
    assert [record["fields"]["Name"] for record in answer.json()["records"]] == names


@pytest.mark.parametrize(
    "formula",
    ["{Nobody} = 1", "NOT(", "IS_AFTER(CREATED_TIME(), 'soon')", "1 2", "§", "AND()", "(" * 5000, "NOT(" * 5000],
)  # fmt: skip
async def test_formulas_that_cannot_be_read(box: httpx.AsyncClient, formula: str) -> None:
    answer = await ask(box, "POST", f"{TASKS}/listRecords", json={"filterByFormula": formula})
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_FILTER_BY_FORMULA")


async def test_a_record_is_read_replaced_and_deleted(box: httpx.AsyncClient) -> None:
    made = (await ask(box, "POST", json={"fields": {"Name": "x", "Amount": 1}})).json()
    place = f"{TASKS}/{made['id']}"
    assert (await ask(box, path=place)).json() == made
    assert (await ask(box, "PUT", place, json={"fields": {"Name": "y"}})).json()["fields"] == {"Name": "y"}
    assert (await ask(box, "DELETE", place)).json() == {"id": made["id"], "deleted": True}
    assert (await ask(box, path=place)).json() == {"error": "NOT_FOUND"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"Nam": "x"}, "UNKNOWN_FIELD_NAME"),
        ({"Amount": "12"}, "INVALID_VALUE_FOR_COLUMN"),
        ({"Status": "Urgent"}, "INVALID_MULTIPLE_CHOICE_OPTIONS"),
    ],
)
async def test_values_are_checked_and_typecast_helps(box: httpx.AsyncClient, fields: dict[str, Any], kind: str) -> None:
    answer = await ask(box, "POST", json={"fields": fields})
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, kind)
    cast = await ask(box, "POST", json={"fields": fields, "typecast": True})
    assert cast.status_code == (422 if "Nam" in fields else 200)
