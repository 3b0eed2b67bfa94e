"""Slack against its stand-in, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.net import pace
from streamline_ui.providers import formats, named, slack, slack_texts
from streamline_ui.providers.slack import add_reaction, send_message
from streamline_ui.providers.slack_sign_in import Slack

from .conftest import Connect, answering


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://hooks.slack.com/services/T0/B0/abcdefgh", "This is a Slack webhook URL."),
        ("xapp-1-A0123-abcdef", "This is an app-level token"),
        ("xoxe-1-abcdefgh", "This is a refresh token"),
        ("xoxc-12345-abcdef", "This is the token of a Slack session"),
        ("8f742231b10e8888abcd99b8b8b85a5f", "signing secret or client secret"),
        ("hello", "This is not a Slack token."),
    ],
)
def test_what_is_no_token_is_named_and_told_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        formats.read(Slack, {"apiKeys": {"accessToken": text}})
    said = refusal.value.fields["apiKeys.accessToken"]
    assert sentence in said
    assert "starts with xoxb-." in said
    assert text not in said


def test_flat_and_nested_and_pasted() -> None:
    token = sandbox.DEMO["slack"]["apiKeys"]["accessToken"]
    for values in ({"accessToken": token}, {"apiKeys": {"accessToken": f" Bearer {token}\n"}}):
        assert formats.plain(formats.read(Slack, values)) == {"apiKeys": {"accessToken": token}}


def test_a_rotating_token_is_saved_with_a_warning() -> None:
    config = formats.read(Slack, {"apiKeys": {"accessToken": "xoxe.xoxb-1-" + "A" * 160}})
    assert "12 hours" in formats.doubts(config)["apiKeys.accessToken"]


async def test_check_names_team_and_bot(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    checked = await slack.check(await connect("slack"))
    assert checked.account == "Sandbox · streamline"
    assert checked.message == "Connected to Sandbox as streamline."
    assert arrived("slack") == []
    user = await slack.check(await connect("slack", accessToken="xoxp-1234567890"))
    assert "a user's token" in user.message


@pytest.mark.parametrize("word", ["revoked", "expired", "inactive"])
async def test_refused_tokens(connect: Connect, word: str) -> None:
    with pytest.raises(AuthFailed) as refusal:
        await slack.check(await connect("slack", accessToken=f"xoxb-{word}-12345678"))
    assert refusal.value.hints


async def test_a_token_without_the_scope_cannot_be_used(connect: Connect) -> None:
    connection = await connect("slack", accessToken="xoxb-noscope-12345678")
    with pytest.raises(Rejected, match="chat:write is missing"):
        await slack.check(connection)
    with pytest.raises(Rejected, match="lacks the permission “chat:write”"):
        await send_message(connection, channel="general", text="x")


async def test_send(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    connection = await connect("slack")
    action = named("slack").actions["send_message"]
    output = await action.run(connection, {"channel": "#general", "text": "Hello", "threadTs": "1503435956.000247"})
    assert output["channel"] == "C024BE91L"
    assert output["allTs"] == [output["ts"]]
    (sent,) = arrived("slack")
    assert sent == {"channel": "#general", "text": "Hello", "thread_ts": "1503435956.000247", "ts": output["ts"]}


async def test_outside_data_notifies_nobody(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    connection = await connect("slack")
    text = "<!channel> <@U1> <https://evil.example|https://good.example> a & b"
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<!here> <https://example.com|docs>"}},
        {"type": "markdown", "text": "<@U1>"},
        {"type": "section", "text": {"type": "plain_text", "text": "<!here>"}},
    ]
    await send_message(connection, channel="general", text=text, blocks=blocks)
    await send_message(connection, channel="general", text=text, blocks=blocks, allow_mentions=True)
    kept, meant = arrived("slack")
    assert kept["text"] == ("&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|https://good.example&gt; a &amp; b")
    assert [each["text"] for each in kept["blocks"]] == [
        {"type": "mrkdwn", "text": "&lt;!here> <https://example.com|docs>"},
        "&lt;@U1>",
        {"type": "plain_text", "text": "<!here>"},
    ]
    assert (meant["text"], meant["blocks"]) == (text, blocks)


async def test_a_long_text_becomes_several_messages(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    text = "word & word. " * 600
    sent = await send_message(await connect("slack"), channel="ops", text=text)
    parts = [each["text"] for each in arrived("slack")]
    assert len(parts) == len(sent.all_ts) == 2
    assert all(len(part.replace("&amp;", "&")) <= 4000 for part in parts)
    assert " ".join(parts).split() == slack_texts.escaped(text).split()


@pytest.mark.parametrize(
    ("blocks", "sentence"),
    [
        ([{"type": "divider"}] * 51, "at most 50 blocks"),
        ([{"type": "divider"}, {}], "Block 2 has no type."),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "may have at most 150, and has 151"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "at most 3000"),
        ([{"type": "section", "fields": [{"text": "x"}] * 11}], "its fields may have at most 10"),
        ([{"type": "section", "fields": [{"text": "x" * 2001}]}], "a field may have at most 2000"),
        ([{"type": "context", "elements": [{}] * 11}], "at most 10"),
        ([{"type": "actions", "elements": [{}] * 26}], "at most 25"),
        ([{"type": "image", "alt_text": "x" * 2001}], "at most 2000"),
        ([{"type": "markdown", "text": "x" * 12_001}], "at most 12000"),
    ],
)
async def test_blocks_that_are_too_large_are_not_sent(
    connect: Connect, arrived: Callable[[str], list[Any]], blocks: list[dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence) as refusal:
        await send_message(await connect("slack"), channel="general", text="x", blocks=blocks)
    assert set(refusal.value.fields) == {"blocks"}
    assert arrived("slack") == []


async def test_an_empty_message_is_not_sent(connect: Connect) -> None:
    with pytest.raises(Invalid, match="Message is missing"):
        await send_message(await connect("slack"), channel="general", text="  ")


async def test_change_and_react(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    connection = await connect("slack")
    sent = await send_message(connection, channel="general", text="First")
    changed = await slack.update_message(connection, channel=sent.channel, ts=sent.ts, text="<!here> second")
    assert changed.ts == sent.ts
    for _ in range(2):  # the second changes nothing, and is none the worse for it
        reaction = await add_reaction(connection, channel=sent.channel, ts=sent.ts, emoji=":eyes:")
    assert reaction.emoji == "eyes"
    _, change, react = arrived("slack")
    assert change["text"] == "&lt;!here&gt; second"
    assert react["name"] == "eyes"
    with pytest.raises(Rejected, match="does not find this message"):
        await add_reaction(connection, channel="C0OTHER01", ts=sent.ts, emoji="eyes")


@pytest.mark.parametrize(
    ("channel", "sentence"), [("#archived", "archived"), ("#private", "not in this"), ("#unknown", "does not know")]
)
async def test_refused_channels(connect: Connect, channel: str, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as refusal:
        await send_message(await connect("slack"), channel=channel, text="x")
    assert not isinstance(refusal.value, AuthFailed)
    assert refusal.value.hints


async def test_rate_limits_and_breakdowns(connect: Connect) -> None:
    connection = await connect("slack")
    for fault, wait, unclear in (({"retry_after": 7}, 7.0, False), ({"status": 500}, None, True)):
        sandbox.DESKS["slack"].fault = sandbox.slack.Fault(times=1, **fault)
        pace.forget()
        with pytest.raises(Unavailable) as refusal:
            await send_message(connection, channel="general", text="x")
        assert refusal.value.retry_after == wait
        assert refusal.value.unclear is unclear


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"ok":true}', b'{"ok":true,"channel":5,"ts":5}'])
async def test_answers_that_are_not_slacks(body: bytes) -> None:
    config = formats.read(Slack, sandbox.DEMO["slack"])
    connection = answering(lambda _: httpx.Response(200, content=body), config, None, slack.ROOT)
    with pytest.raises(Unavailable, match="does not understand") as refusal:
        await send_message(connection, channel="general", text="x")
    assert refusal.value.unclear


async def test_a_failure_after_which_part_of_it_may_have_happened_is_unclear() -> None:
    config = formats.read(Slack, sandbox.DEMO["slack"])
    body = {"ok": False, "error": "fatal_error"}
    connection = answering(lambda _: httpx.Response(200, json=body), config, None, slack.ROOT)
    with pytest.raises(Unavailable) as refusal:
        await send_message(connection, channel="general", text="x")
    assert refusal.value.unclear


def test_every_trigger_comes_in_slacks_envelope() -> None:
    for trigger in named("slack").triggers:
        assert {"type", "event_id", "event", "team_id"} <= set(trigger.sample)
        assert trigger.sample["type"] == "event_callback"
        assert "token" not in trigger.sample


def test_a_token_is_no_signing_secret() -> None:
    keys = sandbox.DEMO["slack"]
    with pytest.raises(Invalid) as refused:
        formats.read(Slack, {**keys, "signingSecret": "xoxb-123456789012-1234567890123-" + "a" * 24})
    assert "is no token" in refused.value.fields["signingSecret"]
    assert formats.doubts(formats.read(Slack, {**keys, "signingSecret": "0a" * 16})) == {}
    assert "32 characters" in formats.doubts(formats.read(Slack, {**keys, "signingSecret": "0a" * 12}))["signingSecret"]
