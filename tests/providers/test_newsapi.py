"""News API, against the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.providers import formats, named, newsapi
from streamline_ui.providers.describe import Connection, Page
from streamline_ui.providers.recent import MOST_REMEMBERED, Recent, moment, same_page
from streamline_ui.sandbox import newsapi as stand_in

from .conftest import Connect, answering

KEY = "0f" * 16
Arrivals = Callable[[str], list[Any]]


async def run(connection: Connection[Any], action: str, **values: Any) -> dict[str, Any]:
    return await named("newsapi").actions[action].run(connection, values)


async def poll(connection: Connection[Any], cursor: str = "", **values: Any) -> Page:
    feed = named("newsapi").feed("article")
    assert feed is not None
    return await feed.poll(connection, cursor, values)


async def test_check_is_one_request_and_rare(connect: Connect) -> None:
    checked = await newsapi.check(await connect("newsapi"))
    assert checked.message == "Connected. Headlines can be read. This test was one of the day's requests."
    assert newsapi.provider.check_every >= timedelta(hours=4)
    feed = newsapi.provider.feed("article")
    assert feed is not None
    assert feed.every == feed.least == timedelta(minutes=30)
    per_day = timedelta(days=1) / feed.every + timedelta(days=1) / newsapi.provider.check_every
    assert per_day < stand_in.REQUESTS


@pytest.mark.parametrize("key", ["revoked" + "0" * 25, "disabled" + "0" * 24])
async def test_refused_keys(connect: Connect, key: str) -> None:
    with pytest.raises(AuthFailed, match=r"\(401, apiKey(Invalid|Disabled)\)\."):
        await newsapi.check(await connect("newsapi", apiKey=key))


async def test_a_key_without_requests_left_is_still_a_good_key(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "REQUESTS", 1)
    connection = await connect("newsapi", apiKey=KEY)
    await newsapi.check(connection)
    assert "requests are used up" in (await newsapi.check(connection)).message
    with pytest.raises(Rejected, match=r"used up \(429, apiKeyExhausted\)") as raised:
        await run(connection, "everything", q="harbour")
    assert "100 a day" in raised.value.hints[0]
    with pytest.raises(Unavailable, match="used up") as waiting:  # a poll comes again by itself
        await poll(connection, q="harbour")
    assert waiting.value.retry_after == 4 * 3600


async def test_headlines_and_search(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("newsapi")
    found = await run(connection, "top_headlines", country=" US ", category="general", pageSize=5)
    assert (found["count"], found["totalResults"]) == (5, stand_in.MADE)
    assert {"title", "url", "publishedAt", "source"} <= set(found["articles"][0])
    found = await run(
        connection, "everything", q="castle", sources="harbour-post, daily-castle", **{"from": "2020-01-01"}
    )
    assert {article["source"]["id"] for article in found["articles"]} <= {"harbour-post", "daily-castle"}
    assert [each["sortBy"] for each in arrived("newsapi")[1:]] == ["publishedAt"]
    assert arrived("newsapi")[0] == {"country": "us", "category": "general", "pageSize": "5", "page": "1"}


@pytest.mark.parametrize(
    ("action", "values", "field"),
    [
        ("top_headlines", {}, "q"),
        ("top_headlines", {"sources": "bbc-news", "country": "us"}, "sources"),
        ("top_headlines", {"sources": ["bbc-news"], "category": "sports"}, "sources"),
        ("everything", {"language": "en"}, "q"),
        ("everything", {"q": "x", "from": "2026-02-01", "to": "2026-01-01"}, "to"),
        ("everything", {"q": "x", "from": "yesterday"}, "from"),
        ("everything", {"q": "x" * 501}, "q"),
        ("everything", {"sources": [f"s{n}" for n in range(21)]}, "sources"),
        ("top_headlines", {"country": "usa"}, "country"),
        ("top_headlines", {"country": "us", "pageSize": 101}, "pageSize"),
    ],
)
async def test_what_would_be_refused_costs_no_request(
    connect: Connect, arrived: Arrivals, action: str, values: dict[str, Any], field: str
) -> None:
    connection = await connect("newsapi")
    try:
        await run(connection, action, **values)
    except Invalid as error:
        fields = error.fields
    except ValueError as error:
        fields = formats.sentences(error)  # type: ignore[arg-type]
    assert list(fields) == [field]
    assert arrived("newsapi") == []


async def test_what_the_service_refuses(connect: Connect) -> None:
    connection = await connect("newsapi")
    with pytest.raises(Rejected, match=r"does not know one of the sources \(400, sourceDoesNotExist\)"):
        await run(connection, "everything", sources="nobody")
    with pytest.raises(Rejected, match=r"does not show that many articles \(426, maximumResultsReached\)"):
        await run(connection, "everything", q="report", page=6)


async def test_choices_are_the_sources(connect: Connect) -> None:
    assert ("harbour-post", "Harbour Post") in await newsapi.sources(await connect("newsapi"))


async def test_new_articles_are_told_once_oldest_first(connect: Connect, stand_ins: str) -> None:
    connection = await connect("newsapi")
    first = await poll(connection, q="report")
    assert len(first.events) == 100
    times = [event.at for event in first.events]
    assert times == sorted(times, key=str)
    assert (await poll(connection, first.cursor, q="report")).events == []
    async with httpx.AsyncClient() as client:
        await client.post(
            f"{stand_ins}/newsapi/_say", json={"title": "A report: hello", "url": "http://a.example/1/#top"}
        )
    page = await poll(connection, first.cursor, q="report")
    assert [(event.kind, event.id) for event in page.events] == [("article", "https://a.example/1")]
    assert page.events[0].data["title"] == "A report: hello"
    assert (await poll(connection, page.cursor, q="report")).events == []


async def test_which_articles_a_poll_asks_for(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("newsapi")
    await poll(connection, country="us")
    await poll(connection, sources="harbour-post", language="en")
    assert arrived("newsapi") == [
        {"pageSize": "100", "country": "us"},
        {"sources": "harbour-post", "pageSize": "100", "language": "en", "sortBy": "publishedAt"},
    ]
    for values in ({}, {"country": "us", "language": "en"}):
        with pytest.raises(Invalid):
            await poll(connection, **values)


async def test_removed_articles_and_those_without_an_address_are_left_out() -> None:
    articles = [
        {"title": "[Removed]", "url": "https://removed.com"},
        {"title": "x", "url": None},
        {"title": "y", "url": "https://[x"},
    ]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"status": "ok", "totalResults": 3, "articles": articles})

    page = await poll(answering(answer, None, None, "https://news.test"), q="x")
    assert [event.id for event in page.events] == ["https://[x"]
    assert page.events[0].at is None


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://WWW.Example.com/a/?utm_source=x&id=1#top", "https://www.example.com/a?id=1"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/a?fbclid=1", "https://example.com/a"),
        (" https://example.com/A ", "https://example.com/A"),
        ("https://[", "https://["),
    ],
)
def test_the_same_page_behind_different_links(url: str, same: str) -> None:
    assert same_page(url) == same


def test_what_is_shown_is_remembered_and_the_rest_is_bounded() -> None:
    recent = Recent.read("")
    assert len(recent.fresh([(str(number), None) for number in range(600)])) == 600
    recent = Recent.read(recent.text())
    assert len(recent.fresh([(str(number), None) for number in range(500, 1200)])) == 600
    assert len(recent.seen) == MOST_REMEMBERED
    assert recent.fresh([(str(number), None) for number in range(500, 1200)]) == []
    assert len(recent.fresh([(str(number), None) for number in range(3000)])) == 2000  # 300 of 500 are still known
    assert Recent.read(recent.text()).fresh([("5", None), ("5", None), ("new", None)]) == [("new", None)]


@pytest.mark.parametrize("text", [None, "", "soon", 5, "0001-01-01T00:00:00+14:00"])
def test_times_that_are_none(text: Any) -> None:
    assert moment(text) is None
