"""A stand-in for News API: the same made-up articles for every key, and what is published by hand."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.state import MOST_ENTRIES, Desk, Fault, masked

REQUESTS, DAY = 100, 86_400.0  # the free plan
MOST_RESULTS = 100
MADE = 130
CATEGORIES = ("business", "entertainment", "general", "health", "science", "sports", "technology")
SOURCES = {"sandbox-times": "The Sandbox Times", "harbour-post": "Harbour Post", "daily-castle": "Daily Castle"}
COMMON = {"q", "sources", "pageSize", "page", "apiKey"}
KNOWN = {
    "top-headlines": COMMON | {"country", "category"},
    "everything": COMMON | {"searchIn", "domains", "excludeDomains", "from", "to", "language", "sortBy"},
    "sources": {"category", "language", "country", "apiKey"},
}
TEXTS = {
    "apiKeyMissing": "Your API key is missing.",
    "apiKeyInvalid": "Your API key is invalid or incorrect. Check your key, or go to https://newsapi.org.",
    "apiKeyDisabled": "Your API key has been disabled.",
    "apiKeyExhausted": "Your API key has no more requests available.",
    "rateLimited": "You have made too many requests recently.",
    "parametersMissing": "Required parameters are missing.",
    "parametersIncompatible": "You cannot mix the sources parameter with the country or category parameters.",
    "parameterInvalid": "You have included a parameter in your request which is currently not supported.",
    "sourcesTooMany": "You have requested too many sources in a single request.",
    "sourceDoesNotExist": "You have requested a source which does not exist.",
    "maximumResultsReached": "Developer accounts are limited to a max of 100 results.",
    "unexpectedError": "This shouldn't happen, and if it does then it's our fault, not yours.",
}
CODES = {400: "parameterInvalid", 401: "apiKeyInvalid", 426: "maximumResultsReached", 429: "rateLimited"}
desk = Desk("newsapi")
_published: list[dict[str, Any]] = []
_numbers = itertools.count(int(time.time()))  # after a restart, too, what is published is new


async def headlines(request: Request) -> Response:
    """Top headlines."""
    return await _answer(request, "top-headlines")


async def everything(request: Request) -> Response:
    """All articles."""
    return await _answer(request, "everything")


async def sources(request: Request) -> Response:
    """Who writes."""
    _, refusal = await _enter(request)
    if refusal is not None:
        return refusal
    found = [{"id": key, "name": name, "url": f"https://{key}.example", "category": "general", "language": "en",
              "country": "us", "description": "Made up."} for key, name in SOURCES.items()]  # fmt: skip
    return JSONResponse({"status": "ok", "sources": found})


async def say(request: Request) -> Response:
    """Publish an article: `{title?, url?, description?}`."""
    values = await read_json(request)
    given = values if isinstance(values, dict) else {}
    article = _article(next(_numbers), str(given.get("title") or "Hello"), datetime.now(UTC))
    article |= {name: str(given[name]) for name in ("url", "description") if given.get(name)}
    _published.insert(0, article)
    del _published[MOST_ENTRIES:]
    return JSONResponse(article)


def forget() -> None:
    """Start again without what was published."""
    _published.clear()


async def _answer(request: Request, place: str) -> Response:
    key, refusal = await _enter(request)
    if refusal is not None:
        return refusal
    asked = dict(request.query_params)
    if problem := next(_problems(asked, place), None):
        return _error(426 if problem == "maximumResultsReached" else 400, problem)
    found = [article for article in (*_published, *_made()) if _fits(article, asked)]
    size, page = int(asked.get("pageSize", 20)), int(asked.get("page", 1))
    shown = {name: value for name, value in asked.items() if name != "apiKey"}
    words = ", ".join(f"{name} {value}" for name, value in shown.items())
    desk.keep("request", masked(key), f"{place} ({words}): {len(found)} articles"[:300], shown)
    articles = found[(page - 1) * size : page * size]
    return JSONResponse({"status": "ok", "totalResults": len(found), "articles": articles})


def _problems(asked: dict[str, str], place: str) -> Iterator[str]:
    """What News API would refuse; only the first is told."""
    if not set(asked) <= KNOWN[place]:
        yield "parameterInvalid"
    names = [each for each in asked.get("sources", "").split(",") if each]
    if len(names) > 20:
        yield "sourcesTooMany"
    if not set(names) <= set(SOURCES):
        yield "sourceDoesNotExist"
    if names and (asked.get("country") or asked.get("category")):
        yield "parametersIncompatible"
    needed = ("q", "sources", "country", "category") if place == "top-headlines" else ("q", "sources", "domains")
    if not any(asked.get(name) for name in needed):
        yield "parametersMissing"
    size, page = asked.get("pageSize", "20"), asked.get("page", "1")
    category = asked.get("category", "general")
    if not (re.fullmatch(r"[1-9]\d?|100", size) and re.fullmatch(r"[1-9]\d{0,3}", page)) or category not in CATEGORIES:
        yield "parameterInvalid"
    elif (int(page) - 1) * int(size) >= MOST_RESULTS:
        yield "maximumResultsReached"


def _fits(article: dict[str, Any], asked: dict[str, str]) -> bool:
    text = f"{article['title']} {article['description']}".casefold()
    words = re.findall(r"[\w-]+", asked.get("q", "").casefold())
    names = [each for each in asked.get("sources", "").split(",") if each]
    domains = [each for each in asked.get("domains", "").split(",") if each]
    day = article["publishedAt"][:10]
    return (
        all(word in text for word in words)
        and (not names or article["source"]["id"] in names)
        and (not domains or any(domain in article["url"] for domain in domains))
        and asked.get("country", "us") == "us"
        and asked.get("from", "")[:10] <= day
        and (not asked.get("to") or day <= asked["to"][:10])
    )


def _made() -> Iterator[dict[str, Any]]:
    """The newest first; on the hour, so that they stay the same from one request to the next."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first = int(hour.timestamp() // 3600)
    for back in range(MADE):
        subject = ("Harbour opens", "Castle of sand", "Tide tables")[(first - back) % 3]
        yield _article(first - back, f"{subject}, report {first - back}", hour - timedelta(hours=back))


