"""A workflow to try the hub with, which needs no account anywhere."""

from __future__ import annotations

from streamline_ui.integrations import connections
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog

NAME = "Sample: a request into the Inbox"


def create(user_id: str) -> Workflow:
    """Incoming webhook, format text, Inbox: published and on. Connects an Inbox where there is none."""
    inboxes = [row for row in connections.all_of(user_id, "inbox") if row.is_active]
    inbox = inboxes[0] if inboxes else connections.add(user_id, "inbox", connections.free_name(user_id, "Inbox"), {})
    about = "{{ trigger.body.order.customer }} ordered for {{ trigger.body.order.total }}."
    values = {
        "name": NAME,
        "trigger": {"type": "webhook"},
        "steps": [
            {"id": "text", "name": "Format text", "type": "set", "values": {"text": about}},
            {
                "id": "write",
                "type": "action",
                "integrationId": inbox.id,
                "action": "write",
                "params": {"title": "Order {{ trigger.body.order.id }}", "text": "{{ steps.text.output.text }}"},
            },
        ],
    }
    return catalog.add(user_id, values)
