"""The specification's worked examples and its troubleshooting list, by clicking and over REST."""

# ruff: noqa: F811 - a test's parameter has the name of the fixture that is imported for it
from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import Server
from tests.pages.conftest import Newcomer, Opener, browser, contexts, newcomer  # noqa: F401
from tests.pages.steps import card, open_dialog, paste, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOOK = "https://discord.com/api/webhooks/1433848841458679839/" + "Pr0duct_" * 8 + "ion-"
KEY = "SG." + "Transact-10nal_Ema-ils" + "." + "k" * 43
TOKEN = "7712345678:A" + "Bot_" * 8 + "ab"


@dataclass(frozen=True)
class Example:
    """One of the specification's: what is chosen, pasted, filled in and sent, and what then arrives at the service."""

    type_name: str
    service: str
    name: str
    secret: str
    config: dict[str, Any]
    action: str
    params: dict[str, Any]
    button: str
    typed: dict[str, str]
    arrives: str
    filled: dict[str, str] = field(default_factory=dict)


EXAMPLES = (
    Example(
        "discord", "Discord", "Production Alerts", HOOK, {"webhookUrl": HOOK},
        "send_message", {"content": "Disk is almost full"},
        "Send a test message", {"Message": "Disk is almost full"}, "Disk is almost full",
    ),
    Example(
        "sendgrid", "SendGrid Email", "Transactional Emails", KEY,
        {"apiKeys": {"apiKey": KEY, "fromEmail": "noreply@example.com"}},
        "send_email", {"to": "ann@example.com", "subject": "Welcome, Ann", "text": "Your account is ready."},
        "Send a test e-mail", {"To": "ann@example.com", "Subject": "Welcome, Ann", "Text": "Your account is ready."},
        "Welcome, Ann", {"Sender address": "noreply@example.com"},
    ),
    Example(
        "telegram", "Telegram Bot", "Telegram Bot", TOKEN,
        {"botToken": TOKEN, "connectionMode": "polling", "pollingEnabled": True, "pollingInterval": 5000},
        "send_message", {"chatId": "123456789", "text": "Good morning"},
        "Send a test message", {"Chat": "123456789", "Message": "Good morning"}, "Good morning",
    ),
)  # fmt: skip
by_name = pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])


async def arrived(newcomer: Newcomer, example: Example) -> str:
    return (await newcomer.rest.get(f"/sandbox/{example.type_name}/_arrived")).raise_for_status().text


@by_name
async def test_by_clicking(newcomer: Newcomer, contexts: Opener, example: Example) -> None:
    (await newcomer.rest.delete(f"/sandbox/{example.type_name}/_arrived")).raise_for_status()
    page = newcomer.page
    second = await (await contexts(as_=newcomer.email)).new_page()
    await start(second)
    dialog = await open_dialog(page, example.service)
    await paste(page, example.secret)
    for label, text in {**example.filled, "Name": example.name}.items():
        await dialog.get_by_label(label, exact=True).fill(text)
    if example.type_name == "telegram":
        await expect(dialog.get_by_role("radio", name=re.compile("Polling"))).to_be_checked()
    await page.get_by_text(re.compile("^More (options|keys and options)$")).click()
    await page.get_by_label("Service address").fill(f"{newcomer.url}/sandbox/{example.type_name}")
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(card(page, example.name)).to_contain_text("Healthy")
    await expect(card(second, example.name)).to_contain_text("Healthy")  # without a reload

    await card(page, example.name).get_by_role("link", name=example.name).click()
    await page.get_by_role("button", name=example.button).click()
    trial = page.get_by_role("dialog", name=example.button)
    await trial.get_by_role("button", name="Send", exact=True).wait_for()
    for label, text in example.typed.items():
        await trial.get_by_label(label, exact=True).fill(text)
    await trial.get_by_role("button", name="Send", exact=True).click()
    await expect(trial.get_by_role("status")).to_contain_text("Done.")
    assert example.arrives in await arrived(newcomer, example)
    await expect(card(second, example.name)).to_contain_text(re.compile("Used (just now|\\d+ s ago)"))


@by_name
async def test_over_rest(newcomer: Newcomer, example: Example) -> None:
    (await newcomer.rest.delete(f"/sandbox/{example.type_name}/_arrived")).raise_for_status()
    await start(newcomer.page)
    config = {**example.config, "baseUrl": f"{newcomer.url}/sandbox/{example.type_name}"}
    body = {"type": example.type_name, "name": example.name, "config": config}
    made = await newcomer.rest.post("/api/integrations", json=body)
    assert made.status_code == httpx.codes.CREATED
    path = f"/api/integrations/{made.json()['id']}"
    assert example.secret not in made.text
    tested = (await newcomer.rest.post(f"{path}/test")).raise_for_status().json()
    assert (tested["ok"], tested["status"]) == (True, "healthy")
    await expect(card(newcomer.page, example.name)).to_contain_text("Healthy")
    (await newcomer.rest.post(f"{path}/actions/{example.action}", json=example.params)).raise_for_status()
    assert example.arrives in await arrived(newcomer, example)
    shown = (await newcomer.rest.get(path)).json()
    assert (shown["name"], shown["status"], shown["isActive"]) == (example.name, "healthy", True)
    assert shown["lastUsedAt"] is not None


