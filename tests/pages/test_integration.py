"""One connection's page: how it is, what happened, and everything that can be done with it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.pages import judge
from tests.pages.conftest import Newcomer, Opener, sign_in
from tests.pages.steps import card, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_page(newcomer: Newcomer, type_name: str = "discord", name: str = "Ops") -> str:
    found = await newcomer.connect(type_name, name)
    await start(newcomer.page, f"/integrations/{found}")
    return found


def number(page: Page, title: str) -> str:
    return f"dl.sl-numbers div:has(> dt:text-is('{title}')) dd"


async def test_four_numbers_and_the_last_checks(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await open_page(newcomer)
    await newcomer.fail("discord", status=401)
    await newcomer.test(found)
    await expect(page.locator(number(page, "Uptime, 30 days"))).to_have_text(re.compile(r"^\d{1,2}(\.\d+)? %$"))
    await expect(page.locator(number(page, "Typical answer"))).to_have_text(re.compile(r"\d+ ms"))
    await expect(page.locator(number(page, "Last used"))).to_have_text("Never")
    await expect(page.locator(number(page, "Checks, 24 hours"))).to_contain_text("1 failed")
    bar = page.get_by_test_id("heartbeat")
    await expect(bar).to_have_attribute("aria-label", "Last 2 checks: 1 fine, 1 failed")
    await bar.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(bar).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d:\d\d fine, \d+ ms"))
    await page.keyboard.press("ArrowRight")
    await expect(bar).to_have_attribute("aria-valuetext", re.compile("failed, .*Discord refused this URL"))


async def test_a_test_shows_at_once(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer)
    await expect(page.locator(".sl-activity li")).to_have_count(1)
    await page.get_by_role("button", name="Test now").click()
    await expect(page.locator(".sl-activity li")).to_have_count(2)
    await expect(page.get_by_test_id("heartbeat")).to_have_attribute("aria-label", "Last 2 checks: 2 fine")


async def test_pause_and_resume(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("main .sl-pill, .sl-main .sl-pill")).to_have_text("Paused")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("main .sl-pill, .sl-main .sl-pill")).to_have_text("Healthy")


async def test_what_is_wrong_and_the_way_out(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await open_page(newcomer)
    await newcomer.fail("discord", status=401)
    await newcomer.test(found)
    problem = page.get_by_role("region", name="Problem")
    await expect(problem).to_contain_text("Discord refused this URL (401, 50027 Invalid Webhook Token).")
    await expect(problem).to_contain_text("It last worked")
    await newcomer.heal("discord")
    await problem.get_by_role("button", name="Replace webhook URL").click()
    await expect(page.get_by_label("Webhook URL", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Problems").click()
    await expect(page.locator(".sl-activity li")).to_have_count(1)
    await newcomer.test(found)
    await expect(problem).to_be_hidden()


async def test_the_name_is_changed_where_it_stands(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer)
    await page.get_by_role("button", name="Rename").click()
    field = page.get_by_role("textbox", name="Name")
    await expect(field).to_be_focused()
    await field.fill(" ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Name is missing.")
    await field.fill("Night watch")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Night watch", level=1)).to_be_visible()
    await page.get_by_role("button", name="Rename").click()
    await expect(field).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Rename")).to_be_focused()


async def test_a_test_message_arrives_and_an_error_stays_in_its_place(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer)
    await page.get_by_role("button", name="Send a test message").click()
    dialog = page.get_by_role("dialog", name="Send a test message")
    await dialog.get_by_label("Message").fill("Hello from Nora")
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(dialog.get_by_role("status")).to_contain_text("Done.")
    arrived = await newcomer.rest.get("/sandbox/discord/_arrived")
    assert "Hello from Nora" in arrived.text
    await expect(page.locator(number(page, "Last used"))).to_have_text(re.compile("just now|s ago"))
    await dialog.get_by_label("Message").fill("")
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(dialog.get_by_text("Message is missing.")).to_be_visible()
    await newcomer.fail("discord", status=429, retryAfter=3)
    await dialog.get_by_label("Message").fill("Once more")
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(dialog.get_by_role("status")).to_contain_text("429")
    await expect(dialog.get_by_text("Message is missing.")).to_have_count(0)
    await newcomer.heal("discord")
    await dialog.get_by_label("Message").press("Control+Enter")
    await expect(dialog.get_by_role("status")).to_contain_text("Done.")
    await page.keyboard.press("Escape")  # what was sent is not lost: nothing to ask
    await expect(dialog).to_have_count(0)


async def test_curl_has_the_request_but_no_secret(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer)
    await page.get_by_role("button", name="Send a test message").click()
    dialog = page.get_by_role("dialog", name="Send a test message")
    await dialog.get_by_role("button", name="Copy as curl").click()
    command = dialog.get_by_role("region", name="Command")
    await expect(command).to_contain_text("curl -X POST")
    await expect(command).to_contain_text('"content":"Hello from Streamline')
    text = await command.inner_text()
    assert "***" in text
    assert "sandbox-sandbox" not in text


async def test_delete_leads_back_with_a_way_back(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.wait_for_url("**/?deleted=*")
    await page.get_by_role("button", name="Undo").click()
    await expect(card(page, "Ops")).to_be_visible()


async def test_what_it_was_set_up_with(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_page(newcomer, "telegram", "Bot")
    facts = page.get_by_role("region", name="Credentials").locator("dl.sl-facts")
    await expect(facts).to_contain_text("••••")
    await expect(facts).to_contain_text("AES-256-GCM")
    await expect(page.get_by_text("No workflow uses it yet.")).to_be_visible()
    await expect(page.get_by_role("link", name="Open Telegram")).to_have_attribute("href", "https://t.me/BotFather")


async def test_it_leaves_when_it_is_deleted_elsewhere(newcomer: Newcomer) -> None:
    found = await open_page(newcomer)
    await newcomer.rest.delete(f"/api/integrations/{found}")
    await expect(newcomer.page.get_by_role("heading", name="Integrations", level=1)).to_be_visible()


async def test_somebody_elses_connection_is_not_found(newcomer: Newcomer, page: Page) -> None:
    found = await newcomer.connect("discord", "Only Nora's")
    answer = await page.goto(f"/integrations/{found}")
    assert answer is not None
    assert answer.status == 404
    assert "Only Nora" not in await page.content()


async def test_the_page_is_accessible_everywhere(newcomer: Newcomer, contexts: Opener) -> None:
    found = await newcomer.connect("discord", "Ops")
    await newcomer.fail("discord", status=401)
    await newcomer.test(found)
    await judge.everywhere(contexts, f"/integrations/{found}", newcomer.email)
    context = await contexts(as_=None, bypass_csp=True)
    await sign_in(context, newcomer.url, newcomer.email)
    page = await context.new_page()
    await start(page, f"/integrations/{found}")
    await page.get_by_role("button", name="Send a test message").click()
    await page.get_by_text("More options").click()
    await judge.dialog(page)
