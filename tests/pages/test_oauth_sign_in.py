"""Signing in at a service, as people do it: with a window in which the service asks."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import Server
from tests.pages import judge
from tests.pages.conftest import Newcomer
from tests.pages.steps import card, open_dialog, ready, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CLIENT, SECRET = "123456789012-abc.apps.googleusercontent.com", "GOCSPX-" + "s" * 28


async def fill_in(newcomer: Newcomer) -> None:
    """The client of a Google Cloud project, which the stand-in takes."""
    page = newcomer.page
    await page.get_by_label("Client ID", exact=True).fill(CLIENT)
    await page.get_by_label("Client secret", exact=True).fill(SECRET)
    await page.get_by_text("More options").click()
    await page.get_by_label("Service address").fill(f"{newcomer.url}/sandbox/google_sheets")
    await page.get_by_label("Sign-in address").fill(f"{newcomer.url}/sandbox/google_sheets")


async def press(page: Page, name: str = "Sign in with Google", within: Locator | None = None) -> Page:
    """Press the button, in the dialog or elsewhere; returns the window that opens, once the service asks in it."""
    async with page.expect_popup() as opening:
        await (within or page.get_by_role("dialog")).get_by_role("button", name=name).click()
    window = await opening.value
    await expect(window.get_by_role("heading", name="Sign in at Google")).to_be_visible()
    return window


async def allow(window: Page, account: str = "alex@example.com") -> None:
    """Say yes; the window closes by itself."""
    await window.get_by_label(account).check()
    async with window.expect_event("close"):
        await window.get_by_role("button", name="Allow").click()


async def test_sign_in_with_google(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Google Sheets")
    await expect(dialog.get_by_label("Return address")).to_have_value(f"{newcomer.url}/oauth/callback")
    await judge.accessible(page)
    await fill_in(newcomer)
    window = await press(page)
    await expect(dialog.get_by_text("Waiting for the sign-in at Google.")).to_be_visible()
    await judge.accessible(window)
    await allow(window)
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("Integration created. Ready for workflow use.")).to_be_visible()
    shown = card(page, "Google Sheets")
    await expect(shown).to_contain_text("Healthy")
    await expect(shown).to_contain_text("alex@example.com")
    source = await page.content()
    assert SECRET not in source
    assert "ya29." not in source


async def test_cancelled_closed_and_again(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Google Sheets")
    await fill_in(newcomer)
    window = await press(page)
    async with window.expect_event("close"):
        await window.get_by_role("button", name="Cancel").click()
    await expect(dialog.get_by_text("Sign-in was cancelled. Nothing was changed.")).to_be_visible()
    window = await press(page)
    await window.close()
    await expect(dialog.get_by_text("The sign-in window was closed.")).to_be_visible()
    await allow(await press(page))
    await expect(card(page, "Google Sheets")).to_contain_text("Healthy")


async def test_sign_in_again_after_the_permission_has_ended(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_dialog(page, "Google Sheets")
    await fill_in(newcomer)
    await allow(await press(page))
    shown = card(page, "Google Sheets")
    await expect(shown).to_contain_text("Healthy")
    (await newcomer.rest.delete("/sandbox/google_sheets/_permissions")).raise_for_status()
    made = (await newcomer.rest.get("/api/integrations")).json()["items"][0]
    await newcomer.test(made["id"])
    await expect(shown).to_contain_text("Waiting for sign-in")
    await page.goto(f"/integrations/{made['id']}")
    await ready(page)
    problem = page.get_by_role("region", name="Problem")
    await expect(problem).to_contain_text("Google ended the permission (400, invalid_grant).")
    await judge.accessible(page)
    window = await press(page, "Sign in again", problem)
    await expect(page.get_by_role("dialog").get_by_text("Waiting for the sign-in at Google.")).to_be_visible()
    await allow(window, "sam@example.com")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator(".sl-page-head")).to_contain_text("sam@example.com")
    again = (await newcomer.rest.get("/api/integrations")).json()["items"]
    assert [each["id"] for each in again] == [made["id"]]
    (await newcomer.rest.delete("/sandbox/google_sheets/_permissions")).raise_for_status()
    await newcomer.test(made["id"])
    await page.goto("/integrations")
    await ready(page)
    await expect(shown).to_contain_text("Waiting for sign-in")
    window = await press(page, "Sign in again", shown)
    async with window.expect_event("close"):
        await window.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("Sign-in was cancelled. Nothing was changed.")).to_be_visible()
    await allow(await press(page, "Sign in again"))
    await expect(shown).to_contain_text("Healthy")


async def test_a_blocked_window_is_told(newcomer: Newcomer) -> None:
    page = newcomer.page
    await page.add_init_script("window.open = () => null")
    dialog = await open_dialog(page, "Google Sheets")
    await fill_in(newcomer)
    await dialog.get_by_role("button", name="Sign in with Google").click()
    await expect(dialog.get_by_text("The sign-in window was blocked.")).to_be_visible()
    await dialog.get_by_role("link", name="Or open it in this tab").click()
    await page.get_by_role("button", name="Allow").click()
    await expect(page.get_by_role("heading", name="Signed in as alex@example.com.")).to_be_visible()
    await judge.accessible(page)
    await page.get_by_role("link", name="Back to Streamline").click()
    await expect(page.locator(".sl-page-head")).to_contain_text("alex@example.com")


async def test_try_it_with_the_sandbox(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_dialog(page, "Google Sheets")
    await allow(await press(page, "Try it with the sandbox"))
    await expect(card(page, "Google Sheets")).to_contain_text("Healthy")


async def test_a_client_for_itself_needs_no_sign_in(newcomer: Newcomer, server: Server) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "OAuth 2.0 API")
    await dialog.get_by_label("Who signs in").select_option("client_credentials")
    for label, text in (
        ("Client ID", "machine"),
        ("Client secret", "machine-secret"),
        ("Token address", f"{server.url}/sandbox/oauth2/token"),
        ("Address of the API", f"{server.url}/sandbox/oauth2/api"),
    ):
        await dialog.get_by_label(label, exact=True).fill(text)
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(card(page, "OAuth 2.0 API")).to_contain_text("Healthy")
    await start(page)
    assert len(page.context.pages) == 1


async def test_a_dialog_that_is_left_leaves_nothing(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Google Sheets")
    await fill_in(newcomer)
    await press(page)
    assert len((await newcomer.rest.get("/api/integrations")).json()["items"]) == 1
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    await expect(card(page, "Google Sheets")).to_have_count(0)
    assert (await newcomer.rest.get("/api/integrations")).json()["items"] == []
    assert len(page.context.pages) == 1


async def test_a_reload_ends_no_sign_in(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_dialog(page, "Google Sheets")
    await fill_in(newcomer)
    window = await press(page)
    await start(page)
    await expect(card(page, "Google Sheets")).to_contain_text("Waiting for sign-in")  # the sweep takes it, or this:
    await allow(window)
    await expect(card(page, "Google Sheets")).to_contain_text("Healthy")


async def test_sign_in_with_slack_beside_the_token(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Slack")
    await dialog.get_by_role("button", name="Sign in with Slack").click()
    await expect(dialog.get_by_text("Client ID is missing: signing in needs it, with its secret.")).to_be_visible()
    await dialog.get_by_label("Client ID", exact=True).fill("123456789012.345")
    await dialog.get_by_label("Client secret", exact=True).fill("slack-client-secret")
    await dialog.get_by_label("Service address").fill(f"{newcomer.url}/sandbox/slack")
    await dialog.get_by_label("Sign-in address").fill(f"{newcomer.url}/sandbox/slack")
    await expect(dialog.get_by_label("Return address")).to_have_value(f"{newcomer.url}/oauth/callback")
    async with page.expect_popup() as opening:
        await dialog.get_by_role("button", name="Sign in with Slack").click()
    await allow(await opening.value)
    await expect(card(page, "Slack")).to_contain_text("Healthy")
