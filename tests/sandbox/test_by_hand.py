"""What is said by hand is there for whoever asks: with any credential, after a restart, more than once."""

from __future__ import annotations

import itertools
import time
from types import ModuleType

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.providers import PROVIDERS
from streamline_ui.sandbox import bots, google_sheets, newsapi, overview, rss
from streamline_ui.sandbox.bots import EPOCH, first_update

from .conftest import AIRTABLE, NEWS, TOKEN

OTHER = TOKEN.replace("1234567890", "1234567891")
ANOTHER = {"Authorization": "Bearer pat" + "B" * 14 + "." + "0b" * 32}
TASKS = "airtable/v0/appSandboxBase001/Tasks"


async def written(box: httpx.AsyncClient, token: str) -> int:
    answer = await box.post("telegram/_say", json={"botToken": token, "text": "Hello"})
    number: int = answer.json()["update_id"]
    return number


async def test_every_bot_counts_its_updates_from_elsewhere(box: httpx.AsyncClient) -> None:
    first, other = await written(box, TOKEN), await written(box, OTHER)
    assert abs(first - other) > 1_000_000
    assert await written(box, TOKEN) == first + 1
    assert 100_000_000 <= first < 2**31


async def test_after_a_restart_a_bot_counts_on(box: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await written(box, TOKEN)
    bots.forget()
    later = time.time() + 5
    monkeypatch.setattr(bots.time, "time", lambda: later)
    assert await written(box, TOKEN) > first
    assert first_update(TOKEN) < 2**31 - 20 * 365 * 86_400, EPOCH


@pytest.mark.parametrize("headers", [AIRTABLE, ANOTHER], ids=["demo", "own"])
async def test_a_record_by_another_hand_is_in_the_table_whoever_asks(
    box: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    before = (await box.get(TASKS, headers=headers)).json()["records"]
    (made,) = (await box.post("airtable/_say", json={"fields": {"Name": "High water"}})).json()["records"]
    assert (await box.get(TASKS, headers=headers)).json()["records"] == [*before, made]


async def test_a_record_by_another_hand_goes_to_the_table_that_is_named(box: httpx.AsyncClient) -> None:
    said = {"table": "People & plans", "fields": {"Name": "Ann"}}
    (made,) = (await box.post("airtable/_say", json=said)).json()["records"]
    found = await box.get("airtable/v0/appSandboxBase001/tblSandboxPeople1", headers=ANOTHER)
    assert found.json()["records"] == [made]
    assert (await box.post("airtable/_say", json={"table": "Nothing"})).status_code == 403


async def test_a_row_by_another_hand_is_never_empty(box: httpx.AsyncClient) -> None:
    token = google_sheets.authority.access_token(google_sheets.SHEETS)
    for said, row in (({}, 3), ({"values": ["1003", "Bob"]}, 4), ({"sheet": "Notes & ideas", "values": ["x"]}, 1)):
        answer = await box.post("google_sheets/_say", json=said)
        assert (answer.status_code, answer.json()["row"]) == (201, row)
    address = f"google_sheets/v4/spreadsheets/{google_sheets.DEMO_SHEET}/values/Orders"
    rows = (await box.get(address, headers={"Authorization": f"Bearer {token}"})).json()["values"]
    assert rows[2:] == [[str(cell) for cell in google_sheets.SAID], ["1003", "Bob"]]
    for wrong in ({"sheet": "Nothing"}, {"values": "x"}, {"sheet": ["Orders"]}):
        assert (await box.post("google_sheets/_say", json=wrong)).status_code == 400


async def published(box: httpx.AsyncClient, service: str) -> str:
    await box.post(f"{service}/_say", json={"title": "Tide"})
    if service == "rss":
        return str((await box.get("rss/feed.json")).json()["items"][0]["id"])
    found = await box.get("newsapi/v2/everything", headers=NEWS, params={"q": "tide"})
    return str(found.json()["articles"][0]["url"])


@pytest.mark.parametrize("stand_in", [rss, newsapi], ids=["rss", "newsapi"])
async def test_what_is_published_is_new_also_when_the_list_is_full(
    box: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, stand_in: ModuleType
) -> None:
    monkeypatch.setattr(stand_in, "MOST_ENTRIES", 2)
    service = stand_in.desk.service
    names = [await published(box, service) for _ in range(5)]
    stand_in.forget()
    monkeypatch.setattr(stand_in, "_numbers", itertools.count(int(time.time()) + 60))  # a restart
    names.append(await published(box, service))
    assert len(set(names)) == 6


@pytest.mark.parametrize("service", sorted(sandbox.DESKS))
async def test_the_page_says_how_each_trigger_is_tried(box: httpx.AsyncClient, service: str) -> None:
    page = (await box.get("")).text
    polls = bool(PROVIDERS[service].feeds)
    assert (f"POST /sandbox/{service}/_say" in page) == polls
    if polls:
        assert (await box.post(f"{service}/_say", json={"botToken": TOKEN})).is_success
    assert overview._HELP[service].endswith(overview._SILENT) == (PROVIDERS[service].entered is not None)
