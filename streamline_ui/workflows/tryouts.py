"""Trying a draft out: the data to build against, one step alone, and a request to the workflow's own address.

A scope is what templates see, see `templates`. Nothing here is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import connections
from streamline_ui.providers import PROVIDERS, sender_events
from streamline_ui.providers.signatures import Incoming
from streamline_ui.storage import db
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Event, Execution, HookRequest, Progress, StepRun, Verdict, Workflow
from streamline_ui.workflows import (
    acting,
    addresses,
    by_hand,
    captures,
    dispatch,
    gates,
    hooks,
    payloads,
    secrets,
    templates,
)
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.hooks import Arrival
from streamline_ui.workflows.steps import Action, Branch, Filter, ForEach, Set, Step
from streamline_ui.workflows.triggers import IntegrationTrigger, WebhookTrigger

EXAMPLE: dict[str, Any] = {
    "event": "order.created",
    "order": {"id": 1042, "customer": "Ana Moreno", "total": 49.9, "items": ["Notebook", "Pen"]},
}
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Data to build against. `source` says where it is from; `at` when that came in, if it did."""

    trigger: dict[str, Any]
    source: str
    at: datetime | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """How one step alone went. `attempt` is what went over the wire, if anything did."""

    output: Any = None
    problem: str = ""
    hints: tuple[str, ...] = ()
    input: Any = None
    attempt: Mapping[str, Any] = field(default_factory=dict)


async def sample(user_id: str, workflow: Workflow, definition: Definition, request_id: str | None = None) -> Sample:
    """The chosen request, else the latest real one, else what the service's events look like."""
    trigger = definition.trigger
    if isinstance(trigger, WebhookTrigger):
        found = await _request(user_id, workflow.id, request_id)
        if found is not None:
            return found
        return example(trigger)
    if isinstance(trigger, IntegrationTrigger):
        return await asyncio.to_thread(_event, user_id, trigger)
    if trigger.type == "failure":
        about = {"workflowId": "…", "workflowName": "Another workflow", "executionId": "…", "error": "What went wrong."}
        return Sample({"type": "failure", **about}, "Example")
    return Sample(by_hand.trigger(definition, None), "Example")


def example(trigger: WebhookTrigger, event: str | None = None) -> Sample:
    """What this event of the sender looks like; without one, the first of those chosen, or that are offered."""
    offered = sender_events.of(trigger.verification.scheme)
    wanted = [event] if event else trigger.events
    chosen = next((each for each in offered if each.event in wanted), offered[0] if offered else None)
    if chosen is None:
        return Sample(payloads.trigger("POST", "", {"content-type": "application/json"}, EXAMPLE, now()), "Example")
    return Sample(payloads.trigger("POST", "", chosen.headers, chosen.body, now()), chosen.title)


async def _request(user_id: str, workflow_id: str, request_id: str | None) -> Sample | None:
    try:
        if request_id is None:
            newest = await asyncio.to_thread(captures.page, user_id, workflow_id, limit=1)
            if not newest:
                return None
            request_id = newest[0].id
        row = await asyncio.to_thread(captures.one, user_id, workflow_id, request_id)
        return Sample(await read(row), "Request", row.at, row.id)
    except (NotFound, payloads.Malformed):
        return None


async def read(row: HookRequest) -> dict[str, Any]:
    """A captured request as templates see it. Raises Malformed."""
    headers: dict[str, str] = json.loads(row.headers)
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return payloads.trigger(row.method, row.query, headers, await payloads.read(kind, row.body), row.at)


def _event(user_id: str, trigger: IntegrationTrigger) -> Sample:
    try:
        provider = PROVIDERS.get(connections.one(user_id, trigger.integration_id).type)
    except NotFound:
        provider = None
    events = provider.triggers if provider else ()
    found = next((each for each in events if each.event == trigger.event), None)
    return Sample({"type": "integration", **(found.sample if found else {})}, "Example")


def outputs(user_id: str, workflow_id: str) -> dict[str, Any]:
    """What the steps of the latest execution gave, by their ids."""
    latest = select(Execution.id).where(Execution.user_id == user_id, Execution.workflow_id == workflow_id)
    with db.reading() as session:
        execution_id = session.exec(latest.order_by(col(Execution.created_at).desc()).limit(1)).first()
        return _outputs_of(session, execution_id) if execution_id is not None else {}


