"""Telegram's own rules."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox

from .conftest import TOKEN


async def call(box: httpx.AsyncClient, method: str, token: str = TOKEN, **values: Any) -> httpx.Response:
    return await box.post(f"telegram/bot{token}/{method}", json=values)


async def updates(box: httpx.AsyncClient, **values: Any) -> list[int]:
    answer = await call(box, "getUpdates", **values)
    assert answer.status_code == 200, answer.text
    return [update["update_id"] for update in answer.json()["result"]]


async def say(box: httpx.AsyncClient, text: str = "Hello", **values: Any) -> int:
    answer = await box.post("telegram/_say", json={"botToken": TOKEN, "text": text, **values})
    number: int = answer.json()["update_id"]
    return number


@pytest.mark.parametrize("method", ["getMe", "getme", "GETME"])
async def test_get_me(box: httpx.AsyncClient, method: str) -> None:
    for answer in (await box.get(f"telegram/bot{TOKEN}/{method}"), await call(box, method)):
        assert answer.json()["ok"] is True
        assert answer.json()["result"]["username"] == "sandbox_bot"


@pytest.mark.parametrize(
    ("token", "method", "status", "text"),
    [
        ("0123:abc", "getMe", 404, "Not Found"),
        ("nonsense", "getMe", 404, "Not Found"),
        ("123:" + "a" * 90, "getMe", 404, "Not Found"),
        ("1234567890:revoked", "getMe", 401, "Unauthorized"),
        (TOKEN, "getAnything", 404, "Not Found: method not found"),
    ],
)
async def test_refused_calls(box: httpx.AsyncClient, token: str, method: str, status: int, text: str) -> None:
    answer = await call(box, method, token)
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": text}


async def test_parameters_come_as_query_form_or_json(box: httpx.AsyncClient) -> None:
    path = f"telegram/bot{TOKEN}/sendMessage"
    values = {"chat_id": "42", "text": "Hi"}
    for answer in (
        await box.get(path, params=values),
        await box.post(path, data=values),
        await box.post(path, json=values),
    ):
        assert answer.json()["result"]["text"] == "Hi"
        assert answer.json()["result"]["chat"]["id"] == 42


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"chat_id": 42, "text": " "}, "message text is empty"),
        ({"chat_id": 42}, "message text is empty"),
        ({"chat_id": 42, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": "", "text": "x"}, "chat_id is empty"),
        ({"chat_id": "nobody", "text": "x"}, "chat not found"),
        ({"chat_id": 404, "text": "x"}, "chat not found"),
        ({"chat_id": 42, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ({"chat_id": 42, "text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "can't parse entities"),
        ({"chat_id": 42, "text": "<marquee>x</marquee>", "parse_mode": "HTML"}, "can't parse entities"),
        ({"chat_id": 42, "text": "Done.", "parse_mode": "MarkdownV2"}, "can't parse entities"),
        ({"chat_id": 42, "text": "*x", "parse_mode": "MarkdownV2"}, "can't parse entities"),
    ],
)
async def test_refused_messages(box: httpx.AsyncClient, values: dict[str, Any], text: str) -> None:
    answer = await call(box, "sendMessage", **values)
    assert answer.status_code == 400
    assert text in answer.json()["description"]


async def test_formatting_is_not_counted(box: httpx.AsyncClient) -> None:
    answer = await call(box, "sendMessage", chat_id=42, text="<b>" + "x" * 4096 + "</b>", parse_mode="HTML")
    assert answer.json()["result"]["text"] == "x" * 4096
    ok = await call(box, "sendMessage", chat_id=42, text=r"*Done\.* [x](https://a.b/c)", parse_mode="MarkdownV2")
    assert ok.status_code == 200


async def test_twenty_a_minute_in_a_group(box: httpx.AsyncClient) -> None:
    answers = [await call(box, "sendMessage", chat_id=-100123456789, text="x") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    refused = answers[-1]
    assert str(refused.json()["parameters"]["retry_after"]) == refused.headers["retry-after"]
    assert (await call(box, "sendMessage", chat_id=42, text="x")).status_code == 200


async def test_the_offset_confirms_what_is_older(box: httpx.AsyncClient) -> None:
    numbers = [await say(box, f"message {n}") for n in range(5)]
    assert await updates(box) == numbers
    assert await updates(box, limit=2) == numbers[:2]
    assert await updates(box) == numbers
    assert await updates(box, offset=numbers[1] + 1) == numbers[2:]
    assert await updates(box, offset=numbers[0]) == numbers[2:]
    assert await updates(box, offset=-1) == numbers[-1:]
    assert await updates(box, offset=numbers[-1] + 1) == []


async def test_a_long_poll_ends_with_the_message(box: httpx.AsyncClient) -> None:
    started = time.monotonic()
    waiting = asyncio.create_task(updates(box, timeout=20))
    await asyncio.sleep(0.05)
    number = await say(box)
    assert await waiting == [number]
    assert time.monotonic() - started < 5


async def test_a_long_poll_ends_with_its_time(box: httpx.AsyncClient) -> None:
    started = time.monotonic()
    assert await updates(box, timeout=1) == []
    assert time.monotonic() - started >= 0.9


async def test_a_server_that_stops_keeps_nobody_waiting_until_it_starts_again(box: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(updates(box, timeout=20))
    (await box.post("telegram/_faults", json={"delay": 20, "times": 2})).raise_for_status()
    slow = asyncio.create_task(call(box, "getMe"))
    await asyncio.sleep(0.05)
    assert not waiting.done() and not slow.done()
    started = time.monotonic()
    sandbox.close()
    assert await waiting == [] and (await slow).json()["ok"]
    assert (await call(box, "getMe")).json()["ok"] and await updates(box, timeout=20) == []
    assert time.monotonic() - started < 5
    sandbox.forget()
    assert await updates(box, timeout=1) == [] and time.monotonic() - started >= 0.9


async def test_a_second_poller_ends_the_first(box: httpx.AsyncClient) -> None:
    first = asyncio.create_task(call(box, "getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    assert await updates(box) == []
    answer = await first
    assert answer.status_code == 409
    assert "terminated by other getUpdates request" in answer.json()["description"]


async def test_a_webhook_and_polling_exclude_each_other(box: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(call(box, "getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    assert (await call(box, "setWebhook", url="https://hub.example/hooks/x")).json()["description"] == "Webhook was set"
    assert "terminated by setWebhook" in (await waiting).json()["description"]
    assert "webhook is active" in (await call(box, "getUpdates")).json()["description"]
    info = (await call(box, "getWebhookInfo")).json()["result"]
    assert info["url"] == "https://hub.example/hooks/x"
    await call(box, "deleteWebhook")
    assert await updates(box) == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"url": "http://hub.example/"}, "An HTTPS URL must be provided"),
        ({"url": "https://hub.example:8080/"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "https://hub.example/", "secret_token": "ä"}, "unallowed characters"),
        ({"url": "https://hub.example:x/"}, "Invalid URL"),
    ],
)
async def test_refused_webhooks(box: httpx.AsyncClient, values: dict[str, Any], text: str) -> None:
    answer = await call(box, "setWebhook", **values)
    assert answer.status_code == 400
    assert text in answer.json()["description"]


async def test_webhooks_are_set_once_a_second(box: httpx.AsyncClient) -> None:
    assert (await call(box, "setWebhook", url="https://hub.example/")).status_code == 200
    assert (await call(box, "setWebhook", url="https://hub.example/")).json()["parameters"] == {"retry_after": 1}


async def test_any_update_can_be_sent(box: httpx.AsyncClient) -> None:
    number = await say(box, update={"callback_query": {"id": "1", "data": "yes"}})
    (update,) = (await call(box, "getUpdates")).json()["result"]
    assert update == {"update_id": number, "callback_query": {"id": "1", "data": "yes"}}
