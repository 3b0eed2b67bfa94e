"""Whose turn it was when the process died, so that the next one knows what not to try a third time.

Many executions are under way at once, but the event loop works on one at a time. Which, stands in a file that is mapped
into memory: it outlives the process without ever being flushed, and to write there takes less than a microsecond.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Coroutine, Generator
from pathlib import Path
from types import coroutine
from typing import Any, TypeVar

from streamline_ui import settings

NAME = "at-work"
SIZE = 36  # characters of an id
NOBODY = bytes(SIZE)
ORDERLY = b"-".ljust(SIZE, b"\0")  # after a stop that was no crash
T = TypeVar("T")

_mark: mmap.mmap | None = None


def start() -> str:
    """Begin to keep track. The id of the execution that was being worked on when the last process died.

    It is "" where that was none, and "-" where the process did not die, but stopped.
    """
    global _mark  # noqa: PLW0603 - a process has one event loop that works
    stop()
    file = os.open(_file(), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(file, SIZE)
        _mark = mmap.mmap(file, SIZE)
    finally:
        os.close(file)
    last = _mark[:].rstrip(b"\0").decode("ascii", "replace")
    _mark[:] = NOBODY
    return last


def stop() -> None:
    """Nobody is to blame for what is left under way: we end because we were asked to."""
    global _mark  # noqa: PLW0603
    if _mark is not None:
        _mark[:] = ORDERLY
        _mark.close()
        _mark = None


def _file() -> Path:
    return settings.current().data_dir / NAME


@coroutine
def on(execution_id: str, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await the work; whenever it is its turn, the mark is with this execution."""
    mark = execution_id.encode("ascii").ljust(SIZE, b"\0")[:SIZE]
    give: Any = work.send
    value: Any = None
    while True:
        if _mark is not None:
            _mark[:] = mark
        try:
            awaited = give(value)
        except StopIteration as ended:
            result: T = ended.value
            return result
        finally:
            if _mark is not None:
                _mark[:] = NOBODY
        try:
            value, give = (yield awaited), work.send
        except BaseException as error:  # a cancellation is the work's to deal with
            value, give = error, work.throw
