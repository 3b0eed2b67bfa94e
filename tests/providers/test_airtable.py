"""Airtable, against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.net import pace
from streamline_ui.providers import airtable_schema, formats, meanings, named
from streamline_ui.providers.airtable import base_url, check
from streamline_ui.providers.describe import Connection, Page
from streamline_ui.sandbox import airtable as stand_in
from streamline_ui.sandbox import grids
from streamline_ui.sandbox.grids import BASE, PEOPLE, TASKS

from .conftest import Connect, answering

TOKEN = "pat" + "A" * 14 + "." + "0a" * 32
HERE = {"baseId": BASE, "table": TASKS}
Arrivals = Callable[[str], list[Any]]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "LIMIT", 1000)


async def run(connection: Connection[Any], action: str, **values: Any) -> dict[str, Any]:
    return await named("airtable").actions[action].run(connection, {**HERE, **values})


async def poll(connection: Connection[Any], cursor: str, **values: Any) -> Page:
    feed = named("airtable").feed("record_created")
    assert feed is not None
    return await feed.poll(connection, cursor, {**HERE, **values})


async def whole(connection: Connection[Any], cursor: str) -> tuple[list[str], str]:
    """All that a poll finds, with its further pages, and the cursor after it."""
    found: list[str] = []
    while True:
        page = await poll(connection, cursor)
        found += [event.id for event in page.events]
        cursor = page.cursor
        if not page.more:
            return found, cursor


@pytest.mark.parametrize(
    "values",
    [
        {"apiKeys": {"accessToken": TOKEN}},
        {"apiKeys": {"apiKey": TOKEN}},
        {"accessToken": TOKEN},
        {"apiKey": f" Bearer {TOKEN}"},
        {"apiKeys": {"accessToken": "patBBBBBBBBBBBBBB." + "1" * 64, "apiKey": TOKEN}},
    ],
)
def test_both_names_of_the_token(values: dict[str, Any]) -> None:
    config = formats.read(named("airtable").config, values)
    assert formats.plain(config) == {"apiKeys": {"accessToken": TOKEN}}
    assert formats.doubts(config) == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("key" + "A" * 14, "no longer accepts API keys"),
        ("pat" + "A" * 14, "only the token's ID"),
        ("hello", "starts with “pat”"),
        ("", "Personal access token is missing."),
    ],
)
def test_what_is_no_token_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as raised:
        formats.read(named("airtable").config, {"apiKeys": {"apiKey": text, "accessToken": text}})
    assert reason in raised.value.fields["apiKeys.accessToken"]


def test_address() -> None:
    for address, root in ((None, "https://api.airtable.com"), ("https://proxy.example/v0/", "https://proxy.example")):
        assert base_url(formats.read(named("airtable").config, {"apiKey": TOKEN, "baseUrl": address})) == root


async def test_check_says_who_and_what_the_token_lacks(connect: Connect) -> None:
    checked = await check(await connect("airtable"))
    assert (checked.account, checked.message) == ("ann@example.com", "Connected as ann@example.com.")
    checked = await check(await connect("airtable", apiKey="patreadonly000000." + "0" * 64))
    assert checked.message.endswith("The token lacks data.records:write, which some steps need.")


async def test_a_token_that_may_do_nothing_and_a_revoked_one(connect: Connect) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "usr1", "scopes": ["user.email:read"]})

    config = formats.read(named("airtable").config, {"apiKey": TOKEN})
    with pytest.raises(Rejected, match="neither read nor write"):
        await check(answering(answer, config, None, "https://airtable.test"))
    with pytest.raises(AuthFailed, match=r"Airtable refused the token \(401, AUTHENTICATION_REQUIRED\)\."):
        await check(await connect("airtable", apiKey="patrevoked0000000." + "0" * 64))


async def test_write_and_read_back(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("airtable")
    made = await run(connection, "create_record", fields={"Name": "Hello", "Amount": 3})
    assert made["fields"] == {"Name": "Hello", "Amount": 3}
    changed = await run(connection, "update_record", recordId=made["id"], fields='{"Status": "Done"}')
    assert changed["fields"] == {"Name": "Hello", "Amount": 3, "Status": "Done"}
    found = await run(connection, "list_records", filterByFormula="AND({Name} = 'Hello', {Status} = \"Done\")")
    assert (found["count"], found["more"], found["records"]) == (1, False, [changed])
    assert [each["id"] for each in arrived("airtable")] == [made["id"]] * 2


async def test_upsert_is_repeatable(connect: Connect) -> None:
    connection = await connect("airtable")
    assert named("airtable").actions["upsert_record"].repeatable
    first = await run(connection, "upsert_record", fields={"Name": "Ann", "Amount": 1}, mergeOn="Name")
    second = await run(connection, "upsert_record", fields={"Name": "Ann", "Amount": 2}, mergeOn=["Name"])
    assert (first["created"], second["created"]) == (True, False)
    assert first["id"] == second["id"]
    assert second["fields"]["Amount"] == 2
    with pytest.raises(Invalid) as raised:
        await run(connection, "upsert_record", fields={"Name": "Ann"}, mergeOn="Name, E-mail")
    assert raised.value.fields == {"mergeOn": "“E-mail” has no value in Fields."}


async def test_an_upsert_that_finds_several_names_the_likely_cause(connect: Connect) -> None:
    connection = await connect("airtable")
    for _ in range(2):
        await run(connection, "create_record", fields={"Name": "Ann"})
    with pytest.raises(Rejected, match=r"cannot tell which record is meant \(422, INVALID_RECORDS\)") as raised:
        await run(connection, "upsert_record", fields={"Name": "Ann"}, mergeOn="Name")
    assert "several records have the same values" in raised.value.hints[0]


async def test_many_records_go_ten_at_a_time_and_come_a_hundred_at_a_time(
    connect: Connect, arrived: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MARGIN", 0.0)  # without turns
    monkeypatch.setattr(stand_in, "LIMIT", 1000)
    connection = await connect("airtable")
    rows = [{"Name": f"Task {number}"} for number in range(215)]
    made = await run(connection, "create_records", records=rows)
    assert made["count"] == 215
    assert [len(each["records"]) for each in arrived("airtable")] == [10] * 21 + [5]
    assert (await run(connection, "list_records"))["more"] is True
    found = await run(connection, "list_records", maxRecords=1000, filterByFormula="{Name} != 'Call Ann'")
    assert (found["count"], found["more"]) == (216, False)
    assert len({record["id"] for record in found["records"]}) == 216


async def test_what_came_before_a_failure_is_counted(connect: Connect) -> None:
    rows: list[dict[str, Any]] = [{"Name": "a"}] * 10 + [{"Nam": "b"}]
    with pytest.raises(Rejected, match=r"does not have the field “Nam” \(422, UNKNOWN_FIELD_NAME\)\. 1 of 2 parts"):
        await run(await connect("airtable"), "create_records", records=rows)


@pytest.mark.parametrize(
    ("base", "table"),
    [
        (f"https://airtable.com/{BASE}/{TASKS}/viwAbCdEfGhIjKlMn?blocks=hide", "Tasks"),
        (BASE, f" https://airtable.com/{BASE}/{TASKS} "),
        (f"https://api.airtable.com/v0/{BASE}/People%20%26%20plans", f"https://airtable.com/{BASE}/People%20%26%20plans"),
        (BASE, "People & plans"),
    ],
)  # fmt: skip
async def test_pasted_addresses_and_names_that_need_encoding(connect: Connect, base: str, table: str) -> None:
    made = await run(await connect("airtable"), "create_record", baseId=base, table=table, fields={"Name": "x"})
    assert made["id"].startswith("rec")


async def test_names_are_encoded_once_and_completely() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"records": []})

    connection = answering(answer, None, None, "https://airtable.test")
    for table in ("100% / plan?", "#1 Ärger", "a+b%20c", "..."):
        await run(connection, "list_records", table=table)
    assert [path.partition("?")[0].rpartition("/")[2] for path in seen] == [
        "100%25%20%2F%20plan%3F",
        "%231%20%C3%84rger",
        "a%2Bb%2520c",
        "...",
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"baseId": "My base"}, "baseId"),
        ({"baseId": TASKS}, "baseId"),
        ({"table": ""}, "table"),
        ({"table": ".."}, "table"),
        ({"table": "a\nb"}, "table"),
        ({"table": f"https://airtable.com/{BASE}"}, "table"),
        ({"table": f"https://airtable.com/appAbCdEfGhIjKlMn/{TASKS}"}, "table"),
        ({"fields": "{"}, "fields"),
        ({"fields": 5}, "fields"),
    ],
)
async def test_wrong_parameters(connect: Connect, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match="validation error") as raised:
        await run(await connect("airtable"), "create_record", **{"fields": {"Name": "x"}, **values})
    assert list(formats.sentences(raised.value)) == [field]  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [150, 900])
async def test_a_long_filter_goes_as_a_post(connect: Connect, parts: int) -> None:
    names = ", ".join(f"{{Name}} = 'Task number {number}'" for number in range(parts))
    formula = f"OR({names}, {{Name}} = 'Call Ann')"
    found = await run(await connect("airtable"), "list_records", filterByFormula=formula)
    assert [record["fields"]["Name"] for record in found["records"]] == ["Call Ann"]


@pytest.mark.parametrize("stale", [1, 2, 3])
async def test_a_stale_listing_starts_again(stale: int) -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        offset = request.url.params.get("offset")
        asked.append(offset)
        if offset and asked.count(offset) <= stale:
            body = {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "message": ""}}
            provider = named("airtable")
            response = httpx.Response(422, json=body, request=request)
            raise meanings.translate(response, meanings=provider.meanings, problem=provider.problem)
        row = {"id": "rec00000000000001", "createdTime": "2026-11-22T09:30:00.000Z", "fields": {}}
        return httpx.Response(200, json={"records": [row], **({} if offset else {"offset": "itr/rec"})})

    connection = answering(answer, None, None, "https://airtable.test")
    if stale == 3:
        with pytest.raises(Rejected, match="The table changed while it was being read"):
            await run(connection, "list_records")
    else:
        assert (await run(connection, "list_records"))["count"] == 2
    assert asked == [None, "itr/rec"] * min(stale + 1, 3)


async def test_five_a_second_and_then_thirty_seconds(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "LIMIT", 0)
    with pytest.raises(Unavailable, match="wait 30 s: more than 5 requests a second") as raised:
        await run(await connect("airtable"), "list_records")
    assert (raised.value.retry_after, raised.value.unclear) == (30.0, False)


async def test_choices(connect: Connect) -> None:
    connection = await connect("airtable")
    assert await airtable_schema.bases(connection) == [(BASE, "Project tracker")]
    assert await airtable_schema.tables(connection, BASE) == [(TASKS, "Tasks"), (PEOPLE, "People & plans")]
    names = await airtable_schema.field_names(connection, BASE, "People & plans")
    assert [name for name, _ in names] == ["Name", "Email", "Joined, on"]
    assert await airtable_schema.field_names(connection, BASE, "no such table") == []
    with pytest.raises(Rejected, match="Either this base or table does not exist, or the token may not see"):
        await airtable_schema.tables(connection, "appAbCdEfGhIjKlMn")


async def test_the_first_poll_only_takes_a_place(connect: Connect) -> None:
    connection = await connect("airtable")
    first = await poll(connection, "")
    assert (first.events, first.more) == ((), False)
    assert (await whole(connection, first.cursor))[0] == []
    with pytest.raises(Rejected, match="Either this base or table does not exist"):
        await poll(connection, "", table="Nothing")


async def test_new_records_are_told_once_oldest_first(connect: Connect) -> None:
    connection = await connect("airtable")
    cursor = (await poll(connection, "")).cursor
    made = [await run(connection, "create_record", fields={"Name": f"Task {number}"}) for number in range(3)]
    page = await poll(connection, cursor)
    assert [event.id for event in page.events] == [each["id"] for each in made]
    assert page.events[0].data == {**made[0], "baseId": BASE, "table": TASKS}
    assert (await poll(connection, page.cursor)).events == []


async def test_none_is_lost_or_told_twice_where_several_have_the_same_second(connect: Connect) -> None:
    connection = await connect("airtable")
    base = grids.account()
    cursor = (await poll(connection, "")).cursor
    told: list[str] = []
    made: list[str] = []
    for _ in range(6):  # polls and records within one or two seconds of each other
        made += [base.add(TASKS, {"Name": "same"})["id"] for _ in range(40)]
        found, cursor = await whole(connection, cursor)
        told += found
    assert sorted(told) == sorted(made)
    assert len(set(told)) == 240


async def test_more_than_a_page_and_a_listing_that_became_stale_between_two(connect: Connect) -> None:
    connection = await connect("airtable")
    base = grids.account()
    cursor = (await poll(connection, "")).cursor
    made = [base.add(TASKS, {"Name": "many"})["id"] for _ in range(250)]
    first = await poll(connection, cursor)
    assert (len(first.events), first.more) == (100, True)
    base.iterators.clear()
    again = await poll(connection, first.cursor)
    assert (again.events, again.more) == ((), True)
    rest, cursor = await whole(connection, again.cursor)
    assert [event.id for event in first.events] + rest == made
    assert (await whole(connection, cursor))[0] == []
    assert json.loads(cursor)["offset"] is None


async def test_a_cursor_stays_small_and_forgets_what_is_long_past(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect("airtable")
    start = json.dumps({"since": "2026-01-01T00:00:00.000Z", "newest": "2026-01-01T00:00:00.000Z", "told": {}})
    rows = [f"2026-01-01T00:{minute:02}:00.000Z" for minute in range(60)]
    base = grids.account()
    base.tables[TASKS].clear()
    for at in rows:
        base.add(TASKS, {"Name": "x"})["createdTime"] = at
    found, cursor = await whole(connection, start)
    assert len(found) == 59  # the first is not after the moment
    assert json.loads(cursor)["since"] == "2026-01-01T00:58:45.000Z"
    assert list(json.loads(cursor)["told"].values()) == [rows[-1]]
    monkeypatch.setattr("streamline_ui.providers.airtable_cursor.MOST_REMEMBERED", 10)
    _, cursor = await whole(connection, start)
    assert len(json.loads(cursor)["told"]) <= 10
