"""The server is away for a while: a page that stays open tells the truth soon after it is back."""

from __future__ import annotations

import sqlite3
from time import monotonic

import httpx
import pytest
from playwright.async_api import Page, expect

from streamline_ui import sandbox
from tests.conftest import PASSWORD
from tests.pages.conftest import Opener, ready
from tests.pages.restarts import Restartable, restartable

__all__ = ["restartable"]  # the fixture
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
SOON = 5.0  # seconds after the connection is back


async def test_what_changed_while_the_server_was_away_shows_soon(restartable: Restartable, contexts: Opener) -> None:
    async with httpx.AsyncClient(base_url=restartable.url, timeout=20) as rest:
        account = {"email": "alice@example.com", "password": PASSWORD}
        token = (await rest.post("/api/auth/login", json=account)).raise_for_status().json()["token"]
        rest.headers["Authorization"] = f"Bearer {token}"
        config = {**sandbox.DEMO["discord"], "baseUrl": f"{restartable.url}/sandbox/discord"}
        body = {"type": "discord", "name": "Alerts", "config": config}
        made = (await rest.post("/api/integrations", json=body)).raise_for_status().json()["id"]
        (await rest.post(f"/api/integrations/{made}/test")).raise_for_status()
    page: Page = await (await contexts(url=restartable.url)).new_page()
    await page.goto("/integrations")
    await ready(page)
    card = page.get_by_test_id("conn-card")
    await expect(card).to_contain_text("Healthy")
    restartable.kill()
    with sqlite3.connect(next(restartable.first.data.glob("*.db"))) as connection:
        says = "status = 'needs_attention', statusMessage = 'Discord refused this URL (401).', nextCheckAt = NULL"
        connection.execute(f"UPDATE Integration SET {says}, failures = 1 WHERE id = ?", (made,))
    restartable.start()
    await page.wait_for_function("!!window.socket?.connected")
    back = monotonic()
    await expect(card).to_contain_text("Needs attention")
    assert monotonic() - back < SOON
    await expect(card).to_contain_text("Up to you")
    await expect(page.get_by_text("Connection lost.")).to_be_hidden()
