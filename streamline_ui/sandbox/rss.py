"""Feeds to try: the same entries as RSS, Atom, RDF and JSON Feed, a page that names them, and entries by hand."""

from __future__ import annotations

import hashlib
import itertools
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.state import MOST_ENTRIES, Desk

TITLE = "Sandbox news"
MADE = 10
desk = Desk("rss")
_published: list[dict[str, Any]] = []
_numbers = itertools.count(int(time.time()))  # after a restart, too, what is published is new


async def feed(request: Request) -> Response:
    """One of the feeds, or 304 for who has it already."""
    name = request.path_params["name"]
    if fault := await desk.misbehave():
        status = 401 if fault.expired_token else 429 if fault.status is None and fault.retry_after else fault.status
        if fault.garbage:
            return garbage()
        if status is not None:
            wait = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            return Response("", status, wait)
    if name not in _WRITERS:
        return Response("Not Found", 404)
    kind, write = _WRITERS[name]
    body = write([*_published, *_made()]).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    status = 304 if request.headers.get("if-none-match") == tag else 200
    asked = f"?{request.url.query}" if request.url.query else ""
    desk.keep("fetch", "", f"{name}{asked}: {status}"[:300], {"name": name, "status": status})
    return Response(b"" if status == 304 else body, status, {"ETag": tag, "Content-Type": kind})


async def say(request: Request) -> Response:
    """Publish an entry: `{title?, text?, link?}`."""
    values = await read_json(request)
    given = values if isinstance(values, dict) else {}
    entry = _entry(f"by-hand-{next(_numbers)}", str(given.get("title") or "Hello"), datetime.now(UTC))
    entry |= {name: str(given[name]) for name in ("text", "link") if given.get(name)}
    _published.insert(0, entry)
    del _published[MOST_ENTRIES:]
    return JSONResponse({"id": entry["id"], "title": entry["title"]})


def forget() -> None:
    """Start again without what was published."""
    _published.clear()


def _made() -> list[dict[str, Any]]:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first = int(hour.timestamp() // 3600)
    return [_entry(str(first - n), f"Tide tables, report {first - n}", hour - timedelta(hours=n)) for n in range(MADE)]


def _entry(number: str, title: str, at: datetime) -> dict[str, Any]:
    return {"id": f"tag:sandbox,2026:{number}", "title": title, "text": f"All about it: {title}.", "at": at,
            "link": f"/entries/{number}"}  # fmt: skip


def _rss(entries: list[dict[str, Any]]) -> str:
    items = "".join(
        f"<item><title>{escape(each['title'])}</title><link>{escape(each['link'])}</link>"
        f'<guid isPermaLink="false">{each["id"]}</guid><pubDate>{format_datetime(each["at"])}</pubDate>'
        f"<description>{escape('<p>' + escape(each['text']) + '</p>')}</description></item>"
        for each in entries
    )
    head = f"<title>{TITLE}</title><link>/</link><description>Made up.</description>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'


def _atom(entries: list[dict[str, Any]]) -> str:
    items = "".join(
        f"<entry><id>{each['id']}</id><title>{escape(each['title'])}</title><updated>{each['at'].isoformat()}</updated>"
        f'<link href="{escape(each["link"])}"/><summary>{escape(each["text"])}</summary></entry>'
        for each in entries
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>{TITLE}</title>{items}</feed>'


def _rdf(entries: list[dict[str, Any]]) -> str:
    items = "".join(
        f'<item rdf:about="{each["id"]}"><title>{escape(each["title"])}</title><link>{escape(each["link"])}</link>'
        f"<description>{escape(each['text'])}</description><dc:date>{each['at'].isoformat()}</dc:date></item>"
        for each in entries
    )
    names = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    return f"<rdf:RDF {names}><channel><title>{TITLE}</title></channel>{items}</rdf:RDF>"


def _json(entries: list[dict[str, Any]]) -> str:
    items = [
        {"id": each["id"], "title": each["title"], "url": each["link"], "content_text": each["text"],
         "date_published": each["at"].isoformat()}
        for each in entries
    ]  # fmt: skip
    answer = JSONResponse({"version": "https://jsonfeed.org/version/1.1", "title": TITLE, "items": items})
    return bytes(answer.body).decode()


async def page(_: Request) -> Response:
    """A web page that names a feed."""
    link = '<link rel="alternate" type="application/rss+xml" href="feed.xml">'
    return HTMLResponse(f"<!doctype html><html><head><title>{TITLE}</title>{link}</head><body>News</body></html>")


async def elsewhere(_: Request) -> Response:
    """Nothing is here."""
    return Response("Not Found", 404)


_WRITERS = {
    "feed.xml": ("application/rss+xml; charset=utf-8", _rss),
    "atom.xml": ("application/atom+xml", _atom),
    "rdf.xml": ("application/rdf+xml", _rdf),
    "feed.json": ("application/feed+json", _json),
}
routes = [
    Route("/_say", say, methods=["POST"]),
    Route("/page.html", page, methods=["GET"]),
    Route("/{name}", feed, methods=["GET"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
