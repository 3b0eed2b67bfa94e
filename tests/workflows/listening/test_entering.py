"""Events of Slack, Twilio and SendGrid at a connection's own address: genuine ones start every workflow once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette

from streamline_ui import sandbox
from streamline_ui import settings as configuration
from streamline_ui.api import hooks
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.polling_tables import IntegrationHook
from streamline_ui.workflows import catalog, executions
from streamline_ui.workflows.listening import entering, unheard
from tests.workflows.conftest import settled

pytestmark = pytest.mark.usefixtures("engine")
PUBLIC = "https://hub.example.com"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()


@pytest.fixture(autouse=True)
def public(data: Settings) -> Iterator[None]:
    """A hub that services can reach."""
    configuration.use(replace(data, base_url=PUBLIC))
    yield


async def send(url: str, body: bytes, kind: str = "application/json", **headers: str) -> httpx.Response:
    async def door(scope: Any, receive: Any, answer: Any) -> None:
        await Starlette(routes=hooks.routes)({**scope, "state": {"address": "203.0.113.7"}}, receive, answer)

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door)) as client:
        return await client.post(url, content=body, headers={"Content-Type": kind, **named})


def connect(user: User, type_name: str, **config: Any) -> Integration:
    return connections.add(user.id, type_name, type_name, {**sandbox.DEMO[type_name], **config})


def listen(user: User, integration: Integration, event: str) -> str:
    """Publish it and turn it on; the workflow's id."""
    trigger = {"type": "integration", "integrationId": integration.id, "event": event}
    steps = [{"id": "note", "type": "set", "values": {"x": "1"}}]
    return catalog.add(user.id, {"name": event, "trigger": trigger, "steps": steps}, is_active=True).id


async def from_slack(url: str, body: object, secret: str = SECRET, at: float | None = None) -> httpx.Response:
    text, stamp = json.dumps(body).encode(), str(int(time.time() if at is None else at))
    signed = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + text, hashlib.sha256).hexdigest()
    return await send(url, text, X_Slack_Signature=f"v0={signed}", X_Slack_Request_Timestamp=stamp)


def message(event_id: str = "Ev1", **event: Any) -> dict[str, Any]:
    told = {"type": "message", "channel": "C1", "user": "U1", "text": "Is the shop open?", **event}
    return {"type": "event_callback", "event_id": event_id, "api_app_id": "A1", "event": told}


def about(user: User) -> list[dict[str, Any]]:
    """What the executions were started by, the oldest first."""
    found = [json.loads(executions.one(user.id, each.id).trigger) for each in executions.page(user.id)]
    return found[::-1]


async def test_a_slack_event_starts_every_workflow_that_listens_once(alice: User) -> None:
    slack = connect(alice, "slack", signingSecret=SECRET)
    first, second = listen(alice, slack, "message"), listen(alice, slack, "message")
    listen(alice, slack, "reaction_added")
    url = (await entering.address(alice.id, slack.id)).url
    assert url.startswith(f"{PUBLIC}/hooks/")
    assert url == (await entering.address(alice.id, slack.id)).url
    for _ in range(3):  # Slack repeats what it thinks was not taken
        assert (await from_slack(url, message())).status_code == 200
    found = await settled(alice, 2)
    assert {each.workflow_id for each in found} == {first, second}
    assert about(alice)[0]["event"]["text"] == "Is the shop open?"
    assert (await from_slack(url, message("Ev2", type="reaction_added"))).status_code == 200
    assert len(await settled(alice, 3)) == 3


async def test_what_comes_while_nobody_listens_is_counted_until_somebody_does(alice: User, bob: User) -> None:
    slack, other = connect(alice, "slack", signingSecret=SECRET), connect(bob, "slack", signingSecret=SECRET)
    url = (await entering.address(alice.id, slack.id)).url
    for number in range(3):
        assert (await from_slack(url, message(f"Ev{number}"))).status_code == 200
    assert (await from_slack(url, message("Ev9"), "another")).status_code == 401
    unheard.flush()
    seen = await entering.address(alice.id, slack.id)
    assert (seen.unheard, seen.unheard_at is not None) == (3, True)
    assert (await entering.address(bob.id, other.id)).unheard == 0
    workflow = listen(alice, slack, "message")
    assert (await entering.address(alice.id, slack.id)).unheard == 3, "they are still lost"
    assert (await from_slack(url, message("Ev4"))).status_code == 200
    assert (await entering.address(alice.id, slack.id)).unheard == 0
    await settled(alice, 1)
    catalog.change(alice.id, workflow, is_active=False)
    assert (await from_slack(url, message("Ev5"))).status_code == 200
    unheard.flush()
    assert (await entering.address(alice.id, slack.id)).unheard == 1


async def test_slack_hears_its_challenge_only_when_it_is_slack(alice: User) -> None:
    slack = connect(alice, "slack", signingSecret=SECRET)
    url = (await entering.address(alice.id, slack.id)).url
    asked = {"type": "url_verification", "challenge": "3eZbrw1aB"}
    answer = await from_slack(url, asked)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1aB"})
    for wrong in (await from_slack(url, asked, "another"), await send(url, json.dumps(asked).encode())):
        assert wrong.status_code == 401
        assert "3eZbrw1aB" not in wrong.text


async def test_nothing_is_taken_without_a_secret_and_that_is_said(alice: User) -> None:
    slack = connect(alice, "slack")
    listen(alice, slack, "message")
    address = await entering.address(alice.id, slack.id)
    assert "Signing secret is not set here" in address.missing
    assert "Event Subscriptions" in address.how
    assert (await from_slack(address.url, message(), "")).status_code == 401
    assert executions.page(alice.id) == []
    connections.change(alice.id, slack.id, config={"signingSecret": SECRET})
    assert (await entering.address(alice.id, slack.id)).missing == ""
    assert (await from_slack(address.url, message())).status_code == 200
    assert len(await settled(alice)) == 1


