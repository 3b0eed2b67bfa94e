"""SendGrid, against the stand-in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from streamline_ui.errors import AuthFailed, Invalid, Rejected, Unavailable
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Connection
from streamline_ui.providers.sendgrid import SendGrid, addresses, base_url, check

from .conftest import Connect, answering

KEY = "SG." + "a" * 22 + "." + "b" * 43
Arrivals = Callable[[str], list[Any]]


async def send(connection: Connection[Any], **values: Any) -> dict[str, Any]:
    return await named("sendgrid").actions["send_email"].run(connection, values)


@pytest.mark.parametrize("name", ["<Ops>", '"Ops"', "<b>Ops</b>", "Bearer Ops"])
def test_marks_in_a_name_are_meant(name: str) -> None:
    config = formats.read(named("sendgrid").config, {"apiKey": KEY, "fromName": f"  {name}\u200b "})
    assert config.api_keys.from_name == name


@pytest.mark.parametrize(
    ("address", "root"),
    [
        (None, "https://api.sendgrid.com"),
        ("https://api.eu.sendgrid.com", "https://api.eu.sendgrid.com"),
        ("https://api.eu.sendgrid.com/v3/", "https://api.eu.sendgrid.com"),
    ],
)
def test_region(address: str | None, root: str) -> None:
    config = formats.read(named("sendgrid").config, {"apiKey": KEY, "fromEmail": "a@example.com", "baseUrl": address})
    assert base_url(config) == root


async def test_check_asks_what_the_key_may_do(connect: Connect, arrived: Arrivals) -> None:
    checked = await check(await connect("sendgrid"))
    assert checked.account == "noreply@example.com"
    assert checked.message == "Connected. The key may send mail."
    assert arrived("sendgrid") == []


async def test_a_key_that_may_not_send_is_told_before_the_first_mail(connect: Connect) -> None:
    connection = await connect("sendgrid", apiKey="SG.nomail" + "a" * 60, fromEmail="a@example.com")
    with pytest.raises(Rejected, match="may not send mail") as raised:
        await check(connection)
    assert not isinstance(raised.value, AuthFailed)
    assert raised.value.hints == ("Edit it in SendGrid and allow Mail Send.",)


async def test_without_a_sender_the_check_says_so(connect: Connect, arrived: Arrivals) -> None:
    connection = await connect("sendgrid", apiKey=KEY)
    assert "has to name its own" in (await check(connection)).message
    assert list(formats.doubts(connection.config)) == ["apiKeys.fromEmail"]
    with pytest.raises(Invalid) as raised:
        await send(connection, to="bob@example.com", subject="Hi", text="x")
    assert list(raised.value.fields) == ["from"]
    await send(connection, to="bob@example.com", subject="Hi", text="x", **{"from": "Ann <ann@example.com>"})
    assert arrived("sendgrid")[0]["from"] == {"email": "ann@example.com", "name": "Ann"}


async def test_a_revoked_key(connect: Connect) -> None:
    connection = await connect("sendgrid", apiKey="SG.revoked" + "a" * 60, fromEmail="a@example.com")
    with pytest.raises(AuthFailed, match=r"SendGrid refused the key \(401\)\."):
        await check(connection)


async def test_send_email(connect: Connect, arrived: Arrivals) -> None:
    output = await send(
        await connect("sendgrid", apiKey=KEY, fromEmail="ops@example.com", fromName="Ops"),
        to=["bob@example.com", "Charlie <charlie@example.com>", "BOB@example.com"],
        subject="Report",
        text="Hello",
        html="<p>Hello</p>",
        replyTo="ann@example.com",
    )
    assert arrived("sendgrid") == [
        {
            "personalizations": [
                {"to": [{"email": "bob@example.com"}, {"email": "charlie@example.com", "name": "Charlie"}]}
            ],
            "from": {"email": "ops@example.com", "name": "Ops"},
            "subject": "Report",
            "content": [{"type": "text/plain", "value": "Hello"}, {"type": "text/html", "value": "<p>Hello</p>"}],
            "reply_to": {"email": "ann@example.com"},
        }
    ]  # fmt: skip
    assert output["to"] == ["bob@example.com", "charlie@example.com"]
    assert len(output["messageId"]) == 22


async def test_an_unverified_sender(connect: Connect) -> None:
    with pytest.raises(Rejected, match=r"SendGrid does not know this sender \(403\)\."):
        await send(await connect("sendgrid"), to="a@b.co", subject="x", text="x", **{"from": "unverified@example.com"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"to": "bob", "subject": "x", "text": "x"}, "to"),
        ({"to": "", "subject": "x", "text": "x"}, "to"),
        ({"to": "a@example.com, nobody", "subject": "x", "text": "x"}, "to"),
        ({"to": "a@example.com\r\nBcc: b@example.com", "subject": "x", "text": "x"}, "to"),
        ({"to": "a@example.com", "subject": "x"}, "text"),
        ({"to": "a@example.com", "text": "x"}, "subject"),
        ({"to": "a@example.com", "subject": "x\nBcc: b@example.com", "text": "x"}, "subject"),
        ({"to": "a@example.com", "subject": "x", "text": "x", "replyTo": "a@b.co, c@d.co"}, "replyTo"),
        ({"to": "a@example.com", "subject": "x", "text": "x", "from": "nobody"}, "from"),
    ],
)
async def test_wrong_parameters(connect: Connect, arrived: Arrivals, values: dict[str, Any], field: str) -> None:
    connection = await connect("sendgrid")
    try:
        await send(connection, **values)
    except Invalid as error:
        fields = error.fields
    except ValueError as error:
        fields = formats.sentences(error)  # type: ignore[arg-type]
    assert list(fields) == [field]
    assert arrived("sendgrid") == []


def test_at_most_a_thousand_recipients() -> None:
    many = ", ".join(f"user{number}@example.com" for number in range(1001))
    with pytest.raises(Invalid, match="at most 1000"):
        addresses("to", many)
    assert len(addresses("to", many.rpartition(",")[0])) == 1000


@pytest.mark.parametrize(("status", "content"), [(200, b"<html>Sign in</html>"), (200, b""), (202, b"<html></html>")])
async def test_only_what_sendgrid_says_itself_counts_as_sent(status: int, content: bytes) -> None:
    config = formats.read(named("sendgrid").config, {"apiKey": KEY, "fromEmail": "a@example.com"})
    wire = answering(
        lambda request: httpx.Response(status, request=request, content=content), config, None, "https://mail.test"
    )
    with pytest.raises(Unavailable, match="does not understand") as refused:
        await send(wire, to="bob@example.com", subject="Hi", text="x")
    assert refused.value.unclear


def public(key: Any) -> str:
    """As SendGrid shows it: the key's DER in base64, in one line."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


