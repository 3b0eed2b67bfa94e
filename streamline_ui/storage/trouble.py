"""When nothing can be stored: what the database says of it as a sentence, and a look whether it lasts."""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic
from urllib.parse import quote

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from streamline_ui.errors import NotStored
from streamline_ui.storage import db

PATIENCE = 2.0  # seconds for somebody else's lock
TELL_EVERY = 60.0  # seconds
RETRY_AFTER = 5.0
BUSY = "The database is busy: something else has locked it."
FULL = "The disk is full, so nothing can be stored."
AWAY = "The database cannot be used at the moment."
READ_ONLY = "The database can be read, but nothing can be stored in it."

log = logging.getLogger(__name__)
_looking = threading.Lock()
_found: str | None = None
_told: dict[str, float] = {}


def of(error: BaseException) -> NotStored | None:
    """What to answer where the database refuses everybody for the moment; None where the error is of another kind."""
    if not isinstance(error, OperationalError):
        return None
    said = str(error.orig).lower()
    if "locked" in said or "lock timeout" in said or "deadlock" in said:
        return NotStored(BUSY, RETRY_AFTER, hints=["Try again in a moment. A backup or another program may hold it."])
    if "full" in said or "no space" in said:
        return NotStored(
            FULL, RETRY_AFTER, hints=["Make room on the disk that holds the data. Then it goes on by itself."]
        )
    if "readonly" in said or "read-only" in said:
        return NotStored(READ_ONLY, RETRY_AFTER, hints=["Let Streamline write to its data folder."])
    if isinstance(error.orig, sqlite3.OperationalError) and not any(
        each in said for each in ("disk i/o", "unable to open", "not a database", "malformed")
    ):
        return None  # such as a table that is missing: our own mistake
    return NotStored(AWAY, RETRY_AFTER, hints=["Try again in a moment. The log has the details."])


def note(error: BaseException) -> NotStored | None:
    """The same, and one line in the log, at most once a minute for each kind: it concerns everybody at once."""
    found = of(error)
    if found is not None and monotonic() - _told.get(found.message, float("-inf")) >= TELL_EVERY:
        _told[found.message] = monotonic()
        log.warning("%s The database says: %s", found.message, str(getattr(error, "orig", error))[:300])
    return found


def problem() -> str | None:
    """Why nothing can be written now, as a sentence for `/readyz`, or None. Blocks for `PATIENCE` at the most.

    Whoever asks while somebody else looks hears what was found before.
    """
    global _found  # noqa: PLW0603 - a process has one database
    if _looking.acquire(blocking=False):
        try:
            _found = _look()
        finally:
            _looking.release()
    return _found


@contextmanager
def left_out() -> Iterator[None]:
    """For what can as well be written the next time: inside, the database may refuse it for the moment."""
    try:
        yield
    except OperationalError as error:
        if note(error) is None:
            raise


def _look() -> str | None:
    try:
        url = db.engine().url
    except RuntimeError:
        return None  # it is not open yet, or not any more
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    try:
        place = f"file:{quote(url.database)}?mode=rw"
        with closing(sqlite3.connect(place, timeout=PATIENCE, isolation_level=None, uri=True)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return "the database is locked" if "locked" in str(error) else "the database cannot be written to"
    except sqlite3.Error:
        return "the database cannot be written to"
    return None


def lasts() -> bool:
    """Whether nothing could be written when somebody last looked: what is of little use is then not waited for."""
    return _found is not None


class Quiet(logging.Filter):
    """For the log of a library that writes a trace for every failure: those told here already say nothing new.

    It looks at the error that is being handled: the record has it no more where secrets are kept out of the log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = sys.exc_info()[1]
        return not (isinstance(error, SQLAlchemyError) and note(error) is not None)
