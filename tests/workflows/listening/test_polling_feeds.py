"""Every feed through the polling service: what was there before is passed over, what is new runs the workflow once."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from sqlmodel import col, update

from streamline_ui import sandbox
from streamline_ui.integrations import calls, connections
from streamline_ui.sandbox import google_sheets, grids
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, Status, User
from streamline_ui.workflows import catalog, executions
from streamline_ui.workflows.listening import polling
from tests.waiting import until
from tests.workflows.conftest import settled

from .polls import row

NOTE = {"id": "note", "type": "set", "values": {"a": "1"}}
FEEDS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("rss", "item", {}, {"title": "High water"}),
    ("newsapi", "article", {"q": "tide"}, {"title": "A tide of news"}),
    ("airtable", "record_created", {"baseId": grids.BASE, "table": grids.TASKS}, {"fields": {"Name": "High water"}}),
    (
        "google_sheets",
        "row_added",
        {"spreadsheetId": google_sheets.DEMO_SHEET, "sheet": "Orders"},
        {"values": ["1009", "Ann", 3]},
    ),
]


@pytest.mark.parametrize("feed", FEEDS, ids=[each[0] for each in FEEDS])
async def test_only_what_is_new_runs_the_workflow(
    alice: User,
    stand_ins: str,
    polled: None,
    monkeypatch: pytest.MonkeyPatch,
    feed: tuple[str, str, dict[str, Any], dict[str, Any]],
) -> None:
    type_name, event, params, said = feed

    async def access_token(*_: object) -> str:
        return google_sheets.authority.access_token("https://www.googleapis.com/auth/spreadsheets")

    monkeypatch.setattr(calls._Desk, "access_token", access_token)
    found = connections.add(alice.id, type_name, "Feed", sandbox.demo(type_name, stand_ins))
    with db.writing() as session:  # where it needs a sign-in, that was done
        session.exec(update(Integration).where(col(Integration.id) == found.id).values(status=Status.HEALTHY))
    trigger = {"type": "integration", "integrationId": found.id, "event": event, "params": params}
    workflow = catalog.add(alice.id, {"name": "Tell", "trigger": trigger, "steps": [NOTE]}, is_active=True)
    await polling.settled(workflow.id, 5)
    await until(lambda: row(found).is_caught_up)
    assert polling.glances([found.id])[found.id].error == ""
    assert executions.page(alice.id) == []
    async with httpx.AsyncClient() as http:
        (await http.post(f"{stand_ins}/{type_name}/_say", json=said)).raise_for_status()
    for _ in range(2):
        before = polling.glances([found.id])[found.id].last_polled_at
        assert await polling.poll_now(alice.id, found.id) == 1
        await until(lambda before=before: polling.glances([found.id])[found.id].last_polled_at != before)
    (execution,) = await settled(alice)
    assert execution.status == "succeeded"
    told = json.loads(executions.one(alice.id, execution.id).trigger)
    assert "High water" in str(told) or "tide" in str(told) or "1009" in str(told)
