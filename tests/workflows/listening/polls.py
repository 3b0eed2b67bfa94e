"""What the tests of polling have in common: a bot, workflows that listen to it, and Ann who writes to it."""

from __future__ import annotations

import itertools
import json
from typing import Any

from sqlmodel import select

from streamline_ui.integrations import connections
from streamline_ui.sandbox import bots
from streamline_ui.sandbox.bots import Bot
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog, executions

_numbers = itertools.count(1_000_000_001)


def token() -> str:
    """A bot that nobody else has."""
    return f"{next(_numbers)}:A{'x' * 34}"


def bot(user: User, url: str, **config: Any) -> Integration:
    """A bot of this user's, at a stand-in or another server."""
    given = {"botToken": token(), "pollingInterval": 1000, "baseUrl": url, **config}
    return connections.add(user.id, "telegram", f"Bot {given['botToken'][:10]}", given)


def at(integration: Integration) -> Bot:
    """The same bot at the stand-in."""
    from streamline_ui.integrations import configuration

    return bots.bot_of(configuration.unseal(integration)["botToken"])


def listening(integration: Integration, *steps: dict[str, Any], event: str = "message", **more: Any) -> dict[str, Any]:
    """A definition that starts with what the bot tells."""
    noted = {"id": "note", "type": "set", "values": {"text": f"{{{{ trigger.{event}.text }}}}"}}
    trigger = {"type": "integration", "integrationId": integration.id, "event": event, **more.pop("trigger", {})}
    return {"name": "Answer", "trigger": trigger, "steps": list(steps or [noted]), **more}


def listen(user: User, integration: Integration, *steps: dict[str, Any], **more: Any) -> Workflow:
    """Publish it and turn it on."""
    is_active = more.pop("is_active", True)
    return catalog.add(user.id, listening(integration, *steps, **more), is_active=is_active)


def say(integration: Integration, text: str = "Hello", **more: Any) -> dict[str, Any]:
    """Ann writes to the bot."""
    return bots.say(at(integration), {"text": text, **more})


def row(integration: Integration) -> Poller:
    """The only poller of this integration."""
    with db.reading() as session:
        return session.exec(select(Poller).where(Poller.integration_id == integration.id)).one()


def offset(integration: Integration) -> str:
    """How far a bot was read."""
    return row(integration).cursor.rpartition(":")[2]


def texts(user: User) -> list[str]:
    """What the user's executions were about, the oldest first."""
    found = [json.loads(executions.one(user.id, each.id).trigger) for each in executions.page(user.id, limit=200)]
    return [trigger["message"]["text"] for trigger in reversed(found)]
