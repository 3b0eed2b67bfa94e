"""What Slack's errors mean, what its limits are, and what its events look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from streamline_ui.providers.describe import Trigger
from streamline_ui.providers.meanings import Meaning, Problem, json_of

INSTALLED = "It stands in your app under OAuth & Permissions and starts with xoxb-."
WRITES = frozenset({"chat:write", "chat:write:bot", "chat:write:user", "bot", "client", "post"})
"""The scopes, today's and older ones, of which a token needs one to write messages."""


def not_a_token(text: str) -> str:
    """What was pasted instead of a token, and what to do, without repeating it."""
    if re.match(r"https?://hooks\.slack", text):
        return f"This is a Slack webhook URL. Paste the app's Bot User OAuth Token instead. {INSTALLED}"
    if text.startswith("xapp-"):
        return f"This is an app-level token, which Slack takes for Socket Mode only. Paste the bot token. {INSTALLED}"
    if text.startswith("xoxe-"):
        return f"This is a refresh token, which Slack takes only once. Paste the access token beside it. {INSTALLED}"
    if re.match(r"xox[cdsr]-", text):
        return f"This is the token of a Slack session in a browser, not of an app. Paste the bot token. {INSTALLED}"
    if re.fullmatch(r"[0-9a-f]{32}", text):
        return f"This looks like the signing secret or client secret of a Slack app. Paste the bot token. {INSTALLED}"
    return f"This is not a Slack token. {INSTALLED}"


def is_failure(body: Any) -> bool:
    """Whether an answer with status 200 is a refusal all the same."""
    return isinstance(body, dict) and body.get("ok") is False


def read_problem(response: httpx.Response) -> Problem:
    """{"ok": false, "error", "needed"?, "provided"?, "response_metadata": {"messages": […]}?}."""
    body = json_of(response)
    if not isinstance(body, dict):
        return Problem()
    code, said = str(body.get("error") or ""), body.get("response_metadata")
    lines = said.get("messages") if isinstance(said, dict) else None
    text = " ".join(str(line) for line in lines)[:2000] if isinstance(lines, list) else ""
    return Problem(code, text, _about(code, str(body.get("needed") or ""), text))


def _about(code: str, needed: str, text: str) -> str:
    if code == "missing_scope":
        return f"“{needed}”" if re.fullmatch(r"[a-z][a-z:._,-]{1,80}", needed) else "for this"
    block = re.search(r"json-pointer:/blocks/(\d{1,2})\b", text)
    return f"block {int(block[1]) + 1}" if block else "the blocks"


SCOPE = "Add it in your app under OAuth & Permissions, then reinstall the app."
RECONNECT = "Copy the Bot User OAuth Token again. " + INSTALLED
AGAIN = "Streamline tries again by itself."
CHANNEL = "Copy its ID: at the channel's name › About, at the very end. The bot must be a member of a private channel."
WAITING = "Nothing is lost; Streamline continues by itself."

MEANINGS = (
    Meaning("auth", "Slack refused the token", RECONNECT, code="invalid_auth"),
    Meaning("auth", "Slack got no token", RECONNECT, code="not_authed"),
    Meaning("auth", "The token was revoked in Slack", "Reinstall the app and paste the new one.", code="token_revoked"),
    Meaning(
        "auth",
        "The token has expired",
        "Paste a new one. To get one that lasts, leave token rotation off in your app.",
        code="token_expired",
    ),
    Meaning(
        "auth",
        "The user or the workspace behind this token is gone",
        "Install the app again in a workspace that is in use, and paste its token.",
        code="account_inactive",
    ),
    Meaning(
        "auth",
        "Slack does not take this kind of token here",
        RECONNECT,
        code="not_allowed_token_type",
    ),
    Meaning("permission", "The Slack app lacks the permission {about}", SCOPE, code="missing_scope"),
    Meaning(
        "permission",
        "The bot is not in this channel",
        "In the channel, type /invite and the bot's name, then try again.",
        code="not_in_channel",
    ),
    Meaning(
        "permission",
        "A rule of this Slack workspace forbids it",
        "Ask an owner of the workspace who may post in this channel.",
        code="restricted_action",
    ),
    *(
        Meaning("permission", "Slack does not allow the bot to do this", "Ask an owner of the workspace.", code=code)
        for code in ("no_permission", "access_denied", "ekm_access_denied", "team_access_not_granted", "not_allowed")
    ),
    Meaning("input", "Slack does not know this channel, or the bot cannot see it", CHANNEL, code="channel_not_found"),
    Meaning("input", "This channel is archived", "Unarchive it in Slack, or choose another one.", code="is_archived"),
    Meaning("input", "The text is longer than Slack allows", "Shorten it to 40,000 characters.", code="msg_too_long"),
    Meaning("input", "Slack does not accept an empty message", "Fill in the message.", code="no_text"),
    *(
        Meaning(
            "input",
            "Slack does not accept {about}",
            "Check the JSON of the blocks. Slack's Block Kit Builder shows what is wrong.",
            code=code,
        )
        for code in ("invalid_blocks", "invalid_blocks_format")
    ),
    Meaning(
        "input",
        "The blocks are too long altogether",
        "Slack takes about 13,200 characters in all blocks of a message. Shorten them, or send two messages.",
        code="msg_blocks_too_long",
    ),
    *(
        Meaning("input", "Slack does not find this message", "Check its time stamp and its channel.", code=code)
        for code in ("message_not_found", "bad_timestamp", "thread_not_found", "cannot_reply_to_message")
    ),
    Meaning(
        "input",
        "Slack lets an app change its own messages only",
        "Use the time stamp of a message that this connection sent.",
        code="cant_update_message",
    ),
    Meaning("input", "This message can no longer be changed", "Send a new one.", code="edit_window_closed"),
    Meaning("input", "Slack does not know this emoji", "Write its name without colons.", code="invalid_name"),
    *(
        Meaning("input", "This message has as many reactions as Slack allows", "Remove one in Slack.", code=code)
        for code in ("too_many_emoji", "too_many_reactions")
    ),
    Meaning(
        "input",
        "This Slack does not have what was asked for",
        "The service address may be wrong: it is https://slack.com/api unless yours is another Slack.",
        code="unknown_method",
    ),
    *(
        Meaning("rate_limit", "Slack asks us to wait {wait}", WAITING, code=code)
        for code in ("ratelimited", "rate_limited", "message_limit_exceeded")
    ),
    *(
        Meaning("server", "Slack has a problem on its side", AGAIN, code=code)
        for code in ("fatal_error", "internal_error", "request_timeout", "service_unavailable")
    ),
)  # fmt: skip

