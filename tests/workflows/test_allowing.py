"""From where requests may come, and whether repeated deliveries count."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from streamline_ui.errors import Invalid
from streamline_ui.integrations import connections
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Verdict
from streamline_ui.workflows import allowing, captures, catalog, secrets
from tests.bench import hub as hubs
from tests.bench.hub import Hub
from tests.workflows.conftest import Call, add, post, settled, webhook


@pytest.mark.parametrize(
    ("address", "allowed", "is_allowed"),
    [
        ("203.0.113.7", (), True),
        ("203.0.113.7", ("203.0.113.0/24",), True),
        ("203.0.113.7", ("203.0.113.7",), True),
        ("203.0.114.7", ("203.0.113.0/24", "2001:db8::/32"), False),
        ("2001:db8::1", ("203.0.113.0/24", "2001:db8::/32"), True),
        ("::ffff:203.0.113.7", ("203.0.113.0/24",), True),
        ("", ("0.0.0.0/0",), False),
        ("unknown", ("0.0.0.0/0",), False),
    ],
)
def test_who_may_send(address: str, allowed: tuple[str, ...], is_allowed: bool) -> None:
    assert allowing.is_allowed(address, allowed) is is_allowed


async def test_others_are_turned_away_and_seen(call: Call, alice: User, inbox: Integration) -> None:
    closed = add(alice, webhook(post(inbox), trigger={"allowedAddresses": ["198.51.100.0/24"]}))
    assert (await call(closed, json={"id": 1})).status_code == 403
    (request,) = captures.page(alice.id, closed.id)
    assert (request.verdict, request.address) == (Verdict.NOT_ALLOWED, "203.0.113.7")
    opened = add(alice, webhook(post(inbox), trigger={"allowedAddresses": ["203.0.113.7/32"]}) | {"name": "Open"})
    assert (await call(opened, json={"id": 1})).status_code == 202
    await settled(alice)


def test_what_is_no_network_is_refused(alice: User, inbox: Integration) -> None:
    with pytest.raises(Invalid) as refused:
        add(alice, webhook(post(inbox), trigger={"allowedAddresses": ["203.0.113.7", "example.com"]}))
    assert list(refused.value.fields) == ["trigger.allowedAddresses.1"]


@pytest.mark.parametrize(("duplicates", "count"), [("delivery_id", 1), ("off", 2)])
async def test_repeats_count_where_the_owner_wants_it(
    call: Call, alice: User, inbox: Integration, duplicates: str, count: int
) -> None:
    check = {"scheme": "header", "header": "X-Key", "secret": "secret"}
    workflow = add(alice, webhook(post(inbox), trigger={"duplicates": duplicates, "verification": check}))
    for _ in range(2):
        answer = await call(workflow, json={"id": 1}, headers={"X-Key": "secret", "webhook-id": "7"})
        assert answer.status_code == 202
    assert len(await settled(alice, count)) == count


def made(hub: Hub) -> str:
    """The path of a workflow that takes requests from one network only."""
    with hubs.opened(hub) as owner:
        step = post(connections.add(owner, "inbox", "Inbox", {}))
        workflow = catalog.add(owner, webhook(step, trigger={"allowedAddresses": ["203.0.113.0/24"]}))
        return f"/hooks/{secrets.token(workflow)}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trusted", "statuses"),
    [
        ("127.0.0.1", {"203.0.113.7": 202, "198.51.100.1": 403, "203.0.113.7, 198.51.100.1": 403, "": 403}),
        ("", {"203.0.113.7": 403, "198.51.100.1": 403, "": 403}),
    ],
)
async def test_behind_a_proxy_that_is_trusted_the_address_counts_that_it_names(
    tmp_path: Path, trusted: str, statuses: dict[str, int]
) -> None:
    """Whoever is not trusted may name any address."""
    hub = Hub(tmp_path, variables={"TRUSTED_PROXIES": trusted})
    path = await asyncio.to_thread(made, hub)
    hub.start()
    try:
        await hub.until_ready()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}") as client:
            found = {
                named: (
                    await client.post(path, json={}, headers={"X-Forwarded-For": named} if named else {})
                ).status_code
                for named in statuses
            }
    finally:
        hub.kill()
    assert found == statuses
    with hubs.looking(hub) as connection:
        seen = {row[0] for row in connection.execute('SELECT address FROM "HookRequest"').fetchall()}
    assert seen == ({"203.0.113.7", "198.51.100.1", "127.0.0.1"} if trusted else {"127.0.0.1"})
