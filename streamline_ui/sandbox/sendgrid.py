"""A stand-in for SendGrid's API, version 3."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.state import Desk, Fault, masked

LIMIT, SECONDS = 600, 60.0
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TEXTS = {
    401: "The provided authorization grant is invalid, expired, or revoked",
    403: "access forbidden",
    413: "The total size of your email is too large",
    429: "too many requests",
}
desk = Desk("sendgrid")


async def scopes(request: Request) -> Response:
    """What the key may do: everything, or with "nomail" in the key all but sending."""
    key, refusal = await _enter(request)
    if refusal is not None:
        return refusal
    names = ["alerts.read", "mail.batch.create", "sender_verification_eligible"]
    return JSONResponse({"scopes": names if "nomail" in key else ["mail.send", *names]}, headers=_limits(key)[1])


async def send(request: Request) -> Response:
    """Take a mail: 202 with nothing in it, or 200 for one that is only to be checked."""
    key, refusal = await _enter(request)
    if refusal is not None:
        return refusal
    left, headers = _limits(key)
    if left < 0 or "nomail" in key:
        status = 429 if left < 0 else 403
        return _error(status, TEXTS[status], headers=headers)
    mail = await read_json(request)
    problem = next(_problems(mail), None) if isinstance(mail, dict) else (400, "Bad Request", "")
    if problem:
        return _error(*problem, headers=headers)
    settings = mail.get("mail_settings")
    mode = settings.get("sandbox_mode") if isinstance(settings, dict) else None
    if isinstance(mode, dict) and mode.get("enable") is True:
        return Response(status_code=200, headers=headers)
    to = ", ".join(str(each["email"]) for each in _recipients(mail))
    desk.keep("mail", masked(key), f"{mail.get('subject', 'From a template')} (to {to})"[:300], mail)
    return Response(status_code=202, headers={**headers, "X-Message-Id": uuid4().hex[:22]})


async def _enter(request: Request) -> tuple[str, Response | None]:
    """The key, and the answer to who must not come in."""
    if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
        return "", answer
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not re.fullmatch(r"SG\.[A-Za-z0-9._=-]{3,}", key) or "revoked" in key:
        return "", _error(401, TEXTS[401])
    return key, None


def _limits(key: str) -> tuple[int, dict[str, str]]:
    left, wait = desk.take(key, LIMIT, SECONDS)
    headers = {
        "X-RateLimit-Limit": str(LIMIT),
        "X-RateLimit-Remaining": str(max(left, 0)),
        "X-RateLimit-Reset": str(int(time.time() + wait) + 1),
    }
    return left, headers


def _recipients(mail: dict[str, Any]) -> list[dict[str, Any]]:
    people = mail.get("personalizations")
    found: list[dict[str, Any]] = []
    for each in people if isinstance(people, list) else []:
        for kind in ("to", "cc", "bcc"):
            entries = each.get(kind) if isinstance(each, dict) else None
            found += [entry for entry in entries or [] if isinstance(entry, dict)] if isinstance(entries, list) else []
    return found


def _problems(mail: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """What SendGrid would refuse, as status, words and field; only the first is told."""
    people, sender = mail.get("personalizations"), mail.get("from")
    if not isinstance(people, list) or not 1 <= len(people) <= 1000:
        yield 400, "The personalizations field is required and must not be empty.", "personalizations"
        return
    recipients = [str(each.get("email", "")) for each in _recipients(mail)]
    if not all(isinstance(each, dict) and each.get("to") for each in people):
        yield 400, "The to array is required for all personalization objects.", "personalizations.0.to"
    if not all(ADDRESS.fullmatch(address) for address in recipients) or len(recipients) > 1000:
        yield 400, "Does not contain a valid address.", "personalizations.0.to.0.email"
    if len({address.lower() for address in recipients}) < len(recipients):
        yield 400, "Each email address in the personalization block should be unique.", "personalizations"
    address = str(sender.get("email", "")) if isinstance(sender, dict) else ""
    if not ADDRESS.fullmatch(address):
        yield 400, "The from object must be provided with a valid email.", "from.email"
    if "unverified" in address:
        yield 403, "The from address does not match a verified Sender Identity.", "from"
    if not mail.get("template_id"):
        if not mail.get("subject"):
            yield 400, "The subject is required.", "subject"
        yield from _content_problems(mail.get("content"))


def _content_problems(content: Any) -> Iterator[tuple[int, str, str]]:
    if not isinstance(content, list) or not content:
        yield 400, "Unless a template is used, at least one content object is required.", "content"
        return
    if not all(isinstance(each, dict) and each.get("value") and each.get("type") for each in content):
        yield 400, "The content value must be a string at least one character in length.", "content.0.value"
        return
    if "text/plain" in [each["type"] for each in content[1:]]:
        yield 400, "If present, text/plain must be first, then text/html, then other types.", "content"


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error(401, TEXTS[401])
    status = 429 if fault.status is None and fault.retry_after is not None else fault.status
    if status is None:
        return None
    reset = int(time.time() + (fault.retry_after or 0)) + 1
    return _error(
        status,
        TEXTS.get(status, "An internal error has occurred."),
        headers={"X-RateLimit-Limit": str(LIMIT), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        if status == 429
        else {},
    )


def _error(status: int, text: str, field: str | None = None, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"errors": [{"message": text, "field": field or None, "help": None}]}, status, headers)


async def elsewhere(_: Request) -> Response:
    """Everything else of the API is not here."""
    return _error(404, "Not Found")


routes = [
    Route("/v3/scopes", scopes, methods=["GET"]),
    Route("/v3/mail/send", send, methods=["POST"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
