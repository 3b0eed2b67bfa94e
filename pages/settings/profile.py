"""`/settings` and `/settings/profile`: what people change about themselves."""

from __future__ import annotations

import asyncio

from fastapi import Request
from nicegui import ui

from components import live, profile_cards, settings_frame
from components.question import Question
from streamline_ui.access import users


@ui.page("/settings")
@ui.page("/settings/profile")
async def profile(request: Request) -> None:
    """Everybody's own."""
    visitor = request.state.visitor
    user = await asyncio.to_thread(users.one, visitor.user_id)
    with settings_frame.frame(visitor, "profile", "Your name, how it looks, and where you are signed in."):
        question = Question()
        profile_cards.draw_person(user)
        choice = profile_cards.draw_look(user)
        profile_cards.draw_password(visitor, str(request.scope.get("state", {}).get("address", "")))
        sessions = profile_cards.SessionList(visitor, question)

        async def heard(_: set[str]) -> None:
            choice.show((await asyncio.to_thread(users.one, visitor.user_id)).theme)

        live.follow(visitor, heard, kind="user")
    await sessions.refresh()
