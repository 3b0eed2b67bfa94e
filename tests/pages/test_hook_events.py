"""Choosing a sender's events in the webhook panel of the editor."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import judge
from tests.pages.conftest import Newcomer
from tests.pages.editing import saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_events_of_a_sender_are_chosen_and_bring_their_samples(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await page.get_by_label("What starts it").select_option("webhook")
    await expect(page.get_by_text("Events", exact=True)).to_be_hidden()
    await page.get_by_role("combobox", name="Signature check").select_option("github")
    await page.get_by_text("Events", exact=True).click()
    box = page.get_by_role("checkbox", name="Issue opened")
    await box.check()
    await saved(page)
    await page.get_by_role("button", name="Use the sample of Release published").click()
    await expect(page.get_by_text("This event is the sample now")).to_be_visible()
    await judge.accessible(page)
    drafts = (await newcomer.rest.get("/api/workflows")).raise_for_status().json()["items"]
    assert drafts[0]["trigger"]["events"] == ["issues"]
    await page.get_by_role("combobox", name="Signature check").select_option("stripe")
    await page.get_by_text("Events", exact=True).click()
    await expect(page.get_by_role("checkbox", name="Invoice paid")).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Invoice paid")).not_to_be_checked()
