"""A connection in figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streamline_ui import sandbox
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections, figures
from streamline_ui.integrations.figures import Figures
from streamline_ui.storage import db
from streamline_ui.storage.models import HealthCheck, User, now


def keep(integration_id: str, days_ago: float, ok: bool, latency_ms: int | None) -> None:
    at = now() - timedelta(days=days_ago)
    with db.writing() as session:
        session.add(HealthCheck(integration_id=integration_id, at=at, ok=ok, latency_ms=latency_ms))


def test_typical_answer_and_the_last_day(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Ops", sandbox.DEMO["discord"])
    assert figures.of(alice.id, row.id) == Figures(None, 0, 0)
    for days_ago, ok, latency in ((40, False, 1), (20, True, 100), (2, True, 300), (0.5, False, 9), (0.1, True, 200)):
        keep(row.id, days_ago, ok, latency)
    keep(row.id, 0.05, True, None)
    assert figures.of(alice.id, row.id) == Figures(typical_ms=200, checks=3, failed=1)


def test_they_are_their_owners(alice: User, bob: User) -> None:
    row = connections.add(alice.id, "discord", "Ops", sandbox.DEMO["discord"])
    with pytest.raises(NotFound):
        figures.of(bob.id, row.id)
