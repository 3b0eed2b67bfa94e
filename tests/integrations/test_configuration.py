"""Opened configurations are kept for the next call: never one that is stale, somebody else's, or locked away since."""

from __future__ import annotations

import gc
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from streamline_ui import sandbox
from streamline_ui.errors import Invalid, Locked, NotFound
from streamline_ui.integrations import configuration, connections, keys, rows
from streamline_ui.integrations.rows import Brief
from streamline_ui.providers.discord import Discord
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.vault import keyring
from tests.net.wire import Server

OTHER_KEY = "5e" * 32


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    configuration._kept.clear()
    yield
    configuration._kept.clear()


@pytest_asyncio.fixture
async def service(hub: Settings) -> AsyncIterator[Server]:
    async with Server() as found:
        yield found


def connected(user: User, service: Server, secret: str) -> Integration:
    config = {"baseUrl": service.url, "apiKeys": {"X-Key": secret}}
    return connections.add(user.id, "http", f"Shop of {user.name}", config)


async def used(service: Server, user: User, integration_id: str, url: str = "/") -> str:
    """Use the connection over a real socket, twice; the secret that the service got."""
    for _ in range(2):
        await connections.perform(user.id, integration_id, "request", {"method": "GET", "url": url})
    found = [re.findall(r"(?im)^x-key: (.*?)\r?$", head) for head, _ in service.seen[-2:]]
    assert found[0] == found[1]
    return ", ".join(found[0])


