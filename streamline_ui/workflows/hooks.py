"""Incoming webhooks: what a request at a workflow's address means, and what is answered.

The address is looked up in the database each time, so a workflow that is active can be reached, and nothing has to be
registered anywhere. A request that is turned away leaves a capture with the reason, unless its address is unknown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import bindparam, select

from streamline_ui.errors import Forbidden, Invalid, NotFound, StreamlineError, TooMany
from streamline_ui.providers import sender_events, signatures
from streamline_ui.providers.signatures import Incoming, Options, Reply
from streamline_ui.storage import db
from streamline_ui.storage.models import now, table_of
from streamline_ui.storage.workflow_tables import Verdict, Workflow
from streamline_ui.workflows import allowing, catalog, gates, intake, payloads, secrets, uploads
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.intake import Listener, Receipt, Request
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.listening import arriving
from streamline_ui.workflows.triggers import Verification, WebhookTrigger

MINUTE = 60.0
_recent: dict[str, deque[float]] = {}
_beyond: dict[str, float] = {}  # when one that was too many was kept last
_workflows = table_of(Workflow).c
_listening = select(
    _workflows.id, _workflows.userId, _workflows.version, _workflows.isActive, _workflows.verificationEnc
).where(_workflows.hookHash == bindparam("hash"), _workflows.deletedAt.is_(None))


class BadSignature(StreamlineError):
    """The request does not come from whom it should."""

    code = "bad_signature"
    status = 401


class BadRequest(StreamlineError):
    """The body is not what its Content-Type says."""

    code = "malformed_body"
    status = 400


class NotPlain(StreamlineError):
    """The body is compressed: what it unfolds to could be any size, and a signature is over one of the two."""

    code = "unsupported_media_type"
    status = 415


class NotLive(NotFound):
    """The address is right, which only its owner and whom they have told can know, but the workflow does not run."""

    code = "workflow_inactive"

    def __init__(self, state: str) -> None:
        kept = "the request was kept for building, and nothing ran."
        super().__init__(f"This workflow is {state}: {kept}", hints=["Publish it and turn it on in the editor."])


class NoResult(StreamlineError):
    """The workflow did not come to a result."""

    code = "workflow_failed"
    status = 502


class NotNow(StreamlineError):
    """Nothing can be stored at the moment; the sender should come back."""

    code = "unavailable"
    status = 503


class BodyTooLarge(StreamlineError):
    """The body is larger than this workflow takes."""

    code = "too_large"
    status = 413


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that was taken: what to answer, and the execution that it started."""

    receipt: Receipt | None
    reply: Reply | None = None
    execution: Job | None = None
    waits_for_result: bool = False


