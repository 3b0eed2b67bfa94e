"""Errors as `application/problem+json` (RFC 9457): what happened, what to do, and the request's id for the log."""

from __future__ import annotations

import logging
import math
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from streamline_ui.errors import Invalid, NotFound, NotStored, StreamlineError, TooMany, Unauthenticated, Unavailable
from streamline_ui.storage import trouble

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class BadBody(StreamlineError):
    """The body is not the JSON it should be."""

    code = "invalid_json"
    status: ClassVar[int] = 400


class BadHeader(StreamlineError):
    """A header cannot be understood."""

    code = "invalid_header"
    status: ClassVar[int] = 400


class NotJson(StreamlineError):
    """The body is of another kind."""

    code = "unsupported_media_type"
    status: ClassVar[int] = 415


class NotAllowed(StreamlineError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    status: ClassVar[int] = 405


class TooLarge(StreamlineError):
    """The body is larger than anything we take."""

    code = "too_large"
    status: ClassVar[int] = 413


class Broken(StreamlineError):
    """Our own mistake. The log has the details, under the request's id."""

    code = "internal_error"
    status: ClassVar[int] = 500


MEANINGS: Mapping[str, str] = {
    "token_missing": "No token was sent.",
    "token_invalid": "The token is unknown, was revoked, or belongs to a session that has ended.",
    "token_expired": "The token was right, but its time has passed.",
    "invalid_credentials": "The email address or the password is wrong, or the account is disabled.",
    "forbidden": "You are known, but may not do this: it is for admins, or the token may only read.",
    "setup_token_missing": "The first account needs the setup token.",
    "setup_token_invalid": "The setup token is wrong.",
    "not_found": "There is no such thing, or it is not yours.",
    "method_not_allowed": "The address exists, but not for this method.",
    "conflict": "It exists already, or was changed meanwhile.",
    "idempotency_conflict": "The Idempotency-Key was used before for another request.",
    "idempotency_unfinished": "The first request with this Idempotency-Key is still running, or was cut off.",
    "idempotency_shown_once": "The first request with this Idempotency-Key made a token, which is shown only once.",
    "too_large": "The body is larger than 1 MB.",
    "unsupported_media_type": "The body is not JSON, or its Content-Type does not say so.",
    "invalid_json": "The body is not valid JSON, or nests too deep.",
    "invalid_header": "A header cannot be understood.",
    "invalid": "Fields are missing or wrong; `errors` says which and why.",
    "locked": "A stored secret cannot be opened: its encryption key is missing.",
    "too_many_requests": "Too often. `Retry-After` says when to come back.",
    "provider_rejected": "The service refused, and would refuse again.",
    "sign_in_needed": "Nobody has signed in at the service, or it has ended what a sign-in allowed: sign in again.",
    "provider_unavailable": "The service could not be reached or had no answer; trying again can help. "
    "`Retry-After` says when, where the service has named a time.",
    "net.address": "The address cannot be used for a request.",
    "net.header": "A header cannot be sent.",
    "net.origin": "The credentials belong to another address, so nothing was sent.",
    "net.private": "The address leads into a network that Streamline does not call.",
    "net.redirect": "The service sends the request on to where it is not followed.",
    "bad_signature": "An incoming webhook does not come from whom it should: its signature is missing or wrong.",
    "malformed_body": "The body of an incoming webhook is not what its Content-Type says.",
    "workflow_inactive": "The workflow behind this address is paused or was not published yet.",
    "workflow_failed": "The workflow was waited for, and failed.",
    "unavailable": "The request cannot be taken now. `Retry-After` says when to come back.",
    "unknown_host": "Streamline does not know itself under this name.",
    "foreign_origin": "The request comes from another site.",
    "body_too_large": "The body is larger than 1 MB.",
    "body_too_slow": "The body took too long to arrive.",
    "storage_unavailable": "Nothing can be stored: the disk is full, or the database locked. `Retry-After` says when "
    "to come back.",
    "internal_error": "Our own mistake; the log has the details under the request id.",
}
"""What each code means, for the documentation."""

OURS = frozenset({"net.address", "net.header", "net.origin", "net.private", "net.redirect"})
"""Codes with which we, and no service, refuse what an action was asked to send: whoever asked can mend it."""


def request_id(scope: Scope) -> str:
    """The id under which the log knows this request."""
    state = scope.setdefault("state", {})
    known: str = state.setdefault("request_id", secrets.token_hex(8))
    return known


def _manual(request: Request) -> str:
    """Where the manual is, from within the interface as from the addresses of incoming webhooks."""
    root: str = request.scope.get("root_path", "")
    return f"{root}/docs" if root.endswith("/api") else f"{root}/api/docs"


def answer(request: Request, error: StreamlineError) -> Response:
    """The answer that an error is."""
    status = 422 if error.code in OURS else error.status
    body: dict[str, Any] = {
        "type": f"{_manual(request)}#{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "code": error.code,
        "hints": list(error.hints),
        "requestId": request_id(request.scope),
    }
    if isinstance(error, Invalid):
        body["errors"] = [{"field": field, "message": message} for field, message in error.fields.items()]
    answered = Response(orjson.dumps(_sound(body)), status, media_type=MEDIA_TYPE)
    if isinstance(error, TooMany | NotStored | Unavailable) and error.retry_after is not None:
        answered.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, Unauthenticated):
        answered.headers["WWW-Authenticate"] = "Bearer"
    return answered


def broken(request: Request, error: Exception) -> Response:
    """The answer to what nobody has foreseen: nothing of it is told, everything is logged.

    That nothing can be stored concerns everybody, and is told; it did not happen, so it can be sent again.
    """
    if (refused := trouble.note(error)) is not None:
        return answer(request, refused)
    identity = request_id(request.scope)
    _log.error("Request %s failed: %s", identity, type(error).__name__, exc_info=error)
    return answer(
        request, Broken("Something went wrong on our side.", hints=[f"The log has the details, under {identity}."])
    )


def of_http(error: HTTPException) -> StreamlineError:
    """Our error for one that the framework raises."""
    if error.status_code == 404:
        return NotFound("There is nothing at this address.", hints=["What there is stands in /api/docs."])
    if error.status_code == 405:
        return NotAllowed("This address exists, but not for this method.")
    if error.status_code == 413:
        return TooLarge("The body is too large.")
    return BadBody("The request cannot be understood.")


async def on_error(request: Request, error: Exception) -> Response:
    """The handler for our own errors, where no door has answered already."""
    assert isinstance(error, StreamlineError)
    return answer(request, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """The handler for the framework's errors: no such address, no such method."""
    assert isinstance(error, HTTPException)
    answered = answer(request, of_http(error))
    if error.status_code == 405:
        answered.headers["Allow"] = ", ".join(sorted(_methods(request))) or "GET"
    return answered


def _methods(request: Request) -> set[str]:
    """All methods of an address; each of its routes knows only its own."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return {
        method.upper()
        for template, operations in request.app.openapi()["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        for method in operations
    }


def _sound(value: Any) -> Any:
    """Text that a service sent may hold half characters, which JSON cannot carry."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, dict):
        return {key: _sound(item) for key, item in value.items()}
    return value