_AT = 1767225600
_ANN, _BOT, _CHANNEL = "U061F7AUR", "U0LAN0Z89", "C024BE91L"


def _event(kind: str, **values: Any) -> dict[str, Any]:
    """An event in the envelope in which Slack sends all of them."""
    return {
        "team_id": "T061EG9R6",
        "api_app_id": "A0MDYCDME",
        "event": {"type": kind, **values, "event_ts": f"{_AT}.000200"},
        "type": "event_callback",
        "event_id": "Ev08MFMKH6",
        "event_time": _AT,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T061EG9R6",
                "user_id": _BOT,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


_MESSAGE = {"client_msg_id": "7c2f4e0a-5b1d-4f6e-9a57-2f4b8c1d3e90", "team": "T061EG9R6", "channel": _CHANNEL,
            "user": _ANN, "ts": f"{_AT}.000200"}  # fmt: skip
_ITEM = {"type": "message", "channel": _CHANNEL, "ts": f"{_AT}.000100"}
_FILE = {"file_id": "F2147483862", "user_id": _ANN, "file": {"id": "F2147483862"}, "channel_id": _CHANNEL}
_NEW = {"id": "C0NEW00001", "is_channel": True, "name": "incidents", "name_normalized": "incidents", "created": _AT,
        "creator": _ANN}  # fmt: skip
_USER = {
    "id": "U0NEW00001", "team_id": "T061EG9R6", "name": "bea", "real_name": "Bea Example", "is_bot": False,
    "profile": {"display_name": "bea", "email": "bea@example.com", "real_name": "Bea Example"},
}  # fmt: skip


def is_own(body: Mapping[str, Any]) -> bool:
    """Whether an event is about what this very app has done."""
    event = body.get("event")
    app = event.get("app_id") if isinstance(event, Mapping) else None
    return app is not None and app == body.get("api_app_id")


TRIGGERS = (
    Trigger(
        "message",
        "Message posted",
        _event("message", **_MESSAGE, channel_type="channel", text="Is the deploy through?"),
    ),
    Trigger("app_mention", "Bot mentioned", _event("app_mention", **_MESSAGE, text=f"<@{_BOT}> what is the status?")),
    Trigger(
        "reaction_added",
        "Reaction added",
        _event("reaction_added", user=_ANN, item=_ITEM, reaction="white_check_mark", item_user=_BOT),
    ),
    Trigger(
        "reaction_removed",
        "Reaction removed",
        _event("reaction_removed", user=_ANN, item=_ITEM, reaction="white_check_mark", item_user=_BOT),
    ),
    Trigger(
        "member_joined_channel",
        "Somebody joined a channel",
        _event("member_joined_channel", user=_ANN, channel=_CHANNEL, channel_type="C", team="T061EG9R6"),
    ),
    Trigger("channel_created", "Channel created", _event("channel_created", channel=_NEW)),
    Trigger("file_shared", "File shared", _event("file_shared", **_FILE)),
    Trigger("team_join", "Somebody joined the workspace", _event("team_join", user=_USER)),
)
