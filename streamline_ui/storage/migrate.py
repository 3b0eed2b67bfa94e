"""Brings the database to the schema of this program, or says in a sentence why that cannot be.

A start that finds nothing to do asks one plain query and loads nothing.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from streamline_ui.errors import BadSetting, StreamlineError
from streamline_ui.settings import Settings
from streamline_ui.storage import (
    alert_tables,  # noqa: F401 - its tables belong to the schema, and so do those of
    backup,
    db,
    oauth_tables,  # noqa: F401
    polling_tables,  # noqa: F401
    workflow_tables,  # noqa: F401
)
from streamline_ui.storage.models import metadata

FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"
ASK = "SELECT version_num FROM alembic_version"
_ADVISORY_LOCK = 7_781_364_215  # any number, the same for all our processes
_log = logging.getLogger(__name__)


def upgrade(settings: Settings) -> None:
    """Migrate in one transaction, after a backup: whatever goes wrong, the database is as it was.

    Raises BadSetting for a database that cannot be used: unreachable, damaged, somebody else's, or newer than we.
    """
    engine = db.engine()
    _prepare(settings, engine)
    found = version(engine)
    if found == newest():
        return
    if found is not None:
        _check_known(found, settings)
        _back_up(engine, settings)
    try:
        _run(engine)
    except StreamlineError:
        raise
    except Exception as error:  # whatever it was, the transaction took it back
        raise StreamlineError(f"The database could not be migrated and is unchanged: {_reason(error)}.") from error
    _log.info("Database schema: %s.", newest() if found is None else f"{found} -> {newest()}")
    if found is not None:
        _make_shrinkable(engine)


@cache
def newest() -> str:
    """The id of the schema that this program wants."""
    return versions()[-1]


def versions() -> list[str]:
    """The ids of all schemas that this program knows, oldest first: what the files' names begin with."""
    return sorted(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*_*.py"))


def version(engine: Engine) -> str | None:
    """The id of the schema that the database has, or None where it is empty."""
    if file := _sqlite_file(engine):
        return _version_in(file)
    try:
        with engine.connect() as connection:
            names = set(inspect(connection).get_table_names())
            _refuse_foreign(names & (metadata.tables.keys() | {VERSION_TABLE}), engine.url.render_as_string())
            if VERSION_TABLE not in names:
                return None
            return connection.execute(text(ASK)).scalar()
    except DBAPIError as error:
        shown = engine.url.render_as_string()  # SQLAlchemy leaves the password out
        raise BadSetting(f"The database {shown} cannot be used: {_reason(error)}.") from None


def _prepare(settings: Settings, engine: Engine) -> None:
    """Make sure of the folder, and of a file that only we can read."""
    file = _sqlite_file(engine)
    try:
        for folder in {settings.data_dir, file.parent if file else settings.data_dir}:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "it is not writable", str(folder))
        if file and not file.exists():
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise BadSetting(
            f"The data folder {settings.data_dir} cannot be used: {error.strerror}.",
            hints=("Give it to the user that runs Streamline, or name another one in STREAMLINE_DATA_DIR.",),
        ) from None


def _sqlite_file(engine: Engine) -> Path | None:
    database = engine.url.database
    is_file = engine.dialect.name == "sqlite" and database and database != ":memory:"
    return Path(database) if is_file and database else None


def _version_in(file: Path) -> str | None:
    """Ask a connection that cannot write: a file that is damaged, or not ours, stays as it is to the byte."""
    with _looking_at(file) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        _refuse_foreign(names, str(file))
        if VERSION_TABLE not in names:
            return None
        row = connection.execute(ASK).fetchone()
        return str(row[0]) if row else None


@contextmanager
def _looking_at(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=db.BUSY_SECONDS)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _damaged(file) from None
        raise BadSetting(f"The database {file} cannot be opened: {error}.") from None


def _damaged(file: Path) -> BadSetting:
    return BadSetting(
        f"The file {file} is damaged, or is not a database. Nothing was changed.",
        hints=(f"Put a copy from {file.parent / 'backups'} in its place, or move it away to start anew.",),
    )


def _refuse_foreign(names: set[str], place: str) -> None:
    if names and VERSION_TABLE not in names:
        raise BadSetting(f"The database {place} has tables of another program. Give Streamline a database of its own.")


def _check_known(found: str, settings: Settings) -> None:
    if found not in versions():
        raise BadSetting(
            f"The database was written by a newer Streamline (schema {found}, this one knows up to {newest()}). "
            f"Nothing was changed.",
            hints=(f"Start the newer version again, or restore a copy from {settings.data_dir / 'backups'}.",),
        )


def _back_up(engine: Engine, settings: Settings) -> None:
    file = _sqlite_file(engine)
    if file is None:
        _log.info("No backup before the migration: %s has its own.", engine.dialect.name)
        return
    with _looking_at(file) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _damaged(file)
    copy = backup.snapshot(engine, settings.data_dir / "backups", "before-migration")
    _log.info("Backup before the migration: %s", copy)


def _make_shrinkable(engine: Engine) -> None:
    """Let a file of before give empty pages back: it has to be written anew for that, once."""
    if _sqlite_file(engine) is None:
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        if cursor.execute("PRAGMA auto_vacuum").fetchone()[0] != db.INCREMENTAL:
            cursor.execute(f"PRAGMA auto_vacuum={db.INCREMENTAL}")
            cursor.execute("VACUUM")
    except sqlite3.OperationalError as error:  # a full disk, say; it works as it is
        _log.warning("The database file cannot be made to shrink: %s.", error)
    finally:
        connection.close()


def _run(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - takes a quarter of a second, for the rare start that migrates
    from alembic.config import Config  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.WARNING)  # what happened is said in one line of our own
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    with (
        engine.connect().execution_options(writes=True) as connection,
        _without_foreign_keys(connection),
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":  # SQLite's write lock is held already
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _check_foreign_keys(connection)


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew: with foreign keys on, dropping the old one would empty its children."""
    driver = connection.connection.cursor()  # the pragma is ignored inside a transaction, so past SQLAlchemy
    if connection.dialect.name != "sqlite":
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and (row := connection.execute(text("PRAGMA foreign_key_check")).first()):
        raise StreamlineError(f"The migration would have left rows of {row[0]} without what they belong to.")


def _reason(error: Exception) -> str:
    """The driver's first line, without the statement."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0].rstrip(".")
