"""What all stand-ins have in common: the page, the list, faults on demand, and that they never break."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.providers import formats, named
from streamline_ui.sandbox import google_sheets, oauth2
from streamline_ui.sandbox.state import MOST_ENTRIES

from .conftest import ACCOUNT, AIRTABLE, HOOK, KEY, NEWS, SLACK, TOKEN, TWILIO

SERVICES = list(sandbox.DESKS)
MAIL = {
    "personalizations": [{"to": [{"email": "bob@example.com"}]}],
    "from": {"email": "noreply@example.com"},
    "subject": "Hi",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


async def send(box: httpx.AsyncClient, service: str, text: str = "Hello") -> httpx.Response:  # noqa: PLR0911
    if service == "discord":
        return await box.post(f"discord{HOOK}?wait=true", json={"content": text})
    if service == "telegram":
        return await box.post(f"telegram/bot{TOKEN}/sendMessage", json={"chat_id": 42, "text": text})
    if service == "airtable":
        values = {"fields": {"Name": text}}
        return await box.post("airtable/v0/appSandboxBase001/Tasks", headers=AIRTABLE, json=values)
    if service == "newsapi":
        return await box.get("newsapi/v2/everything", headers=NEWS, params={"q": text})
    if service == "rss":
        return await box.get("rss/feed.xml", params={"about": text})
    if service == "slack":
        values = {"channel": "#general", "text": text}
        return await box.post("slack/chat.postMessage", headers=SLACK, json=values)
    if service in ("google_sheets", "oauth2"):
        return await send_signed_in(box, service, text)
    if service == "twilio":
        form = {"To": "+15551230000", "From": "+15005550006", "Body": text}
        return await box.post(f"twilio/{ACCOUNT}/Messages.json", auth=TWILIO, data=form)
    return await box.post("sendgrid/v3/mail/send", headers=KEY, json={**MAIL, "subject": text})


async def send_signed_in(box: httpx.AsyncClient, service: str, text: str) -> httpx.Response:
    """The same at a service that people sign in to."""
    if service == "oauth2":
        signed = {"Authorization": f"Bearer {oauth2.authority.access_token('write')}"}
        return await box.post("oauth2/api/notes", headers=signed, json={"text": text})
    signed = {"Authorization": f"Bearer {google_sheets.authority.access_token(google_sheets.SHEETS)}"}
    sheet = f"google_sheets/v4/spreadsheets/{google_sheets.DEMO_SHEET}/values"
    return await box.post(f"{sheet}/Orders:append?valueInputOption=RAW", headers=signed, json={"values": [[text]]})


@pytest.mark.parametrize("service", SERVICES)
def test_demo_credentials_are_beyond_doubt(service: str) -> None:
    config = formats.read(named(service).config, sandbox.DEMO[service])
    assert formats.doubts(config) == {}


@pytest.mark.parametrize("service", SERVICES)
async def test_what_arrived_is_listed_and_forgotten(box: httpx.AsyncClient, service: str) -> None:
    assert (await send(box, service)).is_success
    (entry,) = (await box.get(f"{service}/_arrived")).json()
    assert entry["type"] == service
    assert entry["at"].endswith("Z")
    assert "Hello" in entry["summary"]
    assert "sandbox-sandbox" not in str(entry)  # the credential itself is not kept
    assert (await box.delete(f"{service}/_arrived")).status_code == 204
    assert (await box.get(f"{service}/_arrived")).json() == []


async def test_the_page_shows_what_arrived_and_escapes_it(box: httpx.AsyncClient) -> None:
    assert "Nothing has arrived yet." in (await box.get("")).text
    await send(box, "telegram", "<script>alert(1)</script>")
    answer = await box.get("")
    assert answer.headers["content-type"].startswith("text/html")
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in answer.text
    assert "http://hub.test/sandbox/telegram" in answer.text


def test_only_the_newest_are_kept() -> None:
    desk = sandbox.DESKS["sendgrid"]
    desk.forget()
    for number in range(MOST_ENTRIES + 50):
        desk.keep("mail", "", str(number), {})
        desk.take(str(number % 3000), 5, 1.0)
    assert len(desk.arrived) == MOST_ENTRIES
    assert desk.arrived[-1].summary == str(MOST_ENTRIES + 49)
    desk.forget()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 500}, 500),
        ({"status": 503, "retryAfter": 9}, 503),
        ({"status": 404}, 404),
        ({"status": 429}, 429),
        ({"retryAfter": 3}, 429),
        ({"expiredToken": True}, 401),
        ({"garbage": True}, 200),
        ({"delay": 0.05}, None),
    ],
)
async def test_faults(box: httpx.AsyncClient, service: str, fault: dict[str, Any], status: int | None) -> None:
    assert (await box.post(f"{service}/_faults", json={**fault, "times": 2})).json() == {"active": True}
    started = time.monotonic()
    for _ in range(2):
        answer = await send(box, service)
        if service == "slack" and "expiredToken" in fault:
            assert answer.json() == {"ok": False, "error": "token_expired"}  # it refuses with 200
            continue
        assert answer.status_code == status or (status is None and answer.is_success)
    assert time.monotonic() - started >= 2 * fault.get("delay", 0)
    assert ("hotel" in answer.text) == bool(fault.get("garbage"))
    assert (await send(box, service)).is_success  # after its times it is over
    assert (await box.get(f"{service}/_faults")).json() == {"active": False}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_fault_lasts_until_it_is_taken_back(box: httpx.AsyncClient, service: str) -> None:
    await box.post(f"{service}/_faults", json={"status": 500})
    for _ in range(3):
        assert (await send(box, service)).status_code == 500
    await box.delete(f"{service}/_faults")
    assert (await send(box, service)).is_success


@pytest.mark.parametrize(
    "fault",
    [5, [], "x", {"colour": 1}, {"status": 200}, {"status": "500"}, {"status": True}, {"delay": -1}, {"delay": 1e9},
     {"retryAfter": "soon"}, {"times": 0}],
)  # fmt: skip
async def test_faults_that_cannot_be_read(box: httpx.AsyncClient, fault: Any) -> None:
    answer = await box.post("discord/_faults", json=fault)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")
    assert (await send(box, "discord")).is_success


WRITES = [f"discord{HOOK}", f"telegram/bot{TOKEN}/sendMessage", f"telegram/bot{TOKEN}/getUpdates",
          f"telegram/bot{TOKEN}/setWebhook", f"telegram/bot{TOKEN}/sendPhoto", "sendgrid/v3/mail/send",
          "slack/chat.postMessage", "slack/chat.update", "slack/reactions.add", "slack/conversations.list",
          f"twilio/{ACCOUNT}/Messages.json", f"twilio/{ACCOUNT}/Calls.json", "twilio/2010-04-01/Accounts/x/Calls.json",
          "airtable/v0/appSandboxBase001/Tasks", "airtable/v0/appSandboxBase001/Tasks/listRecords", "airtable/_say",
          "newsapi/_say", "rss/_say",
          "telegram/_say", "discord/_faults"]  # fmt: skip
HOSTILE = [b"", b"null", b"5", b"[]", b'"x"', b"{", b"[" * 100_000, b"\xff\xfe",
           b'{"content":{"a":1},"text":[],"url":{}}',
           b'{"content":"x","embeds":5,"allowed_mentions":5,"username":5,"avatar_url":5}',
           b'{"content":"x","embeds":[5]}', b'{"embeds":[{"fields":[5],"title":{}}],"flags":"x"}',
           b'{"personalizations":[5],"from":5,"content":5}', b'{"personalizations":[{"to":5}],"mail_settings":5}',
           b'{"personalizations":[{"to":[{"email":"a@b.co"}]}],"from":{"email":"a@b.co"},"subject":"x","content":[5]}',
           b'{"chat_id":{},"text":"x"}', b'{"chat_id":42,"text":"x","parse_mode":[]}', b'{"offset":"x","timeout":"y"}',
           b'{"channel":{},"text":5}', b'{"channel":"C024BE91L","blocks":5}', b'{"channel":"C024BE91L","blocks":[{}]}',
           b'{"channel":"C024BE91L","ts":"1767225600.000001","timestamp":{},"name":[]}', b'{"limit":{},"cursor":[]}',
           b'{"fields":5}', b'{"fields":{"Name":{}}}', b'{"records":[5]}', b'{"records":[{"fields":{"Amount":"x"}}]}',
           b'{"filterByFormula":"((((","pageSize":{}}', b'{"offset":{"a":1},"maxRecords":-1}', b'{"count":{}}',
           b'{"botToken":5}', b'{"botToken":"x","update":5}', b"x" * 2_000_000]  # fmt: skip


@pytest.mark.parametrize("path", WRITES)
async def test_no_body_breaks_a_stand_in(box: httpx.AsyncClient, path: str) -> None:
    for body in HOSTILE:
        key = {"slack": SLACK, "airtable": AIRTABLE}.get(path.partition("/")[0], KEY)
        answer = await box.post(path, content=body, headers={**key, "Content-Type": "application/json"})
        assert answer.status_code < 500, body[:60]


@pytest.mark.parametrize("service", SERVICES)
async def test_unknown_paths(box: httpx.AsyncClient, service: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert (await box.request(method, f"{service}/no/such/thing")).status_code == 404
    assert (await box.get("nosuchservice/_arrived")).status_code == 404
