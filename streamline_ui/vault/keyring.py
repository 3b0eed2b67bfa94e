"""The keys of this installation, and sealing and opening with them.

The current key seals; previous ones still open. A key that is wrong for the database locks what it cannot open and
nothing else: the program runs, says which key it needs, and never writes over what it could not read.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Column, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from streamline_ui.errors import Locked
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import KeyCheck, metadata
from streamline_ui.vault import crypto, keyfile
from streamline_ui.vault.crypto import Key, Place

UNKNOWN = "unknown"  # the key of values in the specification's form, which does not name it
CHECK_TEXT = "streamline"
_KID_STARTS = len('{"v":1,"kid":"')
_KID_ENDS = _KID_STARTS + 12
_log = logging.getLogger(__name__)
_changing = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Ring:
    """Everything known about the keys at one moment: replaced as a whole, so that threads need no lock to read it."""

    keys: dict[str, Key]
    current: Key | None
    source: str
    needed: str | None = None
    made_at: datetime | None = None


_ring: _Ring | None = None


def unlock(settings: Settings) -> None:
    """Take up the keys that the settings give, or the key file's; make one only where nothing was ever sealed.

    Call after the migrations. Raises BadSetting for what is no key.
    """
    global _ring  # noqa: PLW0603 - a process has one set of keys
    with _changing:
        previous = [
            Key(crypto.parse_key(text, "A key in ENCRYPTION_KEYS_PREVIOUS"))
            for text in settings.encryption_keys_previous
        ]
        current, source = _current(settings)
        keys = {key.id: key for key in ([current] if current else []) + previous}
        _ring = _Ring(keys, current, source)
    check()
    _tell()


def check() -> str | None:
    """Look again whether every sealed value has its key, and give the id of a key that is missing, or None.

    For after a locked connection got new credentials or was removed: the last one ends the locked mode.
    """
    global _ring  # noqa: PLW0603
    with _changing:
        ring = _open_ring()
        with db.reading() as session:
            needed = _needed(session, ring)
            used = ring.current is not None and ring.current.id in _used(session)
        made_at = _remember(ring.current) if ring.current and (needed is None or used) else None
        _ring = replace(ring, needed=needed, made_at=made_at)
        return needed


def seal(text: str, place: Place) -> str:
    """Seal with the current key. Raises Locked only where there is no key at all."""
    return _current_key().seal(text, place)


def unseal(stored: str, place: Place) -> str:
    """Open a value of either form. Raises Locked, naming the key it needs."""
    return crypto.unseal(_open_ring().keys, stored, place)


def locked() -> str | None:
    """The id of the key that some stored secrets need and that is not here, or None where everything opens."""
    return _open_ring().needed


def era() -> object:
    """What was opened stays open only as long as this is the same object: the keys were not changed or dropped."""
    return _ring


def key_id() -> str:
    """The id of the current key: 12 digits that tell nothing about it. Empty where there is no key."""
    current = _open_ring().current
    return current.id if current else ""


def key_source() -> str:
    """Where the current key is from: "environment", "file", "generated" (just now), or "none"."""
    return _open_ring().source


def key_made_at() -> datetime | None:
    """When the current key was first used here."""
    return _open_ring().made_at


def recovery_text() -> str:
    """The current key as 64 hexadecimal digits, for the recovery kit only."""
    return _current_key().text()


def derive(purpose: str) -> bytes:
    """32 secret bytes for another purpose, the same after every start with this key."""
    return _current_key().derive(purpose)


def forget() -> None:
    """Drop the keys."""
    global _ring  # noqa: PLW0603
    with _changing:
        _ring = None


def _current(settings: Settings) -> tuple[Key | None, str]:
    if settings.encryption_key:
        return Key(crypto.parse_key(settings.encryption_key)), "environment"
    file = keyfile.path(settings.data_dir)
    text, source = keyfile.read(file), "file"
    if text is None and _holds_sealed():
        text = keyfile.read(file)  # another process may have made it, and sealed, between the two looks
        if text is None:
            return None, "none"  # a new key would open nothing, and hide that the old one is missing
    if text is None:
        text, source = keyfile.make(file), "generated"
    return Key(crypto.parse_key(text, f"What the file {file} holds")), source


def _holds_sealed() -> bool:
    with db.reading() as session:
        return bool(_used(session) or _known(session))


def _needed(session: Session, ring: _Ring) -> str | None:
    """The id of a missing key: one that sealed values name, else the last one used here if none of ours ever was."""
    used, known = _used(session), _known(session)
    opening = {row.kid for row in known if _opens(row, ring)}
    if missing := [kid for kid in used if kid not in ring.keys and kid != UNKNOWN]:
        dates = {row.kid: row.created_at.isoformat() for row in known}
        return max(missing, key=lambda kid: dates.get(kid, ""))
    if known and not opening and not (used & ring.keys.keys()):
        return known[-1].kid
    if UNKNOWN in used and not opening and not _opens_unnamed(session, ring):
        return UNKNOWN
    return None


def _used(session: Session) -> set[str]:
    """The ids of all keys that sealed values name, read from how each of them begins."""
    found: set[str] = set()
    for column in _sealed_columns():
        start = func.substr(column, 1, _KID_ENDS)
        found.update(session.execute(select(start).where(column != "").distinct()).scalars())
    return {start[_KID_STARTS:] if start.startswith('{"v":1,"kid":"') else UNKNOWN for start in found}


def _opens_unnamed(session: Session, ring: _Ring) -> bool:
    """Whether our keys open a value in the specification's form: one is tried, nothing of it is kept."""
    for column in _sealed_columns():
        query = select(column).where(column != "", column.not_like('{"v":1,"kid":%')).limit(1)
        for stored in session.execute(query).scalars():
            try:
                crypto.unseal(ring.keys, stored, Place("", "", "", ""))
            except Locked:
                return False
    return True


