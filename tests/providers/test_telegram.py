"""Telegram, against the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.net import pace
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Connection
from streamline_ui.providers.telegram import base_url, check
from streamline_ui.sandbox.state import Fault

from .conftest import Connect, Desk, answering

TOKEN = "1234567890:AAE" + "x" * 32
UNREADABLE = "Telegram cannot read the formatting of this text (400)."
Arrivals = Callable[[str], list[Any]]


def config(**values: Any) -> Any:
    return formats.read(named("telegram").config, values)


async def act(connection: Connection[Any], action: str = "send_message", **values: Any) -> dict[str, Any]:
    return await named("telegram").actions[action].run(connection, values)


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ({"botToken": TOKEN}, f"https://api.telegram.org/bot{TOKEN}"),
        ({"botToken": TOKEN, "baseUrl": "https://bots.example.com/"}, f"https://bots.example.com/bot{TOKEN}"),
        ({"webhookUrl": f"https://api.telegram.org/bot{TOKEN}/sendMessage?chat_id=1"},
         f"https://api.telegram.org/bot{TOKEN}"),
        ({"webhookUrl": f"https://bots.example.com/x/bot{TOKEN}"}, f"https://bots.example.com/x/bot{TOKEN}"),
        ({"webhookUrl": "https://relay.example.com/hook?key=1"}, "https://relay.example.com/hook"),
    ],
)  # fmt: skip
def test_base_url(values: dict[str, Any], address: str) -> None:
    assert base_url(config(**values)) == address


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"botToken": f" {TOKEN}\n"},
         {"botToken": TOKEN, "connectionMode": "polling", "pollingEnabled": True, "pollingInterval": 5000}),
        ({"botToken": TOKEN, "connectionMode": "polling", "pollingEnabled": False},
         {"botToken": TOKEN, "connectionMode": "polling", "pollingEnabled": False, "pollingInterval": 5000}),
        ({"botToken": TOKEN, "connectionMode": "webhook"},
         {"botToken": TOKEN, "connectionMode": "webhook", "pollingEnabled": False, "pollingInterval": 5000}),
        ({"connectionMode": "webhook", "webhookUrl": "https://relay.example.com/"},
         {"webhookUrl": "https://relay.example.com/"}),
    ],
)  # fmt: skip
def test_modes(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert formats.plain(config(**given)) == kept


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({}, "botToken", "Bot token is missing."),
        ({"botToken": " "}, "botToken", "Bot token is missing."),
        ({"botToken": TOKEN, "webhookUrl": "https://a.example/"}, "webhookUrl", "not both"),
        ({"botToken": TOKEN, "connectionMode": "pull"}, "connectionMode", "must be 'polling' or 'webhook'"),
        ({"botToken": TOKEN, "pollingInterval": 999}, "pollingInterval", "must be at least 1000"),
        ({"botToken": TOKEN, "pollingInterval": True}, "pollingInterval", "must be a whole number"),
        ({"botToken": TOKEN, "pollingEnabled": "yes"}, "pollingEnabled", "must be true or false"),
        ({"webhookUrl": "javascript:alert(1)"}, "webhookUrl", "must start with http"),
        ({"webhookUrl": "https://api.telegram.org/bot0123:abc/x"}, "webhookUrl", "not a bot token"),
    ],
)
def test_wrong_configurations(given: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(Invalid) as raised:
        config(**given)
    assert sentence in raised.value.fields[field]
    assert list(raised.value.fields) == [field]


def test_a_pause_of_days_is_doubted() -> None:
    assert formats.doubts(config(botToken=TOKEN, pollingInterval=100_000_000)) == {
        "pollingInterval": "This is more than a day."
    }


async def test_check_says_who_the_bot_is_and_what_it_sees(connect: Connect) -> None:
    checked = await check(await connect("telegram"))
    assert checked.account == "@sandbox_bot"
    assert checked.message.startswith("Connected as @sandbox_bot. In groups it sees only")


async def test_the_old_form_with_an_address_works(connect: Connect, stand_ins: str, arrived: Arrivals) -> None:
    connection = await connect("telegram", webhookUrl=f"{stand_ins}/telegram/bot{TOKEN}/sendMessage", as_given=True)
    assert (await check(connection)).account == "@sandbox_bot"
    await act(connection, chatId=42, text="Hello")
    assert arrived("telegram") == [{"chat_id": "42", "text": "Hello"}]


async def test_a_relay_is_given_the_message_but_not_tested(desk: Desk) -> None:
    seen: list[httpx.Request] = []

    def relay(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    values = config(webhookUrl="https://relay.example.com/hook?key=1")
    connection = answering(relay, values, desk, base_url(values))
    async with connection.http:
        checked = await check(connection)
        assert not checked.tested
        assert seen == []
        assert (await act(connection, chatId="42", text="Hello"))["messageId"] == 0
        with pytest.raises(Invalid):
            await act(connection, "send_photo", chatId="42", photo="https://example.com/a.jpg")
    assert [str(request.url) for request in seen] == ["https://relay.example.com/hook?key=1"]
    assert b'"text":"Hello"' in seen[0].content


async def test_the_token_is_in_no_error(connect: Connect) -> None:
    connection = await connect("telegram", botToken="1234567890:Arevoked" + "x" * 27)
    with pytest.raises(AuthFailed) as raised:
        await check(connection)
    assert "xxx" not in "".join(map(str, (raised.value, raised.value.__dict__, raised.value.__cause__)))
    assert "xxx" not in repr(connection)


async def test_send_message(connect: Connect, arrived: Arrivals) -> None:
    output = await act(await connect("telegram"), chatId="@news", text="<b>Hi</b>", parseMode="HTML", silent=True)
    assert arrived("telegram") == [
        {"chat_id": "@news", "text": "<b>Hi</b>", "parse_mode": "HTML", "disable_notification": True}
    ]
    assert output["messageIds"] == [output["messageId"]]
    assert output["chat"]["username"] == "news"


@pytest.mark.parametrize("mode", [None, "none", "HTML"])
async def test_a_long_text_becomes_messages_in_order(connect: Connect, arrived: Arrivals, mode: str | None) -> None:
    text = "".join(f"Line {number:04d} of the report.\n" for number in range(400))
    output = await act(await connect("telegram"), chatId=42, text=text, parseMode=mode)
    parts = [message["text"] for message in arrived("telegram")]
    assert len(parts) == len(output["messageIds"]) == 3
    assert "\n".join(parts).split() == text.split()


async def test_send_photo(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("telegram")
    await act(connection, "send_photo", chatId=42, photo="https://example.com/a.jpg", caption="A view")
    assert arrived("telegram") == [{"chat_id": "42", "photo": "https://example.com/a.jpg", "caption": "A view"}]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"chatId": 404, "text": "x"}, "Telegram cannot find this chat (400)."),
        ({"chatId": 403, "text": "x"}, "This person has blocked the bot (403)."),
        ({"chatId": -403, "text": "x"}, "The bot was removed from this chat (403)."),
        ({"chatId": -410, "text": "x"}, "This group has become a supergroup and has a new number (400)."),
        ({"chatId": 42, "text": "<b>x", "parseMode": "HTML"}, UNREADABLE),
        ({"chatId": 42, "text": "1.", "parseMode": "MarkdownV2"}, UNREADABLE),
    ],
)  # fmt: skip
async def test_refusals(connect: Connect, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected) as raised:
        await act(await connect("telegram"), **values)
    assert raised.value.message == sentence


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": "x"}, "chatId"),
        ({"chatId": "somebody", "text": "x"}, "chatId"),
        ({"chatId": 1.5, "text": "x"}, "chatId"),
        ({"chatId": 42, "text": ""}, "text"),
        ({"chatId": 42, "text": "x" * 50_000}, "text"),
        ({"chatId": 42, "text": "x", "parseMode": "Markdown"}, "parseMode"),
        ({"chatId": 42, "text": "x", "silent": "yes"}, "silent"),
    ],
)
async def test_wrong_parameters(connect: Connect, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError) as raised:
        await act(await connect("telegram"), **values)
    assert list(formats.sentences(raised.value)) == [field]  # type: ignore[arg-type]


async def test_too_many_at_once(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MARGIN", 0.0)  # others use the credential too, and take no turns with us
    connection = await connect("telegram")
    for _ in range(30):
        await act(connection, chatId=42, text="x")
    with pytest.raises(Unavailable) as raised:
        await act(connection, chatId=42, text="x")
    assert raised.value.retry_after == 1


async def test_a_check_that_is_forbidden_speaks_of_no_chat(connect: Connect) -> None:
    bot = await connect("telegram")
    sandbox.DESKS["telegram"].fault = Fault(status=403, times=1)
    with pytest.raises(Rejected) as refused:
        await check(bot)
    assert refused.value.message.endswith("is refused, on the way to Telegram or by Telegram itself (403).")
    assert "a proxy or a firewall" in refused.value.hints[0]


async def test_what_is_no_message_was_not_sent(desk: Desk) -> None:
    values = config(botToken=TOKEN)
    bot = answering(lambda _: httpx.Response(200, json={"ok": True, "result": {}}), values, desk, base_url(values))
    async with bot.http:
        with pytest.raises(Unavailable, match="does not understand") as refused:
            await act(bot, chatId="42", text="Hello")
    assert refused.value.unclear
