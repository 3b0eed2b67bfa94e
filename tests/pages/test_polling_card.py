"""How a connection is polled, on its page: when next, at once, and taken over from somebody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.pages import judge
from tests.pages.conftest import Newcomer, Opener
from tests.pages.steps import start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ENTRY = {"id": "note", "type": "set", "values": {"a": "1"}}
TOKEN = "7104482914:A" + "z" * 34


async def listened(newcomer: Newcomer, type_name: str, event: str, **config: Any) -> str:
    """A connection with a workflow that listens to it."""
    found = await newcomer.connect(type_name, "Ops", **config)
    trigger = {"type": "integration", "integrationId": found, "event": event}
    definition = {"name": "Listen", "trigger": trigger, "steps": [ENTRY]}
    answer = await newcomer.rest.post("/api/workflows", json={**definition, "isActive": True})
    assert answer.status_code == 201, answer.text
    return found


def fact(page: Page, title: str) -> str:
    return f"section:has(> h2:text-is('Polling')) dt:text-is('{title}') + dd"


async def test_the_next_poll_is_told_and_can_be_had_now(newcomer: Newcomer, contexts: Opener) -> None:
    page = newcomer.page
    found = await listened(newcomer, "rss", "item", feedUrl=f"{newcomer.url}/sandbox/rss/feed.xml")
    await start(page, f"/integrations/{found}")
    await expect(page.locator(fact(page, "Next poll"))).to_have_text(re.compile(r"^in \d+ min$"))
    await expect(page.locator(fact(page, "Last news"))).to_have_text(re.compile("ago|just now|None yet"))
    await newcomer.rest.post("/sandbox/rss/_say", json={"title": "High water"})
    await page.get_by_role("button", name="Poll now").click()
    await expect(page.get_by_text("Asking for news.")).to_be_visible()
    await expect(page.locator(fact(page, "Last poll"))).to_have_text("just now")
    await expect(page.locator(fact(page, "Last news"))).to_have_text("just now")
    await judge.everywhere(contexts, f"/integrations/{found}", newcomer.email)


async def test_a_bot_that_is_used_elsewhere_is_taken_over(newcomer: Newcomer) -> None:
    page = newcomer.page
    token = "7104482913:A" + "y" * 34
    at = f"{newcomer.url}/sandbox/telegram"
    await newcomer.rest.post(f"{at}/bot{token}/setWebhook", json={"url": "https://elsewhere.example.com/"})
    found = await listened(newcomer, "telegram", "message", botToken=token, baseUrl=at)
    await start(page, f"/integrations/{found}")
    problem = page.get_by_role("region", name="Problem")
    await expect(problem).to_contain_text("This bot already sends its messages to another address")
    await problem.get_by_role("button", name="Switch to polling here").click()
    asking = page.get_by_role("alertdialog", name="Switch “Ops” to polling here?")
    await expect(asking).to_contain_text("receives nothing from it any more")
    await asking.get_by_role("button", name="Switch", exact=True).click()
    await expect(problem).to_be_hidden()
    await expect(page.locator(fact(page, "Next poll"))).to_have_text("Listening now")
    asked = await newcomer.rest.post(f"{at}/bot{token}/getWebhookInfo")
    assert asked.json()["result"]["url"] == ""


async def test_who_goes_back_from_a_webhook_to_polling_is_heard_again(newcomer: Newcomer) -> None:
    page = newcomer.page
    found = await listened(
        newcomer,
        "telegram",
        "message",
        botToken=TOKEN,
        baseUrl=f"{newcomer.url}/sandbox/telegram",
        pollingEnabled=False,
    )
    await newcomer.rest.patch(f"/api/integrations/{found}", json={"config": {"connectionMode": "webhook"}})
    await start(page, f"/integrations/{found}")
    await page.get_by_role("button", name="Edit", exact=True).click()
    await page.get_by_role("radio", name=re.compile("^Polling")).check()
    await expect(page.get_by_role("switch", name="Polling is on")).to_be_checked()
    await page.get_by_role("button", name="Test and save").click()
    await expect(page.locator(fact(page, "Next poll"))).to_have_text("Listening now")
    config = (await newcomer.rest.get(f"/api/integrations/{found}")).json()["config"]
    assert (config["connectionMode"], config["pollingEnabled"]) == ("polling", True)


async def test_where_polling_is_off_the_page_says_that_nobody_is_asked_and_turns_it_on(
    newcomer: Newcomer, contexts: Opener
) -> None:
    page = newcomer.page
    at = f"{newcomer.url}/sandbox/telegram"
    found = await listened(newcomer, "telegram", "message", botToken=TOKEN[:-1] + "y", baseUrl=at)
    await start(page, f"/integrations/{found}")
    await expect(page.locator(fact(page, "Next poll"))).to_have_text("Listening now")
    await newcomer.rest.patch(f"/api/integrations/{found}", json={"config": {"pollingEnabled": False}})
    problem = page.get_by_role("region", name="Problem")
    await expect(problem).to_contain_text("Polling is off")
    await expect(page.locator(fact(page, "Next poll"))).to_have_text("Polling is off")
    await newcomer.test(found)
    await expect(problem).to_contain_text("Polling is off")
    shown = (await newcomer.rest.get(f"/api/integrations/{found}")).json()
    assert (shown["status"], shown["listening"]["isHearing"], shown["listening"]["problem"], shown["nextPollAt"]) == (
        "needs_attention",
        False,
        "off",
        None,
    )
    await judge.everywhere(contexts, f"/integrations/{found}", newcomer.email)
    await start(page, "/")
    await expect(page.get_by_role("complementary").get_by_text("Polling is off at one connection")).to_be_visible()
    await page.get_by_test_id("conn-card").get_by_role("button", name="Turn polling on").click()
    await expect(page.get_by_test_id("conn-card")).to_contain_text("Healthy")
    await start(page, f"/integrations/{found}")
    await expect(problem).to_be_hidden()
    await expect(page.locator(fact(page, "Next poll"))).to_have_text("Listening now")
