"""Google Sheets: rows in, rows out, new rows told, and what Google says when it refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from streamline_ui.errors import AuthFailed, Rejected, StreamlineError, Unavailable
from streamline_ui.providers import formats, meanings, named
from streamline_ui.providers.google_sheets import sheets
from streamline_ui.providers.google_sheets_facts import quoted
from streamline_ui.sandbox import google_sheets as stand_in
from streamline_ui.sandbox.google_sheets import DEMO_SHEET

from .conftest import Connect

provider = named("google_sheets")
LINK = f"https://docs.google.com/spreadsheets/d/{DEMO_SHEET}/edit?gid=0#gid=0"


async def run(account: Any, action: str, **values: Any) -> dict[str, Any]:
    return await provider.actions[action].run(account, {"spreadsheetId": DEMO_SHEET, **values})


async def test_check(connect: Connect) -> None:
    account = await connect("google_sheets")
    assert provider.checker is not None
    assert (await provider.checker(account)).message == "Connected to Google Sheets."


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ([["1002", "Bob", 7]], [["1002", "Bob", 7]]),
        (["1002", "Bob", None], [["1002", "Bob", None]]),
        ('[["a"], ["b", true]]', [["a"], ["b", True]]),
        ({"Order": "1002", "Customer": {"name": "Bob"}}, [["1002", '{"name": "Bob"}']]),
        ([["=IMPORTXML(1)"]], [["=IMPORTXML(1)"]]),
    ],
)
async def test_append(connect: Connect, values: Any, rows: list[Any]) -> None:
    account = await connect("google_sheets")
    done = await run(account, "append_row", spreadsheetId=LINK, range="Orders", values=values)
    assert done["updatedRows"] == len(rows)
    assert stand_in.desk.arrived[-1].data["values"] == rows
    found = await run(account, "read_range", range="Orders!A3:C9", rendered="FORMULA")
    assert found["values"][0][0] == rows[0][0]  # written as it is: no formula runs


async def test_read_and_change(connect: Connect) -> None:
    account = await connect("google_sheets")
    found = await run(account, "read_range", range="Orders!A1:C2")
    assert found == {
        "range": "Orders!A1:C2",
        "values": [["Order", "Customer", "Total"], ["1001", "Alice", "12.5"]],
        "rows": 2,
    }
    plain = await run(account, "read_range", range="Orders!C2", rendered="UNFORMATTED_VALUE")
    assert plain["values"] == [[12.5]]
    assert (await run(account, "read_range", range="'Notes & ideas'"))["values"] == []
    done = await run(account, "update_range", range="Orders!B2:C2", values=["Alicia", None])
    assert done["updatedRange"] == "Orders!B2:C2"
    again = await run(account, "read_range", range="Orders!A2:C2")
    assert again["values"] == [["1001", "Alicia", "12.5"]]
    await run(account, "update_range", range="Orders!C2", values=[["7"]], valueInput="USER_ENTERED")
    typed = await run(account, "read_range", range="Orders!C2", rendered="UNFORMATTED_VALUE")
    assert typed["values"] == [[7]]


async def test_sheets_are_offered(connect: Connect) -> None:
    account = await connect("google_sheets")
    assert list(await sheets(account, DEMO_SHEET)) == [("Orders", "Orders"), ("'Notes & ideas'", "Notes & ideas")]
    assert (quoted("A1"), quoted("Bob's")) == ("'A1'", "'Bob''s'")


@pytest.mark.parametrize("values", ["no JSON", 5, [["x" * 50_001]], [[]] * 10_001, [["a"], "b"]])
async def test_rows_that_cannot_be_written(connect: Connect, values: Any) -> None:
    account = await connect("google_sheets")
    with pytest.raises(ValidationError) as refused:
        await run(account, "append_row", range="Orders", values=values)
    assert all(text.endswith(".") for text in formats.sentences(refused.value).values())
    assert not stand_in.desk.arrived


async def poll(account: Any, cursor: str, **values: Any) -> tuple[list[Any], str, bool]:
    asked = {"spreadsheetId": DEMO_SHEET, "sheet": "Orders", **values}
    page = await provider.feeds["rows"].poll(account, cursor, asked)
    return [event.data["row_added"] for event in page.events], page.cursor, page.more


async def test_new_rows_are_told(connect: Connect) -> None:
    account = await connect("google_sheets")
    told, cursor, more = await poll(account, "")
    fields = {"Order": "1001", "Customer": "Alice", "Total": "12.5"}
    assert told == [{"row": 2, "values": ["1001", "Alice", "12.5"], "fields": fields}]
    assert not more
    assert (await poll(account, cursor))[:2] == ([], cursor)
    stand_in.add_row("1002", "Bob")
    stand_in.add_row("1003", "Charlie", 9)
    told, cursor, _ = await poll(account, cursor)
    assert [row["values"][0] for row in told] == ["1002", "1003"]
    assert (await poll(account, cursor))[0] == []


async def test_rows_that_move_are_not_new(connect: Connect) -> None:
    account = await connect("google_sheets")
    for number in range(1002, 1010):
        stand_in.add_row(str(number))
    _, cursor, _ = await poll(account, "")
    rows = stand_in._sheets["Orders"]
    del rows[2:5]  # somebody tidies up above
    stand_in.add_row("1010")
    told, cursor, _ = await poll(account, cursor)
    assert [row["values"] for row in told] == [["1010"]]
    rows.insert(1, ["999", "inserted"])
    stand_in.add_row("1011")
    told, cursor, _ = await poll(account, cursor)
    assert [row["values"] for row in told] == [["1011"]]
    del rows[:]
    told, cursor, _ = await poll(account, cursor)
    assert told == []
    rows += [["Order"], ["2001"]]
    assert [row["values"] for row in (await poll(account, cursor))[0]] == [["2001"]]


async def test_many_rows_come_in_pages(connect: Connect) -> None:
    account = await connect("google_sheets")
    for number in range(1200):
        stand_in.add_row(str(number))
    cursor, told, more, pages = "", [], True, 0
    while more:
        found, cursor, more = await poll(account, cursor)
        told += found
        pages += 1
    assert (len(told), pages) == (1201, 3)
    assert len({row["row"] for row in told}) == 1201


def google(status: int, name: str, text: str, reason: str = "") -> httpx.Response:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    error = {"code": status, "message": text, "status": name, "details": details}
    request = httpx.Request("GET", "https://sheets.googleapis.com/v4/spreadsheets/x")
    return httpx.Response(status, json={"error": error}, request=request)


ROWS = [
    (google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."), AuthFailed,
     "Google no longer takes the sign-in (401, UNAUTHENTICATED).", "Sign in again."),
    (google(403, "PERMISSION_DENIED", "The caller does not have permission"), Rejected,
     "This Google account may not open the spreadsheet (403, PERMISSION_DENIED).", "Share it"),
    (google(403, "PERMISSION_DENIED", "Google Sheets API has not been used in project 123 before or it is disabled."),
     Rejected, "The Google Sheets API is switched off", "enable Google Sheets API"),
    (google(403, "PERMISSION_DENIED", "x", "SERVICE_DISABLED"), Rejected, "The Google Sheets API is switched off",
     "Library"),
    (google(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes."), AuthFailed,
     "Google was not allowed to let Streamline edit spreadsheets", "ticked"),
    (google(404, "NOT_FOUND", "Requested entity was not found."), Rejected,
     "Google has no spreadsheet with this ID (404, NOT_FOUND).", "paste it whole"),
    (google(400, "INVALID_ARGUMENT", "Unable to parse range: Class Data!A2:E"), Rejected,
     "Google does not understand the range (400, INVALID_ARGUMENT).", "Orders!A1:C1"),
    (google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'"), Unavailable,
     "Google's limit for this minute is used up (429, RESOURCE_EXHAUSTED).", "within a minute"),
    (google(503, "UNAVAILABLE", "The service is currently unavailable."), Unavailable, "Google is busy", "again"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "message", "hint"), ROWS, ids=range(len(ROWS)))
def test_what_google_says(answer: httpx.Response, kind: type[StreamlineError], message: str, hint: str) -> None:
    error = meanings.translate(answer, service="Google Sheets", meanings=provider.meanings, problem=provider.problem)
    assert type(error) is kind
    assert error.message.startswith(message), error.message
    assert hint in " ".join(error.hints)


@pytest.mark.parametrize(
    ("sheet", "message"),
    [("1Unknown" + "0" * 30, "Google has no spreadsheet"), ("1private" + "0" * 30, "This Google account may not open")],
)
async def test_the_stand_in_refuses_alike(connect: Connect, sheet: str, message: str) -> None:
    account = await connect("google_sheets")
    with pytest.raises(Rejected, match=message):
        await run(account, "read_range", spreadsheetId=sheet, range="Orders")
    with pytest.raises(Rejected, match="does not understand the range"):
        await run(account, "read_range", range="Nowhere!A1")
