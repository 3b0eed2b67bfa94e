"""Waiting for what happens by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until it holds. A busy machine is no failure: who wants it soon gives the seconds."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it did not come to that within {seconds:g} seconds")
