"""Another key than the one that the secrets were sealed with: everything is there, nothing opens, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD, Server, start_server, stop_server
from tests.pages.conftest import Opener, ready
from tests.security import kit
from tests.security.kit import ALICE, Caller, HostileService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KEY, OTHER_KEY = "11" * 32, "22" * 32
HOOK = "https://discord.com/api/webhooks/123456789012345678/"
BOT = "123456789:A" + "bC3-" * 8 + "xY"


def start(folder: Path, **keys: str) -> Server:
    return start_server(folder, STREAMLINE_EGRESS_ALLOW="127.0.0.1", **keys)


def connect(alice: Caller, service: HostileService) -> dict[str, str]:
    """Alice's connections, tested; their ids by name."""
    ids = {}
    for name, type_name, config in (
        ("Alerts", "discord", {"webhookUrl": HOOK + "Aa1_" * 17}),
        ("Deploys", "discord", {"webhookUrl": HOOK + "Aa1_" * 17}),
        ("Ops bot", "telegram", {"botToken": BOT}),
    ):
        body = {"type": type_name, "name": name, "config": {**config, "baseUrl": service.url("say-0")}}
        ids[name] = alice.made("POST", "/api/integrations", body)["id"]
        assert alice.made("POST", f"/api/integrations/{ids[name]}/test")["status"] == "healthy"
    return ids


def sealed(server: Server) -> dict[str, str]:
    """What lies sealed in the database, by the id of its connection."""
    return {row["id"]: row["configEnc"] for row in kit.dump(server, "Integration")["Integration"]}


def nothing_opens(alice: Caller, ids: dict[str, str], wanted: str) -> None:
    """Everything that needs a secret says which key it wants; everything else works."""
    assert len(alice.made("GET", "/api/integrations")["items"]) == len(ids)
    for integration_id in ids.values():
        path = f"/api/integrations/{integration_id}"
        tested = alice.made("POST", f"{path}/test")
        assert not tested["ok"] and wanted in tested["message"], tested
        for method, rest, body in (
            ("POST", "/actions/send_message", {"content": "x", "chatId": "1", "text": "x"}),
            ("PATCH", "", {"config": {"baseUrl": "https://example.com"}}),
        ):
            answer = alice.ask(method, path + rest, body)
            assert (answer.status_code, answer.json()["code"]) == (httpx.codes.LOCKED, "locked")
            assert wanted in answer.json()["detail"]


async def enter_again(page: Page, integration_id: str, service: HostileService) -> None:
    """Give a locked connection new credentials, as a user would."""
    await page.goto(f"/integrations/{integration_id}")
    await ready(page)
    await page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Replace Webhook URL").click()
    await dialog.get_by_role("textbox", name="Webhook URL").fill(HOOK + "Bb2_" * 17)
    await dialog.get_by_role("button", name="Test and save").click()
    await dialog.wait_for(state="hidden")


async def test_with_another_key_nothing_opens_and_nothing_is_lost(
    tmp_path: Path, contexts: Opener, service: HostileService
) -> None:
    service.say(["Ops"])
    server = start(tmp_path, ENCRYPTION_KEY=KEY)
    try:
        ids = connect(kit.set_up(server, PASSWORD), service)
        wanted = kit.dump(server, "KeyCheck")["KeyCheck"][0]["kid"]
        before = sealed(server)
    finally:
        stop_server(server)

    server = start(tmp_path, ENCRYPTION_KEY=OTHER_KEY)
    try:
        alice = Caller(server.url, kit.sign_in(server, ALICE, PASSWORD))
        nothing_opens(alice, ids, wanted)
        alice.made("PATCH", f"/api/integrations/{ids['Alerts']}", {"name": "Alerts renamed"})
        alice.made("PATCH", f"/api/integrations/{ids['Alerts']}", {"isActive": False})
        alice.made("PATCH", f"/api/integrations/{ids['Alerts']}", {"isActive": True})
        assert sealed(server) == before
        page = await (await contexts(ALICE, server.url)).new_page()
        await page.goto("/")
        await ready(page)
        await expect(page.get_by_text(f"whose id is {wanted}")).to_be_visible()
        await expect(page.get_by_test_id("conn-card")).to_have_count(len(ids))
        await enter_again(page, ids["Deploys"], service)
        assert alice.made("POST", f"/api/integrations/{ids['Deploys']}/test")["status"] == "healthy"
        after = sealed(server)
        assert after.pop(ids["Deploys"]) != before[ids["Deploys"]]
        assert after.items() <= before.items()
        assert "Traceback" not in server.log.read_text()
    finally:
        stop_server(server)

    server = start(tmp_path, ENCRYPTION_KEY=KEY, ENCRYPTION_KEYS_PREVIOUS=OTHER_KEY)
    try:
        alice = Caller(server.url, kit.sign_in(server, ALICE, PASSWORD))
        for integration_id in ids.values():
            assert alice.made("POST", f"/api/integrations/{integration_id}/test")["status"] == "healthy"
        page = await (await contexts(ALICE, server.url)).new_page()
        await page.goto("/")
        await ready(page)
        await expect(page.get_by_test_id("conn-card").filter(has_text="Healthy")).to_have_count(len(ids))
        await expect(page.get_by_text("whose id is")).to_have_count(0)
    finally:
        stop_server(server)
