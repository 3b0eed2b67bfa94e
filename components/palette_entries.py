"""What the palette offers: places, connections, workflows, what can be done with them, and services to connect."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from components import elements, tile_search
from streamline_ui.providers import PROVIDERS, paste
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import Integration, Status
from streamline_ui.storage.workflow_tables import Workflow

MOST = 8
FEED = re.compile(r"https?://[^\s/]+\.[^\s/]+(/\S*)?")  # an address that is nobody's in particular
HEADERS = {  # how a service takes its key, and where its API is: no connection of ours, but a plain one
    "Anthropic": ("X-Api-Key", "{}", "https://api.anthropic.com"),
    "GitHub": ("Authorization", "Bearer {}", "https://api.github.com"),
    "GitLab": ("Private-Token", "{}", ""),
    "Linear": ("Authorization", "{}", "https://api.linear.app"),
    "OpenAI": ("Authorization", "Bearer {}", "https://api.openai.com"),
    "Shopify": ("X-Shopify-Access-Token", "{}", ""),
    "Stripe": ("Authorization", "Bearer {}", "https://api.stripe.com"),
}
USELESS = ("AWS", "Mailgun", "webhook")  # in a header alone, that is
EACH_ITS_OWN = frozenset({"accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"})
PAGES = (
    ("Integrations", "plug", "/"),
    ("Workflows", "workflow", "/workflows"),
    ("Executions", "activity", "/executions"),
    ("Inbox", "inbox", "/inbox"),
    ("Alerts", "bell", "/alerts"),
    ("Profile", "user", "/settings/profile"),
    ("Where alerts go", "bell", "/settings/alerts"),
    ("API tokens", "key-round", "/settings/tokens"),
    ("Sign-in log", "history", "/settings/sign-ins"),
    ("About", "info", "/settings/about"),
)
ADMIN_PAGES = (
    ("Users", "users", "/settings/users"),
    ("Encryption", "lock", "/settings/encryption"),
    ("Diagnostics", "activity", "/settings/diagnostics"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the palette. `words` are found by too, without being shown; `status` shows as a mark."""

    title: str
    kind: str
    icon: str
    run: Callable[[], Any]
    words: str = ""
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Deeds:
    """What an entry can do when it is chosen."""

    go: Callable[[str], Any]
    test: Callable[[str], Any]
    set_active: Callable[[str, bool], Any]
    connect: Callable[[str, dict[str, str]], Any]
    sign_out: Callable[[], Any]
    switch_theme: Callable[[], Any]
    begin: Callable[[], Any]


def collect(
    rows: Sequence[Integration], deeds: Deeds, *, is_admin: bool, flows: Sequence[Workflow] = ()
) -> list[Entry]:
    """Everything there is, in the order in which it is offered before anything is typed."""
    return [
        *(_connection(row, deeds) for row in rows),
        *(_workflow(flow, deeds) for flow in flows),
        *(_page(*page, deeds) for page in PAGES + (ADMIN_PAGES if is_admin else ())),
        Entry("New workflow", "Action", "plus", deeds.begin, "create add"),
        *(Entry(f"Test “{row.name}” now", "Action", "zap", partial(deeds.test, row.id), "check") for row in rows),
        *(_pause(row, deeds) for row in rows),
        *(_service(provider, deeds) for provider in PROVIDERS.values()),
        Entry("Switch between light and dark", "Action", "moon", deeds.switch_theme, "theme"),
        Entry("Sign out", "Action", "log-out", deeds.sign_out, "log out"),
    ]


def matching(query: str, entries: Sequence[Entry], deeds: Deeds) -> list[Entry]:
    """The entries that fit what was typed, the best first, and before them the service that it was copied from."""
    pasted = _pasted(query, deeds)
    wanted = plain(query).split()
    ranked = [(rank, entry) for entry in entries if (rank := _rank(wanted, entry)) is not None]
    if not ranked and not pasted:
        near = tile_search.find(query, PROVIDERS.values())
        titles = {f"New connection: {provider.name}" for provider in near}
        ranked = [(0, entry) for entry in entries if entry.title in titles]
    ranked.sort(key=lambda pair: pair[0])
    return [*pasted, *(entry for _, entry in ranked)][:MOST]


