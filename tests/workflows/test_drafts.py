"""Drafts: kept apart from what runs, never overwritten by another editor, and nobody else's business."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from streamline_ui.errors import Conflict, Invalid, NotFound
from streamline_ui.settings import Settings
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Progress, Verdict
from streamline_ui.workflows import captures, catalog, definitions, drafts, executions, samples, secrets, tryouts
from tests.workflows.conftest import Call

pytestmark = pytest.mark.asyncio


def with_step(draft: str, **trigger: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(draft)
    values["trigger"] = trigger or {"type": "manual"}
    values["steps"] = [{"id": "text", "type": "set", "values": {"a": "{{ trigger.input }}"}}]
    return values


async def test_a_draft_has_no_effect_until_it_is_published(alice: User) -> None:
    workflow = drafts.new(alice.id)
    assert (workflow.version, workflow.is_active) == (0, False)
    with pytest.raises(Conflict):
        catalog.change(alice.id, workflow.id, is_active=True)
    with pytest.raises(Invalid) as refused:
        drafts.publish(alice.id, workflow.id, workflow.revision)
    assert refused.value.fields == {"steps": "Add at least one step."}
    workflow = drafts.save(alice.id, workflow.id, with_step(workflow.draft), workflow.revision)
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    assert (workflow.version, workflow.is_active, drafts.is_live(workflow)) == (1, True, True)

    later = with_step(workflow.draft) | {"steps": []}
    workflow = drafts.save(alice.id, workflow.id, later, workflow.revision)
    assert not drafts.is_live(workflow)
    assert catalog.current(workflow).steps
    workflow = drafts.discard(alice.id, workflow.id)
    assert drafts.is_live(workflow)


async def test_who_was_slower_changes_nothing(alice: User) -> None:
    workflow = drafts.new(alice.id)
    first = drafts.save(alice.id, workflow.id, with_step(workflow.draft), workflow.revision)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: drafts.save(alice.id, workflow.id, json.loads(workflow.draft), workflow.revision),
        lambda: drafts.publish(alice.id, workflow.id, workflow.revision),
    )
    for late in attempts:
        with pytest.raises(Conflict):
            late()
    assert catalog.one(alice.id, workflow.id).draft == first.draft


async def test_a_secret_is_sealed_and_not_part_of_the_draft(alice: User) -> None:
    workflow = drafts.new(alice.id)
    verification = {"scheme": "github", "secret": "it-is-a-long-secret-indeed"}
    values = with_step(workflow.draft, type="webhook", verification=verification)
    workflow = drafts.save(alice.id, workflow.id, values, workflow.revision)
    assert "it-is-a-long" not in workflow.draft
    assert "it-is-a-long" not in str(workflow.draft_verification_enc)
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    assert secrets.verification(workflow) == verification["secret"]


async def test_a_secret_that_can_be_none_is_refused_before_it_counts(alice: User) -> None:
    workflow = drafts.new(alice.id)
    values = with_step(workflow.draft, type="webhook", verification={"scheme": "discord", "secret": "nothex"})
    workflow = drafts.save(alice.id, workflow.id, values, workflow.revision)
    with pytest.raises(Invalid) as refused:
        drafts.publish(alice.id, workflow.id, workflow.revision)
    assert refused.value.fields["trigger.verification.secret"].startswith("The public key is not one")
    assert catalog.one(alice.id, workflow.id).verification_enc is None


async def test_charlie_has_no_part_in_it(alice: User, charlie: User) -> None:
    workflow = drafts.new(alice.id)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: drafts.save(charlie.id, workflow.id, with_step(workflow.draft), workflow.revision),
        lambda: drafts.publish(charlie.id, workflow.id, workflow.revision),
        lambda: drafts.discard(charlie.id, workflow.id),
        lambda: drafts.restore(charlie.id, workflow.id, 1, workflow.revision),
    )
    for tried in attempts:
        with pytest.raises(NotFound):
            tried()
    assert tryouts.outputs(charlie.id, workflow.id) == {}


async def test_what_comes_before_it_is_published_is_kept_as_the_sample(alice: User, call: Call) -> None:
    workflow = drafts.new(alice.id)
    workflow = drafts.save(alice.id, workflow.id, with_step(workflow.draft, type="webhook"), workflow.revision)
    answer = await call(workflow, json={"order": 7})
    assert answer.status_code == 404
    kept = captures.page(alice.id, workflow.id)
    assert [(row.verdict, row.reason) for row in kept] == [(Verdict.INACTIVE, "The workflow was not published yet.")]
    sample = await tryouts.sample(alice.id, workflow, definitions.load(workflow.draft))
    assert sample.trigger["body"] == {"order": 7}
    assert executions.page(alice.id) == []


async def test_one_step_alone_says_what_it_gave_or_why_not(engine: Settings, alice: User, inbox: Integration) -> None:
    step = {
        "id": "w",
        "type": "action",
        "integrationId": inbox.id,
        "action": "write",
        "params": {"title": "{{ item }}"},
    }
    values = {"name": "W", "trigger": {"type": "manual"}, "steps": [step]}
    found = definitions.parse(values).steps[0]
    assert (await tryouts.step(alice.id, found, {"item": "Hello"})).output["id"]
    failed = await tryouts.step(alice.id, found, {})
    assert "item" in failed.problem


async def test_the_sample_runs_at_once(alice: User, call: Call) -> None:
    workflow = samples.create(alice.id)
    receipt = await tryouts.request(workflow, tryouts.EXAMPLE)
    assert receipt.execution is not None
    from streamline_ui.workflows import dispatch

    outcome = await dispatch.outcome(receipt.execution.id, 10)
    assert outcome is not None
    assert executions.one(alice.id, receipt.execution.id).status == Progress.SUCCEEDED
    [kept] = captures.page(alice.id, workflow.id)
    assert tryouts.runs([kept])[kept.id].id == receipt.execution.id


def signed(draft: str, secret: object, **more: Any) -> dict[str, Any]:
    check: dict[str, Any] = {"scheme": "header", "header": "X-Key", "secret": secret}
    return with_step(draft, type="webhook", verification=check | more)


async def test_a_new_secret_counts_once_it_is_published(hub: Settings, call: Call, alice: User) -> None:
    workflow = drafts.new(alice.id)
    workflow = drafts.save(alice.id, workflow.id, signed(workflow.draft, "first-secret-of-all"), workflow.revision)
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    assert secrets.verification(workflow) == "first-secret-of-all"

    async def is_taken(key: str) -> bool:
        return (await call(workflow, headers={"X-Key": key}, json={"key": key})).status_code == 202

    workflow = drafts.save(alice.id, workflow.id, signed(workflow.draft, "new"), workflow.revision)
    workflow = drafts.save(alice.id, workflow.id, json.loads(workflow.draft), workflow.revision)
    assert not drafts.is_live(workflow)
    assert "new" not in workflow.draft.replace("New workflow", "")
    assert await is_taken("first-secret-of-all")
    assert not await is_taken("new")
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    assert drafts.is_live(workflow)
    assert await is_taken("new")
    assert not await is_taken("first-secret-of-all")


async def test_a_draft_that_is_discarded_takes_its_secret_along(alice: User) -> None:
    workflow = drafts.new(alice.id)
    workflow = drafts.save(alice.id, workflow.id, signed(workflow.draft, "first"), workflow.revision)
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    workflow = drafts.save(alice.id, workflow.id, signed(workflow.draft, "other"), workflow.revision)
    workflow = drafts.discard(alice.id, workflow.id)
    assert drafts.is_live(workflow)
    assert drafts.publish(alice.id, workflow.id, workflow.revision).draft_verification_enc is None
    assert secrets.verification(catalog.one(alice.id, workflow.id)) == "first"
    for secret, kept in (("second", "second"), ({"set": True}, "second")):
        workflow = drafts.save(
            alice.id, workflow.id, signed(workflow.draft, "other"), catalog.one(alice.id, workflow.id).revision
        )
        values = signed(workflow.draft, secret)
        workflow = catalog.replace(alice.id, workflow.id, values, workflow.version)
        assert secrets.verification(workflow) == kept, "over REST only what is sent there counts"
        assert workflow.draft_verification_enc is None


async def test_without_a_check_there_is_no_secret_left(alice: User) -> None:
    workflow = drafts.new(alice.id)
    workflow = drafts.save(alice.id, workflow.id, signed(workflow.draft, "first"), workflow.revision)
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    open_to_all = with_step(workflow.draft, type="webhook")
    workflow = drafts.save(alice.id, workflow.id, open_to_all, workflow.revision)
    assert secrets.verification(workflow) == "first", "nothing is open before it is published"
    workflow = drafts.publish(alice.id, workflow.id, workflow.revision)
    assert (workflow.verification_enc, workflow.draft_verification_enc) == (None, None)