def test_a_verification_key_is_taken() -> None:
    text = public(ec.generate_private_key(ec.SECP256R1()))
    assert text.startswith("MFkw")
    found = formats.read(SendGrid, {"apiKey": KEY, "verificationKey": f" {text}\n"})
    assert found.verification_key.get_secret_value() == text
    assert list(formats.doubts(found)) == ["apiKeys.fromEmail"]


@pytest.mark.parametrize(
    "text",
    [
        "SG." + "a" * 22 + "." + "b" * 43,
        "MFkw" + "x" * 40,
        "hello",
        public(ec.generate_private_key(ec.SECP384R1())),
        public(Ed25519PrivateKey.generate()),
    ],
    ids=["API key", "cut off", "word", "another curve", "another algorithm"],  # keys differ in each process
)
def test_what_is_no_verification_key_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        formats.read(SendGrid, {"apiKey": KEY, "verificationKey": text})
    said = "The verification key is not one: it is 124 characters of base64 that start with MFkw. Copy all of it."
    assert refused.value.fields == {"verificationKey": said}
    assert text not in str(refused.value.fields)
    kept = formats.load(SendGrid, {"apiKeys": {"apiKey": KEY}, "verificationKey": text})
    assert kept.verification_key is not None  # one that was saved before stays, and can be mended