async def arrive(token: str, incoming: Incoming, query: str, address: str, *, is_ours: bool = False) -> Arrival:
    """Judge a request, write it down, and queue what it starts. One that `is_ours` needs no signature.

    Raises NotFound for an unknown workflow, NotLive for one that does not run, BadSignature, BadRequest, NotPlain,
    BodyTooLarge, TooMany, and Unavailable where it cannot be stored now.
    """
    token_hash = secrets.hash_of(token)
    try:
        workflow, definition = await _find(token_hash)
    except NotFound:
        pushed = await _pushed(token_hash, incoming)
        if pushed is None:
            raise
        return pushed
    trigger = definition.trigger
    assert isinstance(trigger, WebhookTrigger)
    content_type = next(iter(incoming.headers.get("content-type", ())), "")
    request = Request(
        method=incoming.method,
        query=query[:8000],
        headers=payloads.harmless(incoming.headers),
        body=incoming.body,
        address=address,
        at=now(),
    )
    turn_away = _Refusal(workflow, request)
    if not workflow.is_active or workflow.version == 0:
        off = "The workflow is off." if workflow.version else "The workflow was not published yet."
        await turn_away(Verdict.INACTIVE, off)
        raise NotLive("off" if workflow.version else "not live yet")
    if not is_ours and not allowing.is_allowed(address, tuple(trigger.allowed_addresses)):
        await turn_away(Verdict.NOT_ALLOWED, f"{address} is not among the addresses that may send.")
        raise Forbidden("Requests from this address are not taken here.")
    if len(incoming.body) > definition.settings.max_body_bytes:
        await turn_away(Verdict.TOO_LARGE, f"More than {definition.settings.max_body_bytes} bytes.")
        raise BodyTooLarge(f"The body is larger than {definition.settings.max_body_bytes} bytes.")
    if any(value.strip().lower() not in ("", "identity") for value in incoming.headers.get("content-encoding", ())):
        await turn_away(Verdict.MALFORMED, gates.COMPRESSED)
        raise NotPlain("The body is compressed, which is not taken here.")
    reply = signatures.handshake(trigger.verification.scheme, incoming)
    if reply is not None and not reply.after_verification:
        await asyncio.to_thread(_learn, workflow.id, reply)
        return Arrival(None, reply)
    check = Verification() if is_ours else trigger.verification
    verdict = _verify(workflow, check, incoming)
    if not verdict.ok:
        await turn_away(Verdict.BAD_SIGNATURE, verdict.reason)
        raise BadSignature(verdict.reason)
    if reply is not None:
        return Arrival(None, reply)
    await _pace(definition, turn_away)
    async with uploads.shelf() as shelf:
        try:
            body = await payloads.read(content_type, incoming.body, shelf)
            value = payloads.trigger(incoming.method, query, request.headers, body, request.at, files=shelf.folder)
        except payloads.Malformed as error:
            await turn_away(Verdict.MALFORMED, error.message)
            raise BadRequest(error.message) from None
        if trigger.events and (other := _unwanted(trigger, value)):
            return Arrival(await turn_away(Verdict.FILTERED, other))
        delivery_id = None if trigger.duplicates == "off" else verdict.delivery_id
        receipt = await intake.accept(workflow, request, value, delivery_id)
        if receipt.verdict is Verdict.ACCEPTED:
            shelf.keep()
    return Arrival(receipt, None, receipt.execution, trigger.response == "last_step")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Keeps a request that starts nothing."""

    workflow: Listener
    request: Request

    async def __call__(self, verdict: Verdict, reason: str) -> Receipt:
        return await intake.turn_away(self.workflow.id, self.workflow.user_id, self.request, verdict, reason)


async def _find(token_hash: str) -> tuple[Listener, Definition]:
    row = await db.glance(_listening, {"hash": token_hash})
    if row is None:
        raise _unknown()
    workflow = Listener(row[0], row[1], row[2], bool(row[3]), row[4])
    definition = await catalog.running(workflow.id, workflow.version)
    if not isinstance(definition.trigger, WebhookTrigger):
        raise _unknown()
    return workflow, definition


def _unwanted(trigger: WebhookTrigger, value: Mapping[str, Any]) -> str | None:
    """Why a genuine request is none of the events that were chosen, or None where it is one."""
    kinds = sender_events.kinds(trigger.verification.scheme, value["headers"], value["body"])
    if kinds & set(trigger.events):
        return None
    told = kinds if any("." in event for event in trigger.events) else sender_events.plain(kinds)
    named = ", ".join(sorted(told))[:200]
    return f"The event “{named}” is not among those that were chosen." if named else "It names no event."


async def _pushed(token_hash: str, incoming: Incoming) -> Arrival | None:
    """Take what a service sends by itself to an integration's address. None where it is no such address, either."""
    try:
        heard = await arriving.arrive(token_hash, incoming)
    except Invalid as error:
        raise BadRequest(error.message) from None
    if heard is None:
        return None
    if heard.refusal:
        raise BadSignature(heard.refusal)
    return Arrival(None if heard.reply else Receipt("", Verdict.ACCEPTED), heard.reply)


def _learn(workflow_id: str, reply: Reply) -> None:
    """Keep the secret that a sender hands over in its first request, unless there is one already."""
    if reply.secret is None:
        return
    with db.writing() as session:
        workflow = session.get(Workflow, workflow_id)
        if workflow is not None and workflow.verification_enc is None:
            workflow.verification_enc = secrets.seal_verification(reply.secret, workflow.id, workflow.user_id)
            session.add(workflow)


def _unknown() -> NotFound:
    return NotFound("No workflow listens at this address.")


def _verify(workflow: Listener, verification: Verification, incoming: Incoming) -> signatures.Verdict:
    secret = secrets.verification(workflow) if workflow.verification_enc else None
    options = Options(
        header=verification.header,
        algorithm=verification.algorithm,
        encoding=verification.encoding,
        prefix=verification.prefix,
        username=verification.username,
    )
    held = [secret] if secret else []
    return signatures.verify(verification.scheme, held, incoming, at=now(), options=options)


async def _pace(definition: Definition, turn_away: _Refusal) -> None:
    """Keep to the limit that the owner has set, if any. Raises TooMany; of those beyond, one a minute is kept."""
    most, workflow_id = definition.settings.rate_per_minute, turn_away.workflow.id
    if most is None:
        return
    seen, moment = _recent.setdefault(workflow_id, deque()), monotonic()
    while seen and seen[0] <= moment - MINUTE:
        seen.popleft()
    if len(seen) < most:
        seen.append(moment)
        return
    sentence = f"This workflow takes {most} requests a minute."
    pause = seen[0] + MINUTE - moment
    if _is_first_beyond(workflow_id):
        await turn_away(Verdict.TOO_MANY, f"{sentence} Of those beyond, one a minute is kept.")
    raise TooMany(sentence, pause)


def _is_first_beyond(workflow_id: str) -> bool:
    """Whether to keep this one of those that are too many: a flood should cost next to nothing."""
    moment = monotonic()
    if moment - _beyond.get(workflow_id, -MINUTE) < MINUTE:
        return False
    _beyond[workflow_id] = moment
    return True
