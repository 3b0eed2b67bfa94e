"""The way in, in a real browser."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD
from tests.pages import judge
from tests.pages.conftest import Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def enter(page: Page, email: str, password: str) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")


async def test_the_page_is_accessible(contexts: Opener) -> None:
    await judge.everywhere(contexts, "/sign-in", as_=None)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/inbox", "/inbox"),
        ("/settings/tokens?x=1", "/settings/tokens?x=1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
    ],
)
async def test_it_leads_where_the_visitor_wanted_to_go_but_never_elsewhere(
    guest: Page, wanted: str, reached: str
) -> None:
    await guest.goto(f"/sign-in?next={wanted.replace('?', '%3F')}")
    await expect(guest.get_by_label("Email")).to_be_focused()
    await enter(guest, "alice@example.com", PASSWORD)
    await expect(guest.get_by_role("link", name="Settings").first).to_be_visible()
    address = guest.url.partition("://")[2]
    assert address[address.index("/") :] == reached


async def test_whoever_is_not_signed_in_comes_here_first(guest: Page) -> None:
    await guest.goto("/settings/profile")
    await guest.wait_for_url(re.compile(r"/sign-in\?next=/settings/profile$"))


async def test_a_wrong_password_is_told_and_what_was_typed_stays(guest: Page) -> None:
    email = f"nobody-{uuid4().hex[:6]}@example.com"
    await guest.goto("/sign-in")
    await enter(guest, email, "not the password")
    await expect(guest.get_by_role("alert")).to_contain_text("The email address or the password is wrong.")
    await expect(guest.get_by_label("Email")).to_have_value(email)
    await expect(guest.get_by_label("Password", exact=True)).to_have_value("not the password")
    await expect(guest.get_by_label("Password", exact=True)).to_be_focused()
    await judge.accessible(guest)
    assert "not the password" not in guest.url


async def test_after_five_wrong_tries_there_is_a_pause(guest: Page) -> None:
    email = f"nobody-{uuid4().hex[:6]}@example.com"
    await guest.goto("/sign-in")
    for _ in range(5):
        async with guest.expect_response("**/session"):
            await enter(guest, email, "wrong")
        await expect(guest.get_by_role("alert")).to_be_visible()
    await enter(guest, email, "wrong")
    await expect(guest.get_by_role("alert")).to_contain_text("Too many wrong attempts. Try again in")


async def test_empty_fields_are_named_before_anything_is_sent(guest: Page) -> None:
    await guest.goto("/sign-in")
    sent: list[str] = []
    guest.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await guest.get_by_role("button", name="Sign in").click()
    await expect(guest.get_by_text("Your email address is missing.")).to_be_visible()
    await expect(guest.get_by_text("Your password is missing.")).to_be_visible()
    await expect(guest.get_by_label("Email")).to_be_focused()
    assert not [url for url in sent if url.endswith("/session")]


async def test_the_password_can_be_shown_by_a_real_button(guest: Page) -> None:
    await guest.goto("/sign-in")
    password = guest.get_by_label("Password", exact=True)
    await password.fill("quiet")
    button = guest.get_by_role("button", name="Show password")
    for kind, pressed in (("text", "true"), ("password", "false")):
        await button.click()
        await expect(password).to_have_attribute("type", kind)
        await expect(button).to_have_attribute("aria-pressed", pressed)


async def test_a_forgotten_password_has_a_way_out(guest: Page) -> None:
    await guest.goto("/sign-in")
    await guest.get_by_text("Forgot password?").click()
    await expect(guest.get_by_text("python3 main.py reset-password")).to_be_visible()


async def test_signing_out_closes_every_page_of_the_session(page: Page) -> None:
    await page.goto("/inbox")
    await ready(page)
    other = await page.context.new_page()
    await other.goto("/settings/about")
    await ready(other)
    await page.get_by_role("button", name="Account of Alice").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.wait_for_url(re.compile("/sign-in"))
    await other.wait_for_url(re.compile(r"/sign-in\?next=/settings/about$"), timeout=5000)
