"""The file that keeps the key where the environment gives none: made once, for its owner's eyes, never replaced."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from streamline_ui.errors import BadSetting

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def path(data_dir: Path) -> Path:
    """Where the key of a data folder is."""
    return data_dir / "keys" / "encryption.key"


def read(file: Path) -> str | None:
    """What the file holds, or None where there is none. Raises BadSetting for one that others may read."""
    try:
        handle = os.open(file, os.O_RDONLY | _NO_FOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadSetting(f"The key file {file} cannot be read: {error.strerror}.") from None
    with os.fdopen(handle, "rb") as opened:
        if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
            raise BadSetting(f"The key file {file} can be read by others. Close it with: chmod 600 {file}")
        try:
            return opened.read(4096).decode("ascii")
        except UnicodeDecodeError:
            return ""  # no key: the reader of its digits says what a right one looks like
        except OSError as error:
            raise BadSetting(f"The key file {file} cannot be read: {error.strerror}.") from None


def make(file: Path) -> str:
    """A new key, on disk before it is used. Where another process was faster, that one's key."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _place(file, secrets.token_hex(32)):
            _settle(file.parent)
    except OSError as error:
        raise BadSetting(f"The key file {file} cannot be written: {error.strerror}.") from None
    return read(file) or ""


def _place(file: Path, digits: str) -> bool:
    """Write beside it and link: the file is there whole or not at all, and one that is there already stays."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w") as opened:
            opened.write(digits + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, file)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        draft.unlink()


def _settle(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
