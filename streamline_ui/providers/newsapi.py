"""Search the news of many newspapers and sites with News API.

1. Make an account at newsapi.org. The free plan is for trying things out.
2. Open *Account*: the *API key* stands at the top.
3. Copy the key and paste it here.

The free plan has 100 requests a day, and its articles are a day old. A workflow that starts with new articles asks
every 30 minutes, which is 48 requests a day; the tests of the connection take four more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from streamline_ui.errors import Invalid, Rejected, Unavailable
from streamline_ui.providers import answers, newsapi_facts
from streamline_ui.providers.auth import Headers
from streamline_ui.providers.choices import Choices
from streamline_ui.providers.configs import ApiConfig, Keys
from streamline_ui.providers.describe import Checked, Connection, Event, Page, Provider, Result, Trigger
from streamline_ui.providers.newsapi_facts import DATE, KEY, QUOTA, SAMPLE
from streamline_ui.providers.recent import Recent, moment, same_page
from streamline_ui.providers.values import Listed

ROOT = "https://newsapi.org"
MOST_SOURCES = 20
PAUSE = timedelta(minutes=30)


class NewsKeys(Keys):
    """The API key."""

    api_key: Annotated[SecretStr, KEY] = Field(title="API key", description="newsapi.org › Account")


class NewsApi(ApiConfig):
    """What the connect dialog asks for."""

    api_keys: NewsKeys = Field(title="Keys")


News = Connection[NewsApi]


class Source(BaseModel):
    """Who writes."""

    id: str
    name: str


class Sources(BaseModel):
    """Everybody who writes."""

    status: Literal["ok"]
    sources: list[Source]


class Found(BaseModel):
    """A page of what was found. An article has no id of its own."""

    status: Literal["ok"]
    total: int = Field(0, alias="totalResults")
    articles: list[dict[str, Any]]


class Articles(Result):
    """Articles; `totalResults` counts those on other pages, too."""

    articles: list[dict[str, Any]]
    count: int
    total_results: int


provider = Provider(
    __name__,
    name="News API",
    auth_type="api",
    category="News and feeds",
    config=NewsApi,
    needs="API key",
    purpose="Read headlines and search articles.",
    can=("Read the top headlines", "Search articles", "Start a workflow with a new article"),
    docs="https://newsapi.org/docs",
    console="https://newsapi.org/account",
    icon="newspaper",
    aliases=("news", "newspaper", "articles", "headlines", "press"),
    base_url=lambda config: (config.base_url or ROOT).removesuffix("/v2"),
    auth=lambda config: Headers({"X-Api-Key": config.api_keys.api_key.get_secret_value()}),
    meanings=newsapi_facts.MEANINGS,
    check_every=timedelta(hours=6),  # each check is one of the day's requests
)


@provider.check
async def check(news: News) -> Checked:
    """Ask for one headline. A key whose requests are used up works, too."""
    try:
        await _ask(news, "top-headlines", {"country": "us", "pageSize": 1})
    except Rejected as error:
        if QUOTA not in error.message:
            raise
        return Checked("", "The key works, but its requests are used up for now. The free plan has 100 a day.")
    return Checked("", "Connected. Headlines can be read. This test was one of the day's requests.")


async def _sources(news: News) -> list[Source]:
    response = await news.http.get("v2/sources", params={"language": "en"})
    return answers.read(response, Sources, provider.service).sources


async def sources(news: News) -> list[tuple[str, str]]:
    """Who writes; asking is one of the day's requests."""
    return [(source.id, source.name) for source in await _sources(news)]


Query = Annotated[
    str | None,
    Field(title="Words", max_length=500, description="“exact words”, +must, -must not, AND, OR and NOT work"),
]
Country = Annotated[
    str | None,
    BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
    Field(title="Country", pattern=r"^[a-z]{2}$", description="Two letters. At present, “us” has headlines."),
]
Category = Annotated[
    Literal["business", "entertainment", "general", "health", "science", "sports", "technology"] | None,
    Field(title="Category"),
]
From = Annotated[
    Listed | None,
    Choices(sources),
    Field(title="Sources", max_length=MOST_SOURCES, description="At most 20, such as bbc-news, with commas between"),
]
Language = Annotated[
    Literal["ar", "de", "en", "es", "fr", "he", "it", "nl", "no", "pt", "ru", "sv", "ud", "zh"] | None,
    Field(title="Language"),
]
Size = Annotated[int, Field(title="Articles on a page", ge=1, le=100)]
Number = Annotated[
    int,
    Field(title="Page", ge=1, le=1000, description="The free plan shows the first 100 articles",
          json_schema_extra={"advanced": True}),
]  # fmt: skip


