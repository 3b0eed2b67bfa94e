"""A stand-in for Slack's Web API, below `/sandbox/slack` as the methods are below `/api`.

As at Slack, a refusal has status 200 and `ok: false`; only rate limits and faults have another one.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.bodies import garbage, read_parameters
from streamline_ui.sandbox.slack_sign_in import SlackAuthority
from streamline_ui.sandbox.state import MOST_ENTRIES, Desk, Fault, masked

TOKEN = re.compile(r"xox[bp]-[A-Za-z0-9-]{8,}|xoxe\.xox[bp]-[A-Za-z0-9-]{8,}")
POSTS, POST_SECONDS = 3, 3.0  # one message a second for each channel, with short bursts
SCOPES = ("chat:write", "channels:read", "reactions:write")
TOKENS = {"revoked": "token_revoked", "expired": "token_expired", "inactive": "account_inactive"}
CHANNELS = {"archived": "is_archived", "private": "not_in_channel", "unknown": "channel_not_found"}
KNOWN = {"C024BE91L": "general", "C061EG9T2": "random", "C0OPS00001": "ops"}
ERRORS = {400: "invalid_arguments", 401: "invalid_auth", 403: "access_denied", 404: "not_found", 429: "ratelimited"}
TEAM, USER = {"team": "Sandbox", "team_id": "T061EG9R6"}, {"user": "streamline", "user_id": "U0LAN0Z89"}
desk = Desk("slack")
authority = SlackAuthority(desk)
_messages: dict[tuple[str, str], dict[str, Any]] = {}
Method = Callable[[str, dict[str, Any]], Response]


def auth_test(token: str, _: dict[str, Any]) -> Response:
    """Whose token it is."""
    bot = {"bot_id": "B0LAN0Z89"} if "xoxb" in token else {}
    return _ok({"url": "https://sandbox.slack.com/", **TEAM, **USER, **bot, "is_enterprise_install": False})


def post_message(token: str, values: dict[str, Any]) -> Response:
    """Post to a channel; the answer's `ts` is the message's id there."""
    channel, refusal = _channel(values)
    if refusal is not None:
        return refusal
    left, wait = desk.take(f"{token}:{channel}", POSTS, POST_SECONDS)
    if left < 0:
        return _limited(wait)
    text, blocks = values.get("text"), _blocks(values)
    if problem := _problem(text, blocks):
        return problem
    thread = values.get("thread_ts")
    if thread is not None and not re.fullmatch(r"\d{9,11}\.\d{6}", str(thread)):
        return _error("invalid_thread_ts")
    number = desk.arrived[-1].id + 1 if desk.arrived else 1
    message = {"type": "message", "bot_id": "B0LAN0Z89", "user": USER["user_id"], "team": TEAM["team_id"]}
    message |= {"text": str(text or "")[:40_000], "ts": f"{int(time.time())}.{number % 1_000_000:06d}"}
    message |= {"blocks": blocks} if blocks else {}
    message |= {"thread_ts": thread} if thread else {}
    _messages[channel, message["ts"]] = message
    while len(_messages) > MOST_ENTRIES:
        del _messages[next(iter(_messages))]
    shown = {name: value for name, value in values.items() if name != "token"}
    desk.keep("message", masked(token), str(text or "blocks"), {**shown, "ts": message["ts"]})
    return _ok({"channel": channel, "ts": message["ts"], "message": message})


def update(token: str, values: dict[str, Any]) -> Response:
    """Change a message that is still remembered."""
    channel, message, refusal = _message(values, "ts")
    if refusal is not None or message is None:
        return refusal or _error("message_not_found")
    text, blocks = values.get("text"), _blocks(values)
    if problem := _problem(text, blocks):
        return problem
    message |= {"text": str(text or "")}
    desk.keep("change", masked(token), str(text or "blocks"), {"channel": channel, "ts": message["ts"], "text": text})
    return _ok({"channel": channel, "ts": message["ts"], "text": message["text"], "message": message})


def react(token: str, values: dict[str, Any]) -> Response:
    """Put an emoji on a message, once."""
    channel, message, refusal = _message(values, "timestamp")
    if refusal is not None or message is None:
        return refusal or _error("message_not_found")
    name = str(values.get("name") or "")
    if not re.fullmatch(r"[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?", name):
        return _error("invalid_name")
    names = message.setdefault("reactions", [])
    if name in names:
        return _error("already_reacted")
    names.append(name)
    desk.keep("reaction", masked(token), f":{name}:", {"channel": channel, "ts": message["ts"], "name": name})
    return _ok({})


def list_conversations(_: str, values: dict[str, Any]) -> Response:
    """The channels, as many pages as asked for."""
    rows = [{"id": key, "name": name, "is_channel": True, "is_member": True} for key, name in KNOWN.items()]
    start, limit = str(values.get("cursor") or "0"), str(values.get("limit") or "100")
    if not (start.isdigit() and limit.isdigit() and 1 <= int(limit) <= 1000):
        return _error("invalid_cursor")
    end = int(start) + int(limit)
    cursor = str(end) if end < len(rows) else ""
    return _ok({"channels": rows[int(start) : end], "response_metadata": {"next_cursor": cursor}})


def revoke(token: str, _: dict[str, Any]) -> Response:
    """Take the token back that signs the request."""
    authority.take_back(token)
    desk.keep("revoked", masked(token), "A token was given back.", {})
    return _ok({"revoked": True})


METHODS: dict[str, tuple[str, int, Method]] = {  # the scope that is needed, the calls in a minute
    "auth.test": ("", 600, auth_test),
    "auth.revoke": ("", 50, revoke),
    "chat.postMessage": ("chat:write", 600, post_message),
    "chat.update": ("chat:write", 50, update),
    "reactions.add": ("reactions:write", 50, react),
    "conversations.list": ("channels:read", 20, list_conversations),
}


async def call(request: Request) -> Response:
    """One method."""
    if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
        return answer
    values = await read_parameters(request)
    token, refusal = _token(request, values)
    if refusal:
        return _error(refusal)
    name = request.path_params["method"]
    if name not in METHODS:
        return _error("unknown_method", req_method=name[:100])
    scope, often, method = METHODS[name]
    if scope and "noscope" in token:
        return _error("missing_scope", needed=scope, provided="identify")
    left, wait = desk.take(f"{token}:{name}", often, 60.0)
    if left < 0:
        return _limited(wait)
    response = method(token, values)
    response.headers["X-OAuth-Scopes"] = "identify" if "noscope" in token else ",".join(SCOPES)
    return response


def forget() -> None:
    """Start again without any message."""
    _messages.clear()


def _token(request: Request, values: dict[str, Any]) -> tuple[str, str]:
    """The token and Slack's word for what is wrong with it."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        token, scheme = str(values.get("token") or ""), "bearer"
    if not token:
        return "", "not_authed"
    if scheme.lower() != "bearer" or not TOKEN.fullmatch(token):
        return "", "invalid_auth"
    return token, next((error for word, error in TOKENS.items() if word in token), "") or authority.standing(token)


