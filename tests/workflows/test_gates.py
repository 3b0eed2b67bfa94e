"""Why a request started nothing: every gate's word, in the order of the way."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Verdict, Workflow
from streamline_ui.workflows import captures, catalog, drafts, gates, tryouts
from tests.workflows.conftest import Call, add, post, settled, webhook

SECRET = "whsec-canary-0123456789"
BODY = json.dumps({"ref": "refs/heads/main"}).encode()
GITHUB = {"verification": {"scheme": "github", "secret": SECRET}, "events": ["push"]}


def signed(**more: str) -> dict[str, str]:
    signature = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    told = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "d-1", "X-Hub-Signature-256": f"sha256={signature}"}
    return {"Content-Type": "application/json", **told, **more}


def judged(user: User, workflow: Workflow) -> tuple[Verdict, dict[str, gates.Gate]]:
    """The newest request: its verdict, and what each gate said."""
    newest = captures.page(user.id, workflow.id, limit=1)
    return Verdict(newest[0].verdict), {gate.name: gate for gate in gates.of(workflow.id, newest)[newest[0].id]}


def stop(found: dict[str, gates.Gate]) -> str:
    """The gate that stopped it; those before it let it pass, and none behind it was asked."""
    names = list(found)
    stopped = [name for name in names if found[name].is_passed is False]
    assert len(stopped) == 1
    place = names.index(stopped[0])
    assert all(found[name].is_passed is True for name in names[:place])
    assert all(found[name].is_passed is None for name in names[place + 1 :])
    return stopped[0]


@pytest.mark.parametrize(
    ("changes", "headers", "body", "status", "gate", "words"),
    [
        ({"allowedAddresses": ["198.51.100.1"]}, {}, BODY, 403, "address", "203.0.113.7"),
        ({}, {}, b'"' + b"x" * 2000 + b'"', 413, "size", "1000 bytes"),
        ({}, {"Content-Encoding": "gzip"}, BODY, 415, "encoding", "compressed"),
        ({}, {"X-Hub-Signature-256": "sha256=00"}, BODY, 401, "signature", "does not match"),
        ({}, {"X-GitHub-Event": "star"}, BODY, 202, "event", "star"),
    ],
)
async def test_the_gate_that_stopped_it_is_named(  # noqa: PLR0917 - each is a column of the table
    call: Call,
    alice: User,
    inbox: Integration,
    changes: dict[str, Any],
    headers: dict[str, str],
    body: bytes,
    status: int,
    gate: str,
    words: str,
) -> None:
    flow = add(alice, webhook(post(inbox), trigger={**GITHUB, **changes}, settings={"maxBodyBytes": 1000}))
    assert (await call(flow, content=body, headers=signed(**headers))).status_code == status
    _, found = judged(alice, flow)
    assert stop(found) == gate
    assert words in found[gate].message


async def test_what_is_delivered_again_stops_at_the_last_gate(call: Call, alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(post(inbox), trigger=GITHUB))
    for _ in range(2):
        assert (await call(flow, content=BODY, headers=signed())).status_code == 202
    verdict, found = judged(alice, flow)
    assert (verdict, stop(found)) == (Verdict.DUPLICATE, "repeat")
    assert found["signature"].message == "It matched: GitHub, Gitea, Forgejo."
    first = captures.page(alice.id, flow.id)[-1]
    assert all(gate.is_passed for gate in gates.of(flow.id, [first])[first.id])
    await settled(alice)


async def test_of_those_beyond_the_limit_one_is_kept(call: Call, alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(post(inbox), settings={"ratePerMinute": 1}))
    statuses = [(await call(flow, json={"n": n})).status_code for n in range(4)]
    assert statuses == [202, 429, 429, 429]
    verdict, found = judged(alice, flow)
    assert (verdict, stop(found)) == (Verdict.TOO_MANY, "pace")
    assert len(captures.page(alice.id, flow.id)) == 2
    await settled(alice)


async def test_what_is_off_is_told_from_what_was_never_published(call: Call, alice: User, inbox: Integration) -> None:
    off = add(alice, webhook(post(inbox)), is_active=False)
    assert (await call(off, json={})).status_code == 404
    assert stop(judged(alice, off)[1]) == "active"
    new = drafts.new(alice.id)
    new = drafts.save(alice.id, new.id, webhook(), new.revision)
    assert (await call(new, json={})).status_code == 404
    assert stop(judged(alice, new)[1]) == "published"


async def test_a_version_published_later_says_nothing_about_it(call: Call, alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(post(inbox), trigger=GITHUB))
    await call(flow, content=BODY, headers=signed(**{"X-Hub-Signature-256": "sha256=00"}))
    catalog.replace(alice.id, flow.id, webhook(post(inbox)), flow.version)
    _, found = judged(alice, flow)
    assert found["published"].message == "Version 1 was the published one."
    assert stop(found) == "signature"


async def test_a_test_request_needs_no_signature(call: Call, alice: User, inbox: Integration) -> None:
    flow = add(alice, webhook(post(inbox), trigger={**GITHUB, "events": []}))
    await tryouts.request(flow, {"text": "Hello"})
    assert judged(alice, flow)[1]["signature"].message == "Sent from here, so it needs none."
    await settled(alice)
