"""What is written into a connection's row about how it is."""

from __future__ import annotations

import json

from streamline_ui.integrations import connections, health, rows
from streamline_ui.net import faults
from streamline_ui.storage.models import User

HOOK = "https://discord.com/api/webhooks/1433848841458679839/ts4FDenPhRq-wOF1z32d"


def test_where_a_host_has_answered_before_its_address_is_not_doubted(alice: User) -> None:
    refused = faults.closed("localhost", 8080)
    row = connections.add(alice.id, "discord", "Ops", {"webhookUrl": HOOK})
    rows.record(alice.id, row.id, health.failed(refused))
    rows.record(alice.id, row.id, health.failed(refused))
    assert "Docker" in connections.one(alice.id, row.id).status_hints, "it may never have been right"
    rows.record(alice.id, row.id, health.succeeded("Ops", "Connected.", 20))
    for _ in range(2):
        rows.record(alice.id, row.id, health.failed(refused))
        assert json.loads(connections.one(alice.id, row.id).status_hints) == [rows.WORKED]