def _channel(values: dict[str, Any]) -> tuple[str, Response | None]:
    """The channel's id, under whichever of its names it came."""
    name = str(values.get("channel") or "")
    bare = name.removeprefix("#")
    word = next((word for word in CHANNELS if word in bare.lower()), "")
    if word or not re.fullmatch(r"[^\s#@]{1,80}|@\S{1,80}", bare):
        return "", _error(CHANNELS[word] if word else "channel_not_found")
    return next((key for key, each in KNOWN.items() if each == bare), bare), None


def _message(values: dict[str, Any], stamp: str) -> tuple[str, dict[str, Any] | None, Response | None]:
    channel, refusal = _channel(values)
    if refusal is None and not re.fullmatch(r"\d{9,11}\.\d{6}", str(values.get(stamp) or "")):
        refusal = _error("message_not_found" if stamp == "ts" else "bad_timestamp")
    return channel, _messages.get((channel, str(values.get(stamp)))), refusal


def _blocks(values: dict[str, Any]) -> Any:
    """Blocks, which are JSON in a form."""
    blocks = values.get("blocks")
    try:
        return json.loads(blocks) if isinstance(blocks, str) and blocks else blocks
    except (ValueError, RecursionError):
        return "?"


def _problem(text: Any, blocks: Any) -> Response | None:
    if blocks:
        if not isinstance(blocks, list) or not all(isinstance(each, dict) for each in blocks) or len(blocks) > 50:
            return _error("invalid_blocks_format")
        for number, block in enumerate(blocks):
            inner = block.get("text")
            size = len(str(inner.get("text") or "")) if isinstance(inner, dict) else 0
            if not isinstance(block.get("type"), str) or size > (150 if block["type"] == "header" else 3000):
                said = f"[ERROR] unsupported or too long [json-pointer:/blocks/{number}/text/text]"
                return _error("invalid_blocks", response_metadata={"messages": [said]})
        return _error("msg_blocks_too_long") if len(json.dumps(blocks)) > 50_000 else None
    if not isinstance(text, str) or not text.strip():
        return _error("no_text")
    return _error("msg_too_long") if len(text) > 200_000 else None


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error("token_expired")
    if fault.status == 429 or (fault.status is None and fault.retry_after is not None):
        return _limited(1.0 if fault.retry_after is None else fault.retry_after)
    if fault.status is None:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    body = {"ok": False, "error": ERRORS.get(fault.status, "internal_error")}
    return JSONResponse(body, fault.status, headers)


def _limited(wait: float) -> Response:
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(max(1, math.ceil(wait)))})


def _ok(values: dict[str, Any]) -> Response:
    return JSONResponse({"ok": True, **values})


def _error(code: str, **more: Any) -> Response:
    return JSONResponse({"ok": False, "error": code, **more})


async def elsewhere(_: Request) -> Response:
    """Whatever is no method."""
    return JSONResponse({"ok": False, "error": "not_found"}, 404)


routes = [
    Route("/oauth/v2/authorize", authority.authorize, methods=["GET", "POST"]),
    Route("/api/oauth.v2.access", authority.access, methods=["POST"]),
    Route("/{method:str}", call, methods=["GET", "POST"]),
    Route("/api/{method:str}", call, methods=["GET", "POST"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
