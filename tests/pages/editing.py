"""What people do in the workflow editor, in words."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.pages.conftest import Newcomer, ready

EDITOR = re.compile(r"/workflows/[0-9a-f-]{36}")


async def start(page: Page, path: str = "") -> None:
    """Open an editor: of a new workflow, of the sample, or at an address."""
    await page.goto(path or "/workflows/new")
    await ready(page)
    if path in ("", "/workflows/sample"):
        await page.get_by_role("button", name="Start from scratch" if not path else "Try the sample workflow").click()
        await page.wait_for_url(EDITOR)
        await ready(page)
    await expect(step(page, 0)).to_be_visible()


def step(page: Page, number: int) -> Locator:
    """A card: 0 is the trigger."""
    return page.get_by_test_id("step").nth(number)


async def choose(page: Page, number: int) -> None:
    """Open the panel of a step."""
    await step(page, number).locator(".sl-node-main").click()
    await expect(page.locator(".sl-panel .sl-h2")).to_be_visible()


async def add(page: Page, title: str) -> None:
    """Add a step at the end."""
    await page.get_by_role("button", name="Add a step", exact=True).last.click()
    await page.get_by_role("dialog").get_by_role("button", name=re.compile(title)).first.click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def saved(page: Page) -> None:
    """Wait until everything is kept."""
    await expect(page.get_by_text("All changes saved")).to_be_visible()


async def draft(newcomer: Newcomer, name: str, *steps: dict[str, Any], **trigger: Any) -> str:
    """A workflow made over REST; returns the address of its editor."""
    body = {"name": name, "trigger": trigger or {"type": "webhook"}, "steps": list(steps), "isActive": False}
    answer = await newcomer.rest.post("/api/workflows", json=body)
    return f"/workflows/{answer.raise_for_status().json()['id']}"


async def kept(newcomer: Newcomer, path: str) -> dict[str, Any]:
    """The draft as it is kept: the published version, where it was published."""
    answer = await newcomer.rest.get(f"/api{path}")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def titles(page: Page) -> Locator:
    """The titles of all cards, from the top down."""
    return page.locator(".sl-node-words .b")
