"""Start workflows with new entries of a feed.

1. On the site, look for a link called *RSS*, *Atom* or *Feed*, and copy its address.
2. Paste the address here. RSS, Atom, RDF and JSON Feed work.
3. Where you find none, paste the page's own address: the test tells where its feed is.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import httpx
from pydantic import AfterValidator, Field

from streamline_ui.providers import feed_reader
from streamline_ui.providers.configs import Config, web_address
from streamline_ui.providers.describe import Checked, Connection, Event, Page, Provider, Trigger
from streamline_ui.providers.meanings import Meaning
from streamline_ui.providers.recent import Recent


class Rss(Config):
    """The address, and how often it is asked."""

    feed_url: Annotated[str, AfterValidator(web_address)] = Field(
        title="Address of the feed", json_schema_extra={"placeholder": "https://example.com/feed.xml", "format": "uri"}
    )
    polling_interval: int = Field(
        900_000, ge=60_000, le=604_800_000, title="Pause between polls", description="In milliseconds",
        json_schema_extra={"advanced": True, "unit": "ms"},
    )  # fmt: skip


NEW = Trigger("item", "New entry", feed_reader.SAMPLE, others="none")
Source = Connection[Rss]
provider = Provider(
    __name__,
    name="RSS feed",
    service="The feed",
    auth_type="none",
    category="News and feeds",
    config=Rss,
    needs="No account needed",
    purpose="Start a workflow with every new entry.",
    can=("Start a workflow with a new entry",),
    docs="https://www.rssboard.org/rss-specification",
    brand="rss",
    aliases=("feed", "atom", "news", "blog", "podcast", "syndication"),
    meanings=(
        Meaning(
            "auth",
            "The site shows this feed only to those who sign in",
            "Use an address that everybody may read; some sites offer one with a key in it.",
            401,
        ),
    ),
    anywhere=True,  # feeds move, and lead to where they are now
    check_every=timedelta(hours=1),
)


async def read(response: httpx.Response) -> feed_reader.Feed:
    """The feed in an answer. Reading a large one takes a second, in which others go on."""
    kind = response.headers.get("content-type", "")
    return await asyncio.to_thread(feed_reader.read, response.content, kind, str(response.url))


@provider.check
async def check(source: Source) -> Checked:
    """Read the feed."""
    feed = await read(await source.http.get(source.config.feed_url))
    name = feed.title or "a feed without a title"
    count = "1 entry" if len(feed.items) == 1 else f"{len(feed.items)} entries"
    return Checked(feed.title, f"Connected to “{name}” with {count}.")


@provider.poll(NEW, every=timedelta(minutes=15), least=timedelta(minutes=1))
async def items(source: Source, cursor: str) -> Page:
    """The entries that are not known yet."""
    recent, url = Recent.read(cursor), source.config.feed_url
    response = await source.http.get(url, headers=recent.condition(url))
    if response.status_code == httpx.codes.NOT_MODIFIED:
        return Page((), cursor)
    feed = await read(response)
    recent.keep_condition(url, response.headers)
    fresh = recent.fresh([(item.id, item) for item in feed.items])
    rows = [(item.model_dump(mode="json") | {"feed": feed.title}, item) for _, item in fresh]
    return Page([Event("item", item.id, row, item.published) for row, item in rows], recent.text())
