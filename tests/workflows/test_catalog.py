"""A user's workflows: versions, secrets, the next time of a schedule, removal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from streamline_ui.errors import Conflict, Invalid, NotFound
from streamline_ui.integrations import connections
from streamline_ui.storage import db
from streamline_ui.storage.models import User, now
from streamline_ui.storage.workflow_tables import (
    Event,
    Execution,
    HookRequest,
    Progress,
    StepRun,
    Verdict,
    Workflow,
    WorkflowUse,
    WorkflowVersion,
)
from streamline_ui.workflows import catalog, definitions, secrets

STEP = {"id": "note", "type": "set", "values": {"text": "Hello"}}
MANUAL = {"name": "Forward orders", "trigger": {"type": "manual"}, "steps": [STEP]}
DAILY = MANUAL | {"trigger": {"type": "schedule", "cron": "0 9 * * *"}}
SECRET = "whsec-canary-0123456789"


def signed(secret: Any = SECRET) -> dict[str, Any]:
    verification = {"scheme": "github"} | ({} if secret is None else {"secret": secret})
    return MANUAL | {"trigger": {"type": "webhook", "verification": verification}}


def stored(workflow_id: str) -> Workflow:
    with db.reading() as session:
        return session.get_one(Workflow, workflow_id)


def test_what_runs_is_a_version_that_never_changes(alice: User) -> None:
    made = catalog.add(alice.id, MANUAL)
    first = catalog.published(made.id, 1)
    changed = catalog.replace(alice.id, made.id, MANUAL | {"name": "Second", "steps": [STEP | {"id": "b"}]}, 1)
    assert (changed.version, changed.name) == (2, "Second")
    assert catalog.published(made.id, 1) == first
    assert [step.id for step in catalog.current(changed).steps] == ["b"]
    with pytest.raises(NotFound):
        catalog.published(made.id, 3)


def test_a_version_is_published_over_the_one_it_was_made_on(alice: User) -> None:
    made = catalog.add(alice.id, MANUAL)
    catalog.replace(alice.id, made.id, MANUAL | {"name": "First"}, 1)
    for late in (0, 1, 3):
        with pytest.raises(Conflict):
            catalog.replace(alice.id, made.id, MANUAL | {"name": "Second"}, late)
    assert catalog.one(alice.id, made.id).name == "First"
    assert len(catalog.versions(alice.id, made.id)) == 2


def test_what_is_refused_leaves_no_trace(alice: User) -> None:
    made = catalog.add(alice.id, MANUAL)
    with pytest.raises(Invalid):
        catalog.add(alice.id, MANUAL | {"steps": []})
    with pytest.raises(Invalid):
        catalog.replace(alice.id, made.id, MANUAL | {"name": "x", "steps": [STEP, STEP]}, 1)
    with pytest.raises(Invalid):
        catalog.change(alice.id, made.id, name="", is_active=False)
    assert catalog.all_of(alice.id) == [made]
    with db.reading() as session:
        assert session.exec(select(func.count()).select_from(WorkflowVersion)).one() == 1


def test_everything_takes_the_owner(alice: User, bob: User) -> None:
    made = catalog.add(alice.id, MANUAL)
    for attempt in (
        lambda: catalog.one(bob.id, made.id),
        lambda: catalog.replace(bob.id, made.id, MANUAL, 1),
        lambda: catalog.change(bob.id, made.id, name="Mine"),
        lambda: catalog.restore_version(bob.id, made.id, 1),
        lambda: catalog.versions(bob.id, made.id),
        lambda: catalog.remove(bob.id, made.id),
        lambda: catalog.restore(bob.id, made.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert catalog.all_of(bob.id) == []
    assert catalog.one(alice.id, made.id) == made


def test_the_address_and_the_secret_are_sealed(alice: User) -> None:
    made = catalog.add(alice.id, signed())
    token = secrets.token(made)
    assert secrets.hash_of(token) == made.hook_hash
    assert secrets.verification(made) == SECRET
    with db.reading() as session:
        [version] = session.exec(select(WorkflowVersion)).all()
    everything = json.dumps([made.model_dump(mode="json"), version.model_dump(mode="json")])
    assert SECRET not in everything
    assert token not in everything


def test_a_secret_stays_until_another_is_entered_or_none_is_asked_for(alice: User) -> None:
    made = catalog.add(alice.id, signed())
    kept = catalog.replace(alice.id, made.id, signed({"set": True}), 1)
    assert secrets.verification(kept) == SECRET
    replaced = catalog.replace(alice.id, made.id, signed("another-secret"), 2)
    assert secrets.verification(replaced) == "another-secret"
    assert catalog.replace(alice.id, made.id, MANUAL, 3).verification_enc is None
    for claimed in ({"set": True}, None, "", "  "):
        with pytest.raises(Invalid) as refused:
            catalog.replace(alice.id, made.id, signed(claimed), 4)
        assert list(refused.value.fields) == ["trigger.verification.secret"]


def test_a_copy_of_one_with_a_secret_has_none(alice: User) -> None:
    made = catalog.add(alice.id, signed())
    with pytest.raises(Invalid):
        catalog.add(alice.id, definitions.public(catalog.current(made)))


def test_an_old_version_comes_back_under_the_present_name(alice: User) -> None:
    made = catalog.add(alice.id, MANUAL)
    catalog.replace(alice.id, made.id, MANUAL | {"steps": [STEP | {"id": "b"}]}, 1)
    catalog.change(alice.id, made.id, name="Orders")
    back = catalog.restore_version(alice.id, made.id, 1)
    assert (back.version, back.name, back.revision) == (3, "Orders", 4)
    assert [step.id for step in catalog.current(back).steps] == ["note"]


def test_an_old_version_that_can_no_longer_run_stays_old(alice: User) -> None:
    notes = connections.add(alice.id, "inbox", "Notes", {})
    write = {"id": "w", "type": "action", "integrationId": notes.id, "action": "write", "params": {"title": "x"}}
    made = catalog.add(alice.id, MANUAL | {"steps": [write]})
    catalog.replace(alice.id, made.id, MANUAL, 1)
    connections.remove(alice.id, notes.id, undoable=True)
    with pytest.raises(Invalid) as refused:
        catalog.restore_version(alice.id, made.id, 1)
    assert list(refused.value.fields) == ["steps.0.integrationId"]
    connections.restore(alice.id, notes.id)
    assert catalog.restore_version(alice.id, made.id, 1).version == 3


def test_the_next_time_follows_the_schedule(alice: User) -> None:
    made = catalog.add(alice.id, DAILY)
    first = made.next_fire_at
    assert first is not None
    assert now() < first <= now() + timedelta(days=1)
    assert catalog.change(alice.id, made.id, is_active=False).next_fire_at is None
    assert catalog.replace(alice.id, made.id, DAILY | {"name": "Off"}, 1).next_fire_at is None
    assert catalog.change(alice.id, made.id, is_active=True).next_fire_at == first
    assert catalog.replace(alice.id, made.id, MANUAL, 2).next_fire_at is None


def test_a_time_that_has_just_come_is_not_lost_by_a_change(alice: User) -> None:
    made = catalog.add(alice.id, DAILY)
    come = now() - timedelta(milliseconds=10)
    with db.writing() as session:
        row = session.get_one(Workflow, made.id)
        row.next_fire_at = come
        session.add(row)
    assert catalog.change(alice.id, made.id, name="Orders", is_active=True).next_fire_at == come
    assert catalog.replace(alice.id, made.id, DAILY | {"steps": [STEP | {"id": "b"}]}, 1).next_fire_at == come
    hourly = DAILY | {"trigger": {"type": "schedule", "cron": "0 * * * *"}}
    following = catalog.replace(alice.id, made.id, hourly, 2).next_fire_at
    assert following is not None
    assert following > come


def test_what_was_never_published_is_not_turned_on(alice: User) -> None:
    draft = Workflow(user_id=alice.id, name="x", draft=json.dumps(MANUAL), hook_hash="h", hook_enc="")
    with db.writing() as session:
        session.add(draft)
    with pytest.raises(Conflict):
        catalog.change(alice.id, draft.id, is_active=True)
    assert catalog.current(draft).name == "Forward orders"
    assert catalog.replace(alice.id, draft.id, MANUAL, 0, is_active=True).version == 1


def test_uses_are_those_of_the_published_version(alice: User) -> None:
    notes, other = (connections.add(alice.id, "inbox", name, {}) for name in ("Notes", "Other"))
    steps = [
        {"id": f"w{n}", "type": "action", "integrationId": row.id, "action": "write", "params": {"title": "x"}}
        for n, row in enumerate((notes, other, notes))
    ]
    made = catalog.add(alice.id, MANUAL | {"steps": steps}, is_active=False)
    use = catalog.Use(made.id, "Forward orders", False)
    assert catalog.uses(alice.id) == {notes.id: [use], other.id: [use]}
    catalog.replace(alice.id, made.id, MANUAL | {"steps": steps[:1]}, 1)
    assert catalog.uses(alice.id) == {notes.id: [use]}
    catalog.remove(alice.id, made.id, undoable=True)
    assert catalog.uses(alice.id) == {}


def test_removal_can_be_taken_back_for_a_while(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = catalog.add(alice.id, MANUAL)
    catalog.remove(alice.id, made.id, undoable=True)
    with pytest.raises(NotFound):
        catalog.one(alice.id, made.id)
    catalog.purge()
    assert catalog.restore(alice.id, made.id).deleted_at is None
    assert catalog.one(alice.id, made.id).id == made.id
    catalog.remove(alice.id, made.id, undoable=True)
    monkeypatch.setattr(catalog, "UNDO", timedelta(0))
    catalog.purge()
    with pytest.raises(NotFound):
        catalog.restore(alice.id, made.id)


def test_all_that_hangs_on_it_goes_with_it(alice: User) -> None:
    made, other = catalog.add(alice.id, MANUAL), catalog.add(alice.id, MANUAL)
    with db.writing() as session:
        for workflow in (made, other):
            execution = Execution(user_id=alice.id, workflow_id=workflow.id, version=1, trigger="{}")
            session.add_all(
                (
                    HookRequest(workflow_id=workflow.id, verdict=Verdict.ACCEPTED, method="POST"),
                    Event(workflow_id=workflow.id),
                    WorkflowUse(workflow_id=workflow.id, integration_id="i1"),
                    execution,
                )
            )
            session.flush()
            session.add(StepRun(execution_id=execution.id, key="a", step_id="a", position=1, status=Progress.SUCCEEDED))
    catalog.remove(alice.id, made.id)
    with db.reading() as session:
        for table in (Workflow, WorkflowVersion, HookRequest, Event, WorkflowUse, Execution, StepRun):
            assert session.exec(select(func.count()).select_from(table)).one() == 1, table
    assert stored(other.id).name == "Forward orders"
