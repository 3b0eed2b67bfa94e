"""The real events of a service, to pick data from: the connection's, each once, and only one's own."""

from __future__ import annotations

from typing import Any

import pytest

from streamline_ui.integrations import connections
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import by_hand, catalog, drafts, executions, last_events, occurrences
from streamline_ui.workflows.triggers import IntegrationTrigger
from tests.workflows.listening import polls

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def bot(alice: User) -> Integration:
    return polls.bot(alice, "https://api.telegram.org")


def hear(workflow: Workflow, number: int, **more: Any) -> Execution:
    """What the service told, as it is written down."""
    trigger = {"type": "integration", "update_id": number, "message": {"text": f"No {number}"}, **more}
    with db.writing() as session:
        execution = occurrences.note(session, workflow, f"update {number}", trigger)
    assert execution is not None
    return execution


def heard(user: User, integration: Integration, limit: int = 20, **trigger: Any) -> list[str]:
    wanted = {"type": "integration", "integrationId": integration.id, "event": "message", **trigger}
    found = last_events.page(user.id, IntegrationTrigger.model_validate(wanted), limit)
    return [each.trigger["message"]["text"] for each in found]


def test_the_newest_come_first_and_each_once(alice: User, bot: Integration) -> None:
    first, second = polls.listen(alice, bot), polls.listen(alice, bot)
    for number in range(3):
        for workflow in (first, second):
            hear(workflow, number)
    assert heard(alice, bot) == ["No 2", "No 1", "No 0"]
    assert heard(alice, bot, limit=2) == ["No 2", "No 1"]
    newest = last_events.page(alice.id, IntegrationTrigger(type="integration", integration_id=bot.id, event="message"))
    assert executions.one(alice.id, newest[0].execution_id).workflow_id == first.id


def test_a_draft_that_never_ran_sees_what_another_workflow_heard(alice: User, bot: Integration) -> None:
    hear(polls.listen(alice, bot), 7)
    drafts.new(alice.id, polls.listening(bot))
    assert heard(alice, bot) == ["No 7"]
    assert heard(alice, bot, event="edited_message") == []
    assert heard(alice, polls.bot(alice, "https://api.telegram.org")) == []


def test_what_is_run_by_hand_or_once_more_is_no_event(alice: User, bot: Integration) -> None:
    workflow = polls.listen(alice, bot)
    execution = hear(workflow, 1)
    by_hand.run(alice.id, workflow.id, {"message": {"text": "typed in"}})
    with db.writing() as session:
        session.get_one(Execution, execution.id).status = Progress.SUCCEEDED
    executions.replay(alice.id, execution.id)
    assert len(executions.page(alice.id)) == 3
    assert heard(alice, bot) == ["No 1"]


def test_nobody_sees_what_others_heard(alice: User, charlie: User, bot: Integration) -> None:
    workflow = polls.listen(alice, bot)
    hear(workflow, 1)
    assert heard(charlie, bot) == []
    catalog.remove(alice.id, workflow.id)
    assert heard(alice, bot) == []
    assert connections.one(alice.id, bot.id).id == bot.id
