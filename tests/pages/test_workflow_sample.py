"""A real event is asked for while one builds; the way leads on from step to step; long texts are counted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from streamline_ui import sandbox
from tests.pages import flows, judge
from tests.pages.conftest import Newcomer, ready
from tests.pages.editing import EDITOR, choose, draft, saved, start, step

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
TEXT = {"id": "text", "type": "set", "values": {"text": "{{ trigger.message.text }}"}}


async def test_a_sample_is_waited_for_and_taken(newcomer: Newcomer) -> None:
    page = newcomer.page
    demo = dict(sandbox.DEMO["telegram"])
    token = "987" + demo["botToken"][3:]  # a bot that nobody else's test talks to
    own = demo | {"botToken": token, "baseUrl": f"{newcomer.url}/sandbox/telegram"}
    bot = await newcomer.connect("telegram", "Ops bot", **own)
    trigger = {"type": "integration", "integrationId": bot, "event": "message"}
    await start(page, await draft(newcomer, "Listens", TEXT, **trigger))
    await choose(page, 0)
    sample = page.get_by_role("region", name="Sample")
    await expect(sample).to_contain_text("What it usually looks like")
    await page.get_by_role("button", name="Get a sample").click()
    await expect(sample).to_contain_text("Nothing is there yet. Waiting: make it happen now")
    await say(newcomer, token, "alert: disk 91 %")
    await expect(sample).to_contain_text("A real event")
    await expect(sample).to_contain_text("alert: disk 91 %")
    await expect(page.get_by_role("button", name="Stop waiting")).to_be_hidden()
    await expect(step(page, 0)).to_contain_text("Has a sample")
    await page.get_by_role("button", name="Next step").click()
    await expect(page.get_by_label("Insert data", exact=True)).to_contain_text("alert: disk 91 %")


async def test_the_last_events_are_offered_to_build_with(newcomer: Newcomer) -> None:
    page = newcomer.page
    token = "986" + sandbox.DEMO["telegram"]["botToken"][3:]
    bot = await newcomer.connect("telegram", "Ops bot", botToken=token, baseUrl=f"{newcomer.url}/sandbox/telegram")
    trigger = {"type": "integration", "integrationId": bot, "event": "message"}
    path = await draft(newcomer, "Listens", TEXT, **trigger)
    (await newcomer.rest.patch(f"/api{path}", json={"isActive": True})).raise_for_status()
    await start(page, path)
    await choose(page, 0)
    events = page.get_by_role("region", name="Last events")
    await expect(events).to_contain_text("What comes while a workflow listens is kept here")
    for number, word in enumerate(("the first", "the second"), 1):
        await say(newcomer, token, word)
        await expect(events.get_by_role("listitem")).to_have_count(number)
    await expect(events.get_by_role("listitem").last).to_contain_text("Succeeded")
    await events.get_by_role("listitem").last.get_by_role("button").click()
    await expect(events).to_contain_text("the first")
    await events.get_by_role("button", name="Use as sample").click()
    await expect(events).to_contain_text("This event is the sample now")
    await judge.whole(page)
    await page.get_by_role("button", name="Next step").click()
    picker = page.get_by_label("Insert data", exact=True)
    await expect(picker).to_contain_text("the first")
    await expect(picker).not_to_contain_text("the second")


async def say(newcomer: Newcomer, token: str, text: str) -> None:
    """Ann writes to the bot."""
    said = {"botToken": token, "text": text}
    (await newcomer.rest.post("/sandbox/telegram/_say", json=said)).raise_for_status()


async def test_what_the_service_says_instead_is_told(newcomer: Newcomer) -> None:
    page = newcomer.page
    bot = await newcomer.connect("telegram", "Ops bot")
    trigger = {"type": "integration", "integrationId": bot, "event": "message"}
    await start(page, await draft(newcomer, "Listens", TEXT, **trigger))
    await newcomer.fail("telegram", status=500)
    await choose(page, 0)
    await page.get_by_role("button", name="Get a sample").click()
    await expect(page.get_by_role("region", name="Sample")).to_contain_text("(500)")
    await expect(page.get_by_role("button", name="Stop waiting")).to_be_hidden()


async def test_the_way_leads_from_step_to_step(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, await draft(newcomer, "Two", flows.SET, {"id": "wait", "type": "delay", "seconds": 60}))
    await choose(page, 0)
    panel = page.locator(".sl-panel")
    for title in ("Format text", re.compile("Wait|Delay")):
        await panel.get_by_role("button", name="Next step").click()
        await expect(panel.locator(".sl-h2").first).to_have_text(title)
    await expect(panel.get_by_role("button", name="Next step")).to_have_count(0)
    await panel.get_by_role("button", name="Add a step").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_the_length_of_a_message_is_counted(newcomer: Newcomer) -> None:
    page = newcomer.page
    discord = await newcomer.connect("discord", "Alerts")
    action: dict[str, Any] = {"id": "post", "type": "action", "integrationId": discord, "action": "send_message"}
    action |= {"params": {"content": "Hi"}}
    await start(page, await draft(newcomer, "Counts", action))
    await choose(page, 1)
    message = page.get_by_label("Message", exact=True)
    await message.fill("Hello")
    await expect(page.get_by_text("5 of 2,000")).to_be_visible()
    await message.fill("{{ trigger.body.event }}!")  # of the example: "order.created"
    await expect(page.get_by_text("14 of 2,000")).to_be_visible()
    await message.fill("x" * 2001)
    await expect(page.get_by_text("2,001 of 2,000")).to_have_class(re.compile("warn"))
    await saved(page)
    await page.reload()
    await ready(page)
    await choose(page, 1)
    await expect(page.get_by_text("2,001 of 2,000")).to_be_visible()


async def test_the_palette_makes_a_workflow_in_one_step(newcomer: Newcomer) -> None:
    page = newcomer.page
    await page.goto("/executions")
    await ready(page)
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Search or jump to").fill("new workflow")
    await expect(page.get_by_test_id("palette").get_by_role("option").first).to_contain_text("New workflow")
    await page.keyboard.press("Enter")
    await page.wait_for_url(EDITOR)
    await expect(step(page, 0)).to_be_visible()
    assert len((await newcomer.rest.get("/api/workflows")).raise_for_status().json()["items"]) == 1
