"""Choosing from where requests are taken, and whether repeated deliveries count, in the webhook panel of the editor."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from components.hook_rules import doubt, read
from tests.pages import judge
from tests.pages.conftest import Newcomer
from tests.pages.editing import saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_is_typed_is_read_and_doubted() -> None:
    assert read("203.0.113.7\n 203.0.113.0/24, 2001:db8::/32;\n\n") == [
        "203.0.113.7",
        "203.0.113.0/24",
        "2001:db8::/32",
    ]
    assert doubt(["203.0.113.7", "2001:db8::/32"]) == ""
    assert doubt(["203.0.113.7", "example.com"]) == "example.com is no address and no network."
    assert doubt(["203.0.113.7"] * 101).startswith("At most 100")


async def test_the_owner_says_which_requests_are_taken(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await page.get_by_label("What starts it").select_option("webhook")
    field = page.get_by_label("Addresses that may send")
    await expect(field).to_be_hidden()
    await page.get_by_text("Which requests are taken").click()
    await field.fill("203.0.113.0/24\nexample.com")
    await expect(page.get_by_text("example.com is no address and no network.")).to_be_visible()
    await field.fill("203.0.113.0/24\n198.51.100.7")
    await expect(page.get_by_text("is no address and no network.")).to_be_hidden()
    await page.get_by_label("A delivery that its sender repeats").select_option("off")
    await saved(page)
    await judge.accessible(page)
    trigger = (await newcomer.rest.get("/api/workflows")).raise_for_status().json()["items"][0]["trigger"]
    assert trigger["allowedAddresses"] == ["203.0.113.0/24", "198.51.100.7"]
    assert trigger["duplicates"] == "off"
    await page.reload()
    await expect(page.get_by_label("Addresses that may send")).to_have_value("203.0.113.0/24\n198.51.100.7")
    await expect(page.get_by_label("A delivery that its sender repeats")).to_have_value("off")