def plain(text: str) -> str:
    """Without case and accents: who types "jorg" finds "Jörg"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def mark_html(entry: Entry) -> str:
    """How a connection is, as an icon with its word for whoever cannot see it."""
    if entry.status is None:
        return ""
    tone, icon, word = elements.STATUS[entry.status]
    return f'<span class="sl-st {tone}">{elements.icon_html(icon)}<span class="sr">{word}</span></span>'


def _connection(row: Integration, deeds: Deeds) -> Entry:
    provider = PROVIDERS.get(row.type)
    service = provider.name if provider else row.type
    path = f"/integrations/{row.id}"
    return Entry(row.name, f"Connection · {service}", "plug", partial(deeds.go, path), service, Status(row.status))


def _workflow(flow: Workflow, deeds: Deeds) -> Entry:
    kind = "Workflow · on" if flow.is_active else "Workflow · off"
    return Entry(flow.name, kind, "workflow", partial(deeds.go, f"/workflows/{flow.id}"))


def _pause(row: Integration, deeds: Deeds) -> Entry:
    run = partial(deeds.set_active, row.id, not row.is_active)
    if row.is_active:
        return Entry(f"Pause “{row.name}”", "Action", "pause", run, "stop disable")
    return Entry(f"Resume “{row.name}”", "Action", "play", run, "start enable unpause")


def _page(title: str, icon: str, path: str, deeds: Deeds) -> Entry:
    kind = "Settings" if path.startswith("/settings/") else "Page"
    return Entry(title, kind, icon, partial(deeds.go, path))


def _service(provider: Provider[Any], deeds: Deeds) -> Entry:
    words = " ".join((*provider.aliases, "add", provider.category))
    return Entry(f"New connection: {provider.name}", "Action", "plus", partial(deeds.connect, provider.type, {}), words)


def is_pasted(query: str) -> bool:
    """Whether it is somebody's key or private address, which need not stand there for all to read."""
    found = paste.recognise(query, weakly=True)
    is_key = found is not None and (bool(found.field) or found.thing == "webhook" or found.provider is None)
    return is_key or paste.google_client(query) is not None or bool((paste.curl(query) or ("", {}))[1])


def _pasted(query: str, deeds: Deeds) -> list[Entry]:
    """What to do with a key, an address or a command: connect its service, or one that takes any."""
    value, _ = paste.clean(query)
    found = paste.recognise(query, weakly=True)
    if (client := paste.google_client(query)) is not None:
        carried = {name: text for name, text in zip(("clientId", "clientSecret"), client, strict=True) if text}
        return [_carry("Connect Google Sheets with this OAuth client", "google_sheets", carried, deeds)]
    if found is not None and found.provider is not None and found.field:
        title = f"Connect {found.tile} with this {found.thing}"
        return [_carry(title, found.provider, {found.field: value}, deeds)]
    if (command := paste.curl(query)) is not None:
        return [_carry("Use this curl command: HTTP request", "http", _of_command(*command), deeds)]
    if found is not None:
        return _elsewhere(found, value, deeds)
    if FEED.fullmatch(value):
        return [_carry("Follow the feed at this address", "rss", {"feedUrl": value}, deeds)]
    return []


def _elsewhere(found: paste.Recognised, value: str, deeds: Deeds) -> list[Entry]:
    """What to do with something that is known, and is no connection's own: another way, or a word on its place."""
    if found.thing == "webhook":
        carried = {"baseUrl": _origin(value)}  # the rest is the secret part, and belongs into a step
        return [_carry("Post to this address: HTTP request", "http", carried, deeds)]
    if found.thing == "address" and found.provider is not None:
        title = f"Connect {found.tile}; this address goes into its steps"
        return [_carry(title, found.provider, {}, deeds)]
    if found.provider is not None or found.service in USELESS:
        return []
    header, form, base = HEADERS.get(found.service, ("Authorization", "Bearer {}", ""))
    if found.service == "Google" and found.thing == "API key":
        header, form = "X-Goog-Api-Key", "{}"
    carried = {f"apiKeys.{header}": form.format(value)} | ({"baseUrl": base} if base else {})
    return [_carry(f"Use this {found.service} {found.thing} with any API: HTTP request", "http", carried, deeds)]


def _of_command(address: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The fields of an HTTP connection for a command. What each request has of its own is left to the steps."""
    keys = {f"apiKeys.{name}": value for name, value in headers.items() if name.lower() not in EACH_ITS_OWN}
    return {"baseUrl": _origin(address), **keys}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _carry(title: str, provider: str, carried: dict[str, str], deeds: Deeds) -> Entry:
    return Entry(title, "Action", PROVIDERS[provider].icon, partial(deeds.connect, provider, carried))


def _rank(wanted: list[str], entry: Entry) -> int | None:
    """0 for the best; None where a word that was typed is nowhere."""
    title, rest = plain(entry.title), plain(f"{entry.title} {entry.kind} {entry.words}")
    if not all(word in rest for word in wanted):
        return None
    if title.startswith(" ".join(wanted)):
        return 0
    return 1 if all(any(part.startswith(word) for part in title.split()) for word in wanted) else 2
