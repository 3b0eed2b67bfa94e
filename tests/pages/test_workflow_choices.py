"""Values that a service offers, for steps and for triggers: loaded, searched, failed, and typed all the same."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import judge
from tests.pages.conftest import Newcomer
from tests.pages.editing import choose, draft, kept, saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_step_is_offered_what_the_connection_has(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("airtable", "Bases")
    await start(page, await draft(newcomer, "Offers", {"id": "wait", "type": "delay", "seconds": 60}))
    await page.get_by_role("button", name="Add a step", exact=True).last.click()
    await page.get_by_role("dialog").get_by_role("searchbox").fill("create bases")
    await page.get_by_role("dialog").locator("li:not(.hidden) .sl-add-item").first.click()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.get_by_role("button", name="Choose Table").click()
    await expect(page.locator(".sl-offer-status")).to_contain_text("Fill in Base first.")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Choose Table")).to_be_focused()

    await page.get_by_role("button", name="Choose Base").click()
    await expect(page.locator(".sl-offer").first).to_be_visible()
    await judge.accessible(page)
    first = page.locator(".sl-offer").first
    value = await first.locator(".mono").inner_text()
    await page.get_by_label("Search Base").fill("there is no such thing")
    await expect(page.get_by_text("Nothing has “there is no such thing” in it.")).to_be_visible()
    await page.get_by_label("Search Base").fill("")
    await first.click()
    field = page.get_by_label("Base", exact=True)
    await expect(field).to_have_value(value)
    await expect(field).to_be_focused()
    await page.get_by_role("button", name="Choose Table").click()
    await page.locator(".sl-offer").first.click()
    await expect(page.get_by_label("Table", exact=True)).not_to_have_value("")
    await page.get_by_label("Table", exact=True).fill("{{ steps.wait.output }}")
    await saved(page)


async def test_a_list_that_fails_says_why_and_is_asked_again(newcomer: Newcomer) -> None:
    page = newcomer.page
    airtable = await newcomer.connect("airtable", "Bases")
    await newcomer.fail("airtable", status=503, times=20)
    step = {"id": "wait", "type": "delay", "seconds": 60}
    await start(page, await draft(newcomer, "Fails", step))
    await page.get_by_label("What starts it").select_option("integration")
    await page.get_by_label("Connection", exact=True).select_option(airtable)
    await page.get_by_role("button", name="Choose Base").click()
    await expect(page.locator(".sl-offer-status")).to_contain_text("Airtable")
    await newcomer.heal("airtable")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".sl-offer").first).to_be_visible()


async def test_a_trigger_says_what_it_listens_to(newcomer: Newcomer) -> None:
    page = newcomer.page
    airtable = await newcomer.connect("airtable", "Bases")
    path = await draft(newcomer, "Listens", {"id": "wait", "type": "delay", "seconds": 60})
    await start(page, path)
    await page.get_by_label("What starts it").select_option("integration")
    await page.get_by_label("Connection", exact=True).select_option(airtable)
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.get_by_text("things are missing before it can be published.")).to_be_visible()
    await page.get_by_role("button", name="Choose Base").click()
    await page.locator(".sl-offer").first.click()
    await page.get_by_role("button", name="Choose Table").click()
    await page.locator(".sl-offer").first.click()
    await expect(page.get_by_label("Table", exact=True)).not_to_have_value("")
    await page.get_by_label("What waits already").select_option("process")
    await saved(page)
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 2")
    trigger = (await kept(newcomer, path))["trigger"]
    assert trigger["backlog"] == "process"
    assert set(trigger["params"]) == {"baseId", "table"}
    await page.reload()
    await choose(page, 0)
    await expect(page.get_by_label("Base", exact=True)).to_have_value(trigger["params"]["baseId"])
