"""Feeds, against the stand-in and as bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.providers import feed_reader, formats, meanings, named, rss
from streamline_ui.providers.describe import Connection, Page

from .conftest import Connect

Arrivals = Callable[[str], list[Any]]
ADDRESS = "https://news.example/blog/feed.xml"
SHAPES = ("feed.xml", "atom.xml", "rdf.xml", "feed.json")


async def at(connect: Connect, stand_ins: str, name: str) -> Connection[Any]:
    return await connect("rss", as_given=True, feedUrl=f"{stand_ins}/rss/{name}")


async def poll(connection: Connection[Any], cursor: str = "") -> Page:
    feed = named("rss").feed("item")
    assert feed is not None
    return await feed.poll(connection, cursor, {})


def rss_of(*items: str, head: str = "") -> bytes:
    channel = f"<channel><title>News</title>{''.join(items)}</channel>"
    return f'<?xml version="1.0"?>{head}<rss version="2.0">{channel}</rss>'.encode()


@pytest.mark.parametrize("name", SHAPES)
async def test_every_kind_of_feed(connect: Connect, stand_ins: str, name: str) -> None:
    connection = await at(connect, stand_ins, name)
    checked = await rss.check(connection)
    assert checked.message == "Connected to “Sandbox news” with 10 entries."
    page = await poll(connection)
    times = [event.at for event in page.events]
    assert None not in times
    assert times == sorted(times, key=str)
    last = page.events[-1]
    number = last.id.rpartition(":")[2]
    assert last.data["title"] == f"Tide tables, report {number}"
    assert last.data["link"].endswith(f"/entries/{number}")
    assert last.data["link"].startswith("http://127.0.0.1")
    assert last.data["summary"] == f"All about it: Tide tables, report {number}."
    assert last.data["feed"] == "Sandbox news"


async def test_new_entries_are_told_once_and_an_unchanged_feed_is_not_sent_again(
    connect: Connect, stand_ins: str, arrived: Arrivals
) -> None:
    connection = await at(connect, stand_ins, "feed.xml")
    first = await poll(connection)
    unchanged = await poll(connection, first.cursor)
    assert (unchanged.events, unchanged.cursor) == ((), first.cursor)
    assert [each["status"] for each in arrived("rss")] == [200, 304]
    async with httpx.AsyncClient() as client:
        await client.post(f"{stand_ins}/rss/_say", json={"title": "Hello"})
    page = await poll(connection, first.cursor)
    assert [(event.kind, event.data["title"]) for event in page.events] == [("item", "Hello")]
    assert (await poll(connection, page.cursor)).events == ()
    moved = await at(connect, stand_ins, "atom.xml")
    assert (
        await poll(moved, page.cursor)
    ).events == []  # another address: asked without a condition, known by their ids


async def test_a_web_page_tells_where_its_feed_is(connect: Connect, stand_ins: str) -> None:
    with pytest.raises(Rejected, match="This is a web page, not a feed") as raised:
        await rss.check(await at(connect, stand_ins, "page.html"))
    assert raised.value.hints == (f"Its feed is at {stand_ins}/rss/feed.xml",)


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        ({"status": 404}, Rejected, r"127\.0\.0\.1 does not know what was asked for \(404\)"),
        ({"status": 503}, Unavailable, r"has a problem on its side \(503\)"),
        ({"expiredToken": True}, AuthFailed, r"to those who sign in \(401\)"),
        ({"garbage": True}, Rejected, "This is a web page, not a feed"),
    ],
)
async def test_refusals(connect: Connect, stand_ins: str, fault: dict[str, Any], kind: type, sentence: str) -> None:
    connection = await at(connect, stand_ins, "feed.xml")
    async with httpx.AsyncClient() as client:
        await client.post(f"{stand_ins}/rss/_faults", json=fault)
    with pytest.raises(kind, match=sentence):
        await poll(connection)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (" https://a.example/feed?x=1 ", "https://a.example/feed?x=1"),
        ("feed://a.example/f", "https://a.example/f"),
        ("feed:https://a.example/f", "https://a.example/f"),
        ("ftp://a.example/f", ""),
        ("a.example", ""),
        ("file:///etc/passwd", ""),
        ("", ""),
        ("http://192.168.1.1/f", ""),
    ],
)
def test_addresses(url: str, kept: str) -> None:
    if kept:
        config = formats.read(named("rss").config, {"feedUrl": url})
        assert formats.plain(config) == {"feedUrl": kept, "pollingInterval": 900_000}
    else:
        with pytest.raises(Invalid) as raised:
            formats.read(named("rss").config, {"feedUrl": url, "pollingInterval": 60_000})
        assert list(raised.value.fields) == ["feedUrl"]


def test_the_pause_has_a_least() -> None:
    with pytest.raises(Invalid) as raised:
        formats.read(named("rss").config, {"feedUrl": ADDRESS, "pollingInterval": 1000})
    assert list(raised.value.fields) == ["pollingInterval"]


def read(content: bytes, kind: str = "application/rss+xml") -> feed_reader.Feed:
    return feed_reader.read(content, kind, ADDRESS)


def test_entries_without_ids_dates_and_titles() -> None:
    feed = read(rss_of("<item><link>/a</link></item>", "<item><description>No link</description></item>", "<item/>"))
    ids = [item.id for item in feed.items]
    assert ids[2] == "https://news.example/a"
    assert len(set(ids)) == 3
    assert [item.published for item in feed.items] == [None] * 3
    again = read(rss_of("<item><link>/a</link></item>", "<item><description>No link</description></item>", "<item/>"))
    assert [item.id for item in again.items] == ids


def test_encodings_entities_and_html() -> None:
    item = "<item><title>Größe</title></item>"
    latin = f'<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0"><channel>{item}</channel></rss>'
    assert read(latin.encode("latin-1"), "text/xml").items[0].title == "Größe"
    utf16 = rss_of("<item><title>Ärger</title></item>").decode().replace("?>", ' encoding="utf-16"?>', 1)
    assert read(utf16.encode("utf-16"), "application/xml").items[0].title == "Ärger"
    body = "<item><description>&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;script&gt;x&lt;/script&gt;</description></item>"
    assert read(rss_of(body)).items[0].summary == "a & b x"


def test_entities_neither_grow_nor_read_files() -> None:
    grow = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    bomb = rss_of("<item><title>&j;</title></item>", head=f'<!DOCTYPE l [<!ENTITY a "lol">{grow}]>')
    outside = rss_of("<item><title>&a;</title></item>", head='<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>')
    for content in (bomb, outside):
        assert len(read(content).items[0].title) < 100
        assert "root:" not in read(content).items[0].title


@pytest.mark.parametrize("junk", [b"<", b"<![CDATA[", b"<a>", b"<!--", b"&amp;", b"<item>", b'<a x="', b"["])
def test_hostile_feeds_take_no_time(junk: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Rejected, match=r"errors in its XML|not a feed|does not answer with a feed"):
        read(b'<rss version="2.0"><channel><item><description>' + junk * (4_900_000 // len(junk)))
    text = junk.decode().replace("]", "") * 100_000
    read(rss_of(f"<item><description><![CDATA[{text}]]></description></item>"))
    assert time.process_time() - started < 6


def test_a_huge_feed_gives_its_newest_entries() -> None:
    text = f"<description>{'word ' * 150}</description>"
    feed = read(rss_of(*(f'<item><guid isPermaLink="false">{number}</guid>{text}</item>' for number in range(5000))))
    assert [feed.items[0].id, feed.items[-1].id] == ["499", "0"]
    assert len(feed.items) == feed_reader.MOST_ITEMS


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"{}", b'{"version": 5}', b"{" * 100_000, b"\xff\xfe\x00", b"%PDF-1.4"]
)
def test_what_is_no_feed(content: bytes) -> None:
    with pytest.raises(Rejected, match=r"not a feed|does not answer with a feed") as raised:
        read(content)
    assert raised.value.hints


def test_json_feeds_of_any_shape() -> None:
    entry: dict[str, Any] = {"id": 7, "url": "/x", "authors": 5, "tags": [1], "date_published": "soon"}
    entry["attachments"] = [{"url": "a.mp3"}, 5]
    odd = json.dumps({"version": "https://jsonfeed.org/version/1", "title": 5, "items": [5, {}, entry]}).encode()
    feed = read(odd)
    assert (feed.title, len(feed.items)) == ("5", 2)
    item = feed.items[0]
    assert (item.id, item.link, item.categories) == ("7", "https://news.example/x", ["1"])
    assert item.enclosures == ["https://news.example/blog/a.mp3"]


def test_a_feed_behind_a_sign_in_asks_for_no_key() -> None:
    answer = httpx.Response(401, request=httpx.Request("GET", "https://example.com/feed.xml"))
    problem = meanings.translate(answer, meanings=named("rss").meanings)
    assert problem.message == "The site shows this feed only to those who sign in (401)."
    assert "paste" not in problem.hints[0]
