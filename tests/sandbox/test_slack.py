"""Slack's own rules."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .conftest import SLACK


async def post(box: httpx.AsyncClient, method: str = "chat.postMessage", **values: Any) -> Any:
    answer = await box.post(f"slack/{method}", headers=SLACK, json=values)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", "not_authed"),
        ("Bearer nonsense", "invalid_auth"),
        ("Bearer xapp-1-A0-abcdef", "invalid_auth"),
        ("Basic xoxb-12345678", "invalid_auth"),
        ("Bearer xoxb-revoked-12345678", "token_revoked"),
        ("Bearer xoxb-expired-12345678", "token_expired"),
        ("Bearer xoxb-inactive-1234567", "account_inactive"),
    ],
)
async def test_refused_tokens_get_200(box: httpx.AsyncClient, key: str, error: str) -> None:
    for method in ("auth.test", "chat.postMessage"):
        answer = await box.post(f"slack/{method}", headers={"Authorization": key}, json={})
        assert answer.status_code == 200
        assert answer.json() == {"ok": False, "error": error}


async def test_auth_test_says_who_and_what_may_be_done(box: httpx.AsyncClient) -> None:
    answer = await box.get("slack/auth.test", headers=SLACK)
    assert answer.json()["ok"] is True
    assert answer.json()["bot_id"]
    assert "chat:write" in answer.headers["x-oauth-scopes"]
    user = await box.get("slack/auth.test", headers={"Authorization": "Bearer xoxp-1234567890"})
    assert "bot_id" not in user.json()


async def test_scopes(box: httpx.AsyncClient) -> None:
    key = {"Authorization": "Bearer xoxb-noscope-12345678"}
    assert (await box.get("slack/auth.test", headers=key)).json()["ok"] is True
    for method, needed in (("chat.postMessage", "chat:write"), ("reactions.add", "reactions:write")):
        found = (await box.post(f"slack/{method}", headers=key, json={"channel": "x"})).json()
        assert found == {"ok": False, "error": "missing_scope", "needed": needed, "provided": "identify"}


async def test_json_and_form_are_the_same(box: httpx.AsyncClient) -> None:
    blocks = [{"type": "divider"}]
    first = await post(box, channel="#general", text="Hello", blocks=blocks)
    form = {"channel": "general", "text": "Hello", "blocks": json.dumps(blocks)}
    second = (await box.post("slack/api/chat.postMessage", headers=SLACK, data=form)).json()
    for found in (first, second):
        assert found["channel"] == "C024BE91L"
        assert found["message"]["blocks"] == blocks
        assert found["message"]["text"] == "Hello"
    assert isinstance(first["ts"], str)
    assert first["ts"] != second["ts"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "channel_not_found"),
        ({"channel": "two words", "text": "x"}, "channel_not_found"),
        ({"channel": "#unknown", "text": "x"}, "channel_not_found"),
        ({"channel": "#archived", "text": "x"}, "is_archived"),
        ({"channel": "private-ops", "text": "x"}, "not_in_channel"),
        ({"channel": "general"}, "no_text"),
        ({"channel": "general", "text": "  "}, "no_text"),
        ({"channel": "general", "text": "x", "thread_ts": "soon"}, "invalid_thread_ts"),
        ({"channel": "general", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks_format"),
        ({"channel": "general", "blocks": "nonsense"}, "invalid_blocks_format"),
        ({"channel": "general", "blocks": [{"type": "header", "text": {"text": "x" * 151}}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": "section", "text": {"text": "x" * 3000}}] * 20},
         "msg_blocks_too_long"),
    ],
)  # fmt: skip
async def test_refused_messages(box: httpx.AsyncClient, values: dict[str, Any], error: str) -> None:
    found = await post(box, **values)
    assert found["ok"] is False
    assert found["error"] == error
    assert (await box.get("slack/_arrived")).json() == []


async def test_messages_can_be_changed_and_reacted_to(box: httpx.AsyncClient) -> None:
    sent = await post(box, channel="general", text="First", thread_ts="1503435956.000247")
    assert sent["message"]["thread_ts"] == "1503435956.000247"
    changed = await post(box, "chat.update", channel=sent["channel"], ts=sent["ts"], text="Second")
    assert changed["message"]["text"] == "Second"
    there = {"channel": sent["channel"], "timestamp": sent["ts"], "name": "thumbsup"}
    assert await post(box, "reactions.add", **there) == {"ok": True}
    assert (await post(box, "reactions.add", **there))["error"] == "already_reacted"
    assert (await post(box, "reactions.add", **{**there, "name": "No emoji"}))["error"] == "invalid_name"
    assert (await post(box, "reactions.add", **{**there, "timestamp": "x"}))["error"] == "bad_timestamp"
    elsewhere = {**there, "timestamp": "1503435956.000247"}
    assert (await post(box, "reactions.add", **elsewhere))["error"] == "message_not_found"
    assert (await post(box, "chat.update", channel="general", ts=sent["ts"], text=""))["error"] == "no_text"
    missing = await post(box, "chat.update", channel="random", ts=sent["ts"], text="x")
    assert missing["error"] == "message_not_found"
    kinds = [entry["kind"] for entry in (await box.get("slack/_arrived")).json()]
    assert kinds == ["message", "change", "reaction"]


async def test_pages_of_channels(box: httpx.AsyncClient) -> None:
    first = await post(box, "conversations.list", limit=2)
    rest = await post(box, "conversations.list", cursor=first["response_metadata"]["next_cursor"])
    assert [each["name"] for each in first["channels"] + rest["channels"]] == ["general", "random", "ops"]
    assert rest["response_metadata"]["next_cursor"] == ""
    assert (await post(box, "conversations.list", limit="many"))["error"] == "invalid_cursor"


async def test_unknown_methods(box: httpx.AsyncClient) -> None:
    assert (await post(box, "chat.shout"))["error"] == "unknown_method"


async def test_a_message_a_second_in_each_channel(box: httpx.AsyncClient) -> None:
    for _ in range(3):
        assert (await post(box, channel="general", text="x"))["ok"]
    answer = await box.post("slack/chat.postMessage", headers=SLACK, json={"channel": "general", "text": "x"})
    assert answer.status_code == 429
    assert answer.json() == {"ok": False, "error": "ratelimited"}
    assert 1 <= int(answer.headers["retry-after"]) <= 4
    assert (await post(box, channel="random", text="x"))["ok"]
