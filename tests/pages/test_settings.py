"""The settings in a real browser: everybody's own, and what only admins see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD, Server, start_server, stop_server
from tests.pages import judge
from tests.pages.conftest import Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECTIONS = ("profile", "users", "alerts", "tokens", "encryption", "sign-ins", "diagnostics", "about")


async def visit(page: Page, path: str) -> None:
    await page.goto(path)
    await ready(page)


def make_user(server: Server, **more: Any) -> str:
    """An account of its own for a test; returns its address."""
    email = f"bob-{uuid4().hex[:8]}@example.com"
    with httpx.Client(base_url=server.url) as client:
        login = {"email": "alice@example.com", "password": PASSWORD}
        token = client.post("/api/auth/login", json=login).raise_for_status().json()["token"]
        body = {"email": email, "password": PASSWORD, "name": "Bob", **more}
        client.post("/api/users", json=body, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    return email


@pytest_asyncio.fixture(loop_scope="session")
async def bobs(contexts: Opener, server: Server) -> tuple[str, Page]:
    """A user who is no admin, and a page of theirs."""
    email = make_user(server)
    page: Page = await (await contexts(as_=email)).new_page()
    return email, page


@pytest.mark.parametrize("section", SECTIONS)
async def test_each_page_is_accessible(section: str, contexts: Opener) -> None:
    await judge.everywhere(contexts, f"/settings/{section}")


async def test_settings_show_the_profile_first(page: Page) -> None:
    await visit(page, "/settings")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
    await expect(page.get_by_role("navigation", name="Settings").get_by_role("link")).to_have_text(
        ["Profile", "Users", "Alerts", "API tokens", "Encryption", "Sign-in log", "Diagnostics", "About"]
    )


async def test_a_new_name_stays(bobs: tuple[str, Page]) -> None:
    _, page = bobs
    await visit(page, "/settings/profile")
    await page.get_by_label("Name", exact=True).fill("Bobby Tables <b>")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Bobby Tables <b>")
    await expect(page.locator("aside b")).to_have_count(0)


async def test_the_theme_holds_at_once_and_for_the_next_browser_from_its_first_paint(
    bobs: tuple[str, Page], contexts: Opener
) -> None:
    email, page = bobs
    await visit(page, "/settings/profile")
    await page.get_by_role("button", name="Dark", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")

    other = await (await contexts(as_=email, color_scheme="light")).new_page()
    await other.add_init_script(
        "const look = () => { if (!document.body) return requestAnimationFrame(look);"
        "window.firstPaint = getComputedStyle(document.body).backgroundColor; }; look();"
    )
    await visit(other, "/settings/profile")
    await expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    assert await other.evaluate("window.firstPaint") == "rgb(14, 20, 22)"
    assert await other.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 22)"


async def test_a_password_changes_only_for_who_knows_the_current_one(
    bobs: tuple[str, Page], contexts: Opener, server: Server
) -> None:
    email, page = bobs
    other = await (await contexts(as_=email)).new_page()
    await visit(other, "/inbox")
    await visit(page, "/settings/profile")
    current, new = page.get_by_label("Current password", exact=True), page.get_by_label("New password", exact=True)
    change = page.get_by_role("button", name="Change password")
    for first, second, sentence in (
        ("", "green-harbour-candle", "Enter the current password."),
        (PASSWORD, "short", "Use at least 10 characters"),
        ("not the right one", "green-harbour-candle", "This is not the current password."),
    ):
        await current.fill(first)
        await new.fill(second)
        await change.click()
        await expect(page.get_by_text(sentence)).to_be_visible()
        await expect(new).to_have_value(second)
    await current.fill(PASSWORD)
    await change.click()
    await expect(page.get_by_text("Password changed.")).to_be_visible()
    await expect(current).to_have_value("")
    await other.wait_for_url(re.compile("/sign-in"), timeout=5000)
    for password, status in ((PASSWORD, 401), ("green-harbour-candle", 200)):
        login = {"email": email, "password": password}
        answer = httpx.post(server.url + "/session", json=login, headers={"Origin": server.url})
        assert answer.status_code == status


async def test_another_browser_is_signed_out_from_here(bobs: tuple[str, Page], contexts: Opener) -> None:
    email, page = bobs
    context = await contexts(as_=email, user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    other = await context.new_page()
    await visit(other, "/inbox")
    await visit(page, "/settings/profile")
    await expect(page.get_by_text("This browser")).to_have_count(1)
    await page.get_by_role("button", name="Sign out Firefox on Linux").click()
    await other.wait_for_url(re.compile("/sign-in"), timeout=5000)
    await expect(page.get_by_text("Firefox on Linux")).to_have_count(0)


async def test_others_see_nothing_that_is_for_admins(bobs: tuple[str, Page]) -> None:
    _, page = bobs
    await visit(page, "/settings")
    navigation = page.get_by_role("navigation", name="Settings")
    await expect(navigation.get_by_role("link", name="Users")).to_have_count(0)
    await expect(navigation.get_by_role("link", name="Encryption")).to_have_count(0)
    for path in ("/settings/users", "/settings/encryption", "/welcome/recovery"):
        answer = await page.goto(path)
        assert answer is not None
        text = await answer.text()
        assert "alice@example.com" not in text
        assert "encryption.key" not in text
        assert answer.status == 404 or not answer.url.endswith(path)


async def test_an_admin_adds_promotes_disables_and_removes(page: Page, contexts: Opener) -> None:
    email = f"charlie-{uuid4().hex[:8]}@example.com"
    await visit(page, "/settings/users")
    await page.get_by_role("button", name="Add a user").click()
    dialog = page.get_by_role("dialog")
    await judge.dialog(page)
    await dialog.get_by_label("Email").fill("nonsense")
    await dialog.get_by_label("Password", exact=True).fill("short")
    await dialog.get_by_role("button", name="Add user").click()
    await expect(dialog.get_by_text("This is not an email address.")).to_be_visible()
    await expect(dialog.get_by_text("Use at least 10 characters")).to_be_visible()
    await dialog.get_by_label("Email").fill(email)
    await dialog.get_by_label("Name").fill(f"Charlie {email[8:16]}")
    await dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    await dialog.get_by_role("button", name="Add user").click()
    line = page.get_by_role("listitem").filter(has_text=email)
    await expect(line).to_be_visible()

    theirs = await (await contexts(as_=email)).new_page()
    await visit(theirs, "/inbox")
    await choose(page, email, "Disable")
    await answer_question(page, "Disable")
    await expect(line.get_by_text("Disabled")).to_be_visible()
    await theirs.wait_for_url(re.compile("/sign-in"), timeout=5000)
    await choose(page, email, "Enable")
    await expect(line.get_by_text("Disabled")).to_have_count(0)
    await choose(page, email, "Make an admin")
    await answer_question(page, "Make an admin")
    await expect(line.get_by_text("Admin", exact=True)).to_be_visible()
    await choose(page, email, "Remove")
    await answer_question(page, "Remove")
    await expect(line).to_have_count(0)


async def choose(page: Page, email: str, item: str) -> None:
    line = page.get_by_role("listitem").filter(has_text=email)
    await line.get_by_role("button").click()
    await page.get_by_role("menuitem", name=item).click()


async def answer_question(page: Page, label: str) -> None:
    await page.get_by_role("alertdialog").get_by_role("button", name=label, exact=True).click()


async def test_an_admin_who_is_none_any_more_can_do_nothing_with_an_old_page(
    contexts: Opener, server: Server, page: Page
) -> None:
    email = make_user(server, isAdmin=True)
    theirs = await (await contexts(as_=email)).new_page()
    await visit(theirs, "/settings/users")
    await visit(page, "/settings/users")
    await choose(page, email, "Take admin rights away")
    await answer_question(page, "Take away")
    await theirs.wait_for_url(re.compile("/sign-in"), timeout=5000)


async def test_a_token_is_shown_once_works_and_ends_when_revoked(page: Page, server: Server) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    name = f"script {uuid4().hex[:6]}"
    await visit(page, "/settings/tokens")
    await page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make token").click()
    await expect(dialog.get_by_text("Give the token a name")).to_be_visible()
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("It may").select_option(label="Only read")
    await dialog.get_by_role("button", name="Make token").click()
    field = dialog.get_by_label("API token")
    await expect(field).to_have_value(re.compile(r"stl_[\w-]{30,}"))
    token = await field.input_value()
    await judge.dialog(page)
    await dialog.get_by_role("button", name="Copy").click()
    await expect(dialog.get_by_text("Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == token
    await dialog.get_by_role("button", name="Done").click()
    await expect(dialog).to_have_count(0)
    assert token not in await page.content()
    answer = await page.reload()
    assert answer is not None
    assert token not in await answer.text()

    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(server.url + "/api/me", headers=headers).status_code == 200
    assert httpx.post(server.url + "/api/tokens", headers=headers, json={"name": "x"}).status_code == 403
    await ready(page)
    await page.get_by_role("button", name=f"Revoke {name}").click()
    await answer_question(page, "Revoke")
    await expect(page.get_by_text(name)).to_have_count(0)
    assert httpx.get(server.url + "/api/me", headers=headers).status_code == 401


async def test_the_recovery_kit_holds_the_key_and_no_page_does(page: Page, server: Server) -> None:
    key = (server.data / "keys" / "encryption.key").read_text().strip()
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    await visit(page, "/settings/encryption")
    await expect(page.get_by_text("Key id", exact=True)).to_be_visible()
    assert key not in await page.content() + "".join(frames)
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download recovery kit").click()
    kit = await (await waiting.value).path()
    text = kit.read_text()
    assert key in text
    assert "ENCRYPTION_KEY" in text
    await expect(page.get_by_text("In safety: the recovery kit was downloaded")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("In safety: the recovery kit was downloaded")).to_be_visible()
    assert key not in await page.content()


async def test_a_wrong_key_is_named_with_the_one_that_is_needed(tmp_path: Path, contexts: Opener) -> None:
    first = start_server(tmp_path)
    account = {"email": "alice@example.com", "password": PASSWORD}
    httpx.post(first.url + "/api/setup", json=account).raise_for_status()
    page = await (await contexts(url=first.url)).new_page()
    await visit(page, "/settings/encryption")
    needed = await page.locator("dd").first.inner_text()
    stop_server(first)
    other = start_server(tmp_path, ENCRYPTION_KEY="ab" * 32)
    try:
        await judge.everywhere(contexts, "/settings/encryption", url=other.url)
        page = await (await contexts(url=other.url)).new_page()
        await visit(page, "/settings/encryption")
        await expect(page.get_by_text("Stored credentials are locked.")).to_be_visible()
        await expect(page.get_by_text(f"start it with the ENCRYPTION_KEY whose id is {needed}")).to_be_visible()
        await visit(page, "/")
        await expect(page.get_by_text("The encryption key does not match this database.")).to_be_visible()
    finally:
        stop_server(other)


async def test_the_log_lists_tries_with_their_reasons(bobs: tuple[str, Page], server: Server) -> None:
    email, page = bobs
    httpx.post(server.url + "/session", json={"email": email, "password": "wrong"}, headers={"Origin": server.url})
    await visit(page, "/settings/sign-ins")
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Wrong password")
    await expect(page.get_by_role("row").nth(2)).to_contain_text("Signed in")


async def test_about_names_versions_and_licences(page: Page) -> None:
    await visit(page, "/settings/about")
    await expect(page.get_by_text("The sandbox is on.")).to_be_visible()
    for link in await page.get_by_role("link", name=re.compile("License|ISC|CC0")).all():
        address = await link.get_attribute("href")
        assert address is not None
        assert (await page.request.get(address)).status == 200