@provider.action("Read the top headlines", repeatable=True, tells=False)
async def top_headlines(
    news: News,
    *,
    country: Country = None,
    category: Category = None,
    q: Query = None,
    sources: From = None,
    page_size: Size = 20,
    page: Number = 1,
) -> Articles:
    """Read what is on the front pages now. Fill in at least one of country, category, words and sources."""
    asked = {"country": country, "category": category, "q": q, "sources": sources}
    return await _read(news, "top-headlines", {**asked, "pageSize": page_size, "page": page})


@provider.action("Search articles", repeatable=True, tells=False)
async def everything(
    news: News,
    *,
    q: Query = None,
    since: Annotated[str | None, DATE, Field(alias="from", title="From")] = None,
    to: Annotated[str | None, DATE, Field(title="To")] = None,
    language: Language = None,
    sort_by: Annotated[Literal["publishedAt", "relevancy", "popularity"], Field(title="First")] = "publishedAt",
    sources: From = None,
    domains: Annotated[
        Listed | None, Field(title="Sites", description="Such as bbc.co.uk, with commas between")
    ] = None,
    page_size: Size = 20,
    page: Number = 1,
) -> Articles:
    """Search all articles. Fill in at least one of words, sources and sites."""
    if since and to and since[:10] > to[:10]:
        raise Invalid("The time ends before it begins.", {"to": "This is before the other end."})
    asked = {"q": q, "from": since, "to": to, "language": language, "sources": sources, "domains": domains}
    return await _read(news, "everything", {**asked, "sortBy": sort_by, "pageSize": page_size, "page": page})


async def _read(news: News, place: str, asked: dict[str, Any]) -> Articles:
    found = await _ask(news, place, asked)
    return Articles(articles=found.articles, count=len(found.articles), total_results=found.total)


async def _ask(news: News, place: str, asked: dict[str, Any]) -> Found:
    """Ask, unless it is known to be refused: a refusal is one of the day's requests as well."""
    given = {name: ",".join(value) if isinstance(value, list) else value for name, value in asked.items() if value}
    needed = ("q", "country", "category", "sources") if place == "top-headlines" else ("q", "sources", "domains")
    if not any(name in given for name in needed):
        raise Invalid("There is nothing to search for.", {"q": "Fill in the words, or something else to search for."})
    if "sources" in given and ("country" in given or "category" in given):
        sentence = "Sources cannot be combined with a country or a category."
        raise Invalid(sentence, {"sources": sentence})
    found = answers.read(await news.http.get(f"v2/{place}", params=given), Found, provider.service)
    kept = [each for each in found.articles if each.get("url") and each.get("title") != "[Removed]"]
    return found.model_copy(update={"articles": kept})


@provider.poll(Trigger("article", "New article", SAMPLE), every=PAUSE, least=PAUSE)
async def new_articles(
    news: News,
    cursor: str,
    *,
    q: Query = None,
    country: Country = None,
    category: Category = None,
    sources: From = None,
    language: Language = None,
) -> Page:
    """The newest 100 articles that are not known yet: headlines with a country or a category, else all articles."""
    asked: dict[str, Any] = {"q": q, "sources": sources, "pageSize": 100}
    if country or category:
        if language:
            raise Invalid("Headlines have no language.", {"language": "Leave it empty, or the country and category."})
        place, asked = "top-headlines", {**asked, "country": country, "category": category}
    else:
        place, asked = "everything", {**asked, "language": language, "sortBy": "publishedAt"}
    try:
        found = await _ask(news, place, asked)
    except Rejected as error:
        if QUOTA not in error.message:
            raise
        raise Unavailable(error.message, retry_after=newsapi_facts.QUOTA_SECONDS, hints=error.hints) from None
    recent = Recent.read(cursor)
    oldest_first = sorted(found.articles, key=lambda each: str(each.get("publishedAt")))
    fresh = recent.fresh([(same_page(str(each["url"])), each) for each in oldest_first])
    events = [Event("article", number, each, moment(each.get("publishedAt"))) for number, each in fresh]
    return Page(events, recent.text())