def _article(number: int, title: str, at: datetime) -> dict[str, Any]:
    key = list(SOURCES)[number % len(SOURCES)]
    return {
        "source": {"id": key, "name": SOURCES[key]},
        "author": None if number % 4 == 0 else "Ann Writer",
        "title": title,
        "description": f"What is known about it: {title}.",
        "url": f"https://{key}.example/{number}?utm_source=newsapi",
        "urlToImage": None,
        "publishedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "content": f"{title}. More of it stands there… [+1886 chars]",
    }


async def _enter(request: Request) -> tuple[str, Response | None]:
    """The key, and the answer to who must not come in. Every request counts."""
    if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
        return "", answer
    header = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    key = header or request.query_params.get("apiKey", "")
    if not key:
        return "", _error(401, "apiKeyMissing")
    if "disabled" in key:
        return "", _error(401, "apiKeyDisabled")
    if not re.fullmatch(r"[A-Za-z0-9]{16,64}", key) or "revoked" in key:
        return "", _error(401, "apiKeyInvalid")
    return (key, None) if desk.take(key, REQUESTS, DAY)[0] >= 0 else ("", _error(429, "apiKeyExhausted"))


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error(401, "apiKeyInvalid")
    status = 429 if fault.status is None and fault.retry_after is not None else fault.status
    return None if status is None else _error(status, CODES.get(status, "unexpectedError"))


def _error(status: int, code: str) -> Response:
    return JSONResponse({"status": "error", "code": code, "message": TEXTS[code]}, status)


async def elsewhere(_: Request) -> Response:
    """Everything else of the API is not here."""
    return _error(404, "unexpectedError")


routes = [
    Route("/_say", say, methods=["POST"]),
    Route("/v2/top-headlines", headlines, methods=["GET"]),
    Route("/v2/everything", everything, methods=["GET"]),
    Route("/v2/top-headlines/sources", sources, methods=["GET"]),
    Route("/v2/sources", sources, methods=["GET"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
