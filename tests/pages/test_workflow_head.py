"""The head of the editor: what it says of the draft, what its menu offers, and that it fits a phone."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.pages import flows
from tests.pages.conftest import Newcomer
from tests.pages.editing import add, choose, draft, saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_it_says_that_changes_are_not_published_and_fits_a_phone(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await start(page, f"/workflows/{made['id']}")
    await expect(page.locator(".sl-kept")).not_to_contain_text("not published")
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="History").click()
    await expect(page.get_by_text("Version 1 · live")).to_be_visible()
    await expect(page.get_by_role("button", name="Restore version 1")).to_have_count(0)
    await page.get_by_role("button", name="Close").last.click()
    await add(page, "Wait")
    await saved(page)
    await expect(page.locator(".sl-kept")).to_contain_text("changes not published, version 1 is live")
    await page.set_viewport_size({"width": 390, "height": 844})
    for button in await page.locator(".sl-editor-buttons > :visible").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


async def test_its_menu_copies_exports_and_deletes(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, await draft(newcomer, "Orders", flows.SET))
    menu = page.get_by_role("button", name="More actions")
    await menu.click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(page.get_by_text("“Orders copy” was added.")).to_be_visible()
    await menu.click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="Export").click()
    assert (await download.value).suggested_filename == "orders.json"
    await menu.click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page).to_have_url(re.compile("/workflows$"))
    found = (await newcomer.rest.get("/api/workflows")).json()
    assert "Orders" not in str([each["name"] for each in found["items"] if each["name"] == "Orders"])


async def test_the_data_to_insert_have_names_and_counts(newcomer: Newcomer) -> None:
    page = newcomer.page
    named = {**flows.SET, "name": "Make a text"}
    made = await flows.workflow(newcomer, "Orders", named, {**flows.SET, "id": "more"})
    await flows.send(newcomer, made, {"text": "an order", "items": [1]})
    await flows.settled(newcomer, 1)
    await start(page, f"/workflows/{made['id']}")
    await choose(page, 2)
    picker = page.locator(".sl-picker")
    await expect(picker).to_contain_text("Make a text")
    await expect(picker).not_to_contain_text("1 entries")
    await expect(picker).not_to_contain_text('entry"')
    await expect(picker.locator("[data-insert='trigger.body']")).to_have_count(1)
