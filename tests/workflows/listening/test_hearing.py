"""A connection may be well and yet hear nothing: that is told, once, and so is its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from streamline_ui.errors import AuthFailed
from streamline_ui.integrations import alerts, connections, health, outages, rows
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Matter
from streamline_ui.storage.models import Integration, User, now
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.workflows.listening import hearing


@pytest.fixture
def row(alice: User) -> Integration:
    return connections.add(alice.id, "inbox", "Bot", {})


def listen(row: Integration, **values: Any) -> str:
    poller = Poller(
        integration_id=row.id, key="updates", feed="updates", owner="here", next_poll_at=now(), last_polled_at=now()
    )
    return change(poller, **values)


def change(poller: Poller | str, **values: Any) -> str:
    with db.writing() as session:
        kept = session.get_one(Poller, poller) if isinstance(poller, str) else poller
        for name, value in values.items():
            setattr(kept, name, value)
        session.add(kept)
    return kept.id


def told(row: Integration) -> list[bool]:
    """Whether each alert is open."""
    return [alert.ended_at is None for alert in alerts.all_of(row.user_id) if alert.matter == Matter.LISTENER]


@pytest.mark.parametrize(
    ("values", "is_deaf"),
    [
        ({}, False),
        ({"failures": 5}, False),
        ({"failures": 6}, True),
        ({"problem": "occupied", "last_error": "Another program is polling this bot (409)."}, True),
        ({"next_poll_at": timedelta(minutes=-4)}, False),
        ({"next_poll_at": timedelta(minutes=-6)}, True),
        ({"next_poll_at": timedelta(minutes=-6), "owner": ""}, False),
    ],
)
def test_who_does_not_hear_is_told_once(row: Integration, values: dict[str, Any], is_deaf: bool) -> None:
    at = now()  # of the test, not of the moment when it was collected
    poller = listen(
        row, **{key: at + value if isinstance(value, timedelta) else value for key, value in values.items()}
    )
    for _ in range(2):
        hearing.sweep()
    assert told(row) == ([True] if is_deaf else [])
    change(poller, failures=0, problem="", last_error="", next_poll_at=now())
    hearing.sweep()
    assert told(row) == ([False] if is_deaf else [])


def test_of_a_broken_connection_it_is_told_once_why(row: Integration) -> None:
    rows.record(row.user_id, row.id, health.failed(AuthFailed("Telegram does not know this token (401).")))
    listen(row, problem="auth", last_error="Telegram does not know this token (401).")
    outages.sweep()
    hearing.sweep()
    assert len(alerts.all_of(row.user_id)) == 1


def test_who_is_paused_need_not_hear(row: Integration) -> None:
    listen(row, problem="occupied")
    hearing.sweep()
    connections.change(row.user_id, row.id, is_active=False)
    hearing.sweep()
    assert alerts.all_of(row.user_id) == []
