"""A user's workflows: added, changed, published, listed, removed.

What runs is always a published version, which never changes; a new version replaces it for the events that come after.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlmodel import Session, col, delete, func, select

from streamline_ui import live
from streamline_ui.errors import Conflict, Invalid, NotFound
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, new_id, now
from streamline_ui.storage.workflow_tables import Workflow, WorkflowUse, WorkflowVersion
from streamline_ui.workflows import checks, cron, definitions, retention, secrets
from streamline_ui.workflows.checks import Problem
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.triggers import IntegrationTrigger, ScheduleTrigger, WebhookTrigger

CACHED = 1000  # versions
UNDO = timedelta(minutes=1)

_cache: OrderedDict[tuple[str, int], Definition] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Use:
    """A workflow that uses an integration."""

    workflow_id: str
    name: str
    is_active: bool


def all_of(user_id: str) -> list[Workflow]:
    """The user's workflows, the newest first."""
    with db.reading() as session:
        mine = select(Workflow).where(Workflow.user_id == user_id, col(Workflow.deleted_at).is_(None))
        return list(session.exec(mine.order_by(col(Workflow.created_at).desc())).all())


def one(user_id: str, workflow_id: str) -> Workflow:
    """The user's workflow. Raises NotFound."""
    with db.reading() as session:
        return find(session, user_id, workflow_id)


def add(user_id: str, values: Mapping[str, Any], *, is_active: bool = True) -> Workflow:
    """Add a workflow and publish it as its first version. Raises Invalid with a sentence for each place."""
    definition = secrets.as_kept(definitions.parse(values), None)
    _check(user_id, definition)
    workflow_id, token = new_id(), secrets.new_token()
    workflow = Workflow(
        id=workflow_id,
        user_id=user_id,
        name=definition.name,
        is_active=is_active,
        draft=definitions.dump(definition),
        hook_hash=secrets.hash_of(token),
        hook_enc=secrets.seal_token(token, workflow_id, user_id),
    )
    with db.writing() as session:
        session.add(workflow)
        session.flush()
        _publish(session, workflow, definition)
    live.tell(user_id, "workflow", workflow.id)
    return workflow


def replace(
    user_id: str,
    workflow_id: str,
    values: Mapping[str, Any],
    version: int,
    *,
    is_active: bool | None = None,
    revision: int | None = None,
) -> Workflow:
    """Publish a new version over the one with that number. Raises Conflict where another came in between.

    With `revision` it is the draft of that revision, and the signing secret that was entered for it counts from now on.
    """
    is_draft, found = revision is not None, one(user_id, workflow_id)
    definition = secrets.as_kept(definitions.parse(values), found, is_draft=is_draft)
    _check(user_id, definition, secrets.of_draft(found) if is_draft else None)
    with db.writing() as session:
        workflow = find(session, user_id, workflow_id)
        if workflow.version != version or revision not in (None, workflow.revision):
            raise Conflict(
                f"The workflow was changed elsewhere: it is at version {workflow.version}, not {version}.",
                hints=["Read it again, and make your change on top of that."],
            )
        workflow.name, workflow.draft = definition.name, definitions.dump(definition)
        workflow.is_active = workflow.is_active if is_active is None else is_active
        workflow.revision += 1
        if revision is not None:
            secrets.take_over_draft(workflow)
        _publish(session, workflow, definition)
    live.tell(user_id, "workflow", workflow.id)
    return workflow


def restore_version(user_id: str, workflow_id: str, version: int) -> Workflow:
    """Publish an old version again, as the newest. Raises NotFound, and Invalid where it can no longer run."""
    workflow = one(user_id, workflow_id)
    old = published(workflow_id, version).model_copy(update={"name": workflow.name})
    return replace(user_id, workflow_id, definitions.public(old), workflow.version)


