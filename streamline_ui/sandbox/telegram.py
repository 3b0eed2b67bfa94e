"""A stand-in for Telegram's Bot API. Below `/sandbox/telegram` stands what is below `https://api.telegram.org`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox import couriers, markup
from streamline_ui.sandbox.bodies import garbage, read_json, read_parameters
from streamline_ui.sandbox.bots import Bot, Taken, bot_of, say
from streamline_ui.sandbox.state import Desk, Fault, masked

PORTS = {None, 443, 80, 88, 8443}
TEXTS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
}
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
# Chats with which each refusal can be tried out.
CHATS = {
    "404": (400, "Bad Request: chat not found", {}),
    "403": (403, "Forbidden: bot was blocked by the user", {}),
    "-403": (403, "Forbidden: bot was kicked from the supergroup chat", {}),
    "-410": (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": -1000000000410},
    ),
}
desk = Desk("telegram")
Method = Callable[[Bot, dict[str, Any]], Awaitable[Response]]


async def call(request: Request) -> Response:
    """Any method of any bot."""
    token, name = request.path_params["token"], request.path_params["method"].lower()
    if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
        return answer
    if not re.fullmatch(r"[1-9]\d{0,16}:[A-Za-z0-9_-]{3,}", token) or len(token) > 80:
        return _error(404, "Not Found")
    if "revoked" in token:
        return _error(401, "Unauthorized")
    method = METHODS.get(name)
    if method is None:
        return _error(404, "Not Found: method not found")
    bot = bot_of(token)
    return await method(bot, await read_parameters(request))


async def get_me(bot: Bot, _: dict[str, Any]) -> Response:
    """Who the bot is."""
    return _ok({**bot.user, "can_join_groups": True, "can_read_all_group_messages": False,
                "supports_inline_queries": False})  # fmt: skip


async def send_message(bot: Bot, values: dict[str, Any]) -> Response:
    """Take a text."""
    text = values.get("text")
    if not isinstance(text, str) or not text.strip():
        return _error(400, "Bad Request: message text is empty")
    form = values.get("parse_mode")
    if problem := markup.problem(text, form):
        return _error(400, f"Bad Request: can't parse entities: {problem}")
    shown = re.sub(r"<[^>]*>", "", text) if form == "HTML" else text
    if len(shown) > 4096:
        return _error(400, "Bad Request: message is too long")
    return _sent(bot, values, "message", shown, {"text": shown})


async def send_photo(bot: Bot, values: dict[str, Any]) -> Response:
    """Take a photo by its address or file_id."""
    photo, caption = values.get("photo"), values.get("caption", "")
    if not isinstance(photo, str) or not re.fullmatch(r"https?://\S+|[A-Za-z0-9_-]{10,}", photo):
        return _error(400, "Bad Request: wrong file identifier/HTTP URL specified")
    if not isinstance(caption, str) or len(caption) > 1024:
        return _error(400, "Bad Request: message caption is too long")
    file = {"file_id": "AgACAgIAAxkBAAMq", "file_unique_id": "AQADsandbox", "width": 640, "height": 480}
    return _sent(bot, values, "photo", caption or photo, {"photo": [file], **({"caption": caption} if caption else {})})


def _sent(bot: Bot, values: dict[str, Any], kind: str, summary: str, content: dict[str, Any]) -> Response:
    chat = str(values.get("chat_id", ""))
    if not re.fullmatch(r"-?[1-9]\d{0,18}|@[A-Za-z]\w{3,31}", chat):
        return _error(400, "Bad Request: chat not found" if chat else "Bad Request: chat_id is empty")
    if chat in CHATS:
        status, text, parameters = CHATS[chat]
        return _error(status, text, parameters)
    limit, seconds = (20, 60.0) if chat.startswith("-") else (30, 1.0)
    left, wait = desk.take(f"{bot.id}:{chat}", limit, seconds)
    if left < 0:
        return _limited(int(wait) + 1)
    entry = desk.keep(kind, masked(bot.token), summary, {key: value for key, value in values.items() if value != ""})
    return _ok(bot.message(entry.id, chat, content))


async def get_updates(bot: Bot, values: dict[str, Any]) -> Response:
    """What people wrote, after `timeout` seconds at the latest."""
    if bot.webhook:
        return _error(409, WEBHOOK_ACTIVE)
    bot.confirm(_integer(values, "offset", 0))
    limit = min(max(_integer(values, "limit", 100), 1), 100)
    try:
        await bot.wait(min(max(_integer(values, "timeout", 0), 0), 50))
    except Taken as taken:
        return _error(409, str(taken))
    return _ok(bot.updates[:limit])


async def set_webhook(bot: Bot, values: dict[str, Any]) -> Response:
    """Have updates sent to an address. Only this very server is really called; its address may be http, too."""
    url = str(values.get("url", ""))
    if not url:
        return await delete_webhook(bot, values)
    if desk.take(f"{bot.id}:webhook", 1, 1.0)[0] < 0:
        return _limited(1)
    secret = str(values.get("secret_token", ""))
    if problem := _webhook_problem(url, secret):
        return _error(400, f"Bad Request: {problem}")
    is_same = bot.webhook == url and bot.secret == secret
    bot.end_wait("Conflict: terminated by setWebhook request")
    if values.get("drop_pending_updates") in (True, "true", "True"):
        bot.updates.clear()
    if not is_same:
        bot.send_to(url, secret)
    return _ok(True, "Webhook is already set" if is_same else "Webhook was set")


def _webhook_problem(url: str, secret: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "bad webhook: Invalid URL specified"
    is_own = couriers.is_own(url)
    if (parts.scheme != "https" and not is_own) or not parts.hostname:
        return "bad webhook: An HTTPS URL must be provided for webhook"
    if port not in PORTS and not is_own:
        return "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
    return "" if re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret) else "secret token contains unallowed characters"


async def delete_webhook(bot: Bot, values: dict[str, Any]) -> Response:
    """Have updates fetched again."""
    had_one = bool(bot.webhook)
    bot.send_to("")
    if values.get("drop_pending_updates") in (True, "true", "True"):
        bot.updates.clear()
    return _ok(True, "Webhook was deleted" if had_one else "Webhook is already deleted")


async def get_webhook_info(bot: Bot, _: dict[str, Any]) -> Response:
    """Where updates are sent."""
    told = {"url": bot.webhook, "has_custom_certificate": False, "pending_update_count": len(bot.updates)}
    return _ok({**told, **({"last_error_message": bot.last_error} if bot.last_error else {})})


METHODS: dict[str, Method] = {
    "getme": get_me,
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
}


async def receive(request: Request) -> Response:
    """Pretend that somebody wrote to a bot: {"botToken", "text", "chatId"?} or {"botToken", "update": {kind: …}}."""
    values = await read_json(request)
    if not isinstance(values, dict) or not isinstance(values.get("botToken"), str):
        return JSONResponse({"detail": "botToken is missing."}, 422)
    return JSONResponse(say(bot_of(values["botToken"]), values), 201)


def _integer(values: dict[str, Any], name: str, default: int) -> int:
    text = str(values.get(name, default))
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else default


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error(401, "Unauthorized")
    if fault.status == 429 or (fault.status is None and fault.retry_after is not None):
        return _limited(int(1 if fault.retry_after is None else fault.retry_after))
    return (
        None
        if fault.status is None
        else _error(fault.status, TEXTS.get(fault.status, "Internal Server Error: restart"))
    )


def _limited(seconds: int) -> Response:
    text = f"Too Many Requests: retry after {seconds}"
    return _error(429, text, {"retry_after": seconds}, {"Retry-After": str(seconds)})


def _ok(result: Any, description: str = "") -> Response:
    return JSONResponse({"ok": True, "result": result, **({"description": description} if description else {})})


def _error(
    status: int, text: str, parameters: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": text}
    return JSONResponse({**body, **({"parameters": parameters} if parameters else {})}, status, headers)


async def elsewhere(_: Request) -> Response:
    """Whatever is no bot's."""
    return _error(404, "Not Found")


routes = [
    Route("/_say", receive, methods=["POST"]),
    Route("/bot{token}/{method}", call, methods=["GET", "POST"]),
    Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
