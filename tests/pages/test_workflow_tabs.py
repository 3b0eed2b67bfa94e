"""One workflow in two windows: what one of them keeps, the other shows."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import flows
from tests.pages.conftest import Newcomer
from tests.pages.editing import choose, draft, saved, start, step

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_with_nothing_unsaved_it_takes_over_what_another_window_saved(newcomer: Newcomer) -> None:
    page = newcomer.page
    path = await draft(newcomer, "Shared", flows.SET)
    await start(page, path)
    other = await page.context.new_page()
    await start(other, path)
    await choose(other, 1)
    await other.get_by_role("button", name="Actions for this step").last.click()
    await other.get_by_role("menuitem", name="Duplicate").click()
    await expect(step(other, 2)).to_be_visible()
    await saved(other)
    await expect(page.get_by_text("Changed in another window.")).to_be_visible()
    await expect(step(page, 2)).to_be_visible()
    await expect(page.get_by_text("Changed elsewhere")).to_have_count(0)
    await other.close()