def change(user_id: str, workflow_id: str, *, name: str | None = None, is_active: bool | None = None) -> Workflow:
    """Rename it, or turn it on or off. Raises NotFound, Invalid, and Conflict where there is nothing to turn on."""
    with db.writing() as session:
        workflow = find(session, user_id, workflow_id)
        if name is not None:
            renamed = definitions.load(workflow.draft).model_copy(update={"name": name})
            definition = definitions.parse(definitions.public(renamed))
            workflow.name, workflow.draft = definition.name, definitions.dump(definition)
            workflow.revision += 1
        if is_active is not None and is_active != workflow.is_active:
            if workflow.version == 0:
                raise Conflict("This workflow was never published.", hints=["Publish it; then it can be turned on."])
            workflow.is_active = is_active
            workflow.next_fire_at = _next_fire(_version(session, workflow)) if is_active else None
        session.add(workflow)
    live.tell(user_id, "workflow", workflow.id)
    return workflow


def remove(user_id: str, workflow_id: str, *, undoable: bool = False) -> None:
    """Remove a workflow with its versions, requests and executions: for good, or so that `restore` brings it back.

    Nobody sees it any more; what it has gathered is deleted at once where that is quick, else bit by bit by `purge`.
    """
    with db.writing() as session:
        workflow = find(session, user_id, workflow_id)
        if undoable or retention.is_long(session.connection(), workflow_id):
            workflow.deleted_at = now() if undoable else now() - UNDO
            session.add(workflow)
        else:
            session.delete(workflow)
    live.tell(user_id, "workflow", workflow_id)


def restore(user_id: str, workflow_id: str) -> Workflow:
    """Take an undoable removal back. Raises NotFound once it is gone for good."""
    with db.writing() as session:
        workflow = session.get(Workflow, workflow_id)
        is_ours = workflow is not None and workflow.user_id == user_id
        if workflow is None or not is_ours or (workflow.deleted_at is not None and workflow.deleted_at < now() - UNDO):
            raise NotFound("This workflow is gone for good.")
        workflow.deleted_at = None
        session.add(workflow)
    live.tell(user_id, "workflow", workflow_id)
    return workflow


def purge() -> None:
    """Remove for good what nobody can take back any more."""
    old = col(Workflow.deleted_at) < now() - UNDO
    with db.reading() as session:
        found = session.exec(select(Workflow.id).where(old)).all()
    for workflow_id in found:
        retention.forget(workflow_id)
        with db.writing() as session:
            session.exec(delete(Workflow).where(col(Workflow.id) == workflow_id, old))


def versions(user_id: str, workflow_id: str) -> list[WorkflowVersion]:
    """The published versions, the newest first. Raises NotFound."""
    with db.reading() as session:
        find(session, user_id, workflow_id)
        query = select(WorkflowVersion).where(WorkflowVersion.workflow_id == workflow_id)
        return list(session.exec(query.order_by(col(WorkflowVersion.version).desc())).all())


def published(workflow_id: str, version: int) -> Definition:
    """A version's definition. Raises NotFound."""
    if (found := _cache.get((workflow_id, version))) is not None:
        return found
    with db.reading() as session:
        row = session.get(WorkflowVersion, (workflow_id, version))
    if row is None:
        raise NotFound("There is no such version.")
    definition = definitions.load(row.definition)
    _cache[workflow_id, version] = definition
    while len(_cache) > CACHED:
        _cache.popitem(last=False)
    return definition


def remembered(workflow_id: str, version: int) -> Definition | None:
    """The same, where it can be told without asking the database."""
    return _cache.get((workflow_id, version))


async def running(workflow_id: str, version: int) -> Definition:
    """The same for the event loop: nearly always at once. Where nothing was published it is the draft."""
    if version == 0:
        return await asyncio.to_thread(_drafted, workflow_id)
    found = _cache.get((workflow_id, version))
    return await asyncio.to_thread(published, workflow_id, version) if found is None else found


