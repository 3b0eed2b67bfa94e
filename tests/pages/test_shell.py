"""The frame around every page in a real browser: palette, shortcuts, theme, attention count, a lost connection."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.pages import judge
from tests.pages.conftest import PHONE, Newcomer, Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOOK = "https://discord.com/api/webhooks/123456789012345678/" + "a" * 68


async def visit(page: Page, path: str = "/inbox") -> Page:
    await page.goto(path)
    await ready(page)
    return page


async def open_palette(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Search or jump to")).to_be_focused()


async def type_in_palette(page: Page, words: str, first: str) -> None:
    """Type, and wait until the first line is the expected one."""
    await page.get_by_role("combobox").fill(words)
    await expect(page.get_by_role("option").first).to_contain_text(first)


async def wait_for_theme(newcomer: Newcomer, wanted: str) -> None:
    """Wait until the server has noted the theme."""
    for _ in range(100):
        if (await newcomer.rest.get("/api/me")).raise_for_status().json()["theme"] == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the theme never became {wanted}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_palette_and_shortcuts_are_accessible(scheme: str, contexts: Opener) -> None:
    page = await visit(await (await contexts(color_scheme=scheme, bypass_csp=True)).new_page())
    await open_palette(page)
    await judge.dialog(page)
    await page.get_by_role("button", name="all shortcuts").click()
    await expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    await expect(page.get_by_test_id("palette")).to_be_hidden()
    await judge.dialog(page)


async def test_palette_goes_to_a_page_by_keyboard(page: Page) -> None:
    await visit(page)
    await open_palette(page)
    await type_in_palette(page, "about", "About")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/settings/about")


async def test_palette_takes_enter_before_the_list_has_followed(page: Page) -> None:
    await visit(page)
    await open_palette(page)
    await page.keyboard.type("about")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/settings/about")


async def test_palette_moves_with_the_arrow_keys(page: Page) -> None:
    await visit(page)
    await open_palette(page)
    await type_in_palette(page, "settings", "Settings")
    options = page.get_by_role("option")
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await expect(options.nth(0)).to_have_attribute("aria-selected", "false")
    marked = await page.get_by_role("combobox").get_attribute("aria-activedescendant")
    assert marked == await options.nth(1).get_attribute("id")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")


async def test_palette_gives_the_focus_back(page: Page) -> None:
    await visit(page)
    opener = page.get_by_role("button", name="Search or jump to")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("palette")).to_be_hidden()
    await expect(opener).to_be_focused()


async def test_palette_finds_a_connection_whatever_it_is_called(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await newcomer.connect("discord", 'Ops <img src=x onerror="window.pwned=1">')
    await visit(page)
    await open_palette(page)
    await type_in_palette(page, "ops", "Ops <img")
    assert await page.evaluate("window.pwned") is None
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/integrations/{found}")


async def test_palette_tests_a_connection_from_anywhere(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await newcomer.connect("discord", "Ops alerts")
    await visit(page, "/settings/about")
    await open_palette(page)
    await type_in_palette(page, "test ops", "Test “Ops alerts” now")
    await page.keyboard.press("Enter")
    await expect(page.locator(".sl-toasts")).to_contain_text("Connected")
    await newcomer.fail("discord", status=401)
    await open_palette(page)
    await type_in_palette(page, "test ops", "Test “Ops alerts” now")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/integrations/{found}")  # where it is told what is wrong


async def test_palette_recognises_what_was_pasted(newcomer: Newcomer) -> None:
    page = await visit(newcomer.page)
    await open_palette(page)
    await type_in_palette(page, f"  {HOOK} ", "Connect Discord with this webhook")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Connect Discord")).to_be_visible()
    await expect(page.get_by_label("Webhook URL", exact=True)).to_have_value(HOOK)


async def test_palette_says_when_there_is_nothing(page: Page) -> None:
    await visit(page)
    await open_palette(page)
    await page.get_by_role("combobox").fill("zzzzzz")
    await expect(page.get_by_text("Nothing is called “zzzzzz”.")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox")).to_be_focused()


@pytest.mark.parametrize("keys, path", [("gi", "/"), ("gs", "/settings")])
async def test_g_goes_to_places(keys: str, path: str, page: Page) -> None:
    await visit(page)
    for key in keys:
        await page.keyboard.press(key)
    await page.wait_for_url(re.compile(re.escape(path) + "$"))


async def test_keys_do_nothing_while_somebody_types(page: Page) -> None:
    await visit(page, "/settings/profile")
    name = page.get_by_label("Name", exact=True)
    await name.fill("")
    await name.press_sequentially("gi n?/gs")
    await expect(name).to_have_value("gi n?/gs")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith("/settings/profile")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()


async def test_n_offers_a_new_connection(page: Page) -> None:
    await visit(page)
    await page.keyboard.press("n")
    await expect(page.get_by_role("option").first).to_contain_text("New connection")


async def test_skip_link_comes_first(page: Page) -> None:
    await visit(page)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.querySelector('h1') !== null")


async def test_theme_is_kept_for_the_person_and_never_flashes(newcomer: Newcomer, contexts: Opener) -> None:
    page = await visit(newcomer.page)
    root = page.locator("html")
    await expect(root).to_have_attribute("data-theme", "light")
    await page.get_by_role("button", name="Switch between light and dark").click()
    await expect(root).to_have_attribute("data-theme", "dark")
    other = await (await contexts(as_=newcomer.email)).new_page()
    await other.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.early = document.documentElement.dataset.theme; })"
    )
    await wait_for_theme(newcomer, "dark")
    await visit(other)
    assert await other.evaluate("window.early") == "dark"


async def test_theme_follows_the_system_until_one_is_chosen(newcomer: Newcomer) -> None:
    page = await visit(newcomer.page)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_what_needs_somebody_is_counted_on_every_page(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await newcomer.connect("discord", "Alerts")
    await visit(page)
    link = page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Integrations")
    await expect(link).to_have_text("Integrations")
    await expect(page.locator(".sl-line")).to_contain_text("1 connection")
    await newcomer.fail("discord", status=401)
    await newcomer.test(found)
    await expect(link).to_contain_text("1 needs attention", timeout=3000)


async def test_a_lost_connection_is_told_and_typed_text_stays(page: Page) -> None:
    await visit(page, "/settings/profile")
    name = page.get_by_label("Name", exact=True)
    await name.fill("Half a na")
    lost = page.get_by_text("Connection lost. Your changes are kept; reconnecting…")
    await page.evaluate("window.socket.disconnect()")
    await expect(lost).to_be_visible(timeout=4000)
    await expect(page.locator("#popup")).to_be_hidden()
    await name.press_sequentially("me")
    await page.evaluate("window.socket.connect()")
    await expect(lost).to_be_hidden()
    await expect(name).to_have_value("Half a name")


async def test_a_short_loss_is_not_told(page: Page) -> None:
    await visit(page)
    await page.evaluate("window.socket.io.engine.close()")
    await page.wait_for_function("window.socket.connected")
    await expect(page.locator(".sl-lost")).to_be_hidden()


async def test_signing_out_locks_the_door(newcomer: Newcomer) -> None:
    page = await visit(newcomer.page)
    await page.get_by_role("button", name="Account of Nora New").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.wait_for_url("**/sign-in")
    await page.goto("/inbox")
    assert page.url.endswith("/sign-in?next=/inbox")


async def test_phones_have_tabs_and_a_search(contexts: Opener) -> None:
    page = await visit(await (await contexts(viewport=PHONE)).new_page())
    await expect(page.get_by_role("complementary", name="Sidebar")).to_be_hidden()
    tabs = page.get_by_role("navigation", name="Main, at the bottom")
    await expect(tabs.get_by_role("link")).to_have_text(["Integrations", "Inbox", "Settings"])
    await expect(tabs.get_by_role("link", name="Inbox")).to_have_attribute("aria-current", "page")
    await tabs.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("combobox")).to_be_focused()


async def test_nothing_is_asked_of_other_machines(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await visit(page)
    await open_palette(page)
    assert asked
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []
