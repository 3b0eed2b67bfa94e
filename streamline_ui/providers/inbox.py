"""Keep messages on a page of this app.

1. Nothing is needed but a name.
2. A workflow that writes to it shows up under *Inbox*, at once, in every open browser.
3. It is a good place to try something out before it goes to other people.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from streamline_ui.providers.describe import Checked, Config, Connection, Provider, Result


class Inbox(Config):
    """Nothing to fill in."""


class Written(Result):
    """The new entry."""

    id: str


provider = Provider(
    __name__,
    name="Inbox",
    auth_type="none",
    category="No account needed",
    config=Inbox,
    needs="No account needed",
    purpose="Keep messages on a page of this app.",
    can=("Show what a workflow writes, in this app only",),
    docs="",
    icon="inbox",
    aliases=("log", "notes", "page", "test", "messages"),
    anywhere=True,  # it never calls anybody, so it has no address to keep to
)


@provider.check
async def check(_: Connection[Inbox]) -> Checked:
    """There is nothing that could fail."""
    return Checked("", "Ready. What is written to it appears on the Inbox page.")


@provider.action(
    "Write to the Inbox", repeatable=True, trial={"title": "Hello from Streamline", "text": "This connection works."}
)
async def write(
    inbox: Connection[Inbox],
    *,
    title: Annotated[str, Field(title="Title", min_length=1, max_length=200)],
    text: Annotated[str, Field(title="Text", max_length=100_000, json_schema_extra={"lines": 5})] = "",
) -> Written:
    """Add an entry to the Inbox page."""
    return Written(id=await inbox.desk.write(title, text))