def _drafted(workflow_id: str) -> Definition:
    with db.reading() as session:
        return definitions.load(session.get_one(Workflow, workflow_id).draft)


def current(workflow: Workflow) -> Definition:
    """What runs of it: the published version, or the draft of a workflow that has none yet."""
    return published(workflow.id, workflow.version) if workflow.version else definitions.load(workflow.draft)


def uses(user_id: str) -> dict[str, list[Use]]:
    """Which workflows use which integration: by the integration's id."""
    query = (
        select(WorkflowUse.integration_id, Workflow.id, Workflow.name, Workflow.is_active)
        .join(Workflow, col(Workflow.id) == WorkflowUse.workflow_id)
        .where(Workflow.user_id == user_id, col(Workflow.deleted_at).is_(None))
    )
    found: dict[str, list[Use]] = {}
    with db.reading() as session:
        for integration_id, workflow_id, name, is_active in session.exec(query).all():
            found.setdefault(integration_id, []).append(Use(workflow_id, name, is_active))
    return found


def find(session: Session, user_id: str, workflow_id: str) -> Workflow:
    """The user's workflow, within a transaction. Raises NotFound."""
    query = select(Workflow).where(
        Workflow.id == workflow_id, Workflow.user_id == user_id, col(Workflow.deleted_at).is_(None)
    )
    workflow = session.exec(query).first()
    if workflow is None:
        raise NotFound("There is no such workflow.")
    return workflow


def _version(session: Session, workflow: Workflow) -> Definition:
    """The published version, within a transaction."""
    return definitions.load(session.get_one(WorkflowVersion, (workflow.id, workflow.version)).definition)


def problems(user_id: str, definition: Definition) -> list[Problem]:
    """What keeps a definition from being published. Somebody else's integration does not exist for this one.

    It takes its time over long templates, so it must not be called in a transaction that keeps others from writing.
    """
    mine = select(Integration.id, Integration.type).where(
        Integration.user_id == user_id, col(Integration.deleted_at).is_(None)
    )
    with db.reading() as session:
        types = dict(session.exec(mine).all())
    return checks.problems(definition, types.get)


def _check(user_id: str, definition: Definition, secret: SecretStr | None = None) -> None:
    """Refuse a definition that could not run, also with the signing secret that was entered for its draft."""
    found = problems(user_id, definition)
    if isinstance(definition.trigger, WebhookTrigger):
        found += checks.about_secret(definition.trigger.verification.scheme, secret)
    if found:
        fields = {problem.path: problem.message for problem in reversed(found)}
        raise Invalid(found[0].message if len(found) == 1 else "The workflow cannot run like this.", fields)


def _publish(session: Session, workflow: Workflow, definition: Definition) -> None:
    before = _version(session, workflow) if workflow.version else None
    latest = select(func.max(WorkflowVersion.version)).where(WorkflowVersion.workflow_id == workflow.id)
    workflow.version = (session.exec(latest).one() or 0) + 1
    secrets.keep(workflow, definition)
    if not workflow.is_active:
        workflow.next_fire_at = None
    elif before is None or before.trigger != definition.trigger or workflow.next_fire_at is None:
        workflow.next_fire_at = _next_fire(definition)
    session.add(workflow)
    session.add(
        WorkflowVersion(workflow_id=workflow.id, version=workflow.version, definition=definitions.dump(definition))
    )
    session.exec(delete(WorkflowUse).where(col(WorkflowUse.workflow_id) == workflow.id))
    listens = definition.trigger.integration_id if isinstance(definition.trigger, IntegrationTrigger) else ""
    for integration_id in definitions.integrations(definition):
        use = WorkflowUse(workflow_id=workflow.id, integration_id=integration_id, is_trigger=integration_id == listens)
        session.add(use)


def _next_fire(definition: Definition) -> datetime | None:
    if not isinstance(definition.trigger, ScheduleTrigger):
        return None
    return cron.next_fire(definition.trigger.cron, definition.trigger.timezone, now())
