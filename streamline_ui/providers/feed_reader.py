"""Reads feeds: RSS, RDF and Atom through feedparser, and JSON Feed.

feedparser is never given an address, only bytes that our own way out has fetched: it must not fetch by itself. It drops
document types, and with them entities that grow. Its own cleaning of HTML takes forever on hostile input and stays off,
and so does its tolerant parser on large feeds; what is shown of an entry's HTML is escaped there like any other text.
"""

from __future__ import annotations

import calendar
import hashlib
import html
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin
from xml.parsers import expat

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from streamline_ui.errors import Rejected
from streamline_ui.providers.recent import moment

MOST_ITEMS = 500
LARGEST_BROKEN = 500_000
LONGEST_TEXT, LONGEST_HTML, LONGEST_NAME = 2_000, 20_000, 500
KINDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")


SAMPLE = {
    "id": "tag:example.com,2026:1",
    "title": "Harbour opens again",
    "link": "https://example.com/1",
    "summary": "What is known about it.",
    "content": "<p>What is known about it.</p>",
    "author": "Ann Writer",
    "published": "2026-11-22T09:30:00Z",
    "categories": ["Town"],
    "enclosures": [],
    "feed": "Example",
}


class Item(BaseModel):
    """An entry. `summary` is plain text; `content` the entry's own HTML; times are in UTC."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str
    title: str
    link: str
    summary: str
    content: str
    author: str
    published: datetime | None
    categories: list[str]
    enclosures: list[str]


class Feed(BaseModel):
    """A feed and its newest entries, oldest first."""

    title: str
    items: list[Item]


def read(content: bytes, content_type: str, address: str) -> Feed:
    """The feed that was fetched from this address. Raises Rejected, with what to do."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(content, address)
    if len(content) > LARGEST_BROKEN and not _is_well_formed(content):
        raise Rejected("The feed has errors in its XML and is too large to be read all the same.", hints=[MEND])
    import feedparser  # noqa: PLC0415 - half a megabyte that only those need who read feeds

    headers = {"content-type": content_type or "application/xml", "content-location": address}
    found = feedparser.parse(
        io.BytesIO(content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not found.get("version") and not found.entries:
        raise _no_feed(content, address)
    items = [_item(entry, address) for entry in found.entries[:MOST_ITEMS]]
    return Feed(title=_plain(found.feed.get("title", ""), LONGEST_NAME), items=_oldest_first(items))


MEND = "Ask whoever publishes it to mend it; a feed validator shows the place."


def _is_well_formed(content: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(content, True)
    except (expat.ExpatError, ValueError):
        return False
    return True


def _item(entry: Any, address: str) -> Item:
    parts = [str(part.get("value", "")) for part in entry.get("content", [])]
    body = next(filter(None, (*parts, entry.get("summary", ""))), "")
    time = entry.get("published_parsed") or entry.get("updated_parsed")
    return _made(
        number=str(entry.get("id", "")),
        title=entry.get("title", ""),
        link=_absolute(address, entry.get("link", "")),
        summary=entry.get("summary", "") or body,
        content=body,
        author=entry.get("author", ""),
        published=datetime.fromtimestamp(calendar.timegm(time), UTC) if time else None,
        categories=[str(tag.get("term") or tag.get("label") or "") for tag in entry.get("tags", [])],
        enclosures=[_absolute(address, each.get("href", "")) for each in entry.get("enclosures", [])],
    )


def _json_feed(content: bytes, address: str) -> Feed:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = {}
    if not isinstance(found, dict) or "jsonfeed.org/version/" not in str(found.get("version")):
        raise Rejected("This address answers with data that is not a feed.", hints=["Enter the address of the feed."])
    given = found.get("items")
    entries = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    items = [_json_item(entry, address) for entry in entries[:MOST_ITEMS]]
    return Feed(title=_plain(str(found.get("title") or ""), LONGEST_NAME), items=_oldest_first(items))


def _json_item(entry: dict[str, Any], address: str) -> Item:
    text = {name: value for name, value in entry.items() if isinstance(value, str)}
    several = {name: value for name, value in entry.items() if isinstance(value, list)}
    authors = several.get("authors", [entry.get("author")])
    body = text.get("content_html") or html.escape(text.get("content_text", ""), quote=False)
    return _made(
        number=str(entry.get("id") or ""),
        title=text.get("title", ""),
        link=_absolute(address, text.get("url") or text.get("external_url", "")),
        summary=text.get("summary") or body,
        content=body,
        author=next((str(each["name"]) for each in authors if isinstance(each, dict) and each.get("name")), ""),
        published=moment(text.get("date_published") or text.get("date_modified")),
        categories=[str(tag) for tag in several.get("tags", [])],
        enclosures=[
            _absolute(address, str(each.get("url", "")))
            for each in several.get("attachments", [])
            if isinstance(each, dict)
        ],
    )


def _made(
    *, number: str, title: str, link: str, summary: str, content: str, author: str, published: datetime | None,
    categories: Sequence[str], enclosures: Sequence[str],
) -> Item:  # fmt: skip
    """An item within bounds. Without an id of its own its link is its id, and without that what it says."""
    words = hashlib.sha256(f"{title}\n{published}\n{content}".encode("utf-8", "replace")).hexdigest()
    return Item(
        id=number.strip() or link or words,
        title=_plain(title, LONGEST_NAME),
        link=link,
        summary=_plain(summary, LONGEST_TEXT),
        content=content[:LONGEST_HTML],
        author=_plain(author, LONGEST_NAME),
        published=published,
        categories=[each[:LONGEST_NAME] for each in categories if each][:50],
        enclosures=[each for each in enclosures if each][:20],
    )


def _oldest_first(items: list[Item]) -> list[Item]:
    """By their times where all have one; else the other way round than they stand there, which is newest first."""
    items.reverse()
    times = [item.published for item in items if item.published is not None]
    return sorted(items, key=lambda item: item.published or times[0]) if len(times) == len(items) else items


def _plain(text: str, longest: int) -> str:
    without = re.sub(r"<[^<>]{0,2000}>", " ", text[:LONGEST_HTML])
    return " ".join(html.unescape(without).split())[:longest]


def _absolute(address: str, link: str) -> str:
    try:
        return urljoin(address, link.strip()) if link.strip() else ""
    except ValueError:
        return ""


def _no_feed(content: bytes, address: str) -> Rejected:
    start = content[:200_000].decode("utf-8", "replace")
    if not re.search(r"<(?:!doctype\s+html|html|head|body)\b", start, re.IGNORECASE):
        return Rejected("This address does not answer with a feed.", hints=["Enter the address of the feed."])
    looking = _Links()
    looking.feed(start)
    found = [_absolute(address, link) for link in looking.found]
    hint = f"Its feed is at {found[0]}" if found else "It names no feed. Look on it for a link to “RSS” or “Feed”."
    return Rejected("This is a web page, not a feed.", hints=[hint])


class _Links(HTMLParser):
    """The feeds that a web page names in its head."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note `<link rel="alternate" type="application/rss+xml" href="…">`."""
        values = {name: value or "" for name, value in attrs}
        is_feed = "alternate" in values.get("rel", "").lower().split() and values.get("type", "").lower() in KINDS
        if tag == "link" and is_feed and values.get("href"):
            self.found.append(values["href"])
