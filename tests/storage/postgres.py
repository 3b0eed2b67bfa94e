"""A private PostgreSQL for tests: made in a temporary folder, on 127.0.0.1, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest

FAST = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=16MB")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a running server. Without PostgreSQL it skips, but in CI it fails."""
    folder = programs()
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: no initdb on PATH or in /usr/lib/postgresql")
        pytest.skip("PostgreSQL is not installed")
    yield from run(folder)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The address of an empty database of its own on that server."""
    name = f"test_{token_hex(6)}"
    plain = postgres_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres_url.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def programs() -> Path | None:
    """The folder that has both initdb and postgres, the newest version's first."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    found = [*versions, *(Path(folder) for folder in os.get_exec_path())]
    return next((path for path in found if (path / "initdb").exists() and (path / "postgres").exists()), None)


def run(folder: Path) -> Iterator[str]:
    """Start a server as a user that is not root, since it refuses to be that."""
    home, user, port = Path(tempfile.mkdtemp(prefix="streamline-postgres-")), other_user(), free_port()
    try:
        if user is not None:
            shutil.chown(home, user)
        how = ["-D", "cluster", "-U", "streamline", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run([str(folder / "initdb"), *how], check=True, capture_output=True, cwd=home, user=user, timeout=60)
        where = ["-D", "cluster", "-h", "127.0.0.1", "-p", str(port), "-k", str(home), *(f"-c{each}" for each in FAST)]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [str(folder / "postgres"), *where], cwd=home, user=user, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            url = f"postgresql+psycopg://streamline@127.0.0.1:{port}/postgres"
            wait_for(url, server, home / "log")
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends sessions and stops
            server.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def other_user() -> str | None:
    """Who runs it: whoever we are, or somebody without rights where we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
