"""Writes that carry an `Idempotency-Key` happen once: a repeat within a day gets the first one's answer.

The key is noted before the work begins, so that of two at the same time one works and the other waits for its answer.
What was refused without any effect (a wrong field, say) is forgotten, so that the corrected request can use the key.
Answers that hold a secret which is shown once are not kept: a repeat is told so.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from streamline_ui.api.problems import MEDIA_TYPE, BadHeader
from streamline_ui.errors import Conflict, Locked
from streamline_ui.storage import db
from streamline_ui.storage.models import IdempotencyRecord, now
from streamline_ui.vault import keyring

KEEP = timedelta(days=1)
LONGEST_KEY = 255
PATIENCE_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.1
RUNNING = 0  # the status of a record whose request has not been answered

_key_without_vault = secrets.token_bytes(32)


async def once(
    request: Request, user_id: str, body: bytes, work: Callable[[], Awaitable[Response]], *, shown_once: bool
) -> Response:
    """Do the work, unless it was done: then give its answer again. Raises Conflict for a key used otherwise."""
    key = request.headers["idempotency-key"]
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadHeader(f"Idempotency-Key has to be 1 to {LONGEST_KEY} plain characters.")
    fingerprint = await run_in_threadpool(_fingerprint, request, body)
    earlier = await run_in_threadpool(_claim, user_id, key, fingerprint)
    if earlier is not None:
        return _again(await _finished(earlier))
    answer = await work()
    if _is_without_effect(answer.status_code):
        await run_in_threadpool(_forget, user_id, key)
    else:
        kept = "" if shown_once else bytes(answer.body).decode()
        await run_in_threadpool(_keep, user_id, key, answer.status_code, kept)
    return answer


def prune() -> None:
    """Remove what is older than a day."""
    with db.writing() as session:
        session.exec(delete(IdempotencyRecord).where(col(IdempotencyRecord.created_at) < now() - KEEP))


def _is_without_effect(status: int) -> bool:
    return 400 <= status < 500


def _fingerprint(request: Request, body: bytes) -> str:
    """Tells whether a repeat is the same request. Keyed, as a body may hold a password that could be guessed."""
    try:
        key = keyring.derive("idempotency")
    except Locked:
        key = _key_without_vault
    text = b"\n".join((request.method.encode(), request.url.path.encode("utf-8", "replace"), body))
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _claim(user_id: str, key: str, fingerprint: str) -> IdempotencyRecord | None:
    """Note that the work begins; or the record of whoever was first."""
    try:
        return _claim_first(user_id, key, fingerprint)
    except IntegrityError:  # on PostgreSQL two can be first at the same time; the database has picked one
        return _claim_first(user_id, key, fingerprint)


def _claim_first(user_id: str, key: str, fingerprint: str) -> IdempotencyRecord | None:
    with db.writing() as session:
        record = session.get(IdempotencyRecord, (user_id, key))
        if record is not None and record.created_at < now() - KEEP:
            session.delete(record)
            session.flush()
            record = None
        if record is None:
            session.add(IdempotencyRecord(user_id=user_id, key=key, request_hash=fingerprint, status=RUNNING, body=""))
        elif not hmac.compare_digest(record.request_hash, fingerprint):
            raise Conflict(
                "This Idempotency-Key was used for another request.",
                hints=["Use a new key for each new request, and the same one only to repeat it."],
                code="idempotency_conflict",
            )
    return record


async def _finished(record: IdempotencyRecord) -> IdempotencyRecord:
    """The record once its request was answered. Raises Conflict where that does not happen soon."""
    current: IdempotencyRecord | None = record
    for _ in range(round(PATIENCE_SECONDS / LOOK_EVERY_SECONDS)):
        if current is None or current.status != RUNNING:
            break
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        current = await run_in_threadpool(_look, record.user_id, record.key)
    if current is None or current.status == RUNNING:
        raise Conflict(
            "The first request with this Idempotency-Key has no answer that could be given again.",
            hints=["Ask again in a moment. If this stays, look whether it took effect, and use a new key."],
            code="idempotency_unfinished",
        )
    return current


def _again(record: IdempotencyRecord) -> Response:
    if record.status == 201 and not record.body:
        raise Conflict(
            "The first request with this Idempotency-Key was answered with a secret that is shown only once.",
            hints=["If the answer was lost, revoke what was made, and make another with a new key."],
            code="idempotency_shown_once",
        )
    media_type = MEDIA_TYPE if record.status >= 400 else "application/json"
    answer = Response(record.body, record.status, media_type=media_type if record.body else None)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _look(user_id: str, key: str) -> IdempotencyRecord | None:
    with db.reading() as session:
        return session.get(IdempotencyRecord, (user_id, key))


def _keep(user_id: str, key: str, status: int, body: str) -> None:
    with db.writing() as session:
        record = session.get(IdempotencyRecord, (user_id, key))
        if record is not None:  # it is gone where the request removed its own user
            record.status, record.body = status, body
            session.add(record)


def _forget(user_id: str, key: str) -> None:
    with db.writing() as session:
        record = session.get(IdempotencyRecord, (user_id, key))
        if record is not None:
            session.delete(record)
