"""Workflows to start from. What they need of an account is chosen in the editor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from components import brands, elements, icons
from components.form_parts import Words, tag
from streamline_ui.errors import StreamlineError
from streamline_ui.integrations import connections
from streamline_ui.providers import PROVIDERS
from streamline_ui.workflows import drafts


@dataclass(frozen=True, slots=True)
class Recipe:
    """A draft, with the service of each of its parts: "trigger", or the step's id."""

    title: str
    line: str
    picture: tuple[str, ...]
    values: Mapping[str, Any]
    services: Mapping[str, str]


RECIPES = (
    Recipe(
        "Telegram alerts to Discord",
        "Forward messages that contain a word",
        ("telegram", "discord"),
        {
            "name": "Telegram alerts to Discord",
            "trigger": {"type": "integration", "event": "message"},
            "steps": [
                {"id": "alerts", "type": "filter", "condition": "trigger.message.text contains 'alert'"},
                {
                    "id": "post",
                    "type": "action",
                    "action": "send_message",
                    "params": {"content": "{{ trigger.message.text }}"},
                },
            ],
        },
        {"trigger": "telegram", "post": "discord"},
    ),
    Recipe(
        "Keep every webhook call",
        "Write its data to the Inbox",
        ("!webhook", "inbox"),
        {
            "name": "Keep every webhook call",
            "trigger": {"type": "webhook"},
            "steps": [
                {
                    "id": "keep",
                    "type": "action",
                    "action": "write",
                    "params": {"title": "A request arrived", "text": "{{ trigger.body | json }}"},
                }
            ],
        },
        {"keep": "inbox"},
    ),
    Recipe(
        "Morning mail",
        "Fetch from any API at 7:00, and send it",
        ("!calendar-clock", "http", "sendgrid"),
        {
            "name": "Morning mail",
            "trigger": {"type": "schedule", "cron": "0 7 * * 1-5"},
            "steps": [
                {"id": "fetch", "type": "action", "action": "request", "params": {"method": "GET"}},
                {
                    "id": "mail",
                    "type": "action",
                    "action": "send_email",
                    "params": {"subject": "Good morning", "text": "{{ steps.fetch.output.body }}"},
                },
            ],
        },
        {"fetch": "http", "mail": "sendgrid"},
    ),
)


def draw(user_id: str) -> None:
    """Draw them as cards that begin a workflow when they are pressed."""
    Words("Or start from a recipe", "sl-h2", "h2")
    with tag("div", "sl-recipes"):
        for recipe in RECIPES:
            _draw(user_id, recipe)


def _draw(user_id: str, recipe: Recipe) -> None:
    async def start() -> None:
        try:
            made = await asyncio.to_thread(begin, user_id, recipe)
        except StreamlineError as error:
            elements.toast(error.message)
            return
        ui.navigate.to(f"/workflows/{made}")

    with tag("button", "sl-card hov sl-recipe", type_="button").on("click", start, args=[]):
        tiles = icons.html("arrow-right").join(_tile(name) for name in recipe.picture)
        ui.html(tiles, sanitize=False, tag="span").classes("sl-chain").props["aria-hidden"] = "true"
        Words(recipe.title, "sl-h3")
        Words(recipe.line, "small muted")


def begin(user_id: str, recipe: Recipe) -> str:
    """Make the draft, with the user's first connection of each service. Returns the workflow's id."""
    first: dict[str, str] = {}
    for row in connections.all_of(user_id):
        first.setdefault(row.type, row.id)
    chosen = {part: first.get(service, "") for part, service in recipe.services.items()}
    trigger = dict(recipe.values["trigger"])
    if "trigger" in chosen:
        trigger["integrationId"] = chosen["trigger"]
    steps = [
        {**step, "integrationId": chosen[step["id"]]} if step["id"] in chosen else step
        for step in recipe.values["steps"]
    ]
    return drafts.new(user_id, {"name": recipe.values["name"], "trigger": trigger, "steps": steps}).id


def _tile(name: str) -> str:
    """The brand of a service, or after "!" an icon."""
    return brands.tile("", name[1:]) if name.startswith("!") else brands.html(PROVIDERS[name])
