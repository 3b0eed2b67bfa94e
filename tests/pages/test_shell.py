"""What is the same on every page: the frame, the palette, the shortcuts, and a connection that comes and goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD, Server
from tests.pages import judge
from tests.pages.conftest import PHONE, Opener, ready
from tests.pages.restarts import Restartable, restartable

__all__ = ["restartable"]  # the fixture

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DISCORD = "https://discord.com/api/webhooks/123456789012345678/" + "aB3_" * 17


async def visit(page: Page, path: str) -> None:
    await page.goto(path)
    await ready(page)


def rest(server: Server) -> httpx.Client:
    """The REST interface as Alice."""
    client = httpx.Client(base_url=server.url)
    login = {"email": "alice@example.com", "password": PASSWORD}
    token = client.post("/api/auth/login", json=login).raise_for_status().json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.fixture
def connection(server: Server) -> Iterator[dict[str, Any]]:
    """A connection of Alice's, which is removed afterwards."""
    client = rest(server)
    body = {"type": "inbox", "name": f"Errands {uuid4().hex[:6]}", "config": {}}
    made = client.post("/api/integrations", json=body).raise_for_status().json()
    yield made
    client.delete(f"/api/integrations/{made['id']}")
    client.close()


async def open_palette(page: Page, query: str = "") -> Any:
    await page.keyboard.press("Control+k")
    palette = page.get_by_test_id("palette")
    await expect(palette).to_be_visible()
    field = palette.get_by_role("combobox")
    await expect(field).to_be_focused()
    if query:
        await field.fill(query)
    return palette


async def test_the_first_key_leads_past_the_navigation(page: Page) -> None:
    await visit(page, "/inbox")
    await page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to main content")
    await expect(link).to_be_focused()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.contains(document.querySelector('h1'))")
    assert not await page.evaluate("document.activeElement.contains(document.querySelector('.sl-rail'))")


async def test_a_page_that_is_not_there_is_one_of_ours(contexts: Opener) -> None:
    await judge.everywhere(contexts, "/nowhere")
    page = await (await contexts()).new_page()
    answer = await page.goto("/integrations/of-somebody-else")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")


async def test_nothing_is_fetched_from_elsewhere(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/inbox", "/settings"):
        await visit(page, path)
    assert asked
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []


@pytest.mark.parametrize("viewport", [None, PHONE])
async def test_the_palette_finds_and_opens(
    viewport: dict[str, int] | None, contexts: Opener, connection: dict[str, Any]
) -> None:
    context = await contexts(**({"viewport": viewport} if viewport else {}), bypass_csp=True)
    page = await context.new_page()
    await visit(page, "/settings/about")
    if viewport:
        await page.get_by_role("button", name="Search", exact=True).click()
    palette = await open_palette(page) if not viewport else page.get_by_test_id("palette")
    await palette.get_by_role("combobox").fill(connection["name"].lower())
    options = palette.get_by_role("option")
    await expect(options).to_have_text(
        [re.compile(connection["name"]), re.compile("Test “"), re.compile("Pause “")], use_inner_text=True
    )
    await judge.dialog(page)
    for key, place in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 0), ("ArrowUp", 2), ("ArrowDown", 0)):
        await page.keyboard.press(key)
        await expect(options.nth(place)).to_have_attribute("aria-selected", "true")
        chosen = await options.nth(place).get_attribute("id")
        await expect(palette.get_by_role("combobox")).to_have_attribute("aria-activedescendant", chosen or "?")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(connection["id"]))


