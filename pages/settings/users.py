"""`/settings/users`: who has an account, for admins."""

from __future__ import annotations

from fastapi import HTTPException, Request
from nicegui import ui

from components import settings_frame
from components.user_list import UserList


@ui.page("/settings/users")
async def users(request: Request) -> None:
    """For others there is no such page."""
    visitor = request.state.visitor
    if not visitor.is_admin:
        raise HTTPException(404, "There is no such page.")
    with settings_frame.frame(visitor, "users", "Everybody has connections of their own, which nobody else sees."):
        people = UserList(visitor)
    await people.refresh()
