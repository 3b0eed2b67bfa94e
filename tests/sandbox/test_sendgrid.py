"""SendGrid's own rules."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from streamline_ui.sandbox import sendgrid

from .conftest import KEY
from .test_sandbox import MAIL


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer nonsense", "Basic SG.abcdef", "Bearer SG.revoked0123456789"])
async def test_refused_keys(box: httpx.AsyncClient, key: str) -> None:
    for answer in (
        await box.get("sendgrid/v3/scopes", headers={"Authorization": key}),
        await box.post("sendgrid/v3/mail/send", headers={"Authorization": key}, json=MAIL),
    ):
        assert answer.status_code == 401
        assert "authorization grant" in answer.json()["errors"][0]["message"]


async def test_scopes(box: httpx.AsyncClient) -> None:
    assert "mail.send" in (await box.get("sendgrid/v3/scopes", headers=KEY)).json()["scopes"]
    without = {"Authorization": "Bearer SG.nomail0123456789"}
    assert "mail.send" not in (await box.get("sendgrid/v3/scopes", headers=without)).json()["scopes"]
    assert (await box.post("sendgrid/v3/mail/send", headers=without, json=MAIL)).status_code == 403


async def test_a_mail_is_taken(box: httpx.AsyncClient) -> None:
    answer = await box.post("sendgrid/v3/mail/send", headers=KEY, json=MAIL)
    assert answer.status_code == 202
    assert answer.content == b""
    assert answer.headers["x-message-id"]
    assert int(answer.headers["x-ratelimit-reset"]) > time.time()


async def test_a_dry_run_sends_nothing(box: httpx.AsyncClient) -> None:
    mail = {**MAIL, "mail_settings": {"sandbox_mode": {"enable": True}}}
    assert (await box.post("sendgrid/v3/mail/send", headers=KEY, json=mail)).status_code == 200
    assert (await box.get("sendgrid/_arrived")).json() == []


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"personalizations": []}, 400, "personalizations"),
        ({"personalizations": [{}]}, 400, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, 400, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a@b.co"}], "cc": [{"email": "A@b.co"}]}]}, 400, "personalizations"),
        ({"from": {}}, 400, "from.email"),
        ({"from": {"email": "unverified@example.com"}}, 403, "from"),
        ({"subject": ""}, 400, "subject"),
        ({"content": []}, 400, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, 400, "content.0.value"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, 400, "content"),
    ],
)
async def test_refused_mails(box: httpx.AsyncClient, change: dict[str, Any], status: int, field: str) -> None:
    answer = await box.post("sendgrid/v3/mail/send", headers=KEY, json={**MAIL, **change})
    assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == field


async def test_a_template_needs_neither_subject_nor_content(box: httpx.AsyncClient) -> None:
    mail = {"personalizations": MAIL["personalizations"], "from": MAIL["from"], "template_id": "d-0123"}
    assert (await box.post("sendgrid/v3/mail/send", headers=KEY, json=mail)).status_code == 202


async def test_the_rate_limit_says_when_not_how_long(box: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendgrid, "LIMIT", 2)
    answers = [await box.post("sendgrid/v3/mail/send", headers=KEY, json=MAIL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert "retry-after" not in answers[-1].headers
    assert 0 < int(answers[-1].headers["x-ratelimit-reset"]) - time.time() <= 62
