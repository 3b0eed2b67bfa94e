"""Where a workflow's incoming webhook is reached from outside."""

from __future__ import annotations

from streamline_ui import settings
from streamline_ui.errors import Locked
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import secrets
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.triggers import WebhookTrigger

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not bound


def of(workflow: Workflow, definition: Definition) -> str | None:
    """The whole address, or None: nothing else than a webhook has one, and it is sealed while the vault is locked."""
    if not isinstance(definition.trigger, WebhookTrigger):
        return None
    try:
        return f"{origin()}/hooks/{secrets.token(workflow)}"
    except Locked:
        return None


def origin() -> str:
    """The start of our own addresses, without a slash: the public one, else where we listen."""
    current = settings.current()
    host = f"[{current.host}]" if ":" in current.host else current.host
    return current.base_url or f"http://{EVERYWHERE.get(current.host, host)}:{current.port}"
