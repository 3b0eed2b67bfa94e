"""Slack's way of signing in: the same steps as everywhere, in Slack's own words. Tokens do not expire here."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from streamline_ui.sandbox.authority import Authority
from streamline_ui.sandbox.state import Desk

WORDS = {
    "invalid_grant": "invalid_code",
    "invalid_client": "bad_client_secret",
    "redirect_uri_mismatch": "bad_redirect_uri",
}


class SlackAuthority(Authority):
    """Takes codes as others do, and answers with a bot's token."""

    def __init__(self, desk: Desk) -> None:
        scopes = {
            "chat:write": "Post messages",
            "channels:read": "See public channels",
            "reactions:write": "Add reactions",
        }
        super().__init__(desk, "Slack", scopes, rotates=False, separator=",")

    async def access(self, request: Request) -> Response:
        """`oauth.v2.access`: refusals have status 200 and `ok: false`, but for faults."""
        answer = await self.token(request)
        if answer.status_code >= 500 or answer.status_code == 429 or answer.media_type != "application/json":
            return answer
        body: dict[str, Any] = json.loads(bytes(answer.body))
        if "error" in body:
            return JSONResponse({"ok": False, "error": WORDS.get(body["error"], "invalid_arguments")})
        mark = hashlib.sha256(body["access_token"].encode()).hexdigest()
        return JSONResponse({
            "ok": True,
            "access_token": f"xoxb-123456789012-1234567890123-{mark[:24]}",
            "token_type": "bot",
            "scope": body["scope"],
            "bot_user_id": "U0LAN0Z89",
            "app_id": "A0SANDBOX1",
            "team": {"name": "Sandbox", "id": "T061EG9R6"},
            "authed_user": {"id": "U061F7AUR"},
        })  # fmt: skip
