"""A stand-in for Twilio's API, below `/sandbox/twilio` as the real one is below its host.

It takes forms only, and knows Twilio's own magic numbers, such as +15005550001, which is no number.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.bodies import garbage, read_body
from streamline_ui.sandbox.state import Desk, Fault, masked

AT_ONCE = 20  # requests of one account that are being worked on together
PHONE = re.compile(r"(?:(?:whatsapp|messenger|rcs):)?\+[1-9]\d{6,14}")
SENDER = re.compile(rf"{PHONE.pattern}|\d{{3,8}}|[A-Za-z0-9 _+&-]{{1,11}}")
Refusal = tuple[int, int, str]
AUTHENTICATE: Refusal = (401, 20003, "Authenticate")
NOT_FOUND: Refusal = (404, 20404, "The requested resource was not found")
BUSY: Refusal = (429, 20429, "Too Many Requests")
TO: dict[str, Refusal] = {
    "+15005550001": (400, 21211, "Invalid 'To' Phone Number"),
    "+15005550002": (400, 21612, "The 'To' phone number is not currently reachable using the 'From' phone number"),
    "+15005550003": (400, 21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550004": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "+15005550005": (400, 21608, "The number is unverified. Trial accounts cannot send messages to unverified numbers"),
    "+15005550009": (400, 21614, "'To' number is not a valid mobile number"),
}
FROM: dict[str, Refusal] = {
    "+15005550001": (400, 21212, "The 'From' number is not a valid phone number"),
    "+15005550007": (400, 21606, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    "+15005550008": (400, 21611, "This 'From' number has exceeded the maximum number of queued messages"),
}
FAULTS: dict[int, Refusal] = {401: AUTHENTICATE, 404: NOT_FOUND, 429: BUSY, 503: (503, 20503, "Service Unavailable")}
desk = Desk("twilio")
_working: Counter[str] = Counter()


async def account(request: Request) -> Response:
    """The account, with its token in it as at Twilio. An API key may not read it."""
    with _entered(request) as refusal:
        if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
            return answer
        if refusal is not None:
            return _error(*refusal)
        if _credentials(request)[0].startswith("SK"):
            return _error(*AUTHENTICATE)
        sid = request.path_params["sid"]
        return JSONResponse({
            "sid": sid, "owner_account_sid": sid, "friendly_name": "Sandbox account", "status": "active",
            "type": "Trial", "auth_token": _credentials(request)[1], "date_created": _now(), "date_updated": _now(),
            "uri": f"/2010-04-01/Accounts/{sid}.json",
        })  # fmt: skip


async def messages(request: Request) -> Response:
    """Send an SMS, or list what was sent, the newest first."""
    return await _take(request, "Messages")


async def calls(request: Request) -> Response:
    """Make a call, or list those made."""
    return await _take(request, "Calls")


async def _take(request: Request, what: str) -> Response:
    with _entered(request) as refusal:
        if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
            return answer
        if refusal is not None:
            return _error(*refusal)
        sid = request.path_params["sid"]
        if request.method == "GET":
            return _listed(request, sid, what)
        values = await _form(request)
        refusals = _call_problems(values) if what == "Calls" else _sms_problems(values)
        if problem := next(refusals, None):
            return _error(*problem)
        return _queued(sid, what, values)


def _queued(sid: str, what: str, values: dict[str, str]) -> Response:
    number = ("CA" if what == "Calls" else "SM") + uuid4().hex
    found = {
        "sid": number, "account_sid": sid, "api_version": "2010-04-01", "date_created": _now(), "date_updated": _now(),
        "direction": "outbound-api", "from": values.get("From"), "to": values["To"], "status": "queued", "price": None,
        "price_unit": "USD", "uri": f"/2010-04-01/Accounts/{sid}/{what}/{number}.json",
    }  # fmt: skip
    if what == "Messages":
        found |= {
            "body": values["Body"], "num_segments": str(_segments(values["Body"])), "num_media": "0",
            "messaging_service_sid": values.get("MessagingServiceSid"), "error_code": None, "error_message": None,
        }  # fmt: skip
    summary = f"{values.get('Body') or values.get('Twiml') or values.get('Url')} (to {values['To']})"
    desk.keep("call" if what == "Calls" else "sms", masked(sid), summary[:2000], {**values, "sid": number})
    return JSONResponse(found, 201)


def _listed(request: Request, sid: str, what: str) -> Response:
    size = request.query_params.get("PageSize", "50")
    if not size.isdigit() or not 1 <= int(size) <= 1000:
        return _error(400, 20001, "Page size must be from 1 to 1000")
    kind = "call" if what == "Calls" else "sms"
    mine = [entry.data for entry in reversed(desk.arrived) if (entry.kind, entry.account) == (kind, masked(sid))]
    rows = [{"sid": each["sid"], "to": each["To"], "from": each.get("From"), "direction": "outbound-api",
             "body": each.get("Body"), "status": "queued"} for each in mine[: int(size)]]  # fmt: skip
    return JSONResponse({what.lower(): rows, "page": 0, "page_size": int(size), "next_page_uri": None})


async def _form(request: Request) -> dict[str, str]:
    """The form's fields; nothing for a body of another kind, which Twilio does not read."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl((await read_body(request)).decode("utf-8", "replace"), keep_blank_values=True))


