"""Our stand-ins, driven by the services' own Python libraries: what these read in an answer has to be there.

Each test runs where its library is installed: slack-sdk, twilio, sendgrid, python-telegram-bot.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox


async def arrived(stand_ins: str, service: str) -> str:
    async with httpx.AsyncClient() as client:
        return json.dumps((await client.get(f"{stand_ins}/{service}/_arrived")).json(), ensure_ascii=False)


async def test_slack(stand_ins: str) -> None:
    sdk = pytest.importorskip("slack_sdk")
    token = sandbox.DEMO["slack"]["apiKeys"]["accessToken"]
    client = sdk.WebClient(token=token, base_url=f"{stand_ins}/slack/")

    def talk() -> dict[str, Any]:
        who = client.auth_test()
        sent = client.chat_postMessage(channel="#general", text="Hello")
        again = client.chat_postMessage(channel=sent["channel"], text="Reply", thread_ts=sent["ts"])
        with pytest.raises(sdk.errors.SlackApiError) as caught:
            client.chat_postMessage(channel="#unknown", text="Hello")
        return {"who": who["user_id"], "reply": again["message"]["text"], "error": caught.value.response["error"]}

    said = await asyncio.to_thread(talk)
    assert said["who"]
    assert said["reply"] == "Reply"
    assert said["error"] == "channel_not_found"
    assert "Hello" in await arrived(stand_ins, "slack")


async def test_telegram(stand_ins: str) -> None:
    telegram = pytest.importorskip("telegram")
    token = sandbox.DEMO["telegram"]["botToken"]
    async with telegram.Bot(token, base_url=f"{stand_ins}/telegram/bot") as bot:
        assert bot.username
        sent = await bot.send_message(chat_id=42, text="Hello")
        assert sent.text == "Hello"
        assert await bot.get_updates(timeout=0) == ()
        assert (await bot.get_webhook_info()).url == ""
        with pytest.raises(telegram.error.BadRequest):
            await bot.send_message(chat_id=42, text="")
    assert "Hello" in await arrived(stand_ins, "telegram")


async def test_sendgrid(stand_ins: str) -> None:
    library = pytest.importorskip("sendgrid")
    keys = sandbox.DEMO["sendgrid"]["apiKeys"]
    client = library.SendGridAPIClient(keys["apiKey"], host=f"{stand_ins}/sendgrid")
    mail = library.Mail(keys["fromEmail"], "bob@example.com", "Hello", plain_text_content="x")
    sent = await asyncio.to_thread(client.send, mail)
    assert sent.status_code == 202
    assert sent.headers["X-Message-Id"]
    assert "bob@example.com" in await arrived(stand_ins, "sendgrid")


async def test_twilio(stand_ins: str) -> None:
    rest = pytest.importorskip("twilio.rest")
    http = pytest.importorskip("twilio.http.http_client")
    keys = sandbox.DEMO["twilio"]["apiKeys"]

    class Here(http.TwilioHttpClient):  # type: ignore[misc, name-defined]  # a library without types
        def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
            return super().request(
                method, url.replace("https://api.twilio.com", f"{stand_ins}/twilio"), *args, **options
            )

    client = rest.Client(keys["accountSid"], keys["authToken"], http_client=Here())

    def talk() -> tuple[str, str, int]:
        assert client.api.accounts(keys["accountSid"]).fetch().status == "active"
        sent = client.messages.create(to="+4915112345678", from_=keys["fromNumber"], body="Hello + welcome")
        with pytest.raises(Exception, match="Invalid 'To'") as caught:
            client.messages.create(to="nobody", from_=keys["fromNumber"], body="x")
        return sent.sid, sent.status, caught.value.code

    sid, status, code = await asyncio.to_thread(talk)
    assert sid.startswith("SM")
    assert status in ("queued", "accepted")
    assert code == 21211
    assert "Hello + welcome" in await arrived(stand_ins, "twilio")