async def test_a_use_opens_it_once(service: Server, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row, opened = connected(alice, service, "first"), []
    unseal = keyring.unseal
    monkeypatch.setattr(keyring, "unseal", lambda *given: opened.append(given) or unseal(*given))
    assert await used(service, alice, row.id) == "first"
    assert await used(service, alice, row.id) == "first"
    assert len(opened) == 1


async def test_a_change_counts_from_the_next_use_on(service: Server, alice: User) -> None:
    row = connected(alice, service, "first")
    for secret in ("first", "second", "third"):
        connections.change(alice.id, row.id, config={"apiKeys": {"X-Key": secret}})
        assert await used(service, alice, row.id) == secret
    connections.change(alice.id, row.id, config={"apiKeys": None})
    assert await used(service, alice, row.id) == ""
    assert len(configuration._kept) == 1


async def test_paused_or_removed_it_is_not_used(service: Server, alice: User) -> None:
    row = connected(alice, service, "first")
    assert await used(service, alice, row.id) == "first"
    connections.change(alice.id, row.id, is_active=False)
    with pytest.raises(Invalid, match="paused"):
        await used(service, alice, row.id)
    connections.change(alice.id, row.id, is_active=True)
    assert await used(service, alice, row.id) == "first"
    connections.remove(alice.id, row.id, undoable=True)
    with pytest.raises(NotFound):
        await used(service, alice, row.id)
    connections.restore(alice.id, row.id)
    connections.remove(alice.id, row.id)
    with pytest.raises(NotFound):
        await used(service, alice, row.id)
    assert len(service.seen) == 4


async def test_separate_keys_are_never_kept(service: Server, alice: User) -> None:
    row = connected(alice, service, "own")
    assert await used(service, alice, row.id) == "own"
    for secret in ("apart", "replaced"):
        keys.put(alice.id, row.id, "X-Key", secret)
        assert await used(service, alice, row.id) == secret
    keys.remove(alice.id, row.id, keys.all_of(alice.id, row.id)[0].id)
    assert await used(service, alice, row.id) == "own"
    assert [kept.config.api_keys.further["X-Key"] for kept in configuration._kept.values()] == ["own"]


async def test_nobody_else_gets_at_it(service: Server, alice: User, bob: User) -> None:
    hers, his = connected(alice, service, "alices"), connected(bob, service, "bobs")
    assert await used(service, alice, hers.id) == "alices"
    with pytest.raises(NotFound):
        await used(service, bob, hers.id)
    assert await used(service, bob, his.id) == "bobs"
    stolen = replace(await rows.brief(alice.id, hers.id), user_id=bob.id)  # a row that was given away past us
    with pytest.raises(Locked):
        configuration.load(stolen)


async def test_without_its_key_it_is_locked_again(service: Server, data: Settings, alice: User) -> None:
    row = connected(alice, service, "first")
    assert await used(service, alice, row.id) == "first"
    keyring.forget()
    with pytest.raises(RuntimeError, match="not open"):
        await used(service, alice, row.id)
    keyring.unlock(replace(data, encryption_key=OTHER_KEY))
    with pytest.raises(Locked):
        await used(service, alice, row.id)
    configuration.drop_idle()
    assert configuration._kept == {}
    old = keyring_text(data)
    keyring.unlock(replace(data, encryption_key=OTHER_KEY, encryption_keys_previous=[old]))
    assert await used(service, alice, row.id) == "first"
    connections.change(alice.id, row.id, config={"apiKeys": {"X-Key": "second"}})  # sealed with the new key
    assert await used(service, alice, row.id) == "second"
    keyring.unlock(data)
    with pytest.raises(Locked):
        await used(service, alice, row.id)


def keyring_text(settings: Settings) -> str:
    """The key of the file, as it is written there."""
    keyring.unlock(settings)
    return keyring.recovery_text()


def brief(row: Integration) -> Brief:
    return Brief(row.id, row.user_id, row.type, row.name, row.config_enc, is_active=True, has_keys=False)


def test_it_is_a_bounded_number(alice: User) -> None:
    config = configuration.parse("discord", sandbox.DEMO["discord"])
    many = configuration.MOST_KEPT + 20
    for number in range(many):
        sealed = configuration.seal(config, f"row-{number}", alice.id)
        row = Integration(id=f"row-{number}", user_id=alice.id, type="discord", name="D", config_enc=sealed.enc)
        assert isinstance(configuration.load(brief(row)), Discord)
        assert len(configuration._kept) <= configuration.MOST_KEPT
    assert f"row-{many - 1}" in configuration._kept and "row-0" not in configuration._kept


async def test_idle_it_is_dropped_and_nothing_of_it_stays(
    service: Server, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, other = connected(alice, service, "canary-7f3a-first"), connected(alice, service, "canary-7f3a-other")
    moment = 1000.0
    monkeypatch.setattr(configuration, "monotonic", lambda: moment)
    assert await used(service, alice, row.id) == "canary-7f3a-first"
    assert await used(service, alice, other.id) == "canary-7f3a-other"
    moment += configuration.KEPT_SECONDS - 1
    await used(service, alice, row.id)
    configuration.drop_idle()
    assert configuration._kept.keys() == {row.id, other.id}
    moment += 2
    configuration.drop_idle()
    assert configuration._kept.keys() == {row.id}
    moment += configuration.KEPT_SECONDS
    configuration.drop_idle()
    gc.collect()
    held = [each for each in gc.get_objects() if isinstance(each, configuration._Kept)]
    assert (configuration._kept, held) == ({}, [])


def test_what_cannot_be_opened_is_not_kept(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Alerts", sandbox.DEMO["discord"])
    with db.reading() as session:
        stored = rows.find(session, alice.id, row.id)
    spoiled = replace(brief(stored), config_enc=stored.config_enc[:-8] + "AAAAAA==")
    for _ in range(2):
        with pytest.raises(Locked):
            configuration.load(spoiled)
    assert configuration._kept == {}


@pytest.mark.parametrize(
    ("back", "is_on"),
    [
        ({"connectionMode": "polling"}, True),
        ({"connectionMode": "polling", "pollingInterval": 9000}, True),
        ({"connectionMode": "polling", "pollingEnabled": False}, False),
        ({"connectionMode": "webhook"}, False),
    ],
)
def test_going_back_to_polling_turns_it_on_unless_the_same_change_says_otherwise(
    alice: User, monkeypatch: pytest.MonkeyPatch, back: dict[str, object], is_on: bool
) -> None:
    monkeypatch.setattr("streamline_ui.integrations.reachable.check", lambda *_: None)
    row = connections.add(alice.id, "telegram", "Bot", {"botToken": f"1234567890:A{'x' * 34}"})
    row = connections.change(alice.id, row.id, config={"connectionMode": "webhook"})
    assert configuration.unseal(row)["pollingEnabled"] is False
    row = connections.change(alice.id, row.id, config=back)
    assert configuration.unseal(row)["pollingEnabled"] is is_on


def test_polling_that_was_turned_off_stays_off_while_it_polls(alice: User) -> None:
    given = {"botToken": f"1234567890:A{'x' * 34}", "pollingEnabled": False}
    row = connections.add(alice.id, "telegram", "Bot", given)
    row = connections.change(alice.id, row.id, config={"connectionMode": "polling"})
    assert configuration.unseal(row)["pollingEnabled"] is False