# What to do when something does not work: the product says it itself.


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"),
        ("Basic YTpi", "token_invalid"),
        ("Bearer", "token_invalid"),
        ("Bearer stl_nobody_has_made_this_token", "token_invalid"),
        ("EXPIRED", "token_expired"),
    ],
)
async def test_401_says_which(newcomer: Newcomer, header: str | None, code: str) -> None:
    if header == "EXPIRED":
        made = await newcomer.rest.post("/api/tokens", json={"name": "old", "expiresAt": _in_a_second()})
        token = made.raise_for_status().json()["token"]
        await newcomer.page.wait_for_timeout(1100)
        header = f"Bearer {token}"
    async with httpx.AsyncClient(base_url=newcomer.url) as stranger:
        answer = await stranger.get("/api/integrations", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


def _in_a_second() -> str:
    return (datetime.now(UTC) + timedelta(seconds=1)).isoformat()


@dataclass(frozen=True)
class Trouble:
    """Something goes wrong at a stand-in, and what the user is told, on the page and over REST."""

    type_name: str
    fault: dict[str, Any]
    said: tuple[str, ...]
    status: str = "needs_attention"


TROUBLES = {
    "R120 the webhook was deleted": Trouble(
        "discord", {"status": 404}, ("no longer exists", "404", "Create a new one")
    ),
    "R120 the address was cut off": Trouble(
        "discord", {"status": 401}, ("refused this URL", "401", "Copy webhook URL")
    ),
    "R124 the key is not known": Trouble("sendgrid", {"status": 401}, ("refused the key", "401", "Create a new one")),
    "R124 it worked before": Trouble("sendgrid", {"expiredToken": True}, ("It last worked",)),
    "R125 the key may not do it": Trouble("sendgrid", {"status": 403}, ("403", "Mail Send")),
    "R126 the token is wrong": Trouble("telegram", {"status": 401}, ("does not know this token", "401", "@BotFather")),
    "R126 it is no token": Trouble("telegram", {"status": 404}, ("does not recognise this", "404", "Copy the whole")),
    "too often": Trouble("telegram", {"status": 429, "retryAfter": 9}, ("wait 9 s", "429"), "degraded"),
    "broken there": Trouble("discord", {"status": 500}, ("has a problem on its side", "500"), "degraded"),
    "somebody answers in its place": Trouble(
        "discord", {"garbage": True}, ("does not understand", "proxy"), "degraded"
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
async def test_trouble_is_told_with_what_to_do(newcomer: Newcomer, trouble: Trouble) -> None:
    row = await newcomer.connect(trouble.type_name, "Fragile")
    await newcomer.fail(trouble.type_name, **trouble.fault)
    await newcomer.test(row)
    shown = (await newcomer.rest.get(f"/api/integrations/{row}")).json()
    assert shown["status"] == trouble.status
    await start(newcomer.page, f"/integrations/{row}")
    problem = newcomer.page.get_by_role("region", name="Problem")
    for words in trouble.said:
        await expect(problem).to_contain_text(words)
    await newcomer.heal(trouble.type_name)
    await newcomer.test(row)
    await expect(problem).to_be_hidden()


KEYS = {  # what was pasted, and what is said about it
    "spaces": (f"  {KEY}\t", "Spaces around it were removed."),
    "quotation marks": (f"“{KEY}”", "Quotation marks around it were removed."),
    "Bearer": (f"Bearer {KEY}", "“Bearer” in front of it was removed."),
    "invisible characters": (f"{KEY[:9]}\u200b{KEY[9:]}", "Invisible characters were removed."),
    "a name": (f"SENDGRID_API_KEY={KEY}", "The name in front of it was removed."),
    "a space inside": (KEY.replace("k", "k k", 1), "SendGrid keys start with"),
    "the name of the key": ("my production key", "Did you copy the key's name instead?"),
}


async def test_keys_as_people_paste_them(newcomer: Newcomer) -> None:
    page = newcomer.page
    for pasted, said in KEYS.values():
        dialog = await open_dialog(page, "SendGrid Email")
        await paste(page, pasted)
        await expect(dialog.get_by_text(said)).to_be_visible()


async def test_the_bot_and_its_services_pages_are_named(newcomer: Newcomer) -> None:
    row = await newcomer.connect("telegram", "Ops bot")
    page = newcomer.page
    await start(page, f"/integrations/{row}")
    await expect(page.get_by_text("@sandbox_bot").first).to_be_visible()
    await expect(page.get_by_role("link", name="Open Telegram")).to_have_attribute("href", re.compile("^https://t.me"))


@pytest.mark.parametrize(("interval", "said"), [(500, "at least 1000"), (172_800_000, "more than a day")])
async def test_an_interval_that_is_not_reasonable(newcomer: Newcomer, interval: int, said: str) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Telegram Bot")
    await paste(page, TOKEN)
    await page.get_by_text("More options").click()
    await dialog.get_by_label("Pause between polls").fill(str(interval))
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_text(said)).to_be_visible()


async def test_failed_sign_ins_are_listed(newcomer: Newcomer, server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/api/auth/login", json={"email": newcomer.email, "password": "not my password"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    page: Page = newcomer.page
    await start(page, "/settings/sign-ins")
    await expect(page.get_by_role("row").filter(has_text="Wrong password").first).to_contain_text("127.0.0.1")


async def test_the_poller_tells_whether_it_runs(newcomer: Newcomer) -> None:
    answer = await newcomer.rest.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})
