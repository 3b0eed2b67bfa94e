"""The integrations page: what is connected, found again, and alive."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from streamline_ui.providers import PROVIDERS
from tests.pages import judge
from tests.pages.conftest import Newcomer, Opener
from tests.pages.steps import OTHER_DISCORD, card, start, tile

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_every_service_has_a_tile_with_a_picture_its_needs_and_a_button(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, "/")
    await expect(page.get_by_role("heading", name="Integrations", level=1)).to_be_visible()
    tiles = page.get_by_test_id("tile")
    await expect(tiles).to_have_count(len(PROVIDERS))
    for provider in PROVIDERS.values():
        one = tiles.filter(has=page.locator(f"#tile-{provider.type}"))
        await expect(one.locator("svg")).to_have_count(1)
        await expect(one).to_contain_text(provider.needs)
        await expect(one.get_by_role("button", name="Configure", exact=True)).to_be_visible()


async def test_slash_searches_and_enter_opens_the_first_hit(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await page.keyboard.press("/")
    await expect(page.get_by_label("Search integrations")).to_be_focused()
    await page.keyboard.type("tele")
    await expect(page.locator("[data-testid=tile]:visible")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Connect Telegram")).to_be_visible()


@pytest.mark.parametrize(("query", "found"), [("dicsord", "Discord"), ("mail", "SendGrid"), ("curl", "HTTP")])
async def test_search_forgives_a_slip_and_knows_other_words(newcomer: Newcomer, query: str, found: str) -> None:
    await start(newcomer.page)
    await newcomer.page.get_by_label("Search integrations").fill(query)
    await expect(newcomer.page.locator("[data-testid=tile]:visible")).to_have_count(1)
    await expect(newcomer.page.locator("[data-testid=tile]:visible")).to_contain_text(found)


async def test_a_search_without_hits_offers_two_ways_on(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await page.get_by_label("Search integrations").fill("zzz")
    await expect(page.get_by_text("Nothing called “zzz”")).to_be_visible()
    await page.get_by_role("button", name="Show all").locator("visible=true").click()
    await expect(page.locator("[data-testid=tile]:visible")).to_have_count(len(PROVIDERS))
    await page.get_by_label("Search integrations").fill("zzz")
    await page.get_by_role("button", name="HTTP request").click()
    await expect(page.get_by_role("dialog", name="Connect HTTP request")).to_be_visible()


async def test_chips_filter_and_count_what_they_show(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("discord", "One")
    await newcomer.connect("discord", "Two")
    paused = await newcomer.connect("telegram", "Resting")
    await newcomer.rest.patch(f"/api/integrations/{paused}", json={"isActive": False})
    await start(page)
    for name, count in (("Healthy", 2), ("Paused", 1), ("Needs attention", 0), ("All", 3)):
        chip = page.get_by_role("group", name="Show").get_by_role("button", name=name)
        await chip.click()
        await expect(chip).to_have_text(re.compile(f"{name}\\s*{count}"))
        await expect(page.locator("[data-testid=conn-card]:visible")).to_have_count(count)
    await page.get_by_role("button", name="Chat", exact=True).click()
    chats = [provider for provider in PROVIDERS.values() if provider.category == "Chat"]
    await expect(page.locator("[data-testid=tile]:visible")).to_have_count(len(chats))


async def test_two_of_a_kind_stand_beside_each_other(newcomer: Newcomer) -> None:
    await newcomer.connect("discord", "Ops")
    await newcomer.connect("discord", "Marketing")
    await start(newcomer.page)
    await expect(card(newcomer.page, "Ops")).to_be_visible()
    await expect(card(newcomer.page, "Marketing")).to_be_visible()
    await expect(tile(newcomer.page, "Discord")).to_contain_text("2 connected")


async def test_what_is_broken_comes_first_and_is_fixed_in_three_steps(newcomer: Newcomer) -> None:
    page = newcomer.page
    broken = await newcomer.connect("discord", "Broken")
    await newcomer.connect("telegram", "Fine")
    await newcomer.fail("discord", status=401)
    await newcomer.test(broken)
    await newcomer.heal("discord")
    await start(page)
    first = page.get_by_test_id("conn-card").first
    await expect(first).to_contain_text("Needs attention")
    await expect(first.get_by_role("button", name="Fix")).to_be_visible()
    await expect(page.get_by_role("region", name="Needs attention")).to_contain_text("Discord refused this URL (401")
    await page.get_by_role("button", name="Replace webhook URL").click()  # 1
    await expect(page.get_by_label("Webhook URL", exact=True)).to_be_focused()
    await page.keyboard.insert_text(OTHER_DISCORD)  # 2
    await page.keyboard.press("Enter")  # 3
    await expect(card(page, "Broken")).to_contain_text("Healthy")
    await expect(page.get_by_role("region", name="Needs attention")).to_be_hidden()


async def test_changes_elsewhere_show_without_a_reload(newcomer: Newcomer) -> None:
    page = newcomer.page
    ops = await newcomer.connect("discord", "Ops")
    await start(page)
    await page.evaluate("window.notReloaded = true")
    await page.get_by_label("Search integrations").fill("disc")
    await newcomer.fail("discord", status=401)
    await newcomer.test(ops)
    await expect(card(page, "Ops")).to_contain_text("Needs attention", timeout=2000)
    await newcomer.connect("telegram", "Bot of another browser")
    await expect(card(page, "Bot of another browser")).to_be_visible(timeout=2000)
    await newcomer.rest.delete(f"/api/integrations/{ops}")
    await expect(card(page, "Ops")).to_have_count(0, timeout=2000)
    await expect(page.get_by_label("Search integrations")).to_be_focused()
    await expect(page.get_by_label("Search integrations")).to_have_value("disc")
    assert await page.evaluate("window.notReloaded")


async def test_the_menu_works_without_a_mouse(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("discord", "Ops")
    await start(page)
    more = card(page, "Ops").get_by_role("button", name="More actions for Ops")
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Test now")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Edit")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(more).to_be_focused()


async def test_delete_can_be_taken_back(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("discord", "Ops")
    await start(page)
    await card(page, "Ops").get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(card(page, "Ops")).to_have_count(0)
    await page.wait_for_url("**deleted=*")
    await page.reload()
    await page.get_by_role("button", name="Undo").click()
    await expect(card(page, "Ops")).to_contain_text("Healthy")
    await page.wait_for_function("!location.search")


async def test_pause_resume_and_duplicate(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("discord", "Ops")
    await start(page)
    for action, seen in (("Pause", "Paused"), ("Resume", "Healthy")):
        await card(page, "Ops").get_by_role("button", name="More actions").click()
        await page.get_by_role("menuitem", name=action).click()
        await expect(card(page, "Ops").locator(".sl-pill")).to_have_text(seen)
    await card(page, "Ops").get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(card(page, "Ops 2")).to_be_visible()


async def test_foreign_words_are_shown_as_words(newcomer: Newcomer) -> None:
    name = '<img src=x onerror="window.pwned=1"> & {{ 7*7 }}'
    await newcomer.connect("discord", name)
    await start(newcomer.page)
    await expect(newcomer.page.get_by_role("heading", name=name)).to_be_visible()
    assert await newcomer.page.evaluate("window.pwned") is None


async def test_nobody_sees_the_connections_of_others(newcomer: Newcomer, page: Page) -> None:
    await newcomer.connect("discord", "Only Nora's")
    await start(page)
    await expect(page.get_by_role("heading", name="Integrations", level=1)).to_be_visible()
    await expect(page.get_by_text("Only Nora's")).to_have_count(0)


async def test_the_page_is_accessible_everywhere(newcomer: Newcomer, contexts: Opener) -> None:
    await judge.everywhere(contexts, "/integrations", newcomer.email)
    broken = await newcomer.connect("discord", "Broken")
    await newcomer.connect("telegram", "Fine")
    await newcomer.fail("discord", status=401)
    await newcomer.test(broken)
    await judge.everywhere(contexts, "/integrations", newcomer.email)


@pytest.mark.parametrize("width", [320, 390])
async def test_every_filter_is_whole_on_a_phone(newcomer: Newcomer, width: int) -> None:
    await newcomer.connect("discord", "News")
    page = newcomer.page
    await page.set_viewport_size({"width": width, "height": 844})
    await start(page)
    shown = page.locator(".sl-chip:visible")
    await expect(page.get_by_role("group", name="Show").get_by_role("button")).to_have_count(4)
    for place in range(await shown.count()):
        box = await shown.nth(place).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] >= 16
        assert box["x"] + box["width"] <= width - 16
