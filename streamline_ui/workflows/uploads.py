"""Files that came with a request: kept on disk beside the database, for as long as an execution refers to them.

Each request has a folder with a random name, and in it its files by number: what the sender called them is only shown.
They are on disk before the request is answered, and go once no execution names their folder any more. A copy of the
database is without them: where one is restored alone, a step that asks for a file fails and says so.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from sqlalchemy import select

from streamline_ui import settings
from streamline_ui.errors import Unavailable
from streamline_ui.storage import db
from streamline_ui.storage.models import table_of
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows.templating.budget import refusal

FOLDER = "files"
CHUNK = 65_536
LONGEST_NAME = 200  # characters
BEING_WRITTEN = 600.0  # seconds in which a folder may not have its execution yet
ASKED_AT_ONCE = 500
_ID = re.compile(r"[0-9a-f]{32}")
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_rows = table_of(Execution).c
log = logging.getLogger(__name__)

Part = tuple[str, str, BinaryIO]
"""A file as it comes: what its sender calls it, its type, its contents."""


@dataclass(slots=True)
class Shelf:
    """The files of one request. `folder` is None while there are none."""

    folder: str | None = None
    is_kept: bool = False

    async def put(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        """Write files down; how templates see them. Raises Unavailable where there is no room."""
        if not parts:
            return []
        self.folder = self.folder or uuid4().hex
        try:
            return await asyncio.to_thread(_write, self.folder, parts)
        except OSError as error:
            log.warning("Files of a request could not be stored: %s.", error.strerror)
            raise Unavailable("Its files cannot be stored at the moment.", retry_after=30) from None

    def keep(self) -> None:
        """An execution refers to them now."""
        self.is_kept = True


@asynccontextmanager
async def shelf() -> AsyncIterator[Shelf]:
    """A place for the files of one request; without `keep`, nothing is left of them."""
    found = Shelf()
    try:
        yield found
    except asyncio.CancelledError:  # nobody knows what was committed: `sweep` will
        found.keep()
        raise
    finally:
        if found.folder is not None and not found.is_kept:
            await asyncio.to_thread(shutil.rmtree, _root() / found.folder, ignore_errors=True)


def reachable(trigger: Any) -> Any:
    """The trigger, with the contents of its files within reach as `base64`; they are read when they are asked for."""
    folder = trigger.get("files") if isinstance(trigger, dict) and trigger.get("type") == "webhook" else None
    if not isinstance(folder, str) or not _ID.fullmatch(folder) or not isinstance(body := trigger.get("body"), dict):
        return trigger
    return {**trigger, "body": {name: _within_reach(value, folder) for name, value in body.items()}}


def sweep(older_than: float = BEING_WRITTEN) -> int:
    """Remove the folders that no execution names; returns how many. `older_than` is in seconds."""
    try:
        names = [each.name for each in os.scandir(_root()) if each.stat().st_mtime <= time.time() - older_than]
    except FileNotFoundError:
        return 0
    gone = 0
    for start in range(0, len(names), ASKED_AT_ONCE):
        some = names[start : start + ASKED_AT_ONCE]
        with db.engine().connect() as connection:
            named = set(connection.execute(select(_rows.files).where(_rows.files.in_(some))).scalars())
        for name in set(some) - named:
            shutil.rmtree(_root() / name, ignore_errors=True)
            gone += 1
    return gone


class Upload(dict[str, Any]):
    """A file as templates see it: what is known of it, and its contents for who asks by name."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key == "base64"

    def __missing__(self, key: str) -> str:
        if key != "base64":
            raise KeyError(key)
        try:
            return base64.b64encode(_path(self["id"]).read_bytes()).decode("ascii")
        except OSError:
            name = self.get("name") or self["id"]
            sentence = f"The file “{name}” is not on this server any more: only what its sender said of it is."
            raise refusal("tpl.missing", sentence, ["Send the request again, with its files."]) from None


def clean(name: str) -> str:
    """A name to show: without folders, and without characters that nobody sees."""
    last = _NOT_SHOWN.sub("", name).replace("\\", "/").rpartition("/")[2].strip()
    return "" if last in (".", "..") else last[:LONGEST_NAME]


def _within_reach(value: Any, folder: str) -> Any:
    if isinstance(value, list):
        return [_within_reach(each, folder) for each in value]
    is_file = isinstance(value, dict) and re.fullmatch(rf"{folder}/\d+", str(value.get("id")))
    return Upload(value) if is_file else value


def _root() -> Path:
    return settings.current().data_dir / FOLDER


def _path(file_id: str) -> Path:
    return _root() / file_id


def _write(folder: str, parts: Sequence[Part]) -> list[dict[str, Any]]:
    place = _root() / folder
    is_new_root = not _root().is_dir()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    for name, kind, contents in parts:
        number = len(found) + 1
        size = _copy(contents, place / str(number))
        found.append({"id": f"{folder}/{number}", "name": clean(name), "contentType": kind[:200], "size": size})
    for each in (place, _root(), *([_root().parent] if is_new_root else ())):
        _flush(each)
    return found


def _copy(contents: BinaryIO, to: Path) -> int:
    size = 0
    file = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        contents.seek(0)
        while chunk := contents.read(CHUNK):
            left = memoryview(chunk)
            while left:
                left = left[os.write(file, left) :]
            size += len(chunk)
        os.fsync(file)
    finally:
        os.close(file)
    return size


def _flush(folder: Path) -> None:
    """Make its entries outlive a power cut."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some file systems know no such thing
            os.fsync(file)
    finally:
        os.close(file)
