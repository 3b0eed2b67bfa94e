"""Discord, against the stand-in."""

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
from streamline_ui.providers.discord import address, base_url, check, thread_of
from streamline_ui.sandbox.state import read_fault

from .conftest import Connect, Desk, answering

HOOK = "https://discord.com/api/webhooks/1433848841458679839/" + "k" * 68
Arrivals = Callable[[str], list[Any]]


def config(url: str) -> Any:
    return formats.read(named("discord").config, {"webhookUrl": url})


async def send(connection: Connection[Any], **values: Any) -> dict[str, Any]:
    return await named("discord").actions["send_message"].run(connection, values)


@pytest.mark.parametrize(
    ("url", "thread"),
    [
        (HOOK, ""),
        (HOOK + "/slack", ""),
        (HOOK + "/github?wait=true", ""),
        (HOOK + "/", ""),
        (HOOK.replace("discord.com", "ptb.discord.com").replace("/api/", "/api/v9/"), ""),
        (HOOK.replace("discord.com", "discordapp.com") + "?thread_id=1433848841458679840", "1433848841458679840"),
        (HOOK + "?thread_id=nonsense", ""),
    ],
)
def test_any_pasted_url_leads_to_the_current_version(url: str, thread: str) -> None:
    pasted = config(url)
    assert base_url(pasted) + "/" + address(pasted) == HOOK.replace("/api/", "/api/v10/")
    assert thread_of(pasted) == thread


async def test_check_names_the_webhook_and_posts_nothing(connect: Connect, arrived: Arrivals) -> None:
    checked = await check(await connect("discord"))
    assert checked.account == "Sandbox"
    assert checked.message == "Connected to the channel webhook “Sandbox”."
    assert arrived("discord") == []


@pytest.mark.parametrize(
    ("word", "sentence"), [("revoked", "50027 Invalid Webhook Token"), ("deleted", "10015 Unknown Webhook")]
)
async def test_a_dead_webhook_is_told(connect: Connect, word: str, sentence: str) -> None:
    connection = await connect("discord", webhookUrl=HOOK[:-7] + word)
    with pytest.raises(AuthFailed) as raised:
        await check(connection)
    assert sentence in raised.value.message
    assert word not in raised.value.message


async def test_send_message(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("discord")
    output = await send(
        connection,
        content="Hello @everyone",
        username="Ops",
        avatarUrl="https://example.com/a.png",
        embeds=[{"title": "T"}],
        threadId="1433848841458679840",
        silent=True,
    )
    assert arrived("discord") == [
        {
            "content": "Hello @everyone",
            "username": "Ops",
            "avatar_url": "https://example.com/a.png",
            "embeds": [{"title": "T"}],
            "flags": 4096,
            "allowed_mentions": {"parse": []},
            "thread_id": "1433848841458679840",
        }
    ]
    assert output["channelId"] == "1433848841458679840"
    assert output["ids"] == [output["id"]]


async def test_mentions_take_effect_only_when_allowed(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("discord")
    await send(connection, content="@everyone")
    await send(connection, content="@everyone", allowMentions=True)
    assert [message.get("allowed_mentions") for message in arrived("discord")] == [{"parse": []}, None]


async def test_a_long_text_becomes_messages_in_order(connect: Connect, arrived: Arrivals) -> None:
    text = "".join(f"Line {number:04d} of the report, with some words.\n" for number in range(200))[:9000]
    output = await send(await connect("discord"), content=text, embeds='{"title": "Last"}', username="Ops")
    messages = arrived("discord")
    assert len(messages) == len(output["ids"]) == 5
    assert "\n".join(message["content"] for message in messages) == text
    assert [bool(message.get("embeds")) for message in messages] == [False] * 4 + [True]
    assert {message["username"] for message in messages} == {"Ops"}


async def test_a_rate_limit_between_the_parts_is_waited_for(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("discord")
    for _ in range(3):
        await send(connection, content="before")
    await send(connection, content="x" * 7000)  # the third of its four parts is over the limit
    assert [len(message["content"]) for message in arrived("discord")[3:]] == [2000, 2000, 2000, 1000]


async def test_a_rate_limit_at_the_start_is_left_to_the_caller(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MARGIN", 0.0)  # others use the credential too, and take no turns with us
    connection = await connect("discord")
    for _ in range(5):
        await send(connection, content="before")
    with pytest.raises(Unavailable) as raised:
        await send(connection, content="one too many")
    assert 0 < (raised.value.retry_after or 0) <= 2
    assert not raised.value.unclear


@pytest.mark.parametrize(("status", "kind"), [(500, Unavailable), (404, AuthFailed)])
async def test_a_failure_after_the_first_part_says_so(connect: Connect, status: int, kind: type[Exception]) -> None:
    connection = await connect("discord")
    parts: list[int] = []

    async def count(_: httpx.Request) -> None:
        parts.append(1)
        if len(parts) == 2:
            sandbox.DESKS["discord"].fault = read_fault({"status": status})

    connection.http.event_hooks["request"].append(count)
    with pytest.raises(kind) as raised:
        await send(connection, content="x" * 5000)
    assert "1 of 3 parts were sent." in str(raised.value)
    assert getattr(raised.value, "unclear", True)


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({}, "content", "Message is missing."),
        ({"content": " "}, "content", "Message is missing."),
        ({"content": 5}, "content", "Message must be text."),
        ({"content": "x" * 20_001}, "content", "Message may have at most 20000 characters."),
        ({"content": "x", "username": "x" * 81}, "username", "Shown as may have at most 80 characters."),
        ({"content": "x", "threadId": "general"}, "threadId", "A thread ID is a number of 17 to 20 digits."),
        ({"content": "x", "embeds": "{"}, "embeds", "This is not valid JSON."),
        ({"content": "x", "embeds": [{}] * 11}, "embeds", "Embeds may have at most 10 entries."),
        ({"content": "x", "colour": "red"}, "", "There is a field here that is not known. Known are: content, "),
    ],
)
async def test_wrong_parameters(connect: Connect, values: dict[str, Any], field: str, sentence: str) -> None:
    connection = await connect("discord")
    try:
        await send(connection, **values)
    except Invalid as error:
        fields = error.fields
    except ValueError as error:
        fields = formats.sentences(error)  # type: ignore[arg-type]
    assert fields[field].startswith(sentence)


async def test_blank_options_count_as_not_given(connect: Connect, arrived: Arrivals) -> None:
    await send(await connect("discord"), content="x", username="", threadId="", avatarUrl="", embeds=None)
    assert arrived("discord") == [{"content": "x", "allowed_mentions": {"parse": []}}]


async def test_a_refused_message_says_which_field(connect: Connect) -> None:
    with pytest.raises(Rejected) as raised:
        await send(await connect("discord"), content="x", username="Clyde")
    assert raised.value.message == "Discord does not accept the field “username” (400, 50035)."


async def test_a_proxys_page_is_no_success(desk: Desk) -> None:
    page = httpx.Response(200, html="<html>Sign in to the network</html>")
    connection = answering(lambda _: page, config(HOOK), desk, "https://discord.example/api/v10")
    async with connection.http:
        with pytest.raises(Unavailable) as read:
            await check(connection)
        with pytest.raises(Unavailable) as sent:
            await send(connection, content="x")
    assert not read.value.unclear
    assert sent.value.unclear
    assert "Sign in" not in str(sent.value)