def _sms_problems(values: dict[str, str]) -> Iterator[Refusal]:
    yield from _to_problems(values)
    sender = values.get("From", "")
    if not sender and not re.fullmatch(r"MG[0-9a-fA-F]{32}", values.get("MessagingServiceSid", "")):
        yield 400, 21603, "A 'From' phone number is required"
    if sender and not SENDER.fullmatch(sender):
        yield FROM["+15005550001"]
    if sender in FROM:
        yield FROM[sender]
    if values["To"] in TO:
        yield TO[values["To"]]
    if not values.get("Body") and not values.get("MediaUrl"):
        yield 400, 21602, "Message body is required"
    if len(values.get("Body", "")) > 1600:
        yield 400, 21617, "The concatenated message body exceeds the 1600 character limit"


def _call_problems(values: dict[str, str]) -> Iterator[Refusal]:
    yield from _to_problems(values)
    sender = values.get("From", "")
    if not PHONE.fullmatch(sender) or sender in FROM:
        yield 400, 21210, "'From' phone number not verified"
    if values["To"] in TO:
        yield TO[values["To"]]
    if sum(bool(values.get(name)) for name in ("Url", "Twiml", "ApplicationSid")) == 0:
        yield 400, 21205, "Url parameter is required"
    if values.get("Url") and not re.fullmatch(r"https?://\S+", values["Url"]):
        yield 400, 21205, "Url is not a valid URL"


def _to_problems(values: dict[str, str]) -> Iterator[Refusal]:
    to = values.get("To", "")
    if not to:
        yield 400, 21604, "A 'To' phone number is required."
    if not PHONE.fullmatch(to):
        yield TO["+15005550001"]


def _segments(body: str) -> int:
    """Close enough: the stand-in takes what is not ASCII for a character outside the GSM alphabet."""
    alone, each = (160, 153) if body.isascii() else (70, 67)
    size = len(body.encode("utf-16-le")) // 2
    return 1 if size <= alone else -(-size // each)


@contextmanager
def _entered(request: Request) -> Iterator[Refusal | None]:
    """Count who is being served: too many of one account at once are refused. Yields what is wrong, or None."""
    sid = request.path_params["sid"]
    _working[sid] += 1
    try:
        user, secret = _credentials(request)
        is_known = re.fullmatch(r"AC[0-9a-fA-F]{32}", user) and user == sid
        if not (is_known or re.fullmatch(r"SK[0-9a-fA-F]{32}", user)) or len(secret) < 16 or "revoked" in secret:
            yield AUTHENTICATE
        elif not re.fullmatch(r"AC[0-9a-fA-F]{32}", sid):
            yield NOT_FOUND
        else:
            yield BUSY if _working[sid] > AT_ONCE else None
    finally:
        _working[sid] -= 1
        if not _working[sid]:
            del _working[sid]


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(value, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        text = ""
    user, _, secret = text.partition(":")
    return user, secret


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error(*AUTHENTICATE)
    status = 429 if fault.status is None and fault.retry_after is not None else fault.status
    if status is None:
        return None
    response = _error(*FAULTS.get(status, (status, 20500, "Internal Server Error")))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = f"{fault.retry_after:g}"
    return response


def _now() -> str:
    return datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


def _error(status: int, code: int, text: str) -> Response:
    info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": code, "message": text, "more_info": info, "status": status}, status)


async def elsewhere(_: Request) -> Response:
    """Everything else of the API is not here."""
    return _error(*NOT_FOUND)


ROOT = "/2010-04-01/Accounts/{sid}"
routes = [
    Route(f"{ROOT}/Messages.json", messages, methods=["GET", "POST"]),
    Route(f"{ROOT}/Calls.json", calls, methods=["GET", "POST"]),
    Route(f"{ROOT}.json", account, methods=["GET"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
