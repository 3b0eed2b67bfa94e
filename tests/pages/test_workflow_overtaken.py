"""What the editor says where another window was faster, and taking a change back, in both themes and sizes."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.pages import flows, judge
from tests.pages.conftest import DESKTOP, PHONE, Newcomer, Opener
from tests.pages.editing import choose, draft, kept, saved, start, step

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
FORMS = [(scheme, size) for scheme in ("light", "dark") for size in (DESKTOP, PHONE)]


async def judged(page: Page, *, dialog: bool = False) -> None:
    """Judge what is on the screen in all four forms, and leave it on a phone."""
    for scheme, size in FORMS:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
        await page.evaluate(f"slTheme('{scheme}')")
        await page.set_viewport_size(size)
        await page.wait_for_timeout(20)
        await page.wait_for_function("document.getAnimations().every(each => !each.transitionProperty)")
        await (judge.dialog(page) if dialog else judge.whole(page))


async def overtaken(newcomer: Newcomer, contexts: Opener) -> tuple[Page, str]:
    """An editor in which something is not saved yet when another window saves: both are typed into at once."""
    context = await contexts(newcomer.email, bypass_csp=True)
    path = await draft(newcomer, "Shared", flows.SET)
    pages = [await context.new_page() for _ in range(2)]
    for each in pages:
        await start(each, path)
        await choose(each, 1)
    for number in range(10):
        fields = [each.get_by_label("Value", exact=True) for each in pages]
        await asyncio.gather(*(field.fill(f"{name} {number}") for field, name in zip(fields, "ab", strict=True)))
        await asyncio.sleep(1)
        for each in pages:
            if await each.get_by_role("button", name="Keep mine").count():
                await pages[pages[0] is each].close()
                return each, path
    raise AssertionError("they never met")


async def test_a_change_that_came_too_late_is_told_and_can_be_kept(newcomer: Newcomer, contexts: Opener) -> None:
    page, path = await overtaken(newcomer, contexts)
    mine = await page.get_by_label("Value", exact=True).input_value()
    banner = page.get_by_text("This workflow was changed in another window.")
    await expect(banner).to_be_visible()
    await expect(page.get_by_role("button", name="Undo")).to_have_attribute("aria-disabled", "true")
    await page.evaluate("document.querySelector('.sl-panel').classList.remove('open')")
    await judged(page)
    said = await page.locator(".sl-notes .body").bounding_box()
    assert said is not None
    assert said["width"] > 250, "the buttons leave no room for the words"
    await page.get_by_role("button", name="Keep mine").click()
    asked = page.get_by_role("alertdialog")
    await expect(asked.get_by_text("Keep yours?")).to_be_visible()
    await judged(page, dialog=True)
    box = await asked.locator(".sl-window").bounding_box()
    assert box is not None
    assert box["height"] < 300, "a question is no sheet over the whole phone"
    await asked.get_by_role("button", name="Keep mine").click()
    await saved(page)
    await expect(banner).to_have_count(0)
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 2")
    assert (await kept(newcomer, path))["steps"][0]["values"] == {"text": mine}


async def test_where_it_was_deleted_nothing_is_offered_that_cannot_be(newcomer: Newcomer, contexts: Opener) -> None:
    page = await (await contexts(newcomer.email, bypass_csp=True)).new_page()
    path = await draft(newcomer, "Gone", flows.SET)
    await start(page, path)
    (await newcomer.rest.delete(f"/api{path}")).raise_for_status()
    await expect(page.get_by_text("This workflow was deleted in another window.")).to_be_visible()
    await expect(page.get_by_role("button", name="Keep mine")).to_have_count(0)
    await judged(page)
    await page.locator(".sl-notes").get_by_role("link", name="All workflows").click()
    await page.wait_for_url("**/workflows")


async def test_a_change_is_taken_back_on_a_phone(newcomer: Newcomer, contexts: Opener) -> None:
    page = await (await contexts(newcomer.email, bypass_csp=True, viewport=PHONE)).new_page()
    await start(page, await draft(newcomer, "Phone", flows.SET))
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_have_attribute("aria-disabled", "true")
    await choose(page, 1)
    await page.locator(".sl-panel").get_by_role("button", name="Actions for this step").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(step(page, 2)).to_be_visible()
    await page.get_by_role("button", name="Close", exact=True).click()
    await saved(page)
    box = await undo.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    await judged(page)
    await undo.click()
    await expect(step(page, 2)).to_have_count(0)
    await page.get_by_role("button", name="Redo").click()
    await expect(step(page, 2)).to_be_visible()
    await judged(page)