def _sealed_columns() -> list[Column[str]]:
    """Every column that holds sealed values: their names end in Enc."""
    return [column for table in metadata.sorted_tables for column in table.columns if column.name.endswith("Enc")]


def _known(session: Session) -> list[KeyCheck]:
    return list(session.exec(select_rows(KeyCheck).order_by(col(KeyCheck.created_at))).all())


def _opens(row: KeyCheck, ring: _Ring) -> bool:
    try:
        return crypto.unseal(ring.keys, row.sealed, _check_place(row.kid)) == CHECK_TEXT
    except Locked:
        return False


def _remember(key: Key) -> datetime | None:
    """Write down that this key is used here, once. When it was."""
    with db.reading() as session:
        row = session.get(KeyCheck, key.id)
    if row is None:
        row = KeyCheck(kid=key.id, sealed=key.seal(CHECK_TEXT, _check_place(key.id)))
        try:
            with db.writing() as session:
                session.add(row)
        except IntegrityError:  # another process started at the same moment
            _log.debug("the key %s was noted by another process", key.id)
    return row.created_at


def _check_place(kid: str) -> Place:
    return Place("KeyCheck", "sealed", kid, "")


def _tell() -> None:
    ring = _open_ring()
    if ring.needed:
        _log.error(
            "The encryption key does not match this database: given is %s, needed is %s. Stored secrets stay locked "
            "and unchanged until ENCRYPTION_KEY is the right one.",
            key_id() or "none",
            ring.needed,
        )
        return
    _log.info("Encryption key %s (%s).", key_id(), ring.source)
    if ring.current and ring.current.is_placeholder:
        _log.warning("ENCRYPTION_KEY looks like a placeholder. %s", crypto.RIGHT_KEY)


def _current_key() -> Key:
    ring = _open_ring()
    if ring.current is None:
        raise Locked(f"There is no encryption key: this database needs the key {ring.needed}, which is not given.")
    return ring.current


def _open_ring() -> _Ring:
    if _ring is None:
        raise RuntimeError("the keyring is not open")
    return _ring
