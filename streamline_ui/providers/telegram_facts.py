"""What Telegram's errors mean, and what its updates look like."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx

from streamline_ui.providers.describe import Trigger
from streamline_ui.providers.meanings import Meaning, Problem, json_of, retry_after

PRIVACY = "In groups it sees only commands, mentions and replies, unless @BotFather switches its privacy mode off."


def counted(text: str) -> str:
    """How far a wrong token is from a right one, without repeating it."""
    if text.startswith("bot") and ":" in text:
        return "Leave out “bot” in front of it."
    if ":" not in text:
        return "Yours has no colon."
    rest = len(text.partition(":")[2])
    return f"Yours has {rest}." if rest != 35 else "Yours has other characters in it."


def token_in(url: str) -> str | None:
    """The token in an address of the Bot API, or None where it is another address."""
    found = re.search(r"/bot([^/?#]+)(?:[/?#]|$)", url)
    return found[1] if found and ":" in found[1] else None


def read_problem(response: httpx.Response) -> Problem:
    """{"ok": false, "error_code", "description", "parameters"?}; the code is the status, so it says nothing new.

    In front of the words stands what was asked for, since a refusal of a chat and one of the bot itself look the same.
    """
    body = json_of(response)
    method = response.request.url.path.rpartition("/")[2]
    if not isinstance(body, dict):
        return Problem("", method)
    parameters = body.get("parameters")
    moved = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
    return Problem("", f"{method}: {body.get('description', '')}"[:500], str(moved) if isinstance(moved, int) else "")


def read_wait(response: httpx.Response) -> float | None:
    """Seconds in the body, and mostly in the header as well."""
    body = json_of(response)
    parameters = body.get("parameters") if isinstance(body, dict) else None
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else retry_after(response)


MEANINGS = (
    Meaning(
        "auth",
        "Telegram does not know this token",
        "Ask @BotFather for it with /token, or make a new one with /revoke.",
        401,
    ),
    Meaning(
        "input",
        "Telegram does not have this method",
        "The service address may be of a server that is older than this Streamline.",
        404,
        text="method not found",
    ),
    Meaning(
        "auth",
        "Telegram does not recognise this as a token",
        "Copy the whole line, digits and colon included.",
        404,
    ),
    Meaning(
        "conflict",
        "This bot already sends its messages to another address",
        "Switch it to polling here: the other address then receives nothing any more.",
        409,
        text="webhook is active",
        can_take=True,
    ),
    Meaning(
        "conflict",
        "Another program is polling this bot",
        "Stop it there, or make a bot with a token of its own for one of the two. Then ask again.",
        409,
        text="other getUpdates",
    ),
    Meaning(
        "conflict",
        "A webhook was just set for this bot, which ends polling",
        "Use one of the two. Switch it to polling here, and the other address receives nothing any more.",
        409,
        can_take=True,
    ),
    Meaning(
        "input",
        "Telegram cannot find this chat",
        "Send the bot a message first, and check the number.",
        400,
        text="chat not found",
    ),
    Meaning(
        "input", "Telegram takes at most 4096 characters in one message", "Shorten the text.", 400, text="too long"
    ),
    Meaning(
        "input",
        "Telegram does not accept an empty message",
        "Fill in the message.",
        400,
        text="(text|message|caption).* empty",
    ),
    Meaning(
        "input",
        "Telegram cannot read the formatting of this text",
        "It has formatting characters that do not match the chosen format. Escape them, or choose no format.",
        400,
        text="can't parse entities",
    ),
    Meaning(
        "moved",
        "This group has become a supergroup and has a new number",
        "Use {about} as the chat from now on.",
        400,
        text="upgraded to a supergroup",
    ),
    Meaning(
        "input",
        "Telegram calls webhooks only on the ports 443, 80, 88 and 8443",
        "Give Streamline a public address with one of these ports, or use polling.",
        400,
        text="bad webhook.*port",
    ),
    Meaning(
        "input",
        "Telegram cannot load this photo",
        "It fetches the address itself: a picture of at most 5 MB that everybody can see.",
        400,
        text="wrong (file|remote)|failed to get HTTP URL|wrong type of the web page",
    ),
    Meaning(
        "permission",
        "Everything that this bot asks is refused, on the way to Telegram or by Telegram itself",
        "Mostly a proxy or a firewall blocks Telegram: allow the service address there. If nothing is in between, look "
        "with /mybots at @BotFather whether the bot still exists, and copy its token again.",
        403,
        text=r"^(getMe|getUpdates|setWebhook|deleteWebhook)\b|^\w*$",
    ),
    Meaning(
        "permission",
        "This person has blocked the bot",
        "They have to start it again in Telegram.",
        403,
        text="blocked by the user",
    ),
    Meaning(
        "permission",
        "The bot was removed from this chat",
        "Add it to the chat again.",
        403,
        text="kicked|not a member",
    ),
    Meaning(
        "permission",
        "The bot may not write to this chat",
        "The person has to write to the bot first; in a channel it has to be an administrator.",
        403,
    ),
    Meaning("rate_limit", "Telegram asks us to wait {wait}", "Nothing is lost; Streamline continues by itself.", 429),
    Meaning("server", "Telegram is restarting", "Streamline tries again by itself.", 500, text="restart"),
)

_ANN = {"id": 123456789, "is_bot": False, "first_name": "Ann", "username": "ann_example", "language_code": "en"}
_PRIVATE = {"id": 123456789, "type": "private", "first_name": "Ann", "username": "ann_example"}
_GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Operations"}
_CHANNEL = {"id": -1009876543210, "type": "channel", "title": "News", "username": "news_example"}
_BOT = {"id": 987654321, "is_bot": True, "first_name": "Ops", "username": "ops_example_bot"}
_AT = 1767225600


def _message(chat: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"message_id": 42, "from": _ANN, "chat": chat, "date": _AT, **more}


def _update(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"update_id": 800001, kind: value}


_TOLD = (
    Trigger("message", "Message received", _update("message", _message(_PRIVATE, text="Is the shop open today?"))),
    Trigger(
        "callback_query",
        "Button pressed",
        _update(
            "callback_query",
            {
                "id": "5001",
                "from": _ANN,
                "message": _message(_PRIVATE, text="Approve?"),
                "chat_instance": "77",
                "data": "yes",
            },
        ),
    ),
    Trigger(
        "edited_message",
        "Message changed",
        _update("edited_message", _message(_PRIVATE, text="Is the shop open tomorrow?", edit_date=_AT + 60)),
    ),
    Trigger(
        "channel_post",
        "Channel post published",
        _update(
            "channel_post", {"message_id": 7, "sender_chat": _CHANNEL, "chat": _CHANNEL, "date": _AT, "text": "New"}
        ),
    ),
    Trigger(
        "edited_channel_post",
        "Channel post changed",
        _update(
            "edited_channel_post",
            {"message_id": 7, "chat": _CHANNEL, "date": _AT, "edit_date": _AT + 60, "text": "New, corrected"},
        ),
    ),
    Trigger(
        "my_chat_member",
        "Bot added or removed",
        _update(
            "my_chat_member",
            {
                "chat": _GROUP,
                "from": _ANN,
                "date": _AT,
                "old_chat_member": {"user": _BOT, "status": "left"},
                "new_chat_member": {"user": _BOT, "status": "member"},
            },
        ),
    ),
    Trigger(
        "chat_join_request",
        "Somebody asks to join",
        _update(
            "chat_join_request",
            {"chat": _GROUP, "from": _ANN, "user_chat_id": _ANN["id"], "date": _AT, "bio": "Hello"},
        ),
    ),
    Trigger(
        "message_reaction",
        "Reaction changed",
        _update(
            "message_reaction",
            {
                "chat": _GROUP,
                "message_id": 42,
                "user": _ANN,
                "date": _AT,
                "old_reaction": [],
                "new_reaction": [{"type": "emoji", "emoji": "👍"}],
            },
        ),
    ),
    Trigger(
        "inline_query",
        "Inline query typed",
        _update("inline_query", {"id": "6001", "from": _ANN, "query": "opening hours", "offset": ""}),
    ),
    Trigger(
        "poll_answer",
        "Poll answered",
        _update("poll_answer", {"poll_id": "7001", "user": _ANN, "option_ids": [1]}),
    ),
)
TRIGGERS = tuple(replace(each, others="none") for each in _TOLD)  # an update has one of its parts at a time
