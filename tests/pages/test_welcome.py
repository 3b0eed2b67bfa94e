"""The first run in a real browser, on servers that nobody has an account on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.conftest import PASSWORD, Server, start_server, stop_server
from tests.pages import judge
from tests.pages.conftest import Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server without an account, which wants a setup token."""
    running = start_server(tmp_path, STREAMLINE_SETUP_TOKEN="a-token-for-the-first-account")
    yield running
    stop_server(running)


async def test_from_an_empty_database_to_the_first_connection(fresh: Server, contexts: Opener) -> None:
    await judge.everywhere(contexts, "/welcome", as_=None, url=fresh.url)
    page = await (await contexts(as_=None, url=fresh.url)).new_page()
    await page.goto("/integrations?connect=discord")
    await page.wait_for_url(re.compile("/welcome$"))
    await expect(page.get_by_label("Email")).to_be_focused()
    await page.get_by_label("Email").fill("alice@example.com")
    await page.get_by_label("Name").fill("Alice")
    password = page.get_by_label("Password", exact=True)
    await password.press_sequentially("quiet")
    await expect(page.get_by_text("5 more characters.")).to_be_visible()
    await password.fill(PASSWORD)
    await expect(page.get_by_text("Strong.")).to_be_visible()
    await page.get_by_label("Setup token").fill("not the token")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("This is not the setup token.")
    await expect(password).to_have_value(PASSWORD)

    await page.goto("/welcome?setup=a-token-for-the-first-account")
    await expect(page.get_by_label("Setup token")).to_have_count(0)
    await page.get_by_label("Email").fill("alice@example.com")
    await password.fill("password12")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This is among the first that others would try.")).to_be_visible()
    await password.fill(PASSWORD)
    await page.keyboard.press("Enter")

    await page.wait_for_url(re.compile("/welcome/recovery$"))
    await ready(page)
    await judge.whole(page)
    key = (fresh.data / "keys" / "encryption.key").read_text().strip()
    assert key not in await page.content()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("Download the kit first")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download recovery kit").click()
    assert key in (await (await waiting.value).path()).read_text()
    await page.get_by_role("button", name="Continue").click()

    await page.wait_for_url(re.compile("/welcome/first$"))
    await ready(page)
    await judge.whole(page)
    await page.get_by_role("link", name="Inbox").click()
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Connect Inbox")).to_be_visible()

    await page.goto("/welcome")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    guest = await (await contexts(as_=None, url=fresh.url)).new_page()
    await guest.goto("/welcome")
    await guest.wait_for_url(re.compile("/sign-in$"))


async def test_who_brings_the_key_is_taken_to_keep_it(tmp_path: Path, contexts: Opener) -> None:
    running = start_server(tmp_path, ENCRYPTION_KEY="0123456789abcdef" * 4)
    try:
        page = await (await contexts(as_=None, url=running.url)).new_page()
        await page.goto("/welcome")
        await page.get_by_label("Email").fill("alice@example.com")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Create account").click()
        await page.wait_for_url(re.compile("/welcome/recovery$"))
        await ready(page)
        await expect(page.get_by_label("I keep ENCRYPTION_KEY myself")).to_be_checked()
        await page.get_by_role("button", name="Continue").click()
        await page.wait_for_url(re.compile("/welcome/first$"))
        await page.get_by_role("link", name="Skip").click()
        await page.goto("/settings/encryption")
        await expect(page.get_by_text("In safety: somebody keeps the key")).to_be_visible()
    finally:
        stop_server(running)
