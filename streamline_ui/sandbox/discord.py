"""A stand-in for Discord's webhooks, below `/sandbox/discord` as the real ones are below `/api/v10`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.state import Desk, Fault, masked

LIMIT, SECONDS = 5, 2.0  # what users report of one webhook; the service itself publishes no number
GUILD, CHANNEL = "1433848841458679800", "1433848841458679801"
UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
INVALID_TOKEN = (401, 50027, "Invalid Webhook Token")
TEXTS = {400: "Bad Request", 403: "Missing Permissions", 404: "Unknown Webhook", 429: "You are being rate limited."}
AUTHOR: dict[str, Any] = {
    "avatar": None,
    "bot": True,
    "discriminator": "0000",
    "flags": 0,
    "global_name": None,
    "primary_guild": None,
    "public_flags": 0,
}
CODES = {400: 50035, 401: 50027, 403: 50013, 404: 10015}
desk = Desk("discord")


async def webhook(request: Request) -> Response:
    """Read (GET) or execute (POST) a webhook."""
    number, token = request.path_params["number"], request.path_params["token"]
    if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
        return answer
    if not re.fullmatch(r"\d{15,20}", number) or "deleted" in token:
        return _error(*UNKNOWN_WEBHOOK)
    if not re.fullmatch(r"[A-Za-z0-9._-]{16,}", token) or "revoked" in token:
        return _error(*INVALID_TOKEN)
    if request.method == "GET":
        return JSONResponse({
            "id": number, "type": 1, "name": "Sandbox", "avatar": None, "channel_id": CHANNEL, "guild_id": GUILD,
            "application_id": None, "token": token,
        })  # fmt: skip
    return await _execute(request, number, token)


async def _execute(request: Request, number: str, token: str) -> Response:
    left, wait = desk.take(number, LIMIT, SECONDS)
    headers = {
        "X-RateLimit-Limit": str(LIMIT),
        "X-RateLimit-Remaining": str(max(left, 0)),
        "X-RateLimit-Reset-After": f"{wait:.3f}",
        "X-RateLimit-Bucket": "sandbox",
    }
    if left < 0:
        return _limited(wait, headers)
    body = await read_json(request)
    if not isinstance(body, dict):
        return _error(400, 50109, "The request body contains invalid JSON.")
    thread = request.query_params.get("thread_id")
    if refusal := next(_refusals(body, thread), None):
        return refusal
    message = _saved(body, number, thread)
    shown = {key: value for key, value in {**body, "thread_id": thread}.items() if value}
    desk.keep("message", masked(token), str(body.get("content") or "an embed"), shown)
    if request.query_params.get("wait") != "true":
        return Response(status_code=204, headers=headers)
    return JSONResponse(message, headers=headers)


def _saved(body: dict[str, Any], number: str, thread: str | None) -> dict[str, Any]:
    mentions = body.get("allowed_mentions")
    everyone = mentions is None or "everyone" in (mentions.get("parse") or [])
    content = body.get("content") or ""
    serial = 1433848841458700000 + (desk.arrived[-1].id + 1 if desk.arrived else 1)
    return {
        "id": str(serial),
        "type": 0,
        "content": content,
        "channel_id": thread or CHANNEL,
        "webhook_id": number,
        "author": {**AUTHOR, "id": number, "username": body.get("username") or "Sandbox"},
        "attachments": [],
        "components": body.get("components") or [],
        "embeds": [{"type": "rich", **embed} for embed in body.get("embeds") or []],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": everyone and ("@everyone" in content or "@here" in content),
        "flags": body.get("flags", 0),
        "timestamp": datetime.now(UTC).isoformat(),
        "edited_timestamp": None,
        "pinned": False,
        "tts": body.get("tts", False),
    }


def _refusals(body: dict[str, Any], thread: str | None) -> Iterator[Response]:
    """What Discord would refuse; only the first is told."""
    content, embeds, name, avatar = (body.get(key) for key in ("content", "embeds", "username", "avatar_url"))
    if thread is not None and not re.fullmatch(r"\d{15,20}", thread):
        yield _error(400, 10003, "Unknown Channel")
    if not (isinstance(content, str) and content.strip()) and not embeds and not body.get("poll"):
        yield _error(400, 50006, "Cannot send an empty message")
    if content is not None and (not isinstance(content, str) or len(content) > 2000):
        yield _invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    if embeds is not None and (problem := _embed_problem(embeds)):
        yield _invalid("embeds", *problem)
    if name is not None and (not isinstance(name, str) or not 1 <= len(name) <= 80):
        yield _invalid("username", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.")
    if isinstance(name, str) and re.search("clyde|discord", name, re.IGNORECASE):
        yield _invalid("username", "USERNAME_INVALID_CONTAINS", "Username cannot contain this word.")
    if avatar is not None and not (isinstance(avatar, str) and re.match(r"https?://", avatar)):
        yield _invalid("avatar_url", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    mentions = body.get("allowed_mentions")
    if mentions is not None and not isinstance(mentions, dict):
        yield _invalid("allowed_mentions", "DICT_TYPE_CONVERT", "Only dictionaries may be used.")


def _embed_problem(embeds: Any) -> tuple[str, str] | None:
    if not isinstance(embeds, list) or not all(isinstance(embed, dict) for embed in embeds):
        return "BASE_TYPE_LIST", "Only lists of objects are accepted."
    if len(embeds) > 10:
        return "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."
    total = 0
    for embed in embeds:
        fields = [field for field in embed.get("fields") or [] if isinstance(field, dict)]
        limits = [(embed.get("title"), 256), (embed.get("description"), 4096)]
        limits += [(field.get(key), most) for field in fields for key, most in (("name", 256), ("value", 1024))]
        if len(fields) > 25 or any(len(str(text or "")) > most for text, most in limits):
            return "BASE_TYPE_MAX_LENGTH", "A part of it is too long."
        total += sum(len(str(text or "")) for text, _ in limits)
    return ("MAX_EMBED_SIZE_EXCEEDED", "Embeds may have 6000 characters together.") if total > 6000 else None


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error(*INVALID_TOKEN)
    if fault.status == 429 or (fault.status is None and fault.retry_after is not None):
        return _limited(1.0 if fault.retry_after is None else fault.retry_after, {})
    if fault.status is None:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    text = "Invalid Webhook Token" if fault.status == 401 else TEXTS.get(fault.status, "Internal Server Error")
    return _error(fault.status, CODES.get(fault.status, 0), text, headers)


def _limited(wait: float, headers: dict[str, str]) -> Response:
    body = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": False}
    seconds = {"Retry-After": str(max(1, round(wait + 0.5))), "X-RateLimit-Scope": "user"}
    return JSONResponse(body, 429, {**headers, **seconds})


def _invalid(field: str, code: str, text: str) -> Response:
    errors = {field: {"_errors": [{"code": code, "message": text}]}}
    return JSONResponse({"code": 50035, "message": "Invalid Form Body", "errors": errors}, 400)


def _error(status: int, code: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"message": text, "code": code}, status, headers)


async def elsewhere(_: Request) -> Response:
    """Everything else of the API is not here."""
    return _error(404, 0, "404: Not Found")


routes = [
    Route("/webhooks/{number}/{token}", webhook, methods=["GET", "POST"]),
    Route("/api/v10/webhooks/{number}/{token}", webhook, methods=["GET", "POST"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
