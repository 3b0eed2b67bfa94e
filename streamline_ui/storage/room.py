"""How much room is left on the disk that holds the data; looked at now and then, never for each request."""

from __future__ import annotations

import shutil
from time import monotonic

from streamline_ui import settings

LEAST_SHARE = 0.05  # of the disk, but
LEAST, PLENTY = 100_000_000, 1_000_000_000  # bytes: never less than the one, and the other is enough on a large disk
LOOK_EVERY = 5.0  # seconds

_looked_at = float("-inf")
_is_short = False


def is_short() -> bool:
    """Whether so little is left that nothing new should be taken."""
    global _looked_at, _is_short
    moment = monotonic()
    if moment - _looked_at >= LOOK_EVERY:
        _looked_at, _is_short = moment, _ask()
    return _is_short


def problem() -> str | None:
    """The same for `/readyz`, as a sentence, or None."""
    return "the disk is nearly full" if is_short() else None


def look_again() -> None:
    """Ask the disk the next time, whenever the last one was."""
    global _looked_at  # noqa: PLW0603
    _looked_at = float("-inf")


def _ask() -> bool:
    try:
        usage = shutil.disk_usage(settings.current().data_dir)
    except OSError:
        return False  # what is wrong with the folder is told by whoever writes there
    return usage.free < min(max(LEAST, usage.total * LEAST_SHARE), PLENTY)
