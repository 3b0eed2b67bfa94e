"""The address that a service's events are entered at: shown with what to do there, and copied with a press."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import judge
from tests.pages.conftest import Newcomer
from tests.pages.steps import start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_slacks_address_says_what_is_missing_and_what_to_do(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await newcomer.connect("slack", "Team")
    await start(page, f"/integrations/{found}")
    section = page.get_by_role("region", name="Receive events")
    await expect(section).to_contain_text("Event Subscriptions › Request URL")
    await expect(section).to_contain_text("Signing secret is not set here, so nothing is accepted yet.")
    address = await section.get_by_label("Address").input_value()
    assert "/hooks/" in address
    await section.get_by_role("button", name="Copy").click()
    await expect(section.get_by_role("button")).to_contain_text("Copied")
    await judge.accessible(page)


async def test_where_nothing_is_sent_there_is_no_address(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await newcomer.connect("discord", "Ops")
    await start(page, f"/integrations/{found}")
    await expect(page.get_by_role("heading", name="Used by")).to_be_visible()
    await expect(page.get_by_role("region", name="Receive events")).to_have_count(0)
