"""What the process stands on: its data folder, its address, its limits. What is missing is told in a sentence."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamline_ui.errors import BadSetting
from streamline_ui.settings import Settings


def harden() -> None:
    """Keep secrets where they are: no memory dumps, and files that only this user can read."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Make the data folder and keep it for this process. Raises BadSetting where that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadSetting(
            f"The data folder {folder} cannot be written to ({_reason(error)}): let this user write there, or name "
            "another folder in STREAMLINE_DATA_DIR."
        ) from None
    try:
        _lock(file, folder)
        yield
    finally:
        os.close(file)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Claimed(f"The data folder {folder} is in use by a Streamline that is already running.") from None
    except OSError as error:
        logging.getLogger(__name__).warning("The data folder cannot be locked (%s).", _reason(error))


class Claimed(BadSetting):
    """Another process has the data folder."""


def listen(settings: Settings) -> socket.socket:
    """A socket bound to the address of the settings. Raises BadSetting where it is taken, not ours, or no address."""
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and host == "::":
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise _unusable(host, port, error) from None
    return listener


def _unusable(host: str, port: int, error: OSError) -> BadSetting:
    if error.errno == errno.EADDRINUSE:
        return BadSetting(f"Port {port} of {host} is taken by another program: stop it, or set STREAMLINE_PORT.")
    if error.errno == errno.EACCES:
        return BadSetting(f"This user may not listen on port {port}: set STREAMLINE_PORT to one above 1023.")
    return BadSetting(f"STREAMLINE_HOST is {host}, which is not an address of this machine ({_reason(error)}).")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