async def test_the_palette_pauses_and_resumes(page: Page, connection: dict[str, Any], server: Server) -> None:
    await visit(page, "/")
    card = page.get_by_test_id("conn-card").filter(has_text=connection["name"])
    for action, status in (("Pause", "Paused"), ("Resume", "Healthy")):
        palette = await open_palette(page, f"{action} {connection['name']}")
        await expect(palette.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(palette).to_have_count(0)
        await expect(card.get_by_text(status, exact=True)).to_be_visible()


async def test_escape_leads_back_to_where_the_keyboard_was(page: Page) -> None:
    await visit(page, "/settings/profile")
    field = page.get_by_label("Current password", exact=True)
    await field.fill("half a word")
    palette = await open_palette(page)
    await page.keyboard.press("Escape")
    await expect(palette).to_have_count(0)
    await expect(field).to_be_focused()
    await expect(field).to_have_value("half a word")


async def test_a_pasted_address_opens_its_dialog_filled_in_and_leaves_no_trace(page: Page) -> None:
    await visit(page, "/inbox")
    palette = await open_palette(page, f"  '{DISCORD}' ")
    await expect(palette.get_by_role("option").first).to_contain_text("Connect Discord with this webhook")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="Connect Discord")).to_be_visible()
    await expect(dialog.get_by_label("Webhook URL", exact=True)).to_have_value(DISCORD)
    assert "aB3_" not in page.url
    assert "aB3_" not in await page.evaluate("JSON.stringify([history.state, {...localStorage}, {...sessionStorage}])")


async def test_a_pasted_token_becomes_a_header(page: Page) -> None:
    await visit(page, "/inbox")
    await open_palette(page, "ghp_" + "a" * 36)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Address of the API", exact=True)).to_have_value("https://api.github.com")
    await expect(dialog.get_by_label("Name of the key")).to_have_value("Authorization")
    await expect(dialog.get_by_label("Value of the key")).to_have_value("Bearer ghp_" + "a" * 36)
    await expect(dialog.get_by_label("Value of the key")).to_be_visible()


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        (("g", "b"), "/inbox"),
        (("g", "s"), "/settings"),
        (("g", "i"), "/"),
        (("g", "w"), "/workflows"),
        (("g", "e"), "/executions"),
    ],
    ids="bsiwe",
)
async def test_two_keys_go_to_a_place(page: Page, keys: tuple[str, str], path: str, server: Server) -> None:
    await visit(page, "/settings/about")
    for key in keys:
        await page.keyboard.press(key)
    await page.wait_for_url(server.url + path)


