"""On a phone the panel is a sheet: the keyboard stays in it, and there are several ways back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.pages import flows, judge
from tests.pages.conftest import PHONE, Newcomer
from tests.pages.editing import choose, draft, saved, start, step

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SMALL = """() => [...document.querySelectorAll('.sl-editor :is(button, summary, select)')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .map(e => [e.outerHTML.slice(0, 140), (e.closest('.sl-input') ?? e).getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < 44 || box.height < 43.5))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""


async def on_phone(newcomer: Newcomer) -> Page:
    phone: Any = newcomer.page
    await phone.set_viewport_size(PHONE)
    path = await draft(
        newcomer, "Phone", flows.SET, flows.write(await flows.inbox(newcomer), "{{ trigger.body.text }}")
    )
    await start(newcomer.page, path)
    await expect(newcomer.page.locator(".sl-panel")).to_be_hidden()
    return newcomer.page


async def test_escape_back_and_a_tap_close_the_sheet(newcomer: Newcomer) -> None:
    page = await on_phone(newcomer)
    address = page.url
    sheet = page.get_by_role("dialog", name="Settings of the chosen step")

    async def press_escape() -> None:
        await page.keyboard.press("Escape")

    async def go_back() -> None:
        await page.go_back()

    async def tap() -> None:
        await page.mouse.click(200, 30)

    async def press_close() -> None:
        await sheet.get_by_role("button", name="Close").click()

    for close in (press_escape, go_back, tap, press_close):
        await choose(page, 2)
        await expect(sheet).to_be_visible()
        await close()
        await expect(page.locator(".sl-panel")).to_be_hidden()
        await expect(step(page, 2).locator(".sl-node-main")).to_be_focused()
        assert page.url == address


async def test_the_keyboard_stays_in_the_sheet(newcomer: Newcomer) -> None:
    page = await on_phone(newcomer)
    await choose(page, 2)
    await expect(page.locator(".sl-panel")).to_be_focused()
    for key, times in (("Tab", 30), ("Shift+Tab", 6)):
        for _ in range(times):
            await page.keyboard.press(key)
            assert await page.evaluate("document.activeElement.closest('.sl-panel') !== null")
    await judge.accessible(page)


async def test_fingers_find_everything(newcomer: Newcomer) -> None:
    page = await on_phone(newcomer)
    assert await page.evaluate(SMALL) == []
    for number in (0, 1, 2):
        await choose(page, number)
        assert await page.evaluate(SMALL) == []
        await page.keyboard.press("Escape")
        await expect(page.locator(".sl-panel")).to_be_hidden()


async def test_the_keyboard_goes_on_where_the_work_does(newcomer: Newcomer) -> None:
    page = newcomer.page
    await page.set_viewport_size({"width": 390, "height": 600})
    await start(page, await draft(newcomer, "Keys", flows.SET))
    await choose(page, 0)
    panel = page.locator(".sl-panel")
    await panel.evaluate("panel => panel.scrollTo(0, 300)")
    await choose_at_the_end(page)
    await expect(panel.locator(".sl-h2").first).to_have_text("Wait")
    await page.wait_for_function("document.activeElement?.closest('.sl-panel') !== null")
    assert await panel.evaluate("panel => panel.scrollTop") == 0
    await page.keyboard.press("Escape")
    await saved(page)
    await page.get_by_role("button", name="Publish changes").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".sl-kept")).to_contain_text("version 2")
    await expect(page.get_by_role("switch", name="Active")).to_be_focused()


async def choose_at_the_end(page: Page) -> None:
    """From the trigger to the last step, and on to a new one."""
    panel = page.locator(".sl-panel")
    await panel.get_by_role("button", name="Next step").press("Enter")
    await panel.get_by_role("button", name="Add a step").press("Enter")
    await page.get_by_role("dialog").get_by_label("Search steps").fill("wait")  # and Enter before the list was searched
    await page.keyboard.press("Enter")
