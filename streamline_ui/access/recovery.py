"""The recovery kit: the encryption key on a sheet of paper, and whether the owner has it in safety.

Without the key nobody can open what is stored, not even with a full backup; so the app asks until somebody has said
that they have it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from streamline_ui import live
from streamline_ui import settings as configuration
from streamline_ui.access import users
from streamline_ui.errors import Forbidden
from streamline_ui.storage import db
from streamline_ui.storage.models import Setting, now
from streamline_ui.vault import keyfile, keyring

KEY = "recovery_confirmed"

How = Literal["kit", "own"]

TEXT = """\
Streamline recovery kit
=======================

Made on:         {day}
Key id:          {key_id}
Encryption key:  {key}
Belongs to:      {place}

What this is for
----------------
Every key and token that Streamline stores is encrypted with this encryption key. A backup of the data
cannot be opened without it. Keep this file where you keep passwords, and not beside the backups.

How to use it
-------------
Start Streamline with the environment variable ENCRYPTION_KEY set to the encryption key above:

    ENCRYPTION_KEY={key} python3 main.py

Whoever has this file and the data can read every secret in it.
"""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Somebody said that they have the key with this id: as a downloaded kit, or kept by themselves. `at` is ISO."""

    kid: str
    how: How
    at: str

    @property
    def moment(self) -> datetime:
        """When it was said."""
        return datetime.fromisoformat(self.at)


def kit(user_id: str) -> str:
    """The text of the kit, with the key in it. Raises Forbidden for all but admins, Locked where there is no key."""
    _check(user_id)
    return TEXT.format(
        day=f"{now():%Y-%m-%d %H:%M} UTC", key_id=keyring.key_id(), key=keyring.recovery_text(), place=place()
    )


def file_name() -> str:
    """What the kit's file is called."""
    return f"streamline-recovery-{keyring.key_id()}.txt"


def place() -> str:
    """Where this installation takes the key from, in words."""
    settings = configuration.current()
    if keyring.key_source() == "environment":
        return f"the variable ENCRYPTION_KEY, for the data in {settings.data_dir}"
    return f"the file {key_file()}"


def key_file() -> Path:
    """Where the key is kept, unless the environment gives it."""
    return keyfile.path(configuration.current().data_dir)


def confirm(user_id: str, how: How) -> None:
    """Note that the current key is in safety. Raises Forbidden for all but admins."""
    _check(user_id)
    value = json.dumps(asdict(Confirmation(keyring.key_id(), how, now().isoformat())))
    with db.writing() as session:
        session.merge(Setting(key=KEY, value=value))
    live.tell(user_id, "settings", KEY)


def confirmed() -> Confirmation | None:
    """What was said about the current key; what was said about an earlier one does not count."""
    with db.reading() as session:
        row = session.get(Setting, KEY)
    if row is None:
        return None
    said = Confirmation(**json.loads(row.value))
    return said if said.kid == keyring.key_id() else None


def _check(user_id: str) -> None:
    """The page that asks may be older than the rights of whoever sits before it."""
    user = users.one(user_id)
    if not (user.is_admin and user.is_active):
        raise Forbidden("Only an admin may have the encryption key.")
