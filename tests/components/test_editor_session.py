"""An open editor whose workflow is changed by somebody else meanwhile."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from nicegui import Client, core, ui
from starlette.requests import Request

from components import editor_session
from components.editor_session import EditorSession
from components.workflow_editor import WorkflowEditor
from streamline_ui.storage.models import User
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog, drafts

STEP = {"id": "note", "type": "set", "values": {"text": "Hello"}}


@pytest.fixture
def workflow(alice: User, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    monkeypatch.setattr(editor_session, "PAUSE", 0.01)
    return drafts.new(alice.id, {"name": "Orders", "trigger": {"type": "webhook"}, "steps": [STEP]})


def named(row: Workflow, name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(row.draft)
    return values | {"name": name}


async def opened(alice: User, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> EditorSession:
    monkeypatch.setattr(core, "loop", asyncio.get_running_loop())
    session = EditorSession(alice.id, catalog.one(alice.id, workflow.id))
    await session.load()
    return session


async def test_what_is_not_saved_here_is_kept_over_the_other_once_that_is_wanted(
    alice: User, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await opened(alice, workflow, monkeypatch)
    drafts.save(alice.id, workflow.id, named(workflow, "Theirs"), workflow.revision)
    session.change(lambda: session.draft.values.update(name="Mine"))
    await session.settle()
    await session.heard({workflow.id})
    assert session.state == "elsewhere"
    assert catalog.one(alice.id, workflow.id).name == "Theirs"
    await session.keep_mine()
    assert (session.state, catalog.one(alice.id, workflow.id).name) == ("saved", "Mine")


async def test_with_nothing_to_save_the_other_is_taken_over_and_can_be_undone(
    alice: User, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await opened(alice, workflow, monkeypatch)
    told: list[str] = []
    session.overtaken = lambda: told.append("overtaken")
    drafts.save(alice.id, workflow.id, named(workflow, "Theirs"), workflow.revision)
    await session.heard({workflow.id})
    assert (session.state, session.draft.values["name"], told) == ("saved", "Theirs", ["overtaken"])
    session.undo()
    await session.settle()
    assert catalog.one(alice.id, workflow.id).name == "Orders"


async def test_what_is_heard_before_the_page_is_drawn_waits_for_it(
    alice: User, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "loop", asyncio.get_running_loop())
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "root_path": ""}
    with Client(ui.page(""), request=Request(scope)):
        editor = WorkflowEditor(alice.id, catalog.one(alice.id, workflow.id))
        heard = asyncio.create_task(editor.heard_connections(set()))
        await asyncio.sleep(0.05)
        assert not heard.done()
        await editor.start()
        await asyncio.wait_for(heard, 5)
