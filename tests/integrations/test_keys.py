"""Keys that are kept apart from a connection's configuration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui import sandbox
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import connections, keys, usage, watch
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiKey, Integration, Status, User, now

OLD = sandbox.DEMO["sendgrid"]
NEW = "SG." + "separate" * 2 + "key001." + "separate-" * 4 + "1234567"
REFUSED = "SG.revoked"


def connected(user: User, **more: Any) -> Integration:
    return connections.add(user.id, "sendgrid", "Mail", {**OLD, **more})


def test_a_separate_key_takes_the_place_of_the_same_name(alice: User) -> None:
    row = connected(alice)
    keys.put(alice.id, row.id, "apiKey", f" Bearer {NEW} ")
    assert keys.opened(alice.id, row.id) == {"apiKey": NEW}
    first = keys.all_of(alice.id, row.id)[0]
    keys.put(alice.id, row.id, "apiKey", NEW + "2")
    (second,) = keys.all_of(alice.id, row.id)
    assert first.id != second.id
    keys.put(alice.id, row.id, "secretKey", "another")
    assert [key.name for key in keys.all_of(alice.id, row.id)] == ["apiKey", "secretKey"]
    keys.remove(alice.id, row.id, second.id)
    assert keys.opened(alice.id, row.id) == {"secretKey": "another"}


def test_only_the_owner_finds_them(alice: User, bob: User) -> None:
    row = connected(alice)
    kept = keys.put(alice.id, row.id, "apiKey", NEW)
    for attempt in (
        lambda: keys.all_of(bob.id, row.id),
        lambda: keys.put(bob.id, row.id, "apiKey", NEW),
        lambda: keys.remove(bob.id, row.id, kept.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    other = connected(bob)
    with pytest.raises(NotFound):
        keys.remove(bob.id, other.id, kept.id)
    assert keys.opened(alice.id, row.id) == {"apiKey": NEW}


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("", NEW, "name"),
        ("a\nb", NEW, "name"),
        ("x" * 101, NEW, "name"),
        ("apiKey", "", "value"),
        ("apiKey", "xoxb-123", "value"),
        ("apiKey", "two\nlines", "value"),
        ("apiKey", "k" * 5000, "value"),
    ],
)
def test_what_cannot_be_a_key_is_refused_at_its_field(alice: User, name: str, value: str, field: str) -> None:
    row = connected(alice)
    with pytest.raises(Invalid) as caught:
        keys.put(alice.id, row.id, name, value)
    assert set(caught.value.fields) == {field}
    assert value == "" or value not in str(caught.value.fields)
    assert keys.all_of(alice.id, row.id) == []


def test_a_day_that_is_over_and_a_service_without_keys(alice: User) -> None:
    row = connected(alice)
    with pytest.raises(Invalid) as caught:
        keys.put(alice.id, row.id, "apiKey", NEW, now() - timedelta(days=1))
    assert set(caught.value.fields) == {"expiresAt"}
    discord = connections.add(alice.id, "discord", "Alerts", sandbox.DEMO["discord"])
    with pytest.raises(Invalid, match="no keys"):
        keys.put(alice.id, discord.id, "apiKey", NEW)


def test_they_go_with_their_connection_and_are_sealed(data: Settings, alice: User) -> None:
    row = connected(alice)
    keys.put(alice.id, row.id, "apiKey", NEW)
    content = b"".join(path.read_bytes() for path in Path(data.data_dir).rglob("streamline.db*"))
    assert NEW.encode() not in content
    connections.remove(alice.id, row.id)
    with db.reading() as session:
        assert session.exec(select(ApiKey)).all() == []


def test_a_key_does_not_follow_to_another_address(alice: User) -> None:
    row = connected(alice)
    keys.put(alice.id, row.id, "apiKey", NEW)
    moved = {**OLD, "baseUrl": "https://elsewhere.example"}
    with pytest.raises(Invalid) as caught:
        connections.change(alice.id, row.id, config=moved)
    assert "separate key" in caught.value.fields["apiKeys.apiKey"]
    keys.remove(alice.id, row.id, keys.all_of(alice.id, row.id)[0].id)
    connections.change(alice.id, row.id, config=moved)


@pytest.mark.usefixtures("hub")
async def test_it_is_what_the_service_gets(stand_ins: str, alice: User) -> None:
    row = connected(alice, baseUrl=f"{stand_ins}/sendgrid")
    await connections.test(alice.id, row.id)
    assert connections.one(alice.id, row.id).status == Status.HEALTHY
    kept = keys.put(alice.id, row.id, "apiKey", REFUSED)
    assert connections.one(alice.id, row.id).status == Status.NOT_TESTED
    await watch.sweep()
    assert connections.one(alice.id, row.id).status == Status.NEEDS_ATTENTION
    assert not (await connections.try_out(alice.id, "sendgrid", {}, row.id)).ok
    keys.remove(alice.id, row.id, kept.id)
    await watch.sweep()
    assert connections.one(alice.id, row.id).status == Status.HEALTHY


@pytest.mark.usefixtures("hub")
async def test_its_last_use_is_written_down(stand_ins: str, alice: User) -> None:
    row = connected(alice, baseUrl=f"{stand_ins}/sendgrid")
    keys.put(alice.id, row.id, "apiKey", NEW)
    keys.put(alice.id, row.id, "spare", "nothing sends it")
    await connections.perform(alice.id, row.id, "send_email", {"to": "bob@example.com", "subject": "Hi", "text": "x"})
    await usage.flush()
    assert keys.all_of(alice.id, row.id)[0].last_used_at is not None
