"""A bot that hears nothing any more, as its owner lives it: on every open page, by a message, and how it ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.pages import judge
from tests.pages.conftest import Newcomer, Opener
from tests.pages.steps import card, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CHANNEL = "https://discord.com/api/webhooks/1433848841458679840/" + "c" * 68


def token() -> str:
    return f"{uuid4().int % 10**9 + 10**9}:A{'x' * 34}"


async def bot(newcomer: Newcomer, name: str, secret: str, **step: Any) -> str:
    """A bot that a workflow listens to; what it does with a message is `step`, with the bot's id filled in."""
    found = await newcomer.connect(
        "telegram", name, botToken=secret, baseUrl=f"{newcomer.url}/sandbox/telegram", pollingInterval=1000
    )
    trigger = {"type": "integration", "integrationId": found, "event": "message"}
    do = {"id": "do", **(step or {"type": "set", "values": {"a": "1"}})}
    if do["type"] == "action":
        do["integrationId"] = found
    body = {"name": f"Answers of {name}", "trigger": trigger, "steps": [do], "isActive": True}
    (await newcomer.rest.post("/api/workflows", json=body)).raise_for_status()
    return found


async def say(newcomer: Newcomer, secret: str, text: str) -> None:
    body = {"botToken": secret, "text": text}
    (await newcomer.rest.post("/sandbox/telegram/_say", json=body)).raise_for_status()


async def seen(newcomer: Newcomer, integration_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await newcomer.rest.get(f"/api/integrations/{integration_id}")).json()
    return found


async def statuses(newcomer: Newcomer, *wanted: str) -> None:
    """Wait until the executions, the oldest first, are like this."""
    found: list[str] = []
    for _ in range(200):
        items = (await newcomer.rest.get("/api/executions")).json()["items"]
        found = [each["status"] for each in reversed(items)]
        if found == list(wanted):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{found} instead of {wanted}")


async def arrived_at_discord(newcomer: Newcomer, text: str) -> None:
    async with httpx.AsyncClient(base_url=newcomer.url) as client:
        for _ in range(300):
            if text in (await client.get("/sandbox/discord/_arrived")).text:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("no alert has arrived")


async def test_a_revoked_token_is_red_everywhere_told_elsewhere_and_loses_nothing(
    newcomer: Newcomer, contexts: Opener
) -> None:
    first, fresh = token(), token()
    await newcomer.connect("discord", "Channel", webhookUrl=CHANNEL, baseUrl=f"{newcomer.url}/sandbox/discord")
    answer = {"type": "action", "action": "send_message", "params": {"chatId": "7", "text": "Yes."}}
    found = await bot(newcomer, "Ops bot", first, **answer)
    second: Page = await (await contexts(as_=newcomer.email)).new_page()
    await start(second, "/settings/alerts")
    await second.get_by_label("Connection", exact=True).select_option(label="Channel · Discord")
    await second.get_by_role("button", name="Save", exact=True).click()
    await expect(second.get_by_text("Saved.")).to_be_visible()
    page = newcomer.page
    await start(page, "/")
    await start(second, f"/integrations/{found}")
    await say(newcomer, first, "Before")
    await statuses(newcomer, "succeeded")
    await newcomer.fail("telegram", expiredToken=True)
    await say(newcomer, first, "Meanwhile")
    pill = second.locator("main .sl-pill, .sl-main .sl-pill").first
    await asyncio.gather(
        expect(card(page, "Ops bot")).to_contain_text("Needs attention"), expect(pill).to_have_text("Needs attention")
    )
    noticed = datetime.fromisoformat((await seen(newcomer, found))["statusSince"])
    assert (datetime.now(UTC) - noticed).total_seconds() < 3
    await expect(page.get_by_role("complementary").get_by_text("The only poller fails")).to_be_visible()
    await statuses(newcomer, "succeeded", "waiting")
    await arrived_at_discord(newcomer, "“Ops bot” needs attention")
    alerts = (await newcomer.rest.get("/api/alerts?open=true")).json()["items"]
    assert [each["matter"] for each in alerts] == ["connection"], "one cause, one alert"
    await newcomer.heal("telegram")
    problem = second.get_by_role("region", name="Problem")
    await problem.get_by_role("button", name="Replace bot token").click()
    await expect(second.get_by_label("Bot token", exact=True)).to_be_focused()
    await second.keyboard.insert_text(fresh)
    await second.keyboard.press("Enter")
    await asyncio.gather(expect(card(page, "Ops bot")).to_contain_text("Healthy"), expect(pill).to_have_text("Healthy"))
    await statuses(newcomer, "succeeded", "succeeded")
    await expect(page.get_by_role("complementary").get_by_text("All pollers running")).to_be_visible()


async def test_a_service_that_refuses_to_tell_its_news_is_seen_although_its_tests_go_well(
    newcomer: Newcomer, contexts: Opener
) -> None:
    secret = token()
    found = await bot(newcomer, "Deaf bot", secret)
    page = newcomer.page
    await start(page, "/")
    await expect(card(page, "Deaf bot")).to_contain_text("Healthy")
    await newcomer.fail("telegram", status=400)
    await say(newcomer, secret, "Do you hear me?")
    await expect(card(page, "Deaf bot")).to_contain_text("Not hearing from Telegram")
    await judge.everywhere(contexts, f"/integrations/{found}", newcomer.email)
    await newcomer.heal("telegram")  # from here on it hears again as soon as it asks the next time
    await newcomer.test(found)
    await expect(card(page, "Deaf bot")).to_contain_text("Needs attention")
    filters = page.get_by_role("group", name="Show")
    await expect(filters.get_by_role("button", name="Needs attention")).to_contain_text("1")
    await expect(page.get_by_role("region", name="Needs attention")).to_contain_text("Not hearing from Telegram")
    shown = await seen(newcomer, found)
    assert shown["listening"]["isHearing"] is (shown["status"] == "healthy")
    await page.get_by_role("region", name="Needs attention").get_by_role("button", name="Open").click()
    problem = page.get_by_role("region", name="Problem")
    await expect(problem).to_contain_text("Not hearing from Telegram since")
    await expect(problem).to_contain_text("/sandbox/telegram, which was set under Edit")
    await problem.get_by_role("button", name="Poll now").click()
    await expect(problem).to_be_hidden()
    await expect(page.locator("main .sl-pill, .sl-main .sl-pill").first).to_have_text("Healthy")
    shown = await seen(newcomer, found)
    assert (shown["status"], shown["listening"]["isHearing"]) == ("healthy", True)
