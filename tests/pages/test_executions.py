"""The list of executions, and one of them: found, understood, tried again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.pages import flows, judge
from tests.pages.conftest import Newcomer, Opener
from tests.pages.steps import start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def rows(page: Page) -> Locator:
    return page.get_by_test_id("run-row")


def steps(page: Page) -> Locator:
    return page.get_by_test_id("step")


async def open_run(page: Page, execution_id: str) -> None:
    await start(page, f"/executions/{execution_id}")
    await expect(page.get_by_role("heading", name=f"Run {execution_id[:8]}")).to_be_visible()


async def test_nothing_yet(newcomer: Newcomer, contexts: Opener) -> None:
    await start(newcomer.page, "/executions")
    await expect(newcomer.page.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    await judge.everywhere(contexts, "/executions", newcomer.email)


async def test_new_ones_are_announced_and_do_not_jump(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await flows.send(newcomer, made, {"text": "one"})
    await flows.settled(newcomer, 1)
    await start(page, "/executions")
    await expect(rows(page)).to_have_count(1)
    await flows.send(newcomer, made, *({"text": f"later {number}"} for number in range(3)))
    fresh = page.get_by_role("button", name="3 new")
    await expect(fresh).to_be_visible()
    await expect(rows(page)).to_have_count(1)
    await fresh.click()
    await expect(rows(page)).to_have_count(4)


async def test_fifty_at_a_time_and_filtered(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    other = await flows.workflow(newcomer, "Others", flows.SET)
    await flows.send(newcomer, made, *({"text": f"number {number}"} for number in range(52)))
    await flows.send(newcomer, other, {"text": "a purple crane"}, {"nothing": "fits"})
    await flows.settled(newcomer, 54)
    await start(page, "/executions")
    await expect(rows(page)).to_have_count(50)
    await page.get_by_role("button", name="Older").click()
    await expect(rows(page)).to_have_count(4)
    await page.get_by_role("button", name="Newer").click()
    await expect(rows(page)).to_have_count(50)
    await page.get_by_label("Workflow", exact=True).select_option(label="Others")
    await expect(rows(page)).to_have_count(2)
    await page.get_by_role("button", name="Failed", exact=True).click()
    await expect(rows(page)).to_have_count(1)
    await expect(page).to_have_url(re.compile(rf"status=failed&workflow={other['id']}"))
    await page.get_by_role("button", name="All", exact=True).click()
    await page.get_by_label("Search in data and errors").fill("purple crane")
    await expect(rows(page)).to_have_count(1)
    await start(page, page.url)
    await expect(rows(page)).to_have_count(1)
    await page.get_by_label("Search in data and errors").fill("not to be found")
    await page.get_by_role("button", name="Show all").click()
    await expect(rows(page)).to_have_count(50)


async def test_a_failure_is_explained_and_retried_from_its_step(newcomer: Newcomer) -> None:
    page = newcomer.page
    discord = await newcomer.connect("discord", "Team")
    post: dict[str, Any] = {"id": "post", "type": "action", "integrationId": discord, "action": "send_message"}
    post["params"] = {"content": "{{ steps.text.output.text }}"}
    made = await flows.workflow(newcomer, "Orders", flows.SET, post)
    await newcomer.fail("discord", status=400, times=1)
    await flows.send(newcomer, made, {"text": "an order"})
    [failed] = await flows.settled(newcomer, 1)
    await open_run(page, failed["id"])
    await expect(page.get_by_text("Failed at step 2")).to_be_visible()
    await expect(page.locator(".sl-callout.bad")).to_contain_text("400")
    await expect(page.get_by_role("tab", name="Request")).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_role("tabpanel")).to_contain_text("an order")
    await page.get_by_role("tab", name="Request").press("ArrowRight")
    await expect(page.get_by_role("tabpanel")).to_contain_text("400 Bad Request")
    await page.get_by_role("button", name="Retry step 2").click()
    await expect(page.get_by_text("It is a retry of")).to_be_visible()
    await expect(page.get_by_text("Succeeded").first).to_be_visible()
    await page.get_by_role("link", name=f"Run {failed['id'][:8]}").click()
    await expect(page.get_by_text("It was retried as")).to_be_visible()
    await start(page, "/executions")
    await expect(rows(page).filter(has_text="Failed")).to_contain_text("retried")
    await expect(page.get_by_role("button", name="Retry 1 failed")).to_be_hidden()


async def test_all_that_failed_are_retried_with_the_version_that_runs_now(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await flows.send(newcomer, made, *({"other": number} for number in range(20)))
    await flows.settled(newcomer, 20)
    mended = {"steps": [{**flows.SET, "values": {"text": "constant"}}], "version": 1}
    (await newcomer.rest.patch(f"/api/workflows/{made['id']}", json=mended)).raise_for_status()
    await start(page, "/executions?status=failed")
    await page.get_by_role("button", name="Retry 20 failed").click()
    await judge.dialog(page)
    await page.get_by_role("button", name="Retry 20", exact=True).click()
    await expect(page.get_by_text("20 started again.")).to_be_visible(timeout=15_000)
    found = await flows.settled(newcomer, 40)
    assert sum(each["status"] == "succeeded" and each["replayOf"] is not None for each in found) == 20


async def test_what_is_unknown_is_run_again_once_it_is_said_that_it_may_arrive_twice(newcomer: Newcomer) -> None:
    page = newcomer.page
    discord = await newcomer.connect("discord", "Team")
    post: dict[str, Any] = {"id": "post", "type": "action", "integrationId": discord, "action": "send_message"}
    post["params"] = {"content": "An order"}
    made = await flows.workflow(newcomer, "Orders", post)
    await newcomer.fail("discord", status=500, times=2)
    await flows.send(newcomer, made, {"other": 1}, {"other": 2})
    await flows.settled(newcomer, 2)
    await start(page, "/executions?status=unknown")
    await page.get_by_role("button", name="Run 2 unknown again").click()
    await expect(page.get_by_text("may arrive a second time")).to_be_visible()
    await page.get_by_role("button", name="Run 2 again", exact=True).click()
    await expect(page.get_by_text("2 started again.")).to_be_visible(timeout=15_000)
    found = await flows.settled(newcomer, 4)
    assert sum(each["status"] == "succeeded" and each["replayOf"] is not None for each in found) == 2


async def test_which_version_is_asked_where_there_are_two(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await flows.send(newcomer, made, {"other": 1})
    [failed] = await flows.settled(newcomer, 1)
    mended = {"steps": [{**flows.SET, "values": {"text": "constant"}}], "version": 1}
    (await newcomer.rest.patch(f"/api/workflows/{made['id']}", json=mended)).raise_for_status()
    await open_run(page, failed["id"])
    await page.get_by_role("button", name="Replay from start").click()
    await page.get_by_role("menuitem", name="With the original version 1").click()
    await expect(page.get_by_text("It is a retry of")).to_be_visible()
    await expect(page.get_by_text("Failed at step 1")).to_be_visible()
    await open_run(page, failed["id"])
    await page.get_by_role("button", name="Retry step 1").click()
    await page.get_by_role("menuitem", name="With the current version 2").click()
    await expect(page.get_by_text("It is a retry of")).to_be_visible()
    await expect(page.get_by_text("Succeeded").first).to_be_visible()


async def test_it_waits_for_a_connection_or_a_time_and_can_be_cancelled(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Pause", flows.SET, {"id": "rest", "type": "delay", "seconds": 3600})
    await flows.send(newcomer, made, {"text": "x"})
    [waiting] = await flows.settled(newcomer, 1, waiting=True)
    await open_run(page, waiting["id"])
    await expect(page.locator(".sl-callout")).to_contain_text(re.compile("It goes on by itself in (59|60) min"))
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Cancelled").first).to_be_visible()
    discord = await newcomer.connect("discord", "Team")
    post: dict[str, Any] = {"id": "post", "type": "action", "integrationId": discord, "action": "send_message"}
    made = await flows.workflow(newcomer, "Post", {**post, "params": {"content": "x"}})
    await newcomer.fail("discord", status=401)
    await flows.send(newcomer, made, {})
    parked = (await flows.settled(newcomer, 2, waiting=True))[0]
    await open_run(page, parked["id"])
    await expect(page.locator(".sl-callout.warn")).to_contain_text("It waits until “Team” is mended")
    await expect(page.get_by_role("link", name="Mend the connection")).to_have_attribute("href", f"/?fix={discord}")


async def test_large_data_comes_in_pieces(newcomer: Newcomer) -> None:
    page = newcomer.page
    values = {"rows": "{{ trigger.body.rows }}", "long": "{{ trigger.body.long }}"}
    made = await flows.workflow(newcomer, "Rows", {**flows.SET, "values": values})
    body = {"rows": [{"n": number, "mark": f"row-{number}"} for number in range(1000)], "long": "x" * 2000 + "END"}
    await flows.send(newcomer, made, body)
    [done] = await flows.settled(newcomer, 1)
    await open_run(page, done["id"])
    tree = page.get_by_role("region", name="JSON")
    await expect(tree).to_contain_text("row-0")
    assert await tree.locator(".sl-json-leaf").count() < 400
    await expect(tree).not_to_contain_text("END")
    await tree.get_by_role("button", name="all of 2,003 characters").click()
    await expect(tree).to_contain_text("END")
    await tree.get_by_role("button", name=re.compile("more of 1,000")).click()
    await expect(tree).to_contain_text("row-100")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Save as a file").click()
    assert '"row-999"' in (await (await download.value).path()).read_text()


async def test_steps_are_chosen_and_loops_tell_their_turns(newcomer: Newcomer) -> None:
    page = newcomer.page
    inbox = await flows.inbox(newcomer)
    loop = {"id": "each", "type": "for_each", "items": "{{ trigger.body.lines }}"}
    made = await flows.workflow(newcomer, "Lines", {**loop, "steps": [flows.write(inbox, "{{ item }}")]})
    await flows.send(newcomer, made, {"lines": ["first", "second", "third"]})
    [done] = await flows.settled(newcomer, 1)
    await open_run(page, done["id"])
    await expect(steps(page)).to_have_count(5)
    await steps(page).filter(has_text="turn 2").click()
    await expect(steps(page).filter(has_text="turn 2")).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("tab", name="Input").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("second")
    await steps(page).first.click()
    await expect(page.get_by_role("region", name="JSON")).to_contain_text("third")


async def test_it_changes_while_it_is_looked_at(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Soon", {"id": "rest", "type": "delay", "seconds": 3}, flows.SET)
    await flows.send(newcomer, made, {"text": "x"})
    [waiting] = await flows.settled(newcomer, 1, waiting=True)
    await open_run(page, waiting["id"])
    await expect(page.locator(".sl-stage.none")).to_have_count(1)
    await page.evaluate("window.notReloaded = true")
    await expect(page.locator(".sl-stage.ok")).to_have_count(3)
    assert await page.evaluate("window.notReloaded")


async def test_nobody_else_sees_it(newcomer: Newcomer, page: Page) -> None:
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await flows.send(newcomer, made, {"text": "x"})
    [done] = await flows.settled(newcomer, 1)
    answer = await page.goto(f"/executions/{done['id']}")
    assert answer is not None
    assert answer.status == 404


async def test_the_pages_are_accessible_everywhere(newcomer: Newcomer, contexts: Opener) -> None:
    inbox = await flows.inbox(newcomer)
    made = await flows.workflow(newcomer, "A long name " * 8, flows.SET, flows.write(inbox))
    await flows.send(newcomer, made, {"other": {"a": [1, None, True, "text " * 200]}}, {"text": "fine"})
    found = await flows.settled(newcomer, 2)
    await judge.everywhere(contexts, "/executions", newcomer.email)
    failed = next(each for each in found if each["status"] == "failed")
    done = next(each for each in found if each["status"] == "succeeded")
    await judge.everywhere(contexts, f"/executions/{failed['id']}", newcomer.email)
    await judge.everywhere(contexts, f"/executions/{done['id']}", newcomer.email)
