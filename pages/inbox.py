"""`/inbox`: what was written to the Inbox."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import live, shell
from components.inbox_list import InboxList


@ui.page("/inbox")
async def inbox(request: Request) -> None:
    """New entries appear by themselves."""
    visitor = request.state.visitor
    with shell.frame(visitor, title="Inbox", active="inbox"):
        entries = InboxList(visitor.user_id)
        live.follow(visitor.user_id, entries.redraw, kind="inbox")
        live.follow(visitor.user_id, entries.redraw)  # whether the Inbox is connected
    await entries.refresh()
    await ui.context.client.connected()
    await entries.settle()