async def test_single_keys_do_nothing_while_somebody_types(page: Page) -> None:
    await visit(page, "/settings/profile")
    field = page.get_by_label("Name", exact=True)
    await field.fill("")
    await field.press_sequentially("gs?n/gb")
    await expect(field).to_have_value("gs?n/gb")
    assert page.url.endswith("/settings/profile")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_single_keys_do_nothing_behind_a_dialog(page: Page) -> None:
    await visit(page, "/settings/about")
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    await judge.dialog(page)
    for key in "gbn/":
        await page.keyboard.press(key)
    assert page.url.endswith("/settings/about")
    await expect(page.get_by_test_id("palette")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def test_n_and_slash_start_something(page: Page) -> None:
    await visit(page, "/")
    await page.keyboard.press("/")
    await expect(page.get_by_label("Search integrations")).to_be_focused()
    await visit(page, "/inbox")
    await page.keyboard.press("n")
    await expect(page.get_by_test_id("palette").get_by_role("option").first).to_contain_text("New connection:")


async def test_light_becomes_dark_from_the_rail_and_stays(contexts: Opener) -> None:
    page = await (await contexts(color_scheme="light")).new_page()
    await visit(page, "/inbox")
    switch = page.get_by_role("button", name="Switch between light and dark")
    before = await page.locator("html").get_attribute("data-theme")
    after = "light" if before == "dark" else "dark"
    await switch.click()
    await expect(page.locator("html")).to_have_attribute("data-theme", after)
    await page.wait_for_timeout(300)
    await visit(page, "/inbox")
    await expect(page.locator("html")).to_have_attribute("data-theme", after)
    await page.get_by_role("button", name="Switch between light and dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", before or "light")


async def test_a_cut_line_is_told_and_what_was_typed_stays(contexts: Opener) -> None:
    context = await contexts()
    page = await context.new_page()
    await visit(page, "/settings/profile")
    field = page.get_by_label("Name", exact=True)
    await field.fill("Alice, who was cut off")
    bar = page.get_by_text("Connection lost. Your changes are kept; reconnecting…")
    await context.set_offline(True)
    await page.evaluate("window.socket.io.engine.close()")
    await expect(bar).to_be_visible()
    await expect(page.locator("#popup")).to_be_hidden()
    await context.set_offline(False)
    await expect(bar).to_be_hidden()
    await expect(field).to_have_value("Alice, who was cut off")


async def test_a_restart_loses_nothing_that_was_typed(restartable: Restartable, contexts: Opener) -> None:
    context = await contexts(url=restartable.url)
    typed, untouched = await context.new_page(), await context.new_page()
    await visit(typed, "/settings/profile")
    await visit(untouched, "/inbox")
    field = typed.get_by_label("Name", exact=True)
    await field.fill("Alice, who was typing")
    await untouched.evaluate("window.isOld = true")
    restartable.kill()
    await expect(typed.get_by_text("Connection lost. Your changes are kept")).to_be_visible()
    await expect(typed.locator("#popup")).to_be_hidden()
    restartable.start()
    await expect(typed.get_by_text("Streamline was restarted.")).to_be_visible(timeout=20_000)
    await expect(field).to_have_value("Alice, who was typing")
    await untouched.wait_for_function("!window.isOld && window.socket?.connected", timeout=20_000)
    await typed.get_by_role("button", name="Reload").click()
    await ready(typed)
    await expect(typed.get_by_text("Streamline was restarted.")).to_have_count(0)
    await expect(field).to_have_value("Alice, who was typing")
    assert await typed.evaluate("sessionStorage.getItem('sl-kept')") is None


async def test_a_half_filled_dialog_comes_back_after_a_restart(restartable: Restartable, contexts: Opener) -> None:
    context = await contexts(url=restartable.url)
    page = await context.new_page()
    await visit(page, "/")
    await page.locator("[data-type=sendgrid]").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("API key", exact=True).fill("SG.half-a-key")
    await dialog.get_by_label("Name", exact=True).fill("Half filled")
    await dialog.get_by_text("More keys and options").click()
    await dialog.get_by_role("button", name="Add a key").click()
    await dialog.get_by_label("Name of the key").fill("second")
    restartable.kill()
    await expect(page.get_by_text("Connection lost. Your changes are kept")).to_be_visible()
    await expect(page.get_by_text("All pollers running")).to_be_hidden()
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(page.get_by_text("Not connected: nothing was sent.")).to_be_visible()
    await dialog.get_by_role("button", name="Show API key").click()
    await expect(dialog.get_by_label("API key", exact=True)).to_have_attribute("type", "text")
    restartable.start()
    await expect(page.get_by_text("Streamline was restarted.")).to_be_visible(timeout=20_000)
    await page.get_by_role("button", name="Reload").click()
    await ready(page)
    await expect(dialog.get_by_label("API key", exact=True)).to_have_value("SG.half-a-key")
    await expect(dialog.get_by_label("Name", exact=True)).to_have_value("Half filled")
    await expect(dialog.get_by_label("Name of the key")).to_have_value("second")
    assert await page.evaluate("sessionStorage.getItem('sl-kept')") is None


async def test_an_ended_session_leads_to_the_door_from_a_half_filled_form(contexts: Opener, server: Server) -> None:
    context = await contexts()
    page = await context.new_page()
    await visit(page, "/settings/profile")
    await page.get_by_label("New password", exact=True).fill("something private")
    cookie = next(each for each in await context.cookies() if each.get("name") == "streamline_session")
    headers = {"Origin": server.url, "Cookie": f"streamline_session={cookie.get('value')}"}
    httpx.delete(server.url + "/session", headers=headers).raise_for_status()
    await page.wait_for_url(re.compile(r"/sign-in\?next=/settings/profile$"), timeout=5000)
