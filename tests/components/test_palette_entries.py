"""What the palette finds, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from components import palette_entries
from components.palette_entries import Deeds
from streamline_ui.storage.models import Integration, Status

HOOK = "https://discord.com/api/webhooks/123456789012345678/" + "a" * 68


class Noted:
    """Deeds that only remember what was asked of them."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []
        self.deeds = Deeds(
            go=lambda path: self.done.append(("go", path)),
            test=lambda row_id: self.done.append(("test", row_id)),
            set_active=lambda row_id, is_active: self.done.append(("set active", (row_id, is_active))),
            connect=lambda kind, carried: self.done.append(("connect", (kind, carried))),
            sign_out=lambda: self.done.append(("sign out", None)),
            switch_theme=lambda: self.done.append(("theme", None)),
            begin=lambda: self.done.append(("begin", None)),
        )


ROWS = [
    Integration(id="1", user_id="alice", type="telegram", name="Ops bot", config_enc="", status=Status.HEALTHY),
    Integration(id="2", user_id="alice", type="discord", name="Jörgs Kanal", config_enc="", status=Status.PAUSED),
]


def titles(query: str, *, is_admin: bool = True) -> list[str]:
    deeds = Noted().deeds
    entries = palette_entries.collect(ROWS, deeds, is_admin=is_admin)
    return [entry.title for entry in palette_entries.matching(query, entries, deeds)]


@pytest.mark.parametrize(
    "query, first",
    [
        ("ops", "Ops bot"),
        ("OPS BOT", "Ops bot"),
        ("jorg", "Jörgs Kanal"),
        ("test ops", "Test “Ops bot” now"),
        ("new disc", "New connection: Discord"),
        ("mail", "New connection: SendGrid Email"),
        ("inb", "Inbox"),
        ("encryption", "Encryption"),
        ("log out", "Sign out"),
        ("dark", "Switch between light and dark"),
        ("telegrma", "New connection: Telegram Bot"),
        (HOOK, "Connect Discord with this webhook"),
        (f' "{HOOK}"\n', "Connect Discord with this webhook"),
        ("xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx", "Connect Slack with this token"),
        ("pat" + "A" * 14 + "." + "0a" * 32, "Connect Airtable with this token"),
        ("AC" + "0a" * 16, "Connect Twilio with this Account SID"),
        ("0a" * 16, "Connect News API with this API key"),
        ("GOCSPX-abcdefghijklmnopqrstuvwxyz12", "Connect Google Sheets with this client secret"),
        ("https://example.com/news/feed.xml", "Follow the feed at this address"),
        ("ghp_" + "a" * 36, "Use this GitHub token with any API: HTTP request"),
    ],
)
def test_finds(query: str, first: str) -> None:
    assert titles(query)[0] == first


def test_connections_come_first_and_the_list_stays_short() -> None:
    shown = titles("")
    assert shown[:2] == ["Ops bot", "Jörgs Kanal"]
    assert len(shown) == palette_entries.MOST


@pytest.mark.parametrize("query", ["zzzzzz", "<script>", "\0", "a" * 5000])
def test_finds_nothing_rather_than_anything(query: str) -> None:
    assert titles(query) == []


@pytest.mark.parametrize("page", ["Users", "Encryption"])
def test_pages_for_admins_are_offered_to_admins_only(page: str) -> None:
    assert page in titles(page)
    assert page not in titles(page, is_admin=False)


def test_what_was_pasted_is_carried_into_its_dialog() -> None:
    noted = Noted()
    found = palette_entries.matching(HOOK, palette_entries.collect([], noted.deeds, is_admin=False), noted.deeds)
    found[0].run()
    assert noted.done == [("connect", ("discord", {"webhookUrl": HOOK}))]


TOKEN = "ghp_" + "a" * 36
CURL = "curl -X POST https://api.example.com/v1/items -H 'X-Team: s3cret-value' -H 'Content-Type: application/json'"
CLIENT = '{"web": {"client_id": "12-ab.apps.googleusercontent.com", "client_secret": "GOCSPX-x", "auth_uri": "x"}}'


@pytest.mark.parametrize(
    ("query", "title", "kind", "carried"),
    [
        (TOKEN, "Use this GitHub token with any API: HTTP request", "http",
         {"apiKeys.Authorization": f"Bearer {TOKEN}", "baseUrl": "https://api.github.com"}),
        ("https://hooks.slack.com/services/T0/B0/" + "x" * 24, "Post to this address: HTTP request", "http",
         {"baseUrl": "https://hooks.slack.com"}),
        ("https://docs.google.com/spreadsheets/d/1abc/edit", "Connect Google Sheets; this address goes into its steps",
         "google_sheets", {}),
        (CURL, "Use this curl command: HTTP request", "http",
         {"baseUrl": "https://api.example.com", "apiKeys.X-Team": "s3cret-value"}),
        ("curl -u al:pw \\ https://x.example.com/a", "Use this curl command: HTTP request", "http",
         {"baseUrl": "https://x.example.com", "apiKeys.Authorization": "Basic YWw6cHc="}),
        (CLIENT, "Connect Google Sheets with this OAuth client", "google_sheets",
         {"clientId": "12-ab.apps.googleusercontent.com", "clientSecret": "GOCSPX-x"}),
    ],
)  # fmt: skip
def test_nothing_pasted_is_lost(query: str, title: str, kind: str, carried: dict[str, str]) -> None:
    noted = Noted()
    found = palette_entries.matching(query, palette_entries.collect([], noted.deeds, is_admin=False), noted.deeds)
    assert found[0].title == title
    found[0].run()
    assert noted.done == [("connect", (kind, carried))]


def test_each_entry_does_what_it_says() -> None:
    noted = Noted()
    for entry in palette_entries.collect(ROWS, noted.deeds, is_admin=True):
        entry.run()
    assert noted.done[:2] == [("go", "/integrations/1"), ("go", "/integrations/2")]
    assert ("test", "2") in noted.done
    assert ("set active", ("2", False)) in noted.done
    assert ("connect", ("telegram", {})) in noted.done
    assert noted.done[-2:] == [("theme", None), ("sign out", None)]


@pytest.mark.parametrize(
    ("query", "is_hidden"),
    [(HOOK, True), (f"  '{HOOK}' ", True), (CURL, True), (CLIENT, True), ("Ops", False), ("", False)],
)
def test_a_pasted_key_is_not_shown(query: str, is_hidden: bool) -> None:
    assert palette_entries.is_pasted(query) is is_hidden
