"""The recovery kit as a download, which the key is in only when an admin asks for it, and never in a page."""

from __future__ import annotations

import asyncio

from nicegui import ui

from components import elements
from streamline_ui.access import recovery
from streamline_ui.access.recovery import Confirmation, How
from streamline_ui.errors import StreamlineError

SAID = {"kit": "the recovery kit was downloaded", "own": "somebody keeps the key by themselves"}


async def download(user_id: str) -> bool:
    """Hand the kit over as a file, and note that it was. False where it was refused, which was said then."""
    try:
        text = await asyncio.to_thread(recovery.kit, user_id)
        await confirm(user_id, "kit")
    except StreamlineError as error:
        elements.toast(error.message)
        return False
    ui.download.content(text, recovery.file_name(), "text/plain")
    return True


async def confirm(user_id: str, how: How) -> None:
    """Note that the key is in safety."""
    await asyncio.to_thread(recovery.confirm, user_id, how)


def words(said: Confirmation | None) -> str:
    """Whether the key is in safety, in half a sentence."""
    return "nobody has confirmed it yet" if said is None else SAID[said.how]
