"""Alerts in a real browser: from a broken connection to the bell, the list, and a message through a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD, Server
from tests.pages import judge
from tests.pages.conftest import PHONE, Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOON = 30_000  # milliseconds: the sweep comes every 5 s


async def visit(page: Page, path: str) -> None:
    await page.goto(path)
    await ready(page)


class Newcomer:
    """Somebody with an account of their own, so that their alerts are nobody else's."""

    def __init__(self, url: str) -> None:
        self.url, self.email = url, f"bob-{uuid4().hex[:8]}@example.com"
        with closing(self._sign_in("alice@example.com")) as alice:
            alice.post("/api/users", json={"email": self.email, "password": PASSWORD, "name": "Bob"}).raise_for_status()
        self.rest = self._sign_in(self.email)

    def _sign_in(self, email: str) -> httpx.Client:
        client = httpx.Client(base_url=self.url, timeout=30)
        token = client.post("/api/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        client.headers["Authorization"] = f"Bearer {token.json()['token']}"
        return client

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.rest.post(path, json=body).raise_for_status().json()
        return answer

    def connect(self, name: str, type_name: str = "inbox", **config: Any) -> str:
        made = self.post("/api/integrations", {"type": type_name, "name": name, "config": config})
        return str(made["id"])

    def break_one(self, name: str) -> str:
        """A Discord whose webhook is gone."""
        address = "https://discord.com/api/webhooks/999999999999999999/revoked" + "x" * 61
        made = self.connect(name, "discord", webhookUrl=address, baseUrl=f"{self.url}/sandbox/discord")
        assert not self.post(f"/api/integrations/{made}/test")["ok"]
        return made


@pytest.fixture
def newcomer(server: Server) -> Iterator[Newcomer]:
    somebody = Newcomer(server.url)
    yield somebody
    somebody.rest.close()


async def test_what_breaks_shows_at_the_bell_on_the_list_and_is_over_in_time(
    newcomer: Newcomer, contexts: Opener
) -> None:
    page = await (await contexts(as_=newcomer.email)).new_page()
    await visit(page, "/workflows")
    bell = page.get_by_role("complementary").get_by_role("link", name="Alerts")
    await expect(bell).to_have_accessible_name("Alerts")
    newcomer.break_one("Ops")
    await expect(bell).to_have_accessible_name("Alerts, 1 new", timeout=SOON)
    await bell.click()
    await ready(page)
    alert = page.get_by_test_id("alert")
    await expect(alert).to_contain_text("“Ops” needs attention")
    await expect(page.get_by_role("status").filter(has_text="open")).to_have_text("1 open · 0 over")
    await judge.whole(page)
    await expect(bell).to_have_accessible_name("Alerts")
    await alert.get_by_role("button", name="Dismiss “Ops”").click()
    await expect(page.get_by_text("Nothing needs you")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(alert).to_be_visible()
    await alert.get_by_role("link", name="Open connection").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ops")


async def test_on_a_phone_the_way_leads_over_more(newcomer: Newcomer, contexts: Opener) -> None:
    page = await (await contexts(as_=newcomer.email, viewport=PHONE)).new_page()
    await visit(page, "/")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Alerts").click()
    await expect(page.get_by_role("heading", name="Alerts", level=1)).to_be_visible()
    await expect(page.get_by_text("Nothing needs you")).to_be_visible()
    await judge.whole(page)


async def test_alerts_go_through_a_connection_after_a_test(newcomer: Newcomer, contexts: Opener) -> None:
    page = await (await contexts(as_=newcomer.email)).new_page()
    newcomer.connect("My notes")
    await visit(page, "/settings/alerts")
    await page.get_by_label("Connection", exact=True).select_option(label="My notes · Inbox")
    text = page.get_by_label("Text", exact=True)
    await expect(text).to_have_value("{{ alert }}")
    await page.get_by_label("Title", exact=True).fill("Something")
    await text.fill("happened")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Nothing would be told: write {{ alert }}")).to_be_visible()
    await text.fill("Look: {{ alert }}")
    await page.get_by_role("button", name="Send a test alert").click()
    await expect(page.get_by_text("Sent. Look whether it has arrived.")).to_be_visible()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await visit(page, "/settings/alerts")
    await expect(text).to_have_value("Look: {{ alert }}")
    newcomer.break_one("Ops")
    await visit(page, "/inbox")
    entries = page.get_by_role("list", name="Entries")
    await expect(entries).to_contain_text("Nothing is wrong")
    await expect(entries).to_contain_text("Look: “Ops” needs attention", timeout=60_000)


async def test_alerts_go_through_several_connections_and_never_through_one_that_only_reads(
    newcomer: Newcomer, contexts: Opener
) -> None:
    page = await (await contexts(as_=newcomer.email)).new_page()
    newcomer.connect("My notes")
    address = "https://discord.com/api/webhooks/999999999999999999/" + "x" * 68
    newcomer.connect("Team", "discord", webhookUrl=address, baseUrl=f"{newcomer.url}/sandbox/discord")
    newcomer.connect("Headlines", "newsapi", apiKeys={"apiKey": "5c" * 16}, baseUrl=f"{newcomer.url}/sandbox/newsapi")
    await visit(page, "/settings/alerts")
    connection = page.get_by_label("Connection", exact=True)
    await expect(connection.locator("option")).to_have_count(3)
    await expect(connection).not_to_contain_text("Headlines")
    for name in ("My notes · Inbox", "Team · Discord"):
        await connection.select_option(label=name)
        await expect(page.get_by_role("code").first).to_have_text("{{ alert }}")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_test_id("alert-channel").filter(has_text=name)).to_be_visible()
    await judge.whole(page)
    await visit(page, "/settings/alerts")
    await expect(page.get_by_test_id("alert-channel")).to_have_count(2)
    await page.get_by_role("button", name="Change Team").click()
    await expect(page.get_by_label("Content", exact=True).or_(page.get_by_label("Message", exact=True))).to_have_value(
        "{{ alert }}"
    )
    await page.get_by_role("button", name="Remove Team").click()
    await expect(page.get_by_test_id("alert-channel")).to_have_text(["My notes · InboxWrite to the InboxChangeRemove"])


async def test_the_heartbeat_is_for_admins(newcomer: Newcomer, contexts: Opener, page: Page) -> None:
    others = await (await contexts(as_=newcomer.email)).new_page()
    await visit(others, "/settings/alerts")
    await expect(others.get_by_text("Also tell me through a connection")).to_be_visible()
    await expect(others.get_by_text("Heartbeat")).to_have_count(0)
    await visit(page, "/settings/alerts")
    await page.get_by_label("Address to call").fill("http://169.254.169.254/latest")
    await page.get_by_role("button", name="Save heartbeat").click()
    await expect(page.get_by_label("Address to call")).to_have_attribute("aria-invalid", "true")


async def test_diagnostics_are_live_and_fit_into_a_file(page: Page, newcomer: Newcomer, contexts: Opener) -> None:
    await visit(page, "/settings/diagnostics")
    await expect(page.locator(".sl-callout").first).to_be_visible()
    running = page.locator("dt", has_text="Running for").locator("+ dd")
    before = await running.inner_text()
    await expect(running).not_to_have_text(before, timeout=75_000)  # later it counts in minutes
    await expect(page.get_by_role("row", name="vigil.watch")).to_be_visible()
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download diagnostics").click()
    file = json.loads((await (await started.value).path()).read_text())
    assert file["state"]["problems"] == [] and "alice@example.com" not in json.dumps(file)
    others = await (await contexts(as_=newcomer.email)).new_page()
    answer = await others.goto("/settings/diagnostics")
    assert answer is not None and answer.status == 404
