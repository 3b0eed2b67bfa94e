"""The forms of the editor for what is seldom changed: tries, time-outs, order, missed times."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import flows, judge
from tests.pages.conftest import Newcomer
from tests.pages.editing import choose, draft, kept, saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_step_says_how_often_and_how_long_it_is_tried(newcomer: Newcomer) -> None:
    page = newcomer.page
    path = await draft(newcomer, "Tries", flows.write(await flows.inbox(newcomer), "Hello"))
    await start(page, path)
    await choose(page, 1)
    await page.get_by_text("Advanced", exact=True).click()
    tries = page.get_by_label("Tries, the first included")
    await tries.fill("99")
    await expect(page.get_by_text("A whole number from 1 to 50.")).to_be_visible()
    await expect(tries).to_have_attribute("aria-invalid", "true")
    await tries.fill("3")
    await expect(page.get_by_text("A whole number from 1 to 50.")).to_have_count(0)
    await page.get_by_label("Pauses between them").fill("5 s, 2 min")
    await page.get_by_label("Time-out").fill("12")
    await page.get_by_label("If it fails").select_option("continue")
    await page.get_by_label("If nobody knows whether it was done").select_option("false")
    await saved(page)
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 2")
    (step,) = (await kept(newcomer, path))["steps"]
    assert step["retry"] == {"maxAttempts": 3, "delays": [5, 120]}
    assert (step["timeoutSeconds"], step["onError"], step["repeatable"]) == (12, "continue", False)
    await page.reload()
    await choose(page, 1)
    await expect(page.get_by_label("Pauses between them")).to_have_value("5 s, 2 min")
    await page.get_by_label("Tries, the first included").fill("")
    await page.get_by_label("Pauses between them").fill("soon")
    await expect(page.get_by_text("“soon” is no pause.")).to_be_visible()
    await judge.accessible(page)


async def test_a_workflow_says_how_it_runs(newcomer: Newcomer) -> None:
    page = newcomer.page
    path = await draft(newcomer, "Order", flows.SET)
    await start(page, path)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Settings").click()
    dialog = page.get_by_role("dialog", name="Settings of this workflow")
    await dialog.get_by_label("Runs at a time, at most").fill("4")
    await dialog.get_by_label("Time-out of a run").fill("60")
    await dialog.get_by_label("Tries, the first included").fill("2")
    await dialog.get_by_label("Largest request").fill("50")
    await dialog.get_by_label("Expect an event at least every").fill("0")
    await expect(dialog.get_by_text("A whole number from 1 to 527,040.")).to_be_visible()
    await dialog.get_by_label("Expect an event at least every").fill("2")
    await dialog.get_by_label("Unit", exact=True).select_option("hours")
    await dialog.get_by_label("Expect an event at least every").fill("400000")
    await expect(dialog.get_by_text("At most 8,784 hours.")).to_be_visible()
    await dialog.get_by_label("Expect an event at least every").fill("2")
    await expect(page.get_by_text("All changes saved")).to_be_attached()
    await judge.dialog(page)
    await dialog.get_by_role("switch", name="Keep the order").check()
    await expect(dialog.get_by_label("Runs at a time, at most")).to_be_hidden()
    await dialog.get_by_role("button", name="Close").click()
    await saved(page)
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 2")
    settings = (await kept(newcomer, path))["settings"]
    assert (settings["concurrency"], settings["timeoutSeconds"], settings["keepOrder"]) == (4, 60, True)
    assert settings["expectEvery"] == 7200
    assert (settings["retry"], settings["maxBodyBytes"]) == ({"maxAttempts": 2}, 50_000)


async def test_a_schedule_says_what_becomes_of_missed_times(newcomer: Newcomer) -> None:
    page = newcomer.page
    steps = {"id": "text", "type": "set", "values": {"text": "Hello"}}
    path = await draft(newcomer, "Times", steps, type="schedule", cron="0 9 * * *", timezone="UTC")
    await start(page, path)
    times = page.locator(".sl-preview")
    await expect(times).to_contain_text(", 09:00")
    await page.get_by_label("When").fill("15 0 9 * * *")
    await expect(times).to_contain_text(", 09:00:15")
    await page.get_by_label("When").fill("15 0 9 * * * *")
    await expect(times).to_contain_text("A schedule has 5 fields (minute, hour, day, month, weekday), or 6")
    await page.get_by_label("When").fill("0 9 * * *")
    await page.get_by_label("Times missed while Streamline was not running").select_option("catchUp")
    await saved(page)
    await page.get_by_role("button", name="Publish changes").click()
    await expect(page.locator(".sl-kept")).to_contain_text("version 2")
    assert (await kept(newcomer, path))["settings"]["missedRuns"] == "catchUp"
