"""Twilio against its stand-in, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.net import pace
from streamline_ui.providers import formats, named, twilio, twilio_facts
from streamline_ui.providers.twilio import Twilio, make_call, send_sms

from .conftest import Connect, answering

DEMO = sandbox.DEMO["twilio"]["apiKeys"]
API_KEY = {"accountSid": DEMO["accountSid"], "apiKeySid": "SK" + "0a" * 16, "apiKeySecret": "s" * 32}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "apiKeys.accountSid"),
        ({"accountSid": DEMO["accountSid"]}, "apiKeys.authToken"),
        ({**API_KEY, "apiKeySecret": ""}, "apiKeys.apiKeySecret"),
        ({**API_KEY, "apiKeySid": ""}, "apiKeys.apiKeySid"),
        ({**DEMO, "fromNumber": "0171 5550000"}, "apiKeys.fromNumber"),
    ],
)
def test_what_is_missing_is_said_at_its_field(values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        formats.read(Twilio, {"apiKeys": values})
    assert list(refusal.value.fields) == [field]


def test_flat_and_nested_are_the_same() -> None:
    assert formats.plain(formats.read(Twilio, DEMO)) == formats.plain(formats.read(Twilio, {"apiKeys": DEMO}))
    spaced = formats.read(Twilio, {**DEMO, "fromNumber": "+1 (500) 555-0006"})
    assert spaced.api_keys.from_number == "+15005550006"
    without = formats.read(Twilio, {**DEMO, "fromNumber": ""})
    assert set(formats.doubts(without)) == {"apiKeys.fromNumber"}


async def test_check_reads_the_account_and_keeps_nothing_of_its_token(connect: Connect) -> None:
    checked = await twilio.check(await connect("twilio"))
    assert checked.account == "Sandbox account · +15005550006"
    assert (
        checked.message == "Connected to Sandbox account. It is a trial account, which reaches verified numbers only."
    )
    assert set(twilio.Profile.model_fields) == {"sid", "friendly_name", "status", "type"}


async def test_an_api_key_is_tried_on_the_messages(connect: Connect) -> None:
    checked = await twilio.check(await connect("twilio", **API_KEY))
    assert checked.message == "Connected with an API key."
    assert checked.account == "API key"
    with pytest.raises(AuthFailed):
        await twilio.check(await connect("twilio", **{**API_KEY, "apiKeySecret": "revoked" * 4}))


async def test_refused_credentials(connect: Connect) -> None:
    with pytest.raises(AuthFailed, match=r"\(401, 20003\)"):
        await twilio.check(await connect("twilio", **{**DEMO, "authToken": "revoked" * 4}))


@pytest.mark.parametrize(("status", "word"), [("suspended", "suspended"), ("closed", "closed")])
async def test_an_account_that_is_not_active(status: str, word: str) -> None:
    config = formats.read(Twilio, DEMO)
    body = {"sid": DEMO["accountSid"], "friendly_name": "x", "status": status, "auth_token": DEMO["authToken"]}
    connection = answering(lambda _: httpx.Response(200, json=body), config, None, twilio.base_url(config))
    with pytest.raises(Rejected, match=word):
        await twilio.check(connection)


async def test_send(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    action = named("twilio").actions["send_sms"]
    output = await action.run(await connect("twilio"), {"to": "+1 (555) 123-0000", "body": "Hello + welcome"})
    assert output["to"] == "+15551230000"
    assert output["status"] == "queued"
    assert output["segments"] == 1
    (sent,) = arrived("twilio")
    assert sent == {
        "To": "+15551230000", "Body": "Hello + welcome", "From": "+15005550006", "sid": output["sid"],
    }  # fmt: skip


async def test_other_senders(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    action = named("twilio").actions["send_sms"]
    service = "MG" + "0a" * 16
    for sender in ("+15005550010", "Shop", service):
        await action.run(await connect("twilio"), {"to": "+15551230000", "body": "x", "from": sender})
    named_by, name, by_service = arrived("twilio")
    assert (named_by["From"], name["From"]) == ("+15005550010", "Shop")
    assert by_service["MessagingServiceSid"] == service
    assert "From" not in by_service
    without = await connect("twilio", **{**DEMO, "fromNumber": ""})
    with pytest.raises(Invalid, match="From is missing"):
        await send_sms(without, to="+15551230000", body="x")


@pytest.mark.parametrize("body", ["", "  ", "x" * 1601, "😀" * 801])
async def test_texts_that_are_not_sent(connect: Connect, arrived: Callable[[str], list[Any]], body: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await send_sms(await connect("twilio"), to="+15551230000", body=body)
    assert set(refusal.value.fields) == {"body"}
    assert arrived("twilio") == []


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
     ("ß" * 160, 1), ("ж" * 70, 1), ("ж" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("ж" * 135, 3)],
)  # fmt: skip
def test_segments(text: str, count: int) -> None:
    assert twilio_facts.segments(text) == count


async def test_call(connect: Connect, arrived: Callable[[str], list[Any]]) -> None:
    connection = await connect("twilio")
    called = await make_call(connection, to="+15551230000", twiml="Tom & Ann <3 </Say>")
    assert called.sid.startswith("CA")
    await make_call(connection, to="+15551230000", twiml=" <Response><Play>https://x.example/a.mp3</Play></Response>")
    await make_call(connection, to="+15551230000", url="https://example.com/twiml")
    said, played, fetched = arrived("twilio")
    assert said["Twiml"] == "<Response><Say>Tom &amp; Ann &lt;3 &lt;/Say&gt;</Say></Response>"
    assert played["Twiml"].startswith("<Response><Play>")
    assert fetched["Url"] == "https://example.com/twiml"
    assert "Twiml" not in fetched


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "twiml"),
        ({"twiml": "x", "url": "https://example.com"}, "url"),
        ({"url": "example.com"}, "url"),
        ({"twiml": "<Response><Say>"}, "twiml"),
        ({"twiml": "<Say>x</Say>"}, "twiml"),
        ({"twiml": '<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>'}, "twiml"),
        ({"twiml": "x" * 4001}, "twiml"),
        ({"twiml": "x", "sender": "Shop"}, "from"),
    ],
)
async def test_calls_that_are_not_made(
    connect: Connect, arrived: Callable[[str], list[Any]], values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await make_call(await connect("twilio"), to="+15551230000", **values)  # type: ignore[arg-type]
    assert set(refusal.value.fields) == {field}
    assert arrived("twilio") == []


@pytest.mark.parametrize("to", ["15551230000", "+49 (0)30 123456", "Ann", "+15551230000\n+1555"])
async def test_numbers_that_are_none(connect: Connect, to: str) -> None:
    action = named("twilio").actions["send_sms"]
    with pytest.raises(ValueError, match="country code"):
        await action.run(await connect("twilio"), {"to": to, "body": "x"})


@pytest.mark.parametrize(
    ("to", "sentence"),
    [("+15005550001", "number to send to"), ("+15005550003", "country"), ("+15005550004", "unsubscribed"),
     ("+15005550005", "trial account"), ("+15005550009", "cannot receive SMS")],
)  # fmt: skip
async def test_refused_numbers(connect: Connect, to: str, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as refusal:
        await send_sms(await connect("twilio"), to=to, body="x")
    assert refusal.value.hints


async def test_faults(connect: Connect) -> None:
    connection = await connect("twilio")
    for status, unclear in ((429, False), (503, True)):
        pace.forget()
        sandbox.DESKS["twilio"].fault = sandbox.twilio.Fault(status=status, times=1)
        with pytest.raises(Unavailable) as refusal:
            await send_sms(connection, to="+15551230000", body="x")
        assert refusal.value.unclear is unclear
    pace.forget()
    sandbox.DESKS["twilio"].fault = sandbox.twilio.Fault(garbage=True, times=1)
    with pytest.raises(Unavailable, match="does not understand"):
        await send_sms(connection, to="+15551230000", body="x")


def test_an_address_may_have_the_version_in_it() -> None:
    for address in ("https://api.dublin.ie1.twilio.com", "https://api.dublin.ie1.twilio.com/2010-04-01/"):
        config = formats.read(Twilio, {**DEMO, "baseUrl": address})
        assert twilio.base_url(config) == "https://api.dublin.ie1.twilio.com/2010-04-01"
