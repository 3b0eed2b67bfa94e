"""The connect dialog: filled in, tested and saved in one go; nothing typed is lost, nothing secret comes back."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.pages import judge
from tests.pages.conftest import PHONE, Newcomer, Opener, sign_in
from tests.pages.steps import DISCORD, OTHER_DISCORD, card, open_dialog, paste, start, tile, use_stand_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECRET = "https://discord.com/api/webhooks/1433848841458679839/" + "CanarySecret" * 5 + "Z" * 4 + "7XYZ"


def url_field(page: Page) -> Locator:
    return page.get_by_label("Webhook URL", exact=True)


async def connections(newcomer: Newcomer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await newcomer.rest.get("/api/integrations")).raise_for_status().json()["items"]
    return found


async def test_discord_in_three_interactions(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    await tile(page, "Discord").click()  # 1
    await expect(url_field(page)).to_be_focused()
    await paste(page, DISCORD)  # 2
    await page.keyboard.press("Enter")  # 3
    await expect(card(page, "Discord")).to_contain_text("Healthy")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_text("Integration created. Ready for workflow use.")).to_be_visible()


async def test_telegram_and_sendgrid(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_dialog(page, "Telegram Bot")
    await paste(page, "1234567890:A" + "sandbox_" * 4 + "ok")
    await page.keyboard.press("Enter")
    await expect(card(page, "Telegram Bot")).to_contain_text("Healthy")
    await tile(page, "SendGrid").click()
    await expect(page.get_by_label("API key", exact=True)).to_be_focused()
    await paste(page, "SG." + "sandbox-" * 2 + "demo01." + "sandbox-" * 5 + "key")
    await page.get_by_label("Sender address").fill("noreply@example.com")
    await page.keyboard.press("Enter")
    await expect(card(page, "SendGrid Email")).to_contain_text("Healthy")


async def test_without_an_account_a_name_is_enough(newcomer: Newcomer) -> None:
    page = newcomer.page
    await open_dialog(page, "Inbox")
    await page.get_by_label("Name", exact=True).fill("What arrived")
    await page.keyboard.press("Enter")
    await expect(card(page, "What arrived")).to_be_visible()


async def test_the_first_field_has_the_keyboard_within_half_a_second(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page)
    started = perf_counter()
    await tile(page, "Discord").click()
    await page.wait_for_function("document.activeElement?.name === 'webhookUrl'", polling=10)
    assert perf_counter() - started < 0.5


@pytest.mark.parametrize("pasted", [f"  {DISCORD}\n", f'"{DISCORD}"', f"\u200b{DISCORD}", f"DISCORD_WEBHOOK={DISCORD}"])
async def test_what_was_pasted_is_cleaned(newcomer: Newcomer, pasted: str) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await paste(page, pasted)
    await expect(url_field(page)).to_have_value(DISCORD)
    await expect(dialog.get_by_text("removed")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(card(page, "Discord")).to_contain_text("Healthy")


async def test_a_wrong_form_is_told_below_the_field_and_nothing_is_stored(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await page.keyboard.type("https://example.com/hook")
    await page.keyboard.press("Tab")
    sentence = dialog.get_by_text("This is not a Discord webhook URL. It starts with https://discord.com/api/webhooks/")
    await expect(sentence).to_be_visible()
    described = await url_field(page).evaluate(
        "e => e.getAttribute('aria-describedby').split(' ').map(i => document.getElementById(i).innerText).join(' ')"
    )
    assert "This is not a Discord webhook URL" in described
    assert await url_field(page).get_attribute("aria-invalid") == "true"
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(url_field(page)).to_be_focused()
    assert await connections(newcomer) == []


async def test_missing_fields_are_told_and_have_the_keyboard(newcomer: Newcomer) -> None:
    dialog = await open_dialog(newcomer.page, "SendGrid Email")
    await newcomer.page.get_by_label("Name", exact=True).fill(" ")
    await newcomer.page.keyboard.press("Enter")
    await expect(dialog.get_by_text("Name is missing.")).to_be_visible()
    await expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    await dialog.get_by_label("Name", exact=True).fill("Mail")
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(dialog.get_by_text("API key is missing.")).to_be_visible()
    await expect(dialog.get_by_label("API key", exact=True)).to_be_focused()


async def test_another_services_key_switches_the_dialog_and_comes_along(newcomer: Newcomer) -> None:
    page = newcomer.page
    token = "1234567890:A" + "sandbox_" * 4 + "ok"
    await open_dialog(page, "Discord")
    await paste(page, token)
    await expect(
        page.get_by_text("This looks like a Telegram bot token. Connect Telegram Bot instead?")
    ).to_be_visible()
    await page.get_by_role("button", name="Connect Telegram Bot").click()
    await expect(page.get_by_role("dialog", name="Connect Telegram Bot")).to_be_visible()
    await expect(page.get_by_label("Bot token", exact=True)).to_have_value(token)
    await page.get_by_role("button", name="Test and save").click()
    await expect(card(page, "Telegram Bot")).to_contain_text("Healthy")


FAULTS = [
    ({"status": 401}, "Discord refused this URL (401"),
    ({"status": 404}, "(404"),
    ({"status": 429, "retryAfter": 7}, "asks us to wait 7 s (429)"),
    ({"status": 500}, "has a problem on its side (500"),
]


@pytest.mark.parametrize(("fault", "sentence"), FAULTS, ids=["401", "404", "429", "500"])
async def test_a_failed_test_says_why_and_keeps_everything(
    newcomer: Newcomer, fault: dict[str, int], sentence: str
) -> None:
    page = newcomer.page
    await newcomer.fail("discord", **fault)
    dialog = await open_dialog(page, "Discord")
    await paste(page, DISCORD)
    await page.get_by_label("Name", exact=True).fill("Kept")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("status").filter(has_text=sentence)).to_be_visible()
    await expect(url_field(page)).to_have_value(DISCORD)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Kept")
    await expect(page.get_by_text("Integration created")).to_have_count(0)
    assert await connections(newcomer) == []
    await newcomer.heal("discord")
    await dialog.get_by_role("button", name="Test again").click()
    await expect(dialog.get_by_text("Connected to the channel webhook")).to_be_visible()
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(card(page, "Kept")).to_contain_text("Healthy")


async def test_an_address_that_is_not_there(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await paste(page, OTHER_DISCORD)
    await page.get_by_text("More options").click()
    await page.get_by_label("Service address").fill("https://nowhere.invalid")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_text("nowhere.invalid was not found.")).to_be_visible()


async def test_save_anyway_is_tested_in_a_moment(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.fail("discord", status=401)
    dialog = await open_dialog(page, "Discord")
    await paste(page, OTHER_DISCORD)
    await use_stand_in(page, newcomer.url, "discord")
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Save anyway").click()
    await expect(page.get_by_text("Integration created. It is not tested yet.")).to_be_visible()
    await expect(card(page, "Discord")).to_contain_text("Needs attention")  # it is looked at in a moment


async def test_what_needs_no_test_is_ready(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "HTTP request")
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(page.get_by_text("Integration created. Ready. Every request brings its own address")).to_be_visible()
    await expect(card(page, "HTTP request").locator(".sl-pill")).to_have_text("Ready")


async def test_changes_end_the_offer_to_test_the_same_again(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.fail("discord", status=401)
    dialog = await open_dialog(page, "Discord")
    await paste(page, DISCORD)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Test again")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("Another")
    await expect(dialog.get_by_role("button", name="Test again")).to_be_hidden()
    await expect(dialog.get_by_role("button", name="Save anyway")).to_be_visible()


async def test_the_mode_keeps_the_token_and_explains_what_is_missing(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Telegram Bot")
    await paste(page, "1234567890:A" + "sandbox_" * 4 + "ok")
    await dialog.get_by_role("radio", name="Webhook").check()
    await expect(dialog.get_by_text("does not know its public address yet")).to_be_visible()
    await dialog.get_by_role("radio", name="Polling").check()
    await expect(dialog.get_by_text("does not know its public address yet")).to_be_hidden()
    await expect(page.get_by_label("Bot token", exact=True)).not_to_have_value("")


async def test_a_stored_secret_never_comes_back(newcomer: Newcomer) -> None:
    page = newcomer.page
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    found = await newcomer.connect("discord", "Ops", webhookUrl=SECRET, baseUrl=f"{newcomer.url}/sandbox/discord")
    await start(page)
    await card(page, "Ops").get_by_role("button", name="Configure").click()
    dialog = page.get_by_role("dialog", name="Edit Ops")
    await expect(dialog.get_by_text("••••7XYZ")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("Ops room")
    await page.keyboard.press("Enter")
    await expect(card(page, "Ops room")).to_contain_text("Healthy")
    await start(page, f"/integrations/{found}")
    await expect(page.get_by_text("••••7XYZ")).to_be_visible()
    answer = await newcomer.rest.get(f"/api/integrations/{found}")
    assert frames
    for text in (*frames, await page.content(), answer.text):
        assert "CanarySecret" not in text
    assert answer.json()["config"]["webhookUrl"]["hint"] == "…7XYZ"


async def test_further_keys_are_added_kept_and_removed(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "SendGrid Email")
    await paste(page, "SG." + "sandbox-" * 2 + "demo01." + "sandbox-" * 5 + "key")
    await page.get_by_label("Sender address").fill("noreply@example.com")
    await page.get_by_text("More keys and options").click()
    rows = (("accessToken", "second-secret"), ("", "without a name"), ("secretKey", ""))
    for number, (name, value) in enumerate(rows):
        await dialog.get_by_role("button", name="Add a key").click()
        await dialog.get_by_label("Name of the key").nth(number).fill(name)
        await dialog.get_by_label("Value of the key").nth(number).fill(value)
    await dialog.get_by_role("button", name="Test and save").click()
    await expect(card(page, "SendGrid Email")).to_contain_text("Healthy")
    keys = (await connections(newcomer))[0]["config"]["apiKeys"]
    assert set(keys) == {"apiKey", "fromEmail", "accessToken"}
    await card(page, "SendGrid Email").get_by_role("button", name="Configure").click()
    await page.get_by_text("More keys and options").click()
    await page.get_by_role("button", name="Remove accessToken").click()
    await page.get_by_role("button", name="Test and save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert set((await connections(newcomer))[0]["config"]["apiKeys"]) == {"apiKey", "fromEmail"}


async def test_show_is_a_button_that_says_what_it_did(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await paste(page, OTHER_DISCORD)
    show = dialog.get_by_role("button", name="Show Webhook URL")
    await expect(show).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("Tab")
    await expect(show).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(show).to_have_attribute("aria-pressed", "true")
    await expect(url_field(page)).to_have_attribute("type", "text")
    await expect(url_field(page)).to_have_value(OTHER_DISCORD)


async def test_leaving_asks_only_when_something_was_typed(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await expect(url_field(page)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(tile(page, "Discord").get_by_role("button")).to_be_focused()
    await tile(page, "Discord").click()
    await expect(url_field(page)).to_be_focused()
    await page.keyboard.type("half")
    await page.keyboard.press("Escape")
    question = page.get_by_role("alertdialog", name="Discard what you typed?")
    await expect(question.get_by_role("button", name="Keep editing")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(url_field(page)).to_have_value("half")
    await dialog.get_by_role("button", name="Cancel").click()
    await question.get_by_role("button", name="Discard").click()
    await expect(dialog).to_have_count(0)


async def test_back_closes_the_dialog_and_not_the_page(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await expect(url_field(page)).to_be_focused()
    await page.evaluate("history.back()")
    await expect(dialog).to_have_count(0)
    assert page.url.endswith("/integrations")
    await tile(page, "Discord").click()
    await expect(url_field(page)).to_be_focused()
    await page.keyboard.type("half")
    await page.evaluate("history.back()")
    await page.get_by_role("button", name="Keep editing").click()
    await expect(url_field(page)).to_have_value("half")
    await page.evaluate("history.back()")
    await page.get_by_role("button", name="Discard").click()
    await expect(dialog).to_have_count(0)
    assert page.url.endswith("/integrations")


async def test_a_double_click_makes_one_connection(newcomer: Newcomer) -> None:
    page = newcomer.page
    dialog = await open_dialog(page, "Discord")
    await paste(page, DISCORD)
    await dialog.get_by_role("button", name="Test and save").dblclick()
    await expect(card(page, "Discord")).to_contain_text("Healthy")
    await page.wait_for_timeout(300)
    assert len(await connections(newcomer)) == 1


async def test_a_taken_name_gets_a_number(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.connect("discord", "Discord")
    dialog = await open_dialog(page, "Discord")
    await expect(dialog.get_by_label("Name", exact=True)).to_have_value("Discord 2")
    await dialog.get_by_role("button", name="Try it with the sandbox").click()
    await expect(card(page, "Discord 2")).to_contain_text("Healthy")


async def test_the_dialogs_are_accessible(newcomer: Newcomer, contexts: Opener) -> None:
    await newcomer.fail("discord", status=401)
    for scheme, options in (("light", {}), ("dark", {"viewport": PHONE})):
        context = await contexts(as_=None, color_scheme=scheme, bypass_csp=True, **options)
        await sign_in(context, newcomer.url, newcomer.email)
        page = await context.new_page()
        await open_dialog(page, "Telegram Bot")
        await judge.dialog(page)
        await open_dialog(page, "SendGrid Email")
        await page.get_by_text("More keys and options").click()
        await page.get_by_role("button", name="Add a key").click()
        await judge.dialog(page)
        dialog = await open_dialog(page, "Discord")
        await paste(page, DISCORD)
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("button", name="Save anyway")).to_be_visible()
        await judge.dialog(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Discard")).to_be_visible()
        await judge.dialog(page)
