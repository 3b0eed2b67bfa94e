"""Turns at a service, over real sockets: connections that share a credential are never refused for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import Unavailable
from streamline_ui.net import pace
from streamline_ui.providers import airtable, discord, slack
from streamline_ui.providers.limits import first_secret, in_body
from streamline_ui.sandbox.state import Fault

from .conftest import Connect

HOOK = sandbox.DEMO["discord"]["webhookUrl"]


async def test_two_connections_to_one_webhook_take_turns(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    one, same = await connect("discord"), await connect("discord", webhookUrl=f"{HOOK}?thread_id=1433848841458679840")
    other = await connect("discord", webhookUrl=HOOK.replace("1433848841458679839", "1433848841458679838"))
    started = monotonic()
    await asyncio.gather(*(discord.send_message(each, content="x") for each in (one, same) for _ in range(3)))
    assert 2.0 <= monotonic() - started < 4.0  # the stand-in refuses the sixth within two seconds
    started = monotonic()
    await discord.send_message(other, content="x")
    assert monotonic() - started < 1.0
    assert len(arrived("discord")) == 7


async def test_what_one_is_asked_to_wait_holds_for_all_of_the_credential(connect: Connect) -> None:
    one, same = await connect("discord"), await connect("discord")
    sandbox.DESKS["discord"].fault = Fault(retry_after=1.0, times=1)
    with pytest.raises(Unavailable) as refusal:
        await discord.send_message(one, content="x")
    assert refusal.value.retry_after == 1.0
    started = monotonic()
    await discord.send_message(same, content="x")
    assert 0.8 <= monotonic() - started < 3.0


async def test_a_long_wait_reaches_nobody_else(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    one, same = await connect("slack"), await connect("slack")
    sandbox.DESKS["slack"].fault = Fault(retry_after=60.0, times=1)
    with pytest.raises(Unavailable):
        await slack.send_message(one, channel="general", text="x")
    with pytest.raises(Unavailable, match="has asked us to wait") as refusal:
        await slack.send_message(same, channel="general", text="x")
    assert 50 < (refusal.value.retry_after or 0) <= 60
    assert not refusal.value.unclear
    await slack.send_message(same, channel="random", text="x")  # Slack counts each channel by itself
    assert [each["channel"] for each in arrived("slack")] == ["random"]


async def test_a_crowd_is_told_when_to_come_again(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    connection = await connect("discord")
    sent = await asyncio.gather(
        *(discord.send_message(connection, content="x") for _ in range(8)), return_exceptions=True
    )
    late = [each for each in sent if isinstance(each, Unavailable)]
    assert len(late) == 3
    assert {each.code for each in late} == {pace.CODE}
    waits = sorted(each.retry_after or 0 for each in late)
    assert 1.0 < waits[0] < waits[1] < waits[2] < 4.0


def test_what_is_counted_with_what() -> None:
    def asked(path: str, body: bytes = b"") -> httpx.Request:
        return httpx.Request("POST", f"https://service.example/{path}", content=body)

    assert slack.lane(asked("api/chat.postMessage", b'{"channel":"C1","text":"x"}')) == "chat.postMessage C1"
    assert slack.lane(asked("api/reactions.add", b'{"channel":"C1"}')) == "reactions.add"
    assert airtable.base_of(asked("v0/app" + "A" * 14 + "/tbl1")) == "app" + "A" * 14
    assert airtable.base_of(asked("v0/meta/whoami")) == ""
    for body, found in ((b'{"chat_id":42}', "42"), (b'{"chat_id":"@news"}', "@news"), (b'{"chat_id":[]}', "")):
        assert in_body(asked("x", body), "chat_id") == found
    for body in (b"", b"[]", b"{", b"chat_id=5"):
        assert in_body(asked("x", body), "chat_id") == ""


async def test_a_credential_is_known_by_its_secret(connect: Connect) -> None:
    assert first_secret((await connect("slack")).config) == sandbox.DEMO["slack"]["apiKeys"]["accessToken"]
    assert first_secret((await connect("twilio")).config) == sandbox.DEMO["twilio"]["apiKeys"]["accountSid"]
