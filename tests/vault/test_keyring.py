"""Which key is used, what a wrong one locks, and that nothing is ever lost by it."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, select

from streamline_ui.errors import BadSetting, Locked
from streamline_ui.settings import Settings
from streamline_ui.storage import backup, db
from streamline_ui.storage.models import Integration, KeyCheck, User
from streamline_ui.vault import crypto, keyfile, keyring
from streamline_ui.vault.crypto import Key, Place

ONE, TWO = "11" * 16 + "a1b2c3d4e5f60718" * 2, "22" * 16 + "0918273645546372" * 2
ONE_ID, TWO_ID = (Key(crypto.parse_key(text)).id for text in (ONE, TWO))
CANARY = "canary-1c9e77d0-secret"


def with_key(settings: Settings, key: str | None, *previous: str) -> Settings:
    return replace(settings, encryption_key=key, encryption_keys_previous=previous)


def connect_something(row_id: str = "row-1", text: str = CANARY) -> Place:
    """A user with one integration, sealed with the current key."""
    place = Place("Integration", "configEnc", row_id, "alice")
    with db.writing() as session:
        session.merge(User(id="alice", email="alice@example.com", password_hash="x"))
        session.merge(
            Integration(id=row_id, user_id="alice", type="discord", name="D", config_enc=keyring.seal(text, place))
        )
    return place


def stored(session: Session, row_id: str = "row-1") -> str:
    return session.exec(select(Integration.config_enc).where(Integration.id == row_id)).one()


def open_stored(place: Place) -> str:
    with db.reading() as session:
        return keyring.unseal(stored(session, place.row), place)


def contents() -> str:
    """Every row of the database, as text."""
    raw = db.engine().raw_connection()
    try:
        return "\n".join(raw.driver_connection.iterdump())  # type: ignore[union-attr]
    finally:
        raw.close()


def test_the_environments_key_comes_first_and_makes_no_file(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    assert (keyring.key_id(), keyring.key_source(), keyring.locked()) == (ONE_ID, "environment", None)
    assert keyring.recovery_text() == ONE
    assert keyring.key_made_at() is not None
    assert not keyfile.path(bare.data_dir).exists()


def test_a_first_start_makes_a_key_that_only_its_owner_reads_and_the_next_one_finds_it(bare: Settings) -> None:
    keyring.unlock(bare)
    made, place = keyring.recovery_text(), connect_something()
    file = keyfile.path(bare.data_dir)
    assert keyring.key_source() == "generated"
    assert file.read_text() == made + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    keyring.forget()
    keyring.unlock(bare)
    assert (keyring.key_source(), keyring.recovery_text(), open_stored(place)) == ("file", made, CANARY)


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    assert keyfile.make(tmp_path / "a" / "key") != keyfile.make(tmp_path / "b" / "key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_can_read_is_refused(bare: Settings, mode: int) -> None:
    keyfile.make(keyfile.path(bare.data_dir))
    keyfile.path(bare.data_dir).chmod(mode)
    with pytest.raises(BadSetting, match="chmod 600"):
        keyring.unlock(bare)


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 64, b"a" * 100_000])
def test_a_key_file_without_a_key_is_refused_and_kept(bare: Settings, content: bytes) -> None:
    file = keyfile.path(bare.data_dir)
    keyfile.make(file)
    file.write_bytes(content)
    with pytest.raises(BadSetting, match="64 hexadecimal digits"):
        keyring.unlock(bare)
    assert file.read_bytes() == content


def test_a_key_file_that_points_elsewhere_is_not_followed(bare: Settings, tmp_path: Path) -> None:
    keyfile.make(tmp_path / "other.key")
    file = keyfile.path(bare.data_dir)
    file.parent.mkdir()
    file.symlink_to(tmp_path / "other.key")
    with pytest.raises(BadSetting, match="cannot be read"):
        keyring.unlock(bare)


def test_making_a_key_never_replaces_one(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "encryption.key"
    assert keyfile.make(file) == keyfile.make(file)


def test_processes_that_start_at_once_end_up_with_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from streamline_ui.vault import keyfile; "
        "sys.stdin.readline(); print(keyfile.make(Path(sys.argv[1])))"
    )
    file = tmp_path / "keys" / "encryption.key"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert answers == {file.read_text().strip()}
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("key", ["abc", ONE[:-1], ONE + "00", "g" * 64])
def test_a_malformed_key_stops_the_start(bare: Settings, key: str) -> None:
    with pytest.raises(BadSetting, match="64 hexadecimal digits"):
        keyring.unlock(with_key(bare, key))
    with pytest.raises(BadSetting, match="ENCRYPTION_KEYS_PREVIOUS"):
        keyring.unlock(with_key(bare, ONE, key))


def test_a_wrong_key_locks_what_it_cannot_open_and_changes_nothing(
    bare: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    keyring.unlock(with_key(bare, ONE))
    place = connect_something()
    before = contents()
    with caplog.at_level(logging.INFO):
        keyring.unlock(with_key(bare, TWO))
    assert keyring.locked() == ONE_ID
    with pytest.raises(Locked, match=ONE_ID):
        open_stored(place)
    assert contents() == before
    assert ONE_ID in caplog.text
    assert TWO_ID in caplog.text
    assert ONE not in caplog.text + repr(keyring._ring)
    assert TWO not in caplog.text + repr(keyring._ring)
    keyring.unlock(with_key(bare, ONE))
    assert keyring.locked() is None
    assert open_stored(place) == CANARY


def test_a_lost_key_file_is_named_and_no_new_one_is_made(bare: Settings) -> None:
    keyring.unlock(bare)
    lost = keyring.key_id()
    connect_something()
    keyfile.path(bare.data_dir).unlink()
    keyring.unlock(bare)
    assert (keyring.locked(), keyring.key_id(), keyring.key_source()) == (lost, "", "none")
    assert not keyfile.path(bare.data_dir).exists()
    for use in (lambda: keyring.seal("x", Place("", "", "", "")), keyring.recovery_text, lambda: keyring.derive("x")):
        with pytest.raises(Locked, match=lost):
            use()


def test_credentials_entered_again_end_the_locked_mode(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    connect_something("row-1")
    connect_something("row-2")
    keyring.unlock(with_key(bare, TWO))
    first = connect_something("row-1", "entered again")
    assert keyring.check() == ONE_ID
    assert open_stored(first) == "entered again"
    second = connect_something("row-2", "entered again")
    assert keyring.check() is None
    assert keyring.locked() is None
    assert open_stored(second) == "entered again"
    keyring.unlock(with_key(bare, TWO))
    assert keyring.locked() is None


def test_another_key_is_noticed_even_before_anything_is_sealed(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    keyring.unlock(with_key(bare, TWO))
    assert keyring.locked() == ONE_ID
    connect_something()
    assert keyring.check() is None


def test_previous_keys_open_and_the_current_one_seals(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    old = connect_something("row-1")
    keyring.unlock(with_key(bare, TWO, ONE))
    new = connect_something("row-2")
    assert keyring.locked() is None
    assert open_stored(old) == open_stored(new) == CANARY
    with db.reading() as session:
        assert ONE_ID in stored(session, "row-1")
        assert TWO_ID in stored(session, "row-2")
        assert {row.kid for row in session.exec(select(KeyCheck))} == {ONE_ID, TWO_ID}


def test_a_check_value_that_was_changed_is_no_proof(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    with db.writing() as session:
        row = session.get_one(KeyCheck, ONE_ID)
        row.sealed = Key(crypto.parse_key(TWO)).seal(keyring.CHECK_TEXT, Place("KeyCheck", "sealed", ONE_ID, ""))
    keyring.unlock(with_key(bare, ONE))
    assert keyring.locked() == ONE_ID


@pytest.mark.parametrize(("key", "expected"), [(ONE, None), (TWO, keyring.UNKNOWN)])
def test_values_in_the_specifications_form_show_whether_the_key_is_theirs(
    bare: Settings, key: str, expected: str | None
) -> None:
    keyring.unlock(with_key(bare, ONE))
    place = connect_something()
    with db.writing() as session:
        row = session.get_one(Integration, "row-1")
        row.config_enc = Key(crypto.parse_key(ONE)).seal_plain(CANARY)
        session.delete(session.get_one(KeyCheck, ONE_ID))
    keyring.unlock(with_key(bare, key))
    assert keyring.locked() == expected
    if expected is None:
        assert open_stored(place) == CANARY


def test_a_value_moved_to_another_row_does_not_open(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    connect_something("row-1")
    place = connect_something("row-2")
    with db.writing() as session:
        session.get_one(Integration, "row-2").config_enc = stored(session, "row-1")
    with pytest.raises(Locked):
        open_stored(place)


def test_derived_secrets_outlive_a_restart_but_not_the_key(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE))
    before = keyring.derive("cookie")
    keyring.unlock(with_key(bare, ONE))
    assert keyring.derive("cookie") == before
    keyring.unlock(with_key(bare, TWO))
    assert keyring.derive("cookie") != before


def test_the_secret_is_in_no_file_but_sealed(bare: Settings) -> None:
    keyring.unlock(bare)
    connect_something()
    copy = backup.snapshot(db.engine(), bare.data_dir / "backups", "test")
    key = keyring.recovery_text()
    files = [file for file in bare.data_dir.rglob("*") if file.is_file()]
    assert {copy, bare.data_dir / "streamline.db", bare.data_dir / "streamline.db-wal"} <= set(files)
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        content = file.read_bytes()
        assert CANARY.encode() not in content
        assert bytes.fromhex(key) not in content
        assert key.encode() not in content or file == keyfile.path(bare.data_dir)
    assert b"configEnc" in copy.read_bytes()


def test_threads_may_seal_while_the_keys_change(bare: Settings) -> None:
    keyring.unlock(with_key(bare, ONE, TWO))
    place = Place("Integration", "configEnc", "row-1", "alice")

    def work(number: int) -> bool:
        if number % 50 == 0:
            keyring.unlock(with_key(bare, *((ONE, TWO) if number % 100 else (TWO, ONE))))
        return keyring.unseal(keyring.seal(f"{number}", place), place) == f"{number}"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))


def test_a_placeholder_is_used_with_a_warning(bare: Settings, caplog: pytest.LogCaptureFixture) -> None:
    keyring.unlock(with_key(bare, "0" * 64))
    assert "placeholder" in caplog.text


def test_a_key_that_cannot_be_kept_is_not_used(bare: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(BadSetting, match="cannot be written: No space left on device"):
        keyring.unlock(bare)
    assert list(keyfile.path(bare.data_dir).parent.iterdir()) == []


def test_a_closed_keyring_says_so() -> None:
    keyring.forget()
    with pytest.raises(RuntimeError, match="not open"):
        keyring.key_id()
