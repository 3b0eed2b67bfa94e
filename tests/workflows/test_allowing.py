"""From where requests may come, and whether repeated deliveries count."""

from __future__ import annotations

import pytest

from streamline_ui.errors import Invalid
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Verdict
from streamline_ui.workflows import allowing, captures
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
