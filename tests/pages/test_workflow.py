"""The workflow editor in a real browser, from an empty workflow to a message that was sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.pages import judge
from tests.pages.conftest import DESKTOP, PHONE, Newcomer, Opener, ready
from tests.pages.editing import EDITOR, add, saved, start, step

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ORDER = {"order": {"id": 7, "customer": "Ana", "total": 12.5}}


async def posted(newcomer: Newcomer) -> list[Any]:
    """What the stand-in of Discord was sent."""
    answer = await newcomer.rest.get("/sandbox/discord/_arrived")
    return list(answer.raise_for_status().json())


async def test_forward_orders_without_touching_json(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("discord", "Alerts")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await start(page)
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_label("Name", exact=True).first.fill("Forward orders")
    await page.keyboard.press("Enter")
    await page.get_by_label("What starts it").select_option("webhook")

    copy = page.locator(".sl-address [data-copy]")
    await copy.click()
    await expect(copy).to_have_text("Copied")
    address = await page.evaluate("navigator.clipboard.readText()")
    assert address == await page.get_by_test_id("hook-url").input_value()
    await saved(page)
    async with httpx.AsyncClient() as sender:
        assert (await sender.post(address, json=ORDER)).status_code == 404
    await expect(page.get_by_text("Kept, not run")).to_be_visible()

    await add(page, "Send a message.*Alerts")
    field = page.get_by_label("Message", exact=True).first
    await field.fill("Order ")
    await page.get_by_role("button", name="Insert trigger.body.order.id").click()
    await expect(field).to_have_value("Order {{ trigger.body.order.id }}")
    await expect(page.get_by_text("Order 7", exact=True)).to_be_visible()
    await field.press_sequentially(" for {{ custo")
    await expect(page.get_by_role("button", name="Insert trigger.body.order.id")).to_be_hidden()
    await page.get_by_role("button", name="Insert trigger.body.order.customer").click()
    await expect(field).to_have_value("Order {{ trigger.body.order.id }} for {{ trigger.body.order.customer }}")
    await field.press("ControlOrMeta+z")
    await expect(field).to_have_value("Order {{ trigger.body.order.id }} for {{ custo")
    await page.get_by_role("button", name="Insert trigger.body.order.customer").click()
    await expect(page.get_by_text("Order 7 for Ana", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Test this step").click()
    await expect(page.get_by_text("Done.")).to_be_visible()
    await expect(step(page, 1)).to_contain_text("Tested")

    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 1 is live")
    async with httpx.AsyncClient() as sender:
        answer = await sender.post(address, json={"order": {**ORDER["order"], "id": 8}})
        assert answer.status_code == 202
    await step(page, 0).locator(".sl-node-main").click()
    await expect(page.locator(".sl-request").first).to_contain_text("Succeeded")
    await expect(page.get_by_role("link", name="Open the run of this request")).to_have_count(1)
    runs = (await newcomer.rest.get("/api/executions")).raise_for_status().json()["items"]
    assert [run["status"] for run in runs] == ["succeeded"]
    assert any("Order 8 for Ana" in str(message) for message in await posted(newcomer))


async def test_steps_move_by_keyboard_and_come_back(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    for title in ("Format text", "Wait", "Stop"):
        await add(page, title)
    await expect(page.locator(".sl-node-words .b")).to_have_text(["By hand", "Format text", "Wait", "Stop"])
    await page.get_by_role("button", name="Move Wait").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator(".sl-node-words .b")).to_have_text(["By hand", "Wait", "Format text", "Stop"])
    await expect(page.get_by_text("Wait is now 1 of 3.")).to_have_count(1)
    await expect(page.get_by_role("button", name="Move Wait")).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(page.locator(".sl-node-words .b")).to_have_text(["By hand", "Format text", "Stop"])
    await page.get_by_role("button", name="Undo").last.click()
    await step(page, 3).locator(".sl-node-main").focus()
    await page.keyboard.press("ControlOrMeta+z")
    await expect(page.locator(".sl-node-words .b")).to_have_text(["By hand", "Format text", "Wait", "Stop"])
    await step(page, 3).locator(".sl-node-main").focus()
    await page.keyboard.press("ControlOrMeta+Shift+z")
    await expect(page.locator(".sl-node-words .b")).to_have_text(["By hand", "Wait", "Format text", "Stop"])
    await saved(page)
    await page.reload()
    await ready(page)
    await expect(page.locator(".sl-node-words .b")).to_have_text(["By hand", "Wait", "Format text", "Stop"])


async def test_what_is_missing_is_said_and_keeps_it_from_being_published(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await add(page, "Only continue if")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_text("One thing is missing before it can be published.")).to_be_visible()
    await page.get_by_role("button", name="Only continue if…: Enter a condition.").click()
    await page.get_by_label("Field", exact=True).fill("trigger.input.total")
    await page.keyboard.press("Tab")
    await page.get_by_label("Operator").select_option("greater")
    await page.get_by_label("Value", exact=True).fill("10")
    await expect(step(page, 1)).to_contain_text("trigger.input.total > 10")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 1 is live")


async def test_two_tabs_show_the_same(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    other = await page.context.new_page()
    await start(other, page.url)
    await add(page, "Format text")
    await saved(page)
    await expect(step(other, 1)).to_contain_text("Format text")
    await add(other, "Wait")
    await expect(step(page, 2)).to_contain_text("Wait")
    await expect(page.get_by_text("Nothing is overwritten.")).to_have_count(0)


async def test_the_sample_turns_green_without_an_account(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, "/workflows/sample")
    await page.get_by_role("button", name="Send a test request").click()
    await expect(page.locator(".sl-request").first).to_contain_text("Succeeded")
    await page.goto("/inbox")
    await expect(page.get_by_text("Ana Moreno ordered for 49.9.")).to_be_visible()


async def test_an_address_makes_no_workflow(newcomer: Newcomer) -> None:
    page = newcomer.page
    for path in ("/workflows/new", "/workflows/sample"):
        await page.goto(path)
        await ready(page)
        await expect(page.get_by_role("heading", name="New workflow", level=1)).to_be_visible()
        await page.reload()
    assert (await newcomer.rest.get("/api/workflows")).raise_for_status().json()["items"] == []
    await start(page, "/workflows/sample")
    sample = page.url.partition("?")[0]
    await page.goto("/workflows/sample")
    await page.wait_for_url(EDITOR)
    assert page.url.partition("?")[0] == sample
    assert len((await newcomer.rest.get("/api/workflows")).raise_for_status().json()["items"]) == 1


async def test_everybody_can_use_it(newcomer: Newcomer, contexts: Opener) -> None:
    page = newcomer.page
    await start(page, "/workflows/sample")
    await judge.everywhere(contexts, page.url, as_=newcomer.email)
    context = await contexts(newcomer.email, bypass_csp=True)
    phone = await context.new_page()
    await start(phone, page.url)
    await phone.get_by_role("button", name="Add a step", exact=True).last.click()
    await expect(phone.get_by_role("dialog")).to_be_visible()
    await judge.dialog(phone)
    await phone.keyboard.press("Escape")
    for size in (DESKTOP, PHONE):
        await phone.set_viewport_size(size)
        if size is PHONE:
            await phone.keyboard.press("Escape")
            await expect(phone.locator(".sl-panel")).to_be_hidden()
        for number in (0, 2):
            await step(phone, number).locator(".sl-node-main").click()
            await expect(phone.locator(".sl-panel .sl-h2")).to_be_visible()
            for scheme in ("light", "dark"):
                await phone.emulate_media(color_scheme=scheme)
                await phone.evaluate(f"slTheme('{scheme}')")
                await phone.wait_for_timeout(200)  # until the colours have changed
                await judge.accessible(phone)
            if size is PHONE:
                await phone.keyboard.press("Escape")
                await expect(phone.locator(".sl-panel")).to_be_hidden()


async def test_a_service_is_connected_on_the_way(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await page.get_by_role("button", name="Add a step", exact=True).last.click()
    await page.get_by_role("dialog").get_by_role("searchbox").fill("inbox")
    await page.get_by_role("dialog").get_by_role("button", name="Inbox").click()
    dialog = page.get_by_role("dialog", name="Connect Inbox")
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(step(page, 1)).to_contain_text("Write to the Inbox")
    await expect(page.get_by_label("Connection", exact=True)).to_contain_text("Inbox · Inbox")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_label("Title", exact=True).fill("Hello")
    await page.keyboard.press("ControlOrMeta+Enter")
    await expect(page.get_by_text("Done.")).to_be_visible()
    await page.keyboard.press("ControlOrMeta+s")
    await expect(page.locator(".sl-kept")).to_contain_text("version 1 is live")
    await page.get_by_label("Title", exact=True).fill("Hello again")
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 2 is live")
    await page.get_by_role("button", name="More actions").last.click()
    await page.get_by_role("menuitem", name="History").click()
    await page.get_by_role("button", name="Restore version 1").click()
    await expect(page.get_by_label("Title", exact=True)).to_have_value("Hello")
    await expect(page.get_by_role("button", name="Publish changes")).to_be_visible()
