"""Copies of the SQLite database, made while it is in use.

All that Streamline knows is in one: accounts, connections with their sealed credentials, workflows, history. What is
beside the database is not: the encryption keys (`keys/`), without which no credential can be read, and the files that
came with requests (`files/`), which only executions of the last days refer to.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from streamline_ui.errors import StreamlineError

KEEP = 3


def snapshot(engine: Engine, folder: Path, reason: str) -> Path:
    """Copy the whole database into a new file of `folder`, readable by its owner only, and keep the newest three.

    `reason` becomes part of the name: lower-case letters, digits and "-". The encryption key is not in it. Raises
    StreamlineError where the copy could not be finished; what there was before is still there then.
    """
    if not re.fullmatch("[a-z0-9-]+", reason):
        raise ValueError(f"not a reason for a file name: {reason!r}")
    target = folder / f"streamline-{reason}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.db"
    draft = folder / f".{target.name}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # SQLite fills an empty file as it is
        try:
            _copy(engine, draft)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StreamlineError(f"The database could not be copied to {folder}: {why}.") from None
    for old in kept(folder, reason)[KEEP:]:
        old.unlink(missing_ok=True)
    return target


def kept(folder: Path, reason: str) -> list[Path]:
    """The copies made for this reason, newest first."""
    name = re.compile(rf"streamline-{re.escape(reason)}-\d{{8}}T\d{{6}}\.\d{{6}}Z\.db")
    return sorted((file for file in folder.iterdir() if name.fullmatch(file.name)), reverse=True)


def _copy(engine: Engine, draft: Path) -> None:
    connection = engine.raw_connection()  # VACUUM must stand outside a transaction, which the engine's own would begin
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(draft),))
    finally:
        connection.close()
    with draft.open("rb+") as copied:
        os.fsync(copied.fileno())
