"""The machine under the process: memory, disk, the database and its files."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from streamline_ui import __version__, settings
from streamline_ui.storage import db

LIBRARIES = (
    "nicegui",
    "fastapi",
    "starlette",
    "uvicorn",
    "httpx",
    "aiohttp",
    "sqlmodel",
    "apscheduler",
    "cryptography",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Sizes in bytes. `memory_peak` is never below `memory`.

    `database_size` is of all that is stored, wherever it stands: SQLite moves it from its log, whose file has
    `log_size`, into the database's own now and then. `disk_used` is what both files take.
    """

    memory: int
    memory_peak: int
    disk_free: int
    disk_total: int
    database: str
    database_size: int
    disk_used: int
    log_size: int


def look() -> Machine:
    """Measure now."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    disk = shutil.disk_usage(settings.current().data_dir)
    memory = _memory() or peak
    return Machine(memory, max(memory, peak), disk.free, disk.total, *_database())


def versions() -> dict[str, str]:
    """What this is made of."""
    found = {"Streamline": __version__, "Python": platform.python_version(), "System": platform.platform(terse=True)}
    return found | {name: metadata.version(name) for name in LIBRARIES}


def _memory() -> int:
    """What the process holds in memory now, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _database() -> tuple[str, int, int, int]:
    engine = db.engine()
    if engine.dialect.name == "sqlite":
        file = Path(make_url(settings.current().database_url).database or "")
        log = _size(file.with_name(file.name + "-wal"))
        with engine.connect() as connection:
            pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
            page = int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
        return "SQLite", pages * page, _size(file) + log, log
    try:
        with engine.connect() as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    except SQLAlchemyError:
        size = 0
    return "PostgreSQL", int(size), int(size), 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
