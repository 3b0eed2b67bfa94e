"""`/settings/encryption`: the key that everything stored is encrypted with, for admins."""

from __future__ import annotations

from fastapi import HTTPException, Request
from nicegui import ui

from components import settings_frame
from components.encryption_cards import EncryptionCards


@ui.page("/settings/encryption")
async def encryption(request: Request) -> None:
    """For others there is no such page."""
    visitor = request.state.visitor
    if not visitor.is_admin:
        raise HTTPException(404, "There is no such page.")
    with settings_frame.frame(visitor, "encryption", "Keys and tokens are encrypted before they touch the disk."):
        cards = EncryptionCards(visitor)
    await cards.refresh()
