"""The Inbox: what arrived, newest first, as it arrives."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import judge
from tests.pages.conftest import Newcomer, Opener
from tests.pages.steps import card, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def write(newcomer: Newcomer, inbox: str, title: str, text: str = "") -> None:
    params = {"title": title, "text": text}
    answer = await newcomer.rest.post(f"/api/integrations/{inbox}/actions/write", json=params)
    answer.raise_for_status()


async def connect_inbox(newcomer: Newcomer) -> str:
    answer = await newcomer.rest.post("/api/integrations", json={"type": "inbox", "name": "Inbox", "config": {}})
    found: str = answer.raise_for_status().json()["id"]
    return found


async def test_empty_it_leads_to_the_dialog(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, "/inbox")
    await expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    await page.get_by_role("link", name="Connect the Inbox").click()
    await page.get_by_role("dialog", name="Connect Inbox").get_by_role("button", name="Test and save").click()
    await expect(card(page, "Inbox")).to_be_visible()


async def test_empty_it_notices_that_it_was_connected(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, "/inbox")
    await expect(page.get_by_role("link", name="Connect the Inbox")).to_be_visible()
    inbox = await connect_inbox(newcomer)
    await page.get_by_role("link", name="Send a test entry").click()
    await page.wait_for_url(f"**/integrations/{inbox}")
    await expect(page.get_by_role("heading", name="Credentials")).to_be_visible()
    await expect(page.get_by_role("button", name="Replace")).to_have_count(0)


async def test_entries_arrive_by_themselves_newest_first(newcomer: Newcomer) -> None:
    page = newcomer.page
    inbox = await connect_inbox(newcomer)
    await write(newcomer, inbox, "First", "one\ntwo")
    await start(page, "/inbox")
    await expect(page.get_by_text("First")).to_be_visible()
    await page.evaluate("window.notReloaded = true")
    await write(newcomer, inbox, "<b>Second</b>")
    entries = page.locator(".sl-entry-title")
    await expect(entries).to_have_text(["<b>Second</b>", "First"], timeout=2000)
    assert await page.evaluate("window.notReloaded")
    await page.get_by_role("button", name="Clear").click()
    await expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()


async def test_a_long_inbox_comes_in_pieces(newcomer: Newcomer) -> None:
    page = newcomer.page
    inbox = await connect_inbox(newcomer)
    for number in range(52):
        await write(newcomer, inbox, f"Entry {number}")
    await start(page, "/inbox")
    await expect(page.locator(".sl-entry")).to_have_count(50)
    await page.get_by_role("button", name="Show older").click()
    await expect(page.locator(".sl-entry")).to_have_count(52)


async def test_the_page_is_accessible_everywhere(newcomer: Newcomer, contexts: Opener) -> None:
    inbox = await connect_inbox(newcomer)
    await write(newcomer, inbox, "A long title " * 7, "and a long text " * 40)
    await judge.everywhere(contexts, "/inbox", newcomer.email)