@pytest.mark.parametrize("late", [-1000, 1000])
async def test_what_is_forged_or_old_starts_nothing_and_is_shown(
    alice: User, late: int, caplog: pytest.LogCaptureFixture
) -> None:
    slack = connect(alice, "slack", signingSecret=SECRET)
    listen(alice, slack, "message")
    url = (await entering.address(alice.id, slack.id)).url
    for answer in (
        await from_slack(url, message(), "wrong"),
        await from_slack(url, message(), at=time.time() + late),
        await send(url, json.dumps(message()).encode()),
    ):
        assert answer.status_code == 401
        assert SECRET not in answer.text
    assert executions.page(alice.id) == []
    shown = await entering.address(alice.id, slack.id)
    assert "missing" in shown.refusal
    assert shown.refused_at is not None
    assert (await from_slack(url, message())).status_code == 200
    assert (await entering.address(alice.id, slack.id)).refusal == ""
    assert SECRET not in caplog.text
    assert url.rpartition("/")[2] not in caplog.text


async def test_what_the_app_has_written_itself_starts_nothing(alice: User) -> None:
    slack = connect(alice, "slack", signingSecret=SECRET)
    listen(alice, slack, "message")
    url = (await entering.address(alice.id, slack.id)).url
    assert (await from_slack(url, message("Ev1", app_id="A1", bot_id="B1"))).status_code == 200
    assert (await from_slack(url, message("Ev2", app_id="A2", bot_id="B2", text="from another bot"))).status_code == 200
    await settled(alice)
    assert [each["event"]["text"] for each in about(alice)] == ["from another bot"]


async def test_a_paused_connection_takes_nothing_in(alice: User) -> None:
    slack = connect(alice, "slack", signingSecret=SECRET)
    listen(alice, slack, "message")
    url = (await entering.address(alice.id, slack.id)).url
    connections.change(alice.id, slack.id, is_active=False)
    assert (await from_slack(url, message())).status_code == 200
    assert executions.page(alice.id) == []
    connections.remove(alice.id, slack.id, undoable=True)
    assert (await from_slack(url, message())).status_code == 404


async def test_charlie_sees_no_address_and_his_secret_opens_nothing_of_hers(alice: User, charlie: User) -> None:
    hers = connect(alice, "slack", signingSecret=SECRET)
    listen(alice, hers, "message")
    his = connect(charlie, "slack", signingSecret="charlie-" * 4)
    with pytest.raises(NotFound):
        await entering.address(charlie.id, hers.id)
    assert (await entering.address(alice.id, connections.add(alice.id, "inbox", "Inbox", {}).id)).url == ""
    url = (await entering.address(alice.id, hers.id)).url
    assert url != (await entering.address(charlie.id, his.id)).url
    assert (await from_slack(url, message(), "charlie-" * 4)).status_code == 401
    assert executions.page(alice.id) == executions.page(charlie.id) == []
    with db.reading() as session:
        row = session.get(IntegrationHook, hers.id)
    assert row is not None
    assert url.rpartition("/")[2] not in row.model_dump_json()


async def test_an_sms_is_signed_over_the_public_address(alice: User) -> None:
    token = "5b" * 16
    twilio = connect(alice, "twilio")
    listen(alice, twilio, "message")
    listen(alice, twilio, "call")
    url = (await entering.address(alice.id, twilio.id)).url
    form = {"MessageSid": "SM1", "SmsStatus": "received", "Body": "Yes + no", "From": "+15005550006"}

    async def deliver(signed_url: str) -> httpx.Response:
        signed = signed_url + "".join(name + form[name] for name in sorted(form))
        signature = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        return await send(
            url, urlencode(form).encode(), "application/x-www-form-urlencoded", X_Twilio_Signature=signature
        )

    assert (await deliver(url.replace("https", "http"))).status_code == 401
    for _ in range(2):
        answer = await deliver(url)
        assert (answer.status_code, answer.text) == (200, "<Response/>")
        assert answer.headers["content-type"].startswith("text/xml")
    await settled(alice)
    assert [each["Body"] for each in about(alice)] == ["Yes + no"]


async def test_each_event_of_sendgrids_list_goes_its_own_way(alice: User) -> None:
    sendgrid = connect(alice, "sendgrid", verificationKey=PUBLIC_KEY)
    bounced, opened = listen(alice, sendgrid, "bounce"), listen(alice, sendgrid, "open")
    url = (await entering.address(alice.id, sendgrid.id)).url

    async def deliver(*events: tuple[str, str]) -> httpx.Response:
        body = json.dumps([{"event": kind, "sg_event_id": own, "email": "a@b.c"} for kind, own in events]) + "\r\n"
        stamp = str(int(time.time()))
        signed = base64.b64encode(KEY.sign((stamp + body).encode(), ec.ECDSA(hashes.SHA256()))).decode()
        return await send(
            url,
            body.encode(),
            X_Twilio_Email_Event_Webhook_Signature=signed,
            X_Twilio_Email_Event_Webhook_Timestamp=stamp,
        )

    assert (await deliver(("bounce", "1"), ("open", "2"), ("delivered", "3"), ("bounce", "4"))).status_code == 200
    assert (await deliver(("open", "2"), ("open", "5"))).status_code == 200
    found = await settled(alice, 4)
    assert sorted(each.workflow_id for each in found) == sorted([bounced, bounced, opened, opened])
    assert {each["sg_event_id"] for each in about(alice)} == {"1", "2", "4", "5"}
    assert (await send(url, b"[]")).status_code == 401
