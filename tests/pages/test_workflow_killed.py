"""The server is killed in the middle of typing, and starts again: nothing that was typed in the editor is lost."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD
from tests.pages.conftest import Opener, ready
from tests.pages.editing import choose
from tests.pages.restarts import Restartable, restartable

__all__ = ["restartable"]  # the fixture
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

LONG = "Every letter of this was typed while the server was being killed, again and again."
STEPS = [
    {"id": "text", "name": "Format text", "type": "set", "values": {"text": "short"}},
    {"id": "wait", "type": "delay", "seconds": 60},
]


async def editor(running: Restartable, contexts: Opener) -> tuple[Page, str]:
    """An open editor on that server, and its address."""
    async with httpx.AsyncClient(base_url=running.url, timeout=20) as rest:
        account = {"email": "alice@example.com", "password": PASSWORD}
        token = (await rest.post("/api/auth/login", json=account)).raise_for_status().json()["token"]
        body = {"name": "Killed", "trigger": {"type": "webhook"}, "steps": STEPS, "isActive": False}
        made = await rest.post("/api/workflows", json=body, headers={"Authorization": f"Bearer {token}"})
    path = f"/workflows/{made.raise_for_status().json()['id']}"
    page: Page = await (await contexts(url=running.url)).new_page()
    await page.goto(path)
    await ready(page)
    return page, path


async def come_back(page: Page, running: Restartable) -> None:
    """Start the server again, and reload where the page asks for it."""
    running.start()
    await expect(
        page.get_by_text("Streamline was restarted. Reload the page: what you typed comes back.")
    ).to_be_visible()
    await page.get_by_role("button", name="Reload", exact=True).click()
    await ready(page)


async def test_no_letter_is_lost_when_the_server_is_killed(restartable: Restartable, contexts: Opener) -> None:
    page, path = await editor(restartable, contexts)
    await choose(page, 1)
    await page.locator(".sl-panel .sl-folded > summary").last.click()
    name = page.locator(".sl-panel").get_by_label("Name", exact=True).last
    await name.fill("")
    half = len(LONG) // 2
    await name.press_sequentially(LONG[:half], delay=15)
    restartable.kill()
    await name.press_sequentially(LONG[half:], delay=15)
    await expect(page.get_by_text("Connection lost. Your changes are kept")).to_be_visible()
    await come_back(page, restartable)
    await expect(page.locator(".sl-panel").get_by_label("Name", exact=True).last).to_have_value(LONG)
    await expect(page.get_by_text("All changes saved")).to_be_visible()
    await page.wait_for_function("sessionStorage.getItem('sl-typing') === null")
    restartable.kill()  # what it said it had saved is on disk
    restartable.start()
    await page.goto(path)
    await ready(page)
    await choose(page, 1)
    await expect(page.locator(".sl-panel .sl-h2").first).to_have_text(LONG)


async def test_the_name_and_the_settings_come_back_too(restartable: Restartable, contexts: Opener) -> None:
    page, _ = await editor(restartable, contexts)
    await page.get_by_role("button", name="Rename").click()
    field = page.locator(".sl-editor-name").get_by_label("Name", exact=True)
    await field.fill("")
    await field.press_sequentially("A name that is half", delay=10)
    restartable.kill()
    await field.press_sequentially(" typed", delay=10)
    await come_back(page, restartable)
    await expect(field).to_have_value("A name that is half typed")
    await page.get_by_role("button", name="Save name").click()
    await expect(page.get_by_role("heading", name="A name that is half typed")).to_be_visible()
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Settings").click()
    limit = page.get_by_role("dialog").get_by_label("Time-out of a run")
    await limit.fill("")
    await limit.press_sequentially("12", delay=10)
    restartable.kill()
    await limit.press_sequentially("3", delay=10)
    await come_back(page, restartable)
    await expect(page.get_by_role("dialog").get_by_label("Time-out of a run")).to_have_value("123")
    await page.wait_for_function("sessionStorage.getItem('sl-typing') === null")
    await page.reload()
    await ready(page)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Settings").click()
    await expect(page.get_by_role("dialog").get_by_label("Time-out of a run")).to_have_value("123")
    await expect(page.get_by_role("heading", name="A name that is half typed")).to_be_visible()
