"""What the editor holds of a workflow: saved with every change, without effect until it is published.

Each save counts `Workflow.revision` up and names the one it was made on, so that two editors never overwrite each
other. A signing secret that was just entered is sealed beside the draft, and counts once that is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamline_ui import live
from streamline_ui.errors import Conflict
from streamline_ui.storage import db
from streamline_ui.storage.models import new_id
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog, definitions, secrets
from streamline_ui.workflows.checks import Problem
from streamline_ui.workflows.definitions import Definition

FIRST_NAME = "New workflow"
EMPTY = {"name": FIRST_NAME, "trigger": {"type": "manual"}, "steps": []}


def new(user_id: str, values: Mapping[str, Any] | None = None) -> Workflow:
    """A workflow that is not published, and off: empty, or with what was prepared. Raises Invalid for a bad form."""
    definition = definitions.without_secret(definitions.parse(values or EMPTY))
    workflow_id, token = new_id(), secrets.new_token()
    workflow = Workflow(
        id=workflow_id,
        user_id=user_id,
        name=definition.name,
        draft=definitions.dump(definition),
        hook_hash=secrets.hash_of(token),
        hook_enc=secrets.seal_token(token, workflow_id, user_id),
    )
    with db.writing() as session:
        session.add(workflow)
    live.tell(user_id, "workflow", workflow.id)
    return workflow


def save(
    user_id: str, workflow_id: str, values: Mapping[str, Any], revision: int, *, forgets_secret: bool = False
) -> Workflow:
    """Keep the draft as it is now, finished or not; without the secret that was entered for it if it `forgets_secret`.

    Raises Invalid for a bad form, and Conflict where another save came in between.
    """
    definition = definitions.parse(values)
    entered = definitions.secret(definition)
    with db.writing() as session:
        workflow = catalog.find(session, user_id, workflow_id)
        _expect(workflow, revision)
        if entered:
            workflow.draft_verification_enc = secrets.seal_draft_verification(entered, workflow.id, user_id)
        elif entered is not None or forgets_secret:
            workflow.draft_verification_enc = None
        workflow.name, workflow.draft = definition.name, definitions.dump(definition)
        workflow.revision += 1
        session.add(workflow)
    live.tell(user_id, "workflow", workflow.id)
    return workflow


def publish(user_id: str, workflow_id: str, revision: int) -> Workflow:
    """Let the draft run from now on; the first time, the workflow is turned on as well.

    Raises Conflict as `save` does, and Invalid with a sentence for each place that keeps it from running.
    """
    workflow = catalog.one(user_id, workflow_id)
    _expect(workflow, revision)
    is_active = True if workflow.version == 0 else None
    values = json.loads(workflow.draft)
    return catalog.replace(user_id, workflow_id, values, workflow.version, is_active=is_active, revision=revision)


def discard(user_id: str, workflow_id: str) -> Workflow:
    """Go back to what runs. Raises Conflict where nothing was published."""
    workflow = catalog.one(user_id, workflow_id)
    if workflow.version == 0:
        raise Conflict("This workflow was never published, so there is nothing to go back to.")
    return restore(user_id, workflow_id, workflow.version, workflow.revision)


def restore(user_id: str, workflow_id: str, version: int, revision: int) -> Workflow:
    """Take an old version into the draft, under the present name. Raises NotFound, and Conflict as `save` does."""
    workflow = catalog.one(user_id, workflow_id)
    old = catalog.published(workflow.id, version).model_copy(update={"name": workflow.name})
    return save(user_id, workflow_id, definitions.public(old), revision, forgets_secret=True)


def problems(user_id: str, definition: Definition) -> list[Problem]:
    """What keeps the draft from being published, in the order of its steps."""
    return catalog.problems(user_id, definition)


def load(workflow: Workflow) -> Definition:
    """The draft."""
    return definitions.load(workflow.draft)


def is_live(workflow: Workflow) -> bool:
    """Whether what runs is the draft, apart from the name."""
    if workflow.version == 0 or workflow.draft_verification_enc is not None:
        return False
    draft, running = load(workflow), catalog.published(workflow.id, workflow.version)
    return draft.model_copy(update={"name": ""}) == running.model_copy(update={"name": ""})


def _expect(workflow: Workflow, revision: int) -> None:
    if workflow.revision != revision:
        raise Conflict(
            "The workflow was changed elsewhere, perhaps in another tab.",
            hints=["Reload, and make your change on top of that."],
        )
