"""Steps are moved, by mouse and by keyboard alike: also into and out of branches and loops."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.pages.conftest import Newcomer, ready
from tests.pages.editing import draft, saved, start, titles

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def wait(step_id: str) -> dict[str, Any]:
    return {"id": step_id, "name": step_id.capitalize(), "type": "delay", "seconds": 60}


async def open_editor(newcomer: Newcomer) -> Page:
    """First, a branch with one step in it, a loop with one in it, last."""
    arm = {"condition": "trigger.body.total > 1", "steps": [wait("inner")]}
    branch = {"id": "ways", "name": "Ways", "type": "branch", "branches": [arm], "otherwise": []}
    loop = {"id": "loop", "name": "Loop", "type": "for_each", "items": "{{ trigger.body.list }}"}
    loop["steps"] = [wait("turn")]
    path = await draft(newcomer, "Moves", wait("first"), branch, loop, wait("last"))
    await start(newcomer.page, path)
    return newcomer.page


def around(page: Page, title: str) -> Any:
    """The list that a step stands in: its path in the workflow."""
    return page.locator(".sl-ed-step", has=page.locator(f".sl-node-words .b:text-is('{title}')")).last.locator("..")


async def drag(page: Page, title: str, x: float, y: float, *, drops: bool = True) -> None:
    """Take a step by its grip to a point of the page, in several moves as a hand does."""
    box = await page.get_by_role("button", name=f"Move {title}").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 20, box["y"] + 30, steps=4)
    await page.mouse.move(x, y, steps=8)
    await expect(page.locator(".sl-drop-line")).to_be_visible()
    if drops:
        await page.mouse.up()
        await expect(page.locator(".sl-drop-line")).to_have_count(0)


async def test_a_step_is_dragged_into_a_branch_and_out_again(newcomer: Newcomer) -> None:
    page = await open_editor(newcomer)
    empty = page.locator("[data-list='steps.1.otherwise']")
    button = await page.get_by_role("button", name="Add a step: Otherwise").bounding_box()
    assert button is not None
    await drag(page, "First", button["x"] + 20, button["y"] - 4)
    await expect(around(page, "First")).to_have_attribute("data-list", "steps.0.otherwise")
    await expect(page.get_by_text("First is now 1 of 1 in Ways, Otherwise.")).to_have_count(1)
    await expect(page.get_by_role("button", name="Move First")).to_be_focused()
    await expect(empty).to_have_count(0)
    await saved(page)
    await page.reload()
    await ready(page)
    await expect(around(page, "First")).to_have_attribute("data-list", "steps.0.otherwise")

    top = await page.get_by_role("button", name="Move Ways").bounding_box()
    assert top is not None
    await drag(page, "First", top["x"] + 10, top["y"] - 40)
    await expect(titles(page)).to_have_text(["Incoming webhook", "First", "Ways", "Inner", "Loop", "Turn", "Last"])
    await expect(around(page, "First")).to_have_attribute("data-list", "steps")
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(around(page, "First")).to_have_attribute("data-list", "steps.0.otherwise")


async def test_escape_and_itself_leave_a_dragged_step_where_it_is(newcomer: Newcomer) -> None:
    page = await open_editor(newcomer)
    before = ["Incoming webhook", "First", "Ways", "Inner", "Loop", "Turn", "Last"]
    turn = await page.get_by_role("button", name="Move Turn").bounding_box()
    assert turn is not None
    await drag(page, "First", turn["x"] + 10, turn["y"] + 90, drops=False)
    await page.keyboard.press("Escape")
    await expect(page.locator(".sl-drop-line, .sl-lifted")).to_have_count(0)
    await page.mouse.up()
    await expect(titles(page)).to_have_text(before)
    inner = await page.get_by_role("button", name="Move Inner").bounding_box()
    assert inner is not None
    await drag(page, "Ways", inner["x"], inner["y"] + 10)  # into itself is nowhere
    await expect(around(page, "Inner")).to_have_attribute("data-list", "steps.1.branches.0.steps")
    await expect(titles(page)).to_have_text(before)


async def test_the_keyboard_does_the_same(newcomer: Newcomer) -> None:
    page = await open_editor(newcomer)
    grip = page.get_by_role("button", name="Move First")
    await grip.focus()
    for place in (
        "steps.0.branches.0.steps",
        "steps.0.branches.0.steps",
        "steps.0.otherwise",
        "steps",
        "steps.1.steps",
        "steps.1.steps",
        "steps",
        "steps",
    ):
        await page.keyboard.press("Alt+ArrowDown")
        await expect(around(page, "First")).to_have_attribute("data-list", place)
        await expect(grip).to_be_focused()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.get_by_text("It cannot move further.")).to_have_count(1)
    await page.keyboard.press("Alt+ArrowUp")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(around(page, "First")).to_have_attribute("data-list", "steps.1.steps")
    await page.get_by_role("button", name="Actions for First").click()
    await page.get_by_role("menuitem", name="Move down").click()
    await expect(around(page, "First")).to_have_attribute("data-list", "steps")
