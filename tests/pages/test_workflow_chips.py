"""What is filled in stands out as chips; what leads to nothing is told, with what may have been meant."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect

from tests.pages import flows, judge
from tests.pages.conftest import PHONE, Newcomer
from tests.pages.editing import choose, draft, saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
TITLE = "Order {{ trigger.body.order.id }} of {{ steps.text.output.text | upcase }}"


async def open_step(newcomer: Newcomer, title: str = TITLE) -> None:
    """The editor at a step that writes to the Inbox, after a real request."""
    inbox = await flows.inbox(newcomer)
    path = await draft(newcomer, "Chips", {**flows.SET, "name": "Greeting"}, flows.write(inbox, title))
    address = (await newcomer.rest.get(f"/api{path}")).json()["webhookUrl"].rpartition("/")[2]
    async with httpx.AsyncClient(base_url=newcomer.url) as sender:  # it is off: the request is kept, not run
        await sender.post(f"/hooks/{address}", json={"order": {"id": 7, "total": 12.5}, "text": "Hello"})
    await start(newcomer.page, path)
    await choose(newcomer.page, 2)


async def test_chips_are_words_for_readers_and_text_for_writers(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_step(newcomer)
    field = page.get_by_label("Title", exact=True)
    chips = page.locator(".sl-template", has=field).locator(".sl-tpl")
    await expect(chips).to_have_text(["Trigger › order › id", "Greeting › text · upcase"])
    await field.focus()
    await expect(chips).to_have_text(["{{ trigger.body.order.id }}", "{{ steps.text.output.text | upcase }}"])
    await field.press("End")
    await field.press_sequentially(" and {{ trigger.body.text }}")
    await expect(chips).to_have_count(3)
    await field.press("ControlOrMeta+z")
    await expect(field).to_have_value(TITLE + " and {{ trigger.body.text }")
    await field.press("ControlOrMeta+Shift+z")
    await expect(field).to_have_value(TITLE + " and {{ trigger.body.text }}")
    await page.get_by_label("Connection", exact=True).focus()
    await expect(chips.first).to_have_text("Trigger › order › id")
    await judge.accessible(page)


async def test_the_mirror_lies_exactly_on_the_text(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_step(newcomer, "Many " + "words " * 30 + "{{ trigger.body.order.id }} end")
    for size in (None, PHONE):
        if size is not None:
            await page.set_viewport_size(size)
        field = page.get_by_label("Text", exact=True)
        await field.fill("A line\n" + "that is long enough to be folded, with {{ trigger.body.order.id }} in it " * 8)
        await expect(page.locator(".sl-template", has=field).locator(".sl-tpl")).to_have_count(8)
        heights = await field.evaluate(
            """field => {
                 const inner = field.parentElement.querySelector('.sl-mirror > div'), mirror = inner.parentElement;
                 field.style.height = '10px';
                 const pad = parseFloat(getComputedStyle(field).paddingTop) * 2;
                 const both = [field.scrollHeight - pad, inner.getBoundingClientRect().height];
                 field.style.height = '';
                 return [...both, mirror.clientWidth - field.clientWidth];
               }"""
        )
        assert abs(heights[0] - heights[1]) <= 1, heights
        assert heights[2] == 0


async def test_a_wrong_path_is_marked_and_put_right(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_step(
        newcomer, "Order {{ trigger.body.order.idd }}, {{ trigger.body.order.iddx }} {{ trigger.body.order.idd }}"
    )
    field = page.get_by_label("Title", exact=True)
    box = page.locator(".sl-template", has=field)
    await expect(box.locator(".sl-tpl.wrong")).to_have_count(3)
    await expect(box.get_by_text("trigger.body.order.idd is not in the sample.")).to_be_visible()
    await judge.accessible(page)
    await box.get_by_role("button", name="Use trigger.body.order.id").first.click()
    await expect(field).to_have_value(
        "Order {{ trigger.body.order.id }}, {{ trigger.body.order.iddx }} {{ trigger.body.order.id }}"
    )
    await expect(box.locator(".sl-tpl.wrong")).to_have_count(1)
    await field.press("ControlOrMeta+a")
    await field.press_sequentially("Order {{ trigger.body.order.id }}")
    await expect(box.locator(".sl-doubts p")).to_have_count(0)
    await expect(page.get_by_text("Order 7", exact=True)).to_be_visible()
    await saved(page)
