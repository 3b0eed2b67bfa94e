"""The recovery kit, and who gets it."""

from __future__ import annotations

import pytest

from streamline_ui import settings as configuration
from streamline_ui.access import recovery, users
from streamline_ui.errors import Forbidden
from streamline_ui.settings import Settings
from streamline_ui.storage.models import User
from streamline_ui.vault import keyring


def test_the_kit_names_the_key_and_opens_a_database_without_the_file(data: Settings, alice: User) -> None:
    text = recovery.kit(alice.id)
    assert keyring.key_id() in text
    assert str(data.data_dir / "keys" / "encryption.key") in text
    line = next(line for line in text.splitlines() if line.startswith("Encryption key:"))
    key_id = keyring.key_id()
    (data.data_dir / "keys" / "encryption.key").unlink()
    keyring.unlock(configuration.load({"STREAMLINE_DATA_DIR": str(data.data_dir), "ENCRYPTION_KEY": line.split()[-1]}))
    assert (keyring.key_id(), keyring.locked()) == (key_id, None)
    assert "ENCRYPTION_KEY" in recovery.place()


def test_only_an_admin_gets_it_or_says_that_it_is_safe(alice: User, bob: User) -> None:
    for attempt in (lambda: recovery.kit(bob.id), lambda: recovery.confirm(bob.id, "own")):
        with pytest.raises(Forbidden):
            attempt()
    assert recovery.confirmed() is None


def test_who_is_no_admin_any_more_gets_it_no_more(alice: User, bob: User) -> None:
    users.change(bob.id, is_admin=True)
    assert keyring.recovery_text() in recovery.kit(bob.id)
    users.change(bob.id, is_admin=False)
    with pytest.raises(Forbidden):
        recovery.kit(bob.id)


@pytest.mark.parametrize("how", ["kit", "own"])
def test_what_was_said_counts_for_this_key_only(how: recovery.How, data: Settings, alice: User) -> None:
    assert recovery.confirmed() is None
    recovery.confirm(alice.id, how)
    recovery.confirm(alice.id, how)
    said = recovery.confirmed()
    assert said is not None
    assert (said.how, said.kid) == (how, keyring.key_id())
    assert said.moment.tzinfo is not None
    keyring.unlock(configuration.load({"STREAMLINE_DATA_DIR": str(data.data_dir), "ENCRYPTION_KEY": "ab" * 32}))
    assert recovery.confirmed() is None
