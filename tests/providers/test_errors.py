"""What the services say when they refuse, and what Streamline makes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from streamline_ui.errors import AuthFailed, Occupied, Rejected, StreamlineError, Unavailable
from streamline_ui.providers import meanings, named


@dataclass(frozen=True)
class Row:
    """An answer, and the error it must become: class, beginning of the sentence, part of the hint, seconds."""

    service: str
    status: int
    body: Any
    kind: type[StreamlineError]
    message: str
    hint: str
    wait: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


def discord(code: int, text: str, **more: Any) -> dict[str, Any]:
    return {"message": text, "code": code, **more}


def telegram(status: int, text: str, **parameters: Any) -> dict[str, Any]:
    body = {"ok": False, "error_code": status, "description": text}
    return {**body, "parameters": parameters} if parameters else body


def sendgrid(text: str, name: str | None = None) -> dict[str, Any]:
    return {"errors": [{"message": text, "field": name, "help": None}]}


def slack(error: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": error, **more}


def twilio(code: int, text: str) -> dict[str, Any]:
    return {"code": code, "message": text, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": 400}


BLOCK = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/2/text/text]"


def newsapi(code: str) -> dict[str, Any]:
    return {"status": "error", "code": code, "message": "As the service puts it."}


def google(status: int, name: str, text: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": text, "status": name}}


def airtable(kind: str, text: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": text}}


TOO_LONG = {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]}}
NAME_TAKEN = {"username": {"_errors": [{"code": "USERNAME_INVALID_CONTAINS", "message": "No."}]}}
CONTINUES = "continues by itself"

ROWS = [
    Row("discord", 404, discord(10015, "Unknown Webhook"), AuthFailed,
        "Discord says this webhook no longer exists (404, 10015 Unknown Webhook).", "Create a new one in the channel"),
    Row("discord", 401, discord(50027, "Invalid Webhook Token"), AuthFailed,
        "Discord refused this URL (401, 50027 Invalid Webhook Token).", "The last part is cut off or changed."),
    Row("discord", 403, discord(50013, "Missing Permissions"), Rejected,
        "Discord does not allow this webhook to do that here (403, 50013 Missing Permissions).", "permissions"),
    Row("discord", 400, discord(50006, "Cannot send an empty message"), Rejected,
        "Discord does not accept an empty message (400, 50006).", "Fill in the message"),
    Row("discord", 400, discord(50035, "Invalid Form Body", errors=TOO_LONG), Rejected,
        "Discord takes at most 2000 characters in one message (400, 50035).", "Shorten"),
    Row("discord", 400, {"content": ["Must be 2000 or fewer in length."]}, Rejected,
        "Discord takes at most 2000 characters in one message (400).", "Shorten"),
    Row("discord", 400, discord(50035, "Invalid Form Body", errors=NAME_TAKEN), Rejected,
        "Discord does not accept the field “username” (400, 50035).", "Check"),
    Row("discord", 400, discord(220001, "A thread is needed"), Rejected,
        "This webhook belongs to a forum channel", "thread ID"),
    Row("discord", 429, {"message": "Slow", "retry_after": 64.57, "global": False}, Unavailable,
        "Discord asks us to wait 65 s (429).", CONTINUES, 64.57, {"Retry-After": "65", "X-RateLimit-Scope": "user"}),
    Row("discord", 429, {"message": "Slow", "retry_after": 1336.57, "global": True}, Unavailable,
        "Discord asks us to wait 1337 s (429).", CONTINUES, 1336.57),
    Row("discord", 429, "error code: 1015", Unavailable,
        "Discord has blocked this machine's address for a while (429, 1015).", "Pause broken connections"),
    Row("telegram", 401, telegram(401, "Unauthorized"), AuthFailed,
        "Telegram does not know this token (401).", "@BotFather"),
    Row("telegram", 404, telegram(404, "Not Found"), AuthFailed,
        "Telegram does not recognise this as a token (404).", "digits and colon included"),
    Row("telegram", 404, telegram(404, "Not Found: method not found"), Rejected,
        "Telegram does not have this method (404).", "older"),
    Row("telegram", 409, telegram(409, "Conflict: can't use getUpdates method while webhook is active; …"), Occupied,
        "This bot already sends its messages to another address (409).", "Switch it to polling"),
    Row("telegram", 409, telegram(409, "Conflict: terminated by other getUpdates request; make sure …"), Occupied,
        "Another program is polling this bot (409).", "Stop it there"),
    Row("telegram", 409, telegram(409, "Conflict: terminated by setWebhook request"), Occupied,
        "A webhook was just set for this bot", "one of the two"),
    Row("telegram", 400, telegram(400, "Bad Request: chat not found"), Rejected,
        "Telegram cannot find this chat (400).", "Send the bot a message first"),
    Row("telegram", 400, telegram(400, "Bad Request: message is too long"), Rejected,
        "Telegram takes at most 4096 characters", "Shorten"),
    Row("telegram", 400, telegram(400, "Bad Request: message text is empty"), Rejected,
        "Telegram does not accept an empty message (400).", "Fill in"),
    Row("telegram", 400, telegram(400, "Bad Request: can't parse entities: Can't find end of the entity"), Rejected,
        "Telegram cannot read the formatting", "Escape them"),
    Row("telegram", 400, telegram(400, "Bad Request: group chat was upgraded to a supergroup chat",
                                  migrate_to_chat_id=-1001555296434), Rejected,
        "This group has become a supergroup and has a new number (400).", "Use -1001555296434"),
    Row("telegram", 400, telegram(400, "Bad Request: bad webhook: … only on ports 80, 88, 443 or 8443"), Rejected,
        "Telegram calls webhooks only on the ports 443, 80, 88 and 8443 (400).", "public address"),
    Row("telegram", 403, telegram(403, "Forbidden: bot was blocked by the user"), Rejected,
        "This person has blocked the bot (403).", "start it again"),
    Row("telegram", 403, telegram(403, "Forbidden: bot was kicked from the supergroup chat"), Rejected,
        "The bot was removed from this chat (403).", "Add it"),
    Row("telegram", 403, telegram(403, "Forbidden: bot can't initiate conversation with a user"), Rejected,
        "The bot may not write to this chat (403).", "has to write to the bot first"),
    Row("telegram", 403, "<html>Blocked by the firewall</html>", Rejected,
        "Everything that this bot asks is refused, on the way to Telegram or by Telegram itself (403).", "a proxy"),
    Row("telegram", 429, telegram(429, "Too Many Requests: retry after 35", retry_after=35), Unavailable,
        "Telegram asks us to wait 35 s (429).", CONTINUES, 35.0, {"Retry-After": "36"}),
    Row("telegram", 500, telegram(500, "Internal Server Error: restart"), Unavailable,
        "Telegram is restarting (500).", "tries again"),
    Row("telegram", 502, "<html>", Unavailable, "Telegram has a problem on its side (502).", "tries again"),
    Row("sendgrid", 401, sendgrid("The provided authorization grant is invalid, expired, or revoked"), AuthFailed,
        "SendGrid refused the key (401).", "shows a key only once"),
    Row("sendgrid", 401, sendgrid("Maximum credits exceeded"), Rejected,
        "The e-mails of your SendGrid plan are used up (401).", "The key is fine"),
    Row("sendgrid", 403, sendgrid("The from address does not match a verified Sender Identity.", "from"), Rejected,
        "SendGrid does not know this sender (403).", "Sender Authentication"),
    Row("sendgrid", 403, sendgrid("access forbidden"), Rejected,
        "The key works but may not do this (403).", "allow Mail Send"),
    Row("sendgrid", 400, sendgrid("The subject is required.", "subject"), Rejected,
        "SendGrid does not accept the field “subject” (400).", "Check"),
    Row("sendgrid", 413, sendgrid("The total size of your email is too large"), Rejected,
        "The mail is larger than SendGrid allows (413).", "30 MB"),
    Row("slack", 200, slack("invalid_auth"), AuthFailed,
        "Slack refused the token (invalid_auth).", "Copy the Bot User OAuth Token again."),
    Row("slack", 200, slack("not_authed"), AuthFailed, "Slack got no token (not_authed).", "Bot User OAuth Token"),
    Row("slack", 200, slack("token_revoked"), AuthFailed,
        "The token was revoked in Slack (token_revoked).", "Reinstall the app"),
    Row("slack", 200, slack("token_expired"), AuthFailed, "The token has expired (token_expired).", "rotation"),
    Row("slack", 200, slack("account_inactive"), AuthFailed,
        "The user or the workspace behind this token is gone (account_inactive).", "Install the app again"),
    Row("slack", 200, slack("missing_scope", needed="chat:write", provided="channels:read"), Rejected,
        "The Slack app lacks the permission “chat:write” (missing_scope).", "reinstall the app"),
    Row("slack", 200, slack("missing_scope"), Rejected, "The Slack app lacks the permission for this (", "reinstall"),
    Row("slack", 200, slack("channel_not_found"), Rejected,
        "Slack does not know this channel, or the bot cannot see it (channel_not_found).", "Copy its ID"),
    Row("slack", 200, slack("not_in_channel"), Rejected,
        "The bot is not in this channel (not_in_channel).", "/invite"),
    Row("slack", 200, slack("is_archived"), Rejected, "This channel is archived (is_archived).", "Unarchive"),
    Row("slack", 200, slack("msg_too_long"), Rejected, "The text is longer than Slack allows (", "Shorten"),
    Row("slack", 200, slack("no_text"), Rejected, "Slack does not accept an empty message (no_text).", "Fill in"),
    Row("slack", 200, slack("invalid_blocks"), Rejected, "Slack does not accept the blocks (", "Block Kit Builder"),
    Row("slack", 200, slack("invalid_blocks", response_metadata={"messages": [BLOCK]}), Rejected,
        "Slack does not accept block 3 (invalid_blocks).", "Check the JSON"),
    Row("slack", 200, slack("msg_blocks_too_long"), Rejected, "The blocks are too long altogether (", "13,200"),
    Row("slack", 200, slack("restricted_action"), Rejected, "A rule of this Slack workspace forbids it (", "Ask"),
    Row("slack", 200, slack("fatal_error"), Unavailable, "Slack has a problem on its side (fatal_error).", "again"),
    Row("slack", 200, slack("internal_error"), Unavailable, "Slack has a problem on its side (internal_", "again"),
    Row("slack", 429, slack("ratelimited"), Unavailable,
        "Slack asks us to wait 30 s (429, ratelimited).", CONTINUES, 30.0, {"Retry-After": "30"}),
    Row("slack", 200, slack("rate_limited"), Unavailable, "Slack asks us to wait a moment (rate_", CONTINUES),
    Row("slack", 200, slack("something_new"), Rejected, "Slack refused the request (something_new).", "Check"),
    Row("twilio", 401, twilio(20003, "Authenticate"), AuthFailed,
        "Twilio refused the Account SID and Auth Token (401, 20003).", "belong to the same account"),
    Row("twilio", 404, twilio(20404, "The requested resource was not found"), Rejected,
        "Twilio does not find this account, message or call (404, 20404).", "Account SID"),
    Row("twilio", 429, twilio(20429, "Too Many Requests"), Unavailable,
        "Twilio got too many requests at once (429, 20429).", CONTINUES),
    Row("twilio", 400, twilio(21211, "Invalid 'To' Phone Number"), Rejected,
        "Twilio does not accept the number to send to (400, 21211).", "country code"),
    Row("twilio", 400, twilio(21606, "The 'From' phone number provided is not valid"), Rejected,
        "The number to send from cannot send this message (400, 21606).", "Twilio Console"),
    Row("twilio", 400, twilio(21608, "The number is unverified."), Rejected,
        "This is a trial account, and the number to reach is not verified (400, 21608).", "Verified Caller IDs"),
    Row("twilio", 400, twilio(21610, "Attempt to send to unsubscribed recipient"), Rejected,
        "This person has unsubscribed with STOP (400, 21610).", "Do not write again"),
    Row("twilio", 400, twilio(21614, "'To' number is not a valid mobile number"), Rejected,
        "This number cannot receive SMS (400, 21614).", "mobile"),
    Row("twilio", 400, twilio(21617, "The concatenated message body exceeds the 1600 character limit"), Rejected,
        "The text is longer than 1600 characters (400, 21617).", "Shorten"),
    Row("twilio", 400, twilio(21408, "Permission to send an SMS has not been enabled for the region"), Rejected,
        "Your Twilio account may not reach this country (400, 21408).", "Geo permissions"),
    Row("twilio", 503, twilio(20503, "Service Unavailable"), Unavailable,
        "Twilio is unavailable (503, 20503).", "tries again"),
    Row("twilio", 400, twilio(99999, "Something new"), Rejected, "Twilio refused the request (400, 99999).", "Check"),
    Row("airtable", 401, airtable("AUTHENTICATION_REQUIRED", "Authentication required"), AuthFailed,
        "Airtable refused the token (401, AUTHENTICATION_REQUIRED).", "Create a new one"),
    Row("airtable", 401, airtable("UNAUTHORIZED", "Invalid authentication token"), AuthFailed,
        "Airtable refused the token (401, UNAUTHORIZED).", "Create a new one"),
    Row("airtable", 403, airtable("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "Invalid permissions, or …"), Rejected,
        "Either this base or table does not exist, or the token may not see or change it (403,",
        "it needs this base under Access, and the scopes data.records:read and data.records:write"),
    Row("airtable", 403, airtable("NOT_AUTHORIZED", "You are not authorized"), Rejected,
        "The token may not do this (403, NOT_AUTHORIZED).", "schema.bases:read"),
    Row("airtable", 404, {"error": "NOT_FOUND"}, Rejected,
        "Airtable does not find this record, table or base (404, NOT_FOUND).", "deleted"),
    Row("airtable", 422, airtable("UNKNOWN_FIELD_NAME", 'Unknown field name: "Nam"'), Rejected,
        "The table does not have the field “Nam” (422, UNKNOWN_FIELD_NAME).", "capital letters"),
    Row("airtable", 422, airtable("UNKNOWN_FIELD_NAME", "No."), Rejected,
        "The table does not have one of the fields (422, UNKNOWN_FIELD_NAME).", "capital letters"),
    Row("airtable", 422, airtable("INVALID_MULTIPLE_CHOICE_OPTIONS",
                                  'Insufficient permissions to create new select option "Urgent"'), Rejected,
        "The list of this field does not have the choice “Urgent” (422,", "Let Airtable convert values"),
    Row("airtable", 422, airtable("INVALID_VALUE_FOR_COLUMN", 'Field "Amount" cannot accept the value'), Rejected,
        "Airtable does not accept the value for the field “Amount” (422,", "type"),
    Row("airtable", 422, airtable("INVALID_FILTER_BY_FORMULA", "The formula is invalid"), Rejected,
        "Airtable cannot read the filter (422,", "braces"),
    Row("airtable", 413, "", Rejected, "What was sent is larger than Airtable allows (413).", "Send less"),
    Row("airtable", 429, {"errors": [{"error": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded."}]}, Unavailable,
        "Airtable asks us to wait 30 s: more than 5 requests a second reached this base (429, RATE_LIMIT_REACHED).",
        CONTINUES, 30.0),
    Row("airtable", 429, {"errors": [{"error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": "…"}]}, Rejected,
        "The API calls of this Airtable workspace are used up for this month (429,", "larger plan"),
    Row("airtable", 503, airtable("SERVICE_UNAVAILABLE", "The service is temporarily unavailable."), Unavailable,
        "Airtable is busy (503, SERVICE_UNAVAILABLE).", "tries again"),
    Row("newsapi", 401, newsapi("apiKeyInvalid"), AuthFailed,
        "News API does not know this key (401, apiKeyInvalid).", "newsapi.org"),
    Row("newsapi", 401, newsapi("apiKeyMissing"), AuthFailed, "No key was sent to News API (401,", "Enter the key"),
    Row("newsapi", 401, newsapi("apiKeyDisabled"), AuthFailed, "News API has switched this key off (401,", "account"),
    Row("newsapi", 429, newsapi("apiKeyExhausted"), Rejected,
        "The requests of this News API key are used up (429, apiKeyExhausted).", "100 a day"),
    Row("newsapi", 429, newsapi("rateLimited"), Unavailable,
        "News API asks us to wait a moment: too many requests within a short time (429, rateLimited).", CONTINUES),
    Row("newsapi", 400, newsapi("parametersMissing"), Rejected,
        "There is nothing to search for (400, parametersMissing).", "at least one"),
    Row("newsapi", 400, newsapi("parameterInvalid"), Rejected,
        "News API does not accept one of the values (400, parameterInvalid).", "one month"),
    Row("newsapi", 426, newsapi("maximumResultsReached"), Rejected,
        "The plan of this key does not show that many articles (426, maximumResultsReached).", "first 100"),
    Row("newsapi", 400, newsapi("sourcesTooMany"), Rejected, "News API takes at most 20 sources (400,", "fewer"),
    Row("newsapi", 400, newsapi("sourceDoesNotExist"), Rejected, "News API does not know one of the sources", "again"),
    Row("newsapi", 500, newsapi("unexpectedError"), Unavailable,
        "News API has a problem on its side (500, unexpectedError).", "tries again"),
    Row("http", 401, {"error": "no"}, AuthFailed, "api.example.com refused the key (401, no).", "Create a new one"),
    Row("http", 404, "", Rejected, "api.example.com does not know what was asked for (404).", "Check the address"),
    Row("http", 503, "", Unavailable, "api.example.com has a problem on its side (503).", "tries again", 9.0,
        {"Retry-After": "9"}),
    Row("http", 400, "invalid_payload", Rejected, "The service cannot read the message (400, invalid_payload", "JSON"),
    Row("http", 403, "action_prohibited", Rejected, "A rule of the workspace forbids posting there (403,", "owner"),
    Row("http", 404, "channel_not_found", Rejected, "The channel behind this webhook is gone (404,", "another one"),
    Row("http", 404, "no_service\n", Rejected,
        "The webhook at this address was removed or switched off (404, no_service).", "Make a new one"),
    Row("http", 410, "channel_is_archived", Rejected, "The channel behind this webhook is archived (410,", "Unarchive"),
    Row("http", 500, "rollup_error", Unavailable, "api.example.com has a problem on its side (500, rollup_error).",
        "tries again"),
    Row("http", 400, "Something long. " * 20, Rejected, "api.example.com refused the request (400).", "Check"),
    Row("google_sheets", 401, google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
        AuthFailed, "Google no longer takes the sign-in (401, UNAUTHENTICATED).", "Sign in again."),
    Row("google_sheets", 403, google(403, "PERMISSION_DENIED", "The caller does not have permission"), Rejected,
        "This Google account may not open the spreadsheet (403, PERMISSION_DENIED).", "Share it"),
    Row("google_sheets", 403, google(403, "PERMISSION_DENIED", "Google Sheets API has not been used before …"),
        Rejected, "The Google Sheets API is switched off in your Google Cloud project (403,", "enable Google Sheets"),
    Row("google_sheets", 403, google(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes."),
        AuthFailed, "Google was not allowed to let Streamline edit spreadsheets (403,", "leave the box"),
    Row("google_sheets", 404, google(404, "NOT_FOUND", "Requested entity was not found."), Rejected,
        "Google has no spreadsheet with this ID (404, NOT_FOUND).", "Copy its address"),
    Row("google_sheets", 400, google(400, "INVALID_ARGUMENT", "Unable to parse range: Orders!A2:E"), Rejected,
        "Google does not understand the range (400, INVALID_ARGUMENT).", "Write the sheet's name"),
    Row("google_sheets", 400, google(400, "INVALID_ARGUMENT", "Invalid values[0][0]"), Rejected,
        "Google does not accept these values (400, INVALID_ARGUMENT).", "Check the range and the rows"),
    Row("google_sheets", 429, google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests' …"),
        Unavailable, "Google's limit for this minute is used up (429, RESOURCE_EXHAUSTED).", "within a minute"),
    Row("google_sheets", 503, google(503, "UNAVAILABLE", "The service is currently unavailable."), Unavailable,
        "Google is busy (503, UNAVAILABLE).", "tries again"),
    Row("sendgrid", 429, sendgrid("too many requests"), Unavailable, "SendGrid asks us to wait 1 s (429).", CONTINUES,
        1.0, {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1392815263"}),
]  # fmt: skip


def translated(row: Row) -> StreamlineError:
    provider = named(row.service)
    content = {"text": row.body} if isinstance(row.body, str) else {"json": row.body}
    request = httpx.Request("POST", "https://api.example.com/x")
    answer = httpx.Response(row.status, headers=row.headers, request=request, **content)
    name = "" if provider.anywhere else provider.service
    return meanings.translate(
        answer, service=name, meanings=provider.meanings, problem=provider.problem, wait=provider.wait
    )


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.service}-{row.status}-{n}" for n, row in enumerate(ROWS)])
def test_error_table(row: Row) -> None:
    error = translated(row)
    assert type(error) is row.kind
    assert error.message.startswith(row.message), error.message
    assert row.hint in " ".join(error.hints)
    if isinstance(error, Unavailable):
        assert error.retry_after == row.wait


def test_sendgrid_names_the_moment_when_it_listens_again() -> None:
    now = time.time()
    headers = {"X-RateLimit-Reset": str(int(now) + 40), "Date": formatdate(now, usegmt=True)}
    error = translated(Row("sendgrid", 429, sendgrid("too many requests"), Unavailable, "", "", None, headers))
    assert isinstance(error, Unavailable)
    assert error.retry_after == pytest.approx(40, abs=1.5)
    late = translated(Row("sendgrid", 429, "", Unavailable, "", "", None, {"X-RateLimit-Reset": "1392815263"}))
    assert isinstance(late, Unavailable)
    assert late.retry_after == 1.0


def test_a_service_cannot_put_its_own_words_into_our_sentences() -> None:
    script = "<script>alert(1)</script>"
    for service, body in (
        ("discord", {"message": script, "code": script, "errors": {script: script}}),
        ("telegram", telegram(400, script, migrate_to_chat_id=script)),
        ("sendgrid", sendgrid(script, script)),
        ("newsapi", newsapi(script)),
        ("airtable", airtable(script, f'Unknown field name: "{script}"')),
        ("slack", slack(script, needed=script, response_metadata={"messages": [script]})),
        ("slack", slack("missing_scope", needed=script)),
        ("twilio", {"code": script, "message": script}),
        ("http", {"error": script, "message": script, "code": script}),
    ):
        error = translated(Row(service, 400, body, Rejected, "", ""))
        assert "<script>" not in " ".join((error.message, *error.hints)), service
