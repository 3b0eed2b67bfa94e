"""Incoming requests, genuine and attacked: every scheme against every way of getting past it."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamline_ui.providers import signatures
from streamline_ui.providers.signatures import SCHEMES, Incoming, Options, Verdict

Vector = dict[str, Any]

VECTORS: list[Vector] = json.loads((Path(__file__).parent / "signature_vectors.json").read_text())["vectors"]
GENUINE = [vector for vector in VECTORS if vector.get("genuine")]
BODY_SIGNED = [vector for vector in GENUINE if not vector.get("body_unsigned")]
# Seconds before and after the signed time in which a request counts; None: the sender judges no time on that side.
TOLERANCE: dict[str, tuple[int | None, int | None]] = {
    "standard_webhooks": (300, 300),
    "gitlab": (300, 300),
    "slack": (300, 300),
    "stripe": (300, None),
    "hubspot": (299, None),
    "linear": (60, 60),
    "discord": (3600, 300),
    "sendgrid": (300, 300),
}
TIMED = [vector for vector in GENUINE if vector["scheme"] in TOLERANCE and "X-Gitlab-Token" not in vector["headers"]]
GARBAGE = (
    "x",
    "=",
    ",",
    "v1,",
    "t=,v1=",
    "sha256=",
    "\x00",
    "Basic",
    "Basic =",
    "ü",
    "☃",
    "\ud800",
    "9" * 5000,
    "=" * 9999,
)


def named(vector: Vector) -> str:
    return f"{vector['scheme']}: {vector['name']}"


def request_of(vector: Vector) -> Incoming:
    headers = {name.lower(): [value] for name, value in vector["headers"].items()}
    return Incoming(vector["method"], vector["url"], headers, base64.b64decode(vector["body"]))


def judge(vector: Vector, incoming: Incoming | None = None, **changed: Any) -> Verdict:
    values = {**vector, **changed}
    return signatures.verify(
        values["scheme"],
        values["secrets"],
        incoming or request_of(vector),
        at=datetime.fromtimestamp(values["now"], UTC),
        options=Options(**values.get("options", {})),
    )


def with_header(vector: Vector, name: str, *values: str) -> Incoming:
    incoming = request_of(vector)
    return dataclasses.replace(incoming, headers={**incoming.headers, name.lower(): list(values)})


def assert_refused(vector: Vector, verdict: Verdict) -> None:
    assert not verdict.ok
    assert verdict.delivery_id is None
    assert len(verdict.reason) > 20
    assert verdict.reason.endswith((".", "”."))
    assert not any(len(secret) > 8 and secret in verdict.reason for secret in vector["secrets"])
    proofs = [vector["headers"][name] for name in vector.get("proof", ()) if len(vector["headers"][name]) > 8]
    assert not any(proof in verdict.reason for proof in proofs)


def test_every_scheme_has_a_genuine_request() -> None:
    assert {vector["scheme"] for vector in GENUINE} == set(SCHEMES) - {"none"}


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_known_answers(vector: Vector) -> None:
    verdict = judge(vector)
    assert verdict.ok is vector["valid"], verdict.reason
    if "delivery" in vector:
        assert verdict.delivery_id == vector["delivery"]
    if not vector["valid"]:
        assert_refused(vector, verdict)


@pytest.mark.parametrize("vector", GENUINE, ids=named)
def test_each_header_is_needed_once_and_filled(vector: Vector) -> None:
    for name in vector["proof"]:
        value = vector["headers"][name]
        for values in ((), ("",), (" ",), (value, value), (value, "x"), ("x", value)):
            assert_refused(vector, judge(vector, with_header(vector, name, *values)))
    verdict = judge(vector, with_header(vector, vector["proof"][0]))
    assert vector["proof"][0].lower() in verdict.reason.lower()


@pytest.mark.parametrize("vector", GENUINE, ids=named)
def test_only_the_right_secret_opens(vector: Vector) -> None:
    right = vector["secrets"]
    others = {secret for each in GENUINE for secret in each["secrets"]} - set(right)
    for wrong in (
        vector["other"],
        right[0] + "x",
        right[0][1:],
        right[0][:-4],
        right[0].swapcase() + "é",
        "\ud800",
        *others,
    ):
        assert_refused(vector, judge(vector, secrets=[wrong]))
    assert judge(vector, secrets=[vector["other"], *right]).ok, "the old and the new secret both count"
    assert judge(vector, secrets=["", *right, "garbage \ud800"]).ok, "a broken one beside it does no harm"


@pytest.mark.parametrize("vector", GENUINE, ids=named)
@pytest.mark.parametrize("secrets", [[], [""], ["  "], ["\n", ""]], ids=repr)
def test_no_secret_opens_nothing(vector: Vector, secrets: list[str]) -> None:
    verdict = judge(vector, secrets=secrets)
    assert_refused(vector, verdict)
    assert "not set" in verdict.reason


def test_an_empty_token_is_no_match_for_an_empty_secret() -> None:
    for scheme, header in (("header", "x-webhook-token"), ("telegram", "x-telegram-bot-api-secret-token")):
        for sent in ("", " "):
            incoming = Incoming("POST", "https://hub.example.org/hooks/a", {header: [sent]}, b"{}")
            for stored in ("", " "):
                assert not signatures.verify(scheme, [stored], incoming, at=datetime.now(UTC)).ok


@pytest.mark.parametrize("vector", BODY_SIGNED, ids=named)
def test_one_byte_of_the_body_decides(vector: Vector) -> None:
    incoming = request_of(vector)
    last = max(place for place, octet in enumerate(incoming.body) if chr(octet).isalnum())
    changed = bytearray(incoming.body)
    changed[last] ^= 1
    for body in (bytes(changed), b"", incoming.body + b"&more=1", incoming.body[:last], b"\xff" + incoming.body):
        assert_refused(vector, judge(vector, dataclasses.replace(incoming, body=body)))


@pytest.mark.parametrize("vector", TIMED, ids=named)
def test_time_is_tolerated_as_far_as_the_sender_says(vector: Vector) -> None:
    past, future = TOLERANCE[vector["scheme"]]
    for limit, direction, word in ((past, 1, "ago"), (future, -1, "future")):
        if limit is None:
            assert judge(vector, now=vector["now"] + direction * 6 * 60).ok
            continue
        assert judge(vector, now=vector["now"] + direction * limit).ok
        for seconds in (limit + 1, limit + 60, 10**9):
            verdict = judge(vector, now=vector["now"] + direction * seconds)
            assert_refused(vector, verdict)
            assert word in verdict.reason


@pytest.mark.parametrize("vector", GENUINE, ids=named)
def test_a_replay_is_recognised(vector: Vector) -> None:
    first, second = judge(vector), judge(vector)
    assert first == second
    assert first.ok
    if vector["scheme"] in TOLERANCE:
        assert first.delivery_id, "whoever signs the time names the delivery, too"


@pytest.mark.parametrize("vector", GENUINE, ids=named)
def test_prefix_garbage_and_foreign_letters_are_refused(vector: Vector) -> None:
    for name in vector["proof"]:
        value = vector["headers"][name]
        _, mark, rest = value.partition("=")
        cut = [value[1:], value[:-5] + "?" + value[-4:], f"sha1={rest}" if mark and rest else "sha1=" + value]
        for wrong in (*GARBAGE, *cut, value + "ü", value + "☃", "☃" + value):
            assert_refused(vector, judge(vector, with_header(vector, name, wrong)))


def test_letters_beyond_ascii_arrive_as_the_server_gives_them() -> None:
    for octets in ("tök ☃".encode(), b"plain"):
        incoming = Incoming("POST", "", {"x-gitlab-token": [octets.decode("latin-1")]}, b"")
        assert signatures.verify("gitlab", [octets.decode()], incoming, at=datetime.now(UTC)).ok


def test_the_old_signature_alone_is_named_as_the_reason() -> None:
    incoming = Incoming("POST", "", {"x-hub-signature": ["sha1=" + hmac.new(b"key", b"", "sha1").hexdigest()]}, b"")
    assert "SHA-1" in signatures.verify("github", ["key"], incoming, at=datetime.now(UTC)).reason


def test_what_is_not_known_opens_nothing() -> None:
    verdict = signatures.verify("rot13", ["secret"], Incoming("POST", "", {}, b""), at=datetime.now(UTC))
    assert not verdict.ok
    assert signatures.handshake("rot13", Incoming("POST", "", {}, b"")) is None


@pytest.mark.parametrize(
    ("value", "identity"),
    [
        ("d-1", "d-1"),
        ("x" * 255, "x" * 255),
        ("x" * 256, None),
        ("", None),
        (" ", None),
        ("a\x00b", None),
    ],
)
def test_an_id_is_short_and_printable(value: str, identity: str | None) -> None:
    incoming = Incoming("POST", "", {"idempotency-key": [value]}, b"")
    assert signatures.verify("none", [], incoming, at=datetime.now(UTC)) == Verdict(
        True, "Requests are not checked.", identity
    )


@pytest.mark.parametrize(
    ("scheme", "body", "answer"),
    [
        ("slack", {"type": "url_verification", "challenge": "3eZ"}, (200, b'{"challenge":"3eZ"}', None)),
        ("slack", {"type": "url_verification", "challenge": 3}, None),
        ("slack", {"type": "event_callback", "challenge": "3eZ"}, None),
        ("github", {"type": "url_verification", "challenge": "3eZ"}, None),
        ("discord", {"version": 1, "type": 0}, (204, b"", None)),
        ("discord", {"type": 1, "id": "1", "token": "t"}, (200, b'{"type":1}', None)),
        ("discord", {"type": 1, "event": {"type": "ENTITLEMENT_CREATE"}}, None),
        ("discord", {"type": True}, None),
        ("discord", {"type": 2}, None),
        ("discord", [], None),
        ("notion", {"verification_token": "secret_1"}, (200, b"", "secret_1")),
        ("notion", {"verification_token": ""}, None),
        ("notion", {"verification_token": "x" * 5000}, None),
        ("notion", {"type": "page.created"}, None),
        ("airtable", {"base": {"id": "app1"}}, None),
    ],
)
def test_handshakes(scheme: str, body: Any, answer: tuple[int, bytes, str | None] | None) -> None:
    reply = signatures.handshake(scheme, Incoming("POST", "", {}, json.dumps(body).encode()))
    assert (reply and (reply.status, reply.body, reply.secret)) == answer
    if reply:
        assert reply.after_verification is (reply.secret is None), "a secret is handed over before there is one"
        assert "secret_1" not in repr(reply)


@pytest.mark.parametrize(
    ("scheme", "secret", "doubted"),
    [
        ("discord", "ab" * 32, False),
        ("discord", "ab" * 31, True),
        ("discord", "not hexadecimal", True),
        ("sendgrid", "MFkw", True),
        ("airtable", "bm90IGVtcHR5", False),
        ("airtable", "no base64!", True),
        ("standard_webhooks", "whsec_", True),
        ("standard_webhooks", "whsec_c3RyZWFtbGluZSBvd24ga2V5", False),
        ("standard_webhooks", "whsec_!!", True),
        ("stripe", "whsec_streamlineTest1", False),
        ("stripe", "sk_live_abc", True),
        ("stripe", "pk_test_1", True),
        ("twilio", "AC" + "0a" * 16, True),
        ("twilio", "0a" * 16, False),
        ("slack", "8f742231b10e8888abcd99b8b8b85a5f", False),
        ("slack", "xoxb-123456789012-abcdef", True),
        ("slack", "https://hooks.slack.com/services/T0/B0/x", True),
        ("telegram", "a-Secret_1", False),
        ("telegram", "a secret", True),
        ("telegram", "x" * 257, True),
        ("gitlab", "any words", False),
        ("gitlab", "whsec_c3RyZWFtbGluZSBvd24ga2V5", False),
        ("gitlab", "whsec_!!", True),
        ("shopify", "shpss_" + "0a" * 16, False),
        ("shopify", "shpat_" + "0a" * 16, True),
        ("linear", "lin_wh_" + "a" * 24, False),
        ("linear", "lin_api_" + "a" * 24, True),
        ("notion", "secret_" + "a" * 43, False),
        ("notion", "ntn_" + "a" * 43, True),
        ("hubspot", "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", False),
        ("hubspot", "pat-eu1-0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", True),
        ("github", "anything", False),
        ("github", " ", True),
        ("none", "", False),
    ],
)
def test_a_secret_that_cannot_be_one_is_doubted(scheme: str, secret: str, doubted: bool) -> None:
    sentence = signatures.doubt(scheme, secret)
    assert bool(sentence) is doubted
    assert len(secret) < 8 or secret not in (sentence or "")


def test_the_table_says_what_a_form_needs() -> None:
    fields = {field.name for field in dataclasses.fields(Options)}
    for name, row in SCHEMES.items():
        assert row.title
        assert row.place.endswith(".")
        assert bool(row.secret_label) is (name != "none")
        assert set(row.options) <= fields
        assert bool(row.default_header) is ("header" in row.options)
        assert not row.docs_url or row.docs_url.startswith("https://")


anything = st.text(max_size=60) | st.sampled_from(GARBAGE)
names = st.sampled_from(sorted({name.lower() for vector in VECTORS for name in vector["headers"]} | {"content-type"}))
HOSTILE = (b"[" * 100_000, *(b'{"webhookTimestamp":%s}' % number for number in (b"1e999", b"1e308", b"-1e308")))
bodies = st.binary(max_size=80) | st.sampled_from((*HOSTILE, b'{"update_id":%d}' % 10**40, b"%ff=%FF"))
options = st.builds(
    Options,
    header=st.sampled_from(["", "X-Sig", "ü"]),
    algorithm=st.sampled_from(["sha256", "sha512", "sha1", "md5", ""]),
    encoding=st.sampled_from(["hex", "base64", "x"]),
    prefix=anything,
    username=anything,
)


@settings(max_examples=300, deadline=None)
@given(
    scheme=st.sampled_from(sorted(SCHEMES)),
    secrets=st.lists(anything, max_size=3),
    headers=st.dictionaries(names, st.lists(anything, max_size=2), max_size=8),
    url=anything | st.sampled_from(["https://[::1", "https://a:99999/", "//", "https://a/?bodySHA256=a&bodySHA256=b"]),
    body=bodies,
    given_options=options,
)
@example(
    scheme="twilio",
    secrets=["s"],
    headers={"x-twilio-signature": ["x"]},
    url="https://[::1",
    body=b"",
    given_options=Options(),
)
def test_nothing_raises(
    *, scheme: str, secrets: list[str], headers: dict[str, list[str]], url: str, body: bytes, given_options: Options
) -> None:
    incoming = Incoming("POST", url, headers, body)
    verdict = signatures.verify(scheme, secrets, incoming, at=datetime.now(UTC), options=given_options)
    assert verdict.ok is (scheme == "none") or scheme in ("header", "basic", "telegram", "gitlab")
    signatures.handshake(scheme, incoming)
    signatures.doubt(scheme, "".join(secrets))


damage: list[Callable[[str], str]] = [str.upper, str.lower, lambda text: text[::-1], lambda text: text * 2]


@settings(max_examples=300, deadline=None)
@given(
    vector=st.sampled_from(GENUINE),
    change=st.sampled_from(damage),
    cut=st.integers(0, 80),
    seconds=st.integers(-400, 400),
    number=st.sampled_from(range(3)),
)
def test_damaged_requests_never_raise(
    vector: Vector, change: Callable[[str], str], cut: int, seconds: int, number: int
) -> None:
    name = vector["proof"][number % len(vector["proof"])]
    value = vector["headers"][name]
    damaged = value[:cut] + change(value[cut:])
    at = datetime.fromtimestamp(vector["now"], UTC) + timedelta(seconds=seconds)
    judge(vector, with_header(vector, name, damaged), now=at.timestamp())


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:30]))
def test_hostile_bodies_that_are_signed_are_refused(body: bytes) -> None:
    signature = hmac.new(b"key", body, "sha256").hexdigest()
    incoming = Incoming("POST", "", {"linear-signature": [signature]}, body)
    assert not signatures.verify("linear", ["key"], incoming, at=datetime.now(UTC)).ok