def of_run(user_id: str, workflow_id: str, execution_id: str) -> tuple[Sample, dict[str, Any]]:
    """What came in at an execution of this workflow, and what its steps gave. Raises NotFound."""
    query = select(Execution).where(
        Execution.id == execution_id, Execution.user_id == user_id, Execution.workflow_id == workflow_id
    )
    with db.reading() as session:
        row = session.exec(query).first()
        if row is None:
            raise NotFound("This run is not kept any more.")
        trigger = json.loads(row.trigger)
        found = trigger if isinstance(trigger, dict) else {"input": trigger}
        return Sample(found, f"Run {row.id[:8]}", row.created_at), _outputs_of(session, row.id)


def _outputs_of(session: Session, execution_id: str) -> dict[str, Any]:
    query = select(StepRun.step_id, StepRun.output).where(
        StepRun.execution_id == execution_id, StepRun.status == Progress.SUCCEEDED
    )
    return {step_id: json.loads(output) for step_id, output in session.exec(query).all()}


def runs(requests: Sequence[HookRequest]) -> dict[str, Execution]:
    """Which execution each accepted request started, by the request's id."""
    ids = {(row.workflow_id, row.at): row.id for row in requests if row.verdict == Verdict.ACCEPTED}
    query = select(Event, Execution).join(Execution, col(Execution.event_id) == Event.id)
    query = query.where(col(Event.workflow_id).in_({workflow_id for workflow_id, _ in ids}))
    query = query.where(col(Event.at).in_([at for _, at in ids]))
    with db.reading() as session:
        found = session.exec(query).all() if ids else []
    return {ids[event.workflow_id, event.at]: execution for event, execution in found}


async def step(user_id: str, step: Step, scope: Mapping[str, Any]) -> Trial:
    """Do what this step does, really, with these data. What goes wrong is part of the result."""
    try:
        if not isinstance(step, Action):
            return Trial(await asyncio.to_thread(_result, step, scope))
        params = await asyncio.to_thread(templates.render, step.params, scope)
    except Invalid as error:
        return Trial(problem=error.message, hints=tuple(error.hints))
    assert isinstance(params, dict)
    effect = await acting.act(user_id, step, params, step.timeout_seconds or SECONDS)
    if effect.error is not None:
        fields = getattr(effect.error, "fields", {})
        problem = next(iter(fields.values()), effect.error.message)
        return Trial(None, problem, tuple(effect.error.hints), params, effect.attempt)
    return Trial(effect.output, input=params, attempt=effect.attempt)


def _result(step: Step, scope: Mapping[str, Any]) -> Any:
    if isinstance(step, Filter):
        return templates.condition(step.condition, scope)
    if isinstance(step, Branch):
        holds = (index for index, arm in enumerate(step.branches) if templates.condition(arm.condition, scope))
        return {"branch": next(holds, "otherwise")}
    if isinstance(step, ForEach):
        return {"count": len(templates.items(step.items, scope))}
    return templates.render(step.values, scope) if isinstance(step, Set) else None


async def request(workflow: Workflow, body: Any, like: Mapping[str, str] | None = None) -> Arrival:
    """Send a request to the workflow's address as a service would, but from here, and start what it starts.

    `like` has the headers of a sample, which name the event. No signature is asked for: only the owner comes here.

    Raises what the sender would be answered: NotFound while the workflow is off, BadRequest, and so on.
    """
    token = secrets.token(workflow)
    url = f"{addresses.origin()}/hooks/{token}"
    named = {name: [value] for name, value in (like or {}).items() if name.endswith(("-event", "-topic"))}
    headers = {**named, "content-type": ["application/json"], "user-agent": ["Streamline test request"]}
    incoming = Incoming("POST", url, headers, json.dumps(body, ensure_ascii=False).encode())
    arrival = await hooks.arrive(token, incoming, "", gates.OURS, is_ours=True)
    if arrival.execution is not None:
        dispatch.offer(arrival.execution)
    return arrival


def body_of(sample: Sample) -> Any:
    """What of a sample a run by hand is given."""
    return sample.trigger.get("body", sample.trigger.get("input"))


def first_item(listed: object, scope: Mapping[str, Any]) -> Any:
    """What the first turn of a loop sees as `item`, or None where that is not known yet."""
    try:
        found = templates.items(listed, scope)
    except Invalid:
        return None
    return found[0] if found else None
