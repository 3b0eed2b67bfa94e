"""The diagnostics page: which poller is in trouble, live and in words, and figures that fit together."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.conftest import PASSWORD, start_server, stop_server
from tests.pages import judge
from tests.pages.conftest import PHONE, Opener
from tests.pages.steps import start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PATH = "/settings/diagnostics"
TOKENS = [f"71044829{number}:A{'z' * 34}" for number in (13, 14)]


@pytest_asyncio.fixture(loop_scope="session")
async def rest(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server on which nobody else's pollers are, over REST; Alice has the first account."""
    server = start_server(tmp_path)
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        account = {"email": "alice@example.com", "password": PASSWORD, "name": "Alice"}
        answer = (await client.post("/api/setup", json=account)).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client
    stop_server(server)


async def listened(rest: httpx.AsyncClient, token: str) -> tuple[str, str]:
    """A bot that a workflow listens to: their ids."""
    config = {"botToken": token, "baseUrl": f"{str(rest.base_url).rstrip('/')}/sandbox/telegram"}
    body: dict[str, Any] = {"type": "telegram", "name": f"Bot {token[:10]}", "config": config}
    found: str = (await rest.post("/api/integrations", json=body)).raise_for_status().json()["id"]
    trigger = {"type": "integration", "integrationId": found, "event": "message"}
    step = {"id": "note", "type": "set", "values": {"a": "1"}}
    body = {"name": f"Listen {found[:8]}", "trigger": trigger, "steps": [step], "isActive": True}
    return found, (await rest.post("/api/workflows", json=body)).raise_for_status().json()["id"]


async def test_a_poller_that_fails_is_told_first_and_live(rest: httpx.AsyncClient, contexts: Opener) -> None:
    url = str(rest.base_url)
    bots = [await listened(rest, token) for token in TOKENS]
    page = await (await contexts(url=url)).new_page()
    await start(page, PATH)
    rows = page.locator(".sl-pollers tbody tr")
    await expect(rows.locator("[data-label=Next]")).to_have_text(["asking now", "asking now"])
    await expect(rows.first.locator("[data-label=Last]")).to_have_text(re.compile(r"^now$| ago$"))
    await expect(rows.locator("[data-label=Failures]")).to_have_text(["0", "0"])
    await expect(page.get_by_text("Everything runs.")).to_be_visible()

    last = (await rows.nth(1).locator(".mono").inner_text()).strip()  # of these two, the one that stands below
    number = next(number for number, bot in enumerate(bots) if bot[0].startswith(last))
    (await rest.post("/sandbox/telegram/_faults", json={"expiredToken": True})).raise_for_status()
    said = {"botToken": TOKENS[number], "text": "Hello"}  # ends the poll that is held open
    (await rest.post("/sandbox/telegram/_say", json=said)).raise_for_status()
    await expect(rows.first).to_contain_text(last)
    await expect(rows.first).to_contain_text("Telegram does not know this token (401). It is not asked any more.")
    await expect(rows.first.locator("[data-label=Next]")).to_have_text("stopped")
    await expect(rows.first.locator("[data-label=Failures]")).to_have_text("1")
    await expect(page.locator(".sl-callout.warn").first).to_contain_text("1 of 2 pollers fails.")
    await expect(page.get_by_text("Everything runs.")).to_be_hidden()
    await judge.everywhere(contexts, PATH, url=url)
    await page.set_viewport_size(PHONE)
    box = await rows.first.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] and box["height"] < 200

    await rest.delete("/sandbox/telegram/_faults")
    (await rest.delete(f"/api/workflows/{bots[number][1]}")).raise_for_status()
    await expect(rows).to_have_count(1)
    await expect(page.get_by_text("Everything runs.")).to_be_visible()


async def test_sizes_fit_together(contexts: Opener) -> None:
    page = await (await contexts()).new_page()
    await start(page, PATH)

    async def figures(title: str) -> list[float]:
        text = await page.locator(f"dt:text-is('{title}') + dd").inner_text()
        powers = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
        return [float(number) * powers[unit] for number, unit in re.findall(r"([\d.]+) ([kMG]?B)\b", text)]

    held, most = await figures("Memory")
    (stored,) = await figures("Database")
    files, log = await figures("Its files")
    assert held <= most and stored > 100_000 and files >= log
