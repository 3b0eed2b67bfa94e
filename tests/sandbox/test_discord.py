"""Discord's own rules."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import HOOK


async def test_reading_a_webhook(box: httpx.AsyncClient) -> None:
    answer = await box.get(f"discord{HOOK}")
    assert answer.json()["name"] == "Sandbox"
    assert (await box.get(f"discord/api/v10{HOOK}")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (HOOK + "revoked", 401, 50027),
        (HOOK + "deleted", 404, 10015),
        ("/webhooks/12/" + "k" * 68, 404, 10015),
        ("/webhooks/1433848841458679839/short", 401, 50027),
    ],
)
async def test_refused_credentials(box: httpx.AsyncClient, path: str, status: int, code: int) -> None:
    for answer in (await box.get(f"discord{path}"), await box.post(f"discord{path}", json={"content": "x"})):
        assert answer.status_code == status
        assert answer.json()["code"] == code


async def test_only_who_waits_gets_the_message(box: httpx.AsyncClient) -> None:
    assert (await box.post(f"discord{HOOK}", json={"content": "x"})).status_code == 204
    answer = await box.post(f"discord{HOOK}?wait=true&thread_id=1433848841458679840", json={"content": "x"})
    assert answer.json()["content"] == "x"
    assert answer.json()["channel_id"] == "1433848841458679840"


@pytest.mark.parametrize(
    ("body", "everyone"),
    [
        ({"content": "@everyone"}, True),
        ({"content": "@everyone", "allowed_mentions": {"parse": []}}, False),
        ({"content": "@everyone", "allowed_mentions": {"parse": ["everyone"]}}, True),
        ({"content": "hello"}, False),
    ],
)
async def test_mentions(box: httpx.AsyncClient, body: dict[str, Any], everyone: bool) -> None:
    answer = await box.post(f"discord{HOOK}?wait=true", json=body)
    assert answer.json()["mention_everyone"] is everyone


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, 50006, ""),
        ({"content": "  "}, 50006, ""),
        ({"content": "x" * 2001}, 50035, "content"),
        ({"embeds": [{}] * 11}, 50035, "embeds"),
        ({"embeds": [{"title": "x" * 257}]}, 50035, "embeds"),
        ({"embeds": [{"description": "x" * 4000}] * 2}, 50035, "embeds"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, 50035, "embeds"),
        ({"content": "x", "username": ""}, 50035, "username"),
        ({"content": "x", "username": "x" * 81}, 50035, "username"),
        ({"content": "x", "username": "MyDiscord"}, 50035, "username"),
        ({"content": "x", "avatar_url": "ftp://x"}, 50035, "avatar_url"),
        ({"content": "x", "allowed_mentions": []}, 50035, "allowed_mentions"),
    ],
)
async def test_refused_messages(box: httpx.AsyncClient, body: dict[str, Any], code: int, field: str) -> None:
    answer = await box.post(f"discord{HOOK}", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert list(answer.json().get("errors", {"": 0})) == [field]


async def test_five_in_two_seconds(box: httpx.AsyncClient) -> None:
    answers = [await box.post(f"discord{HOOK}", json={"content": "x"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [204] * 5 + [429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    assert 0 < answers[-1].json()["retry_after"] <= 2
    assert int(answers[-1].headers["retry-after"]) >= answers[-1].json()["retry_after"]
    other = HOOK.replace("1433848841458679839", "1433848841458679838")
    assert (await box.post(f"discord{other}", json={"content": "x"})).status_code == 204
