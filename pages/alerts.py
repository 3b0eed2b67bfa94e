"""`/alerts`: what needs somebody, and what did."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import live, shell
from components.alert_list import AlertList


@ui.page("/alerts")
async def alerts(request: Request) -> None:
    """New ones appear by themselves; who opens the page has seen them."""
    visitor = request.state.visitor
    with shell.frame(visitor, title="Alerts", active="alerts"):
        found = AlertList(visitor.user_id)
        live.follow(visitor.user_id, found.redraw, kind="alert")
    await found.refresh()
    await ui.context.client.connected()
    await found.settle()
