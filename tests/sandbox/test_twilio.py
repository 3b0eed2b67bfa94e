"""Twilio's own rules."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from streamline_ui.sandbox import twilio

from .conftest import ACCOUNT, TWILIO

SMS = {"To": "+15551230000", "From": "+15005550006", "Body": "Hello"}
CALL = {"To": "+15551230000", "From": "+15005550006", "Twiml": "<Response/>"}
KEY = ("SK" + "0a" * 16, "s" * 32)


async def post(box: httpx.AsyncClient, what: str = "Messages", **values: str) -> httpx.Response:
    return await box.post(f"twilio/{ACCOUNT}/{what}.json", auth=TWILIO, data=values)


@pytest.mark.parametrize(
    ("user", "secret"),
    [
        ("", ""),
        (TWILIO[0], ""),
        (TWILIO[0], "short"),
        (TWILIO[0], "revoked" * 4),
        ("AC" + "0" * 32, TWILIO[1]),
        ("nobody", TWILIO[1]),
    ],
)
async def test_refused_credentials(box: httpx.AsyncClient, user: str, secret: str) -> None:
    for answer in (
        await box.get(f"twilio/{ACCOUNT}.json", auth=(user, secret)),
        await box.post(f"twilio/{ACCOUNT}/Messages.json", auth=(user, secret), data=SMS),
    ):
        assert answer.status_code == 401
        assert answer.json()["code"] == 20003
    for header in ("Basic ???", "Bearer " + TWILIO[1], "Basic /w=="):
        answer = await box.get(f"twilio/{ACCOUNT}.json", headers={"Authorization": header})
        assert answer.status_code == 401


async def test_the_account_has_its_token_in_it(box: httpx.AsyncClient) -> None:
    answer = await box.get(f"twilio/{ACCOUNT}.json", auth=TWILIO)
    assert answer.json()["auth_token"] == TWILIO[1]
    assert answer.json()["status"] == "active"
    assert TWILIO[1] not in (await box.get("twilio/_arrived")).text


async def test_an_api_key_may_write_but_not_read_the_account(box: httpx.AsyncClient) -> None:
    assert (await box.get(f"twilio/{ACCOUNT}.json", auth=KEY)).status_code == 401
    assert (await box.post(f"twilio/{ACCOUNT}/Messages.json", auth=KEY, data=SMS)).status_code == 201
    assert (await box.get("twilio/2010-04-01/Accounts/other/Messages.json", auth=KEY)).status_code == 404


async def test_an_sms_is_queued_and_listed(box: httpx.AsyncClient) -> None:
    answer = await post(box, **{**SMS, "Body": "é" * 71})
    assert answer.status_code == 201
    assert answer.json()["status"] == "queued"
    assert answer.json()["sid"].startswith("SM")
    assert answer.json()["num_segments"] == "2"
    await post(box, "Calls", **CALL)
    for what, prefix in (("Messages", "SM"), ("Calls", "CA")):
        listed = (await box.get(f"twilio/{ACCOUNT}/{what}.json?PageSize=1", auth=TWILIO)).json()
        (row,) = listed[what.lower()]
        assert row["sid"].startswith(prefix)
    assert (await box.get(f"twilio/{ACCOUNT}/Messages.json?PageSize=0", auth=TWILIO)).status_code == 400


async def test_json_is_not_read(box: httpx.AsyncClient) -> None:
    answer = await box.post(f"twilio/{ACCOUNT}/Messages.json", auth=TWILIO, json=SMS)
    assert answer.status_code == 400
    assert answer.json()["code"] == 21604


async def test_a_plus_that_is_not_escaped_is_a_space(box: httpx.AsyncClient) -> None:
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "To=+15551230000&From=%2B15005550006&Body=x"
    answer = await box.post(f"twilio/{ACCOUNT}/Messages.json", auth=TWILIO, content=body, headers=head)
    assert answer.json()["code"] == 21211


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "15551230000"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550005"}, 21608),
        ({"To": "+15005550009"}, 21614),
        ({"From": ""}, 21603),
        ({"From": "a name much too long"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
    ],
)
async def test_refused_sms(box: httpx.AsyncClient, change: dict[str, str], code: int) -> None:
    answer = await post(box, **{**SMS, **change})
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert answer.json()["more_info"].endswith(f"/{code}")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"Twiml": ""}, 21205), ({"Twiml": "", "Url": "x"}, 21205), ({"From": "Shop"}, 21210), ({"To": "x"}, 21211)],
)
async def test_refused_calls(box: httpx.AsyncClient, change: dict[str, str], code: int) -> None:
    answer = await post(box, "Calls", **{**CALL, **change})
    assert answer.json()["code"] == code


async def test_a_messaging_service_stands_for_the_sender(box: httpx.AsyncClient) -> None:
    values = {"To": SMS["To"], "Body": "x", "MessagingServiceSid": "MG" + "0" * 32}
    assert (await post(box, **values)).status_code == 201


@pytest.mark.parametrize("body", [b"", b"&&==", b"To=%ff&To=2", b"To=%2B15551230000&From=%00", b"x" * 2_000_000])
async def test_no_form_breaks_it(box: httpx.AsyncClient, body: bytes) -> None:
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    for what in ("Messages", "Calls"):
        answer = await box.post(f"twilio/{ACCOUNT}/{what}.json", auth=TWILIO, content=body, headers=head)
        assert answer.status_code == 400


async def test_too_many_at_once(box: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio, "AT_ONCE", 2)
    await box.post("twilio/_faults", json={"delay": 0.05})
    answers = await asyncio.gather(*(post(box, **SMS) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429]
    busy = next(answer for answer in answers if answer.status_code == 429)
    assert busy.json()["code"] == 20429
    assert "retry-after" not in busy.headers
    assert (await post(box, **SMS)).status_code == 201
