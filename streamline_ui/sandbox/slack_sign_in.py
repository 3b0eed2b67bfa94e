"""Slack's way of signing in: the same steps as everywhere, in Slack's own words.

A bot's token lasts, unless the client's ID has `rotates` in it: then it is good for 12 hours and is renewed.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from streamline_ui.sandbox.authority import Authority
from streamline_ui.sandbox.state import MOST_ACCOUNTS, Desk

WORDS = {
    "invalid_grant": "invalid_code",
    "invalid_client": "bad_client_secret",
    "redirect_uri_mismatch": "bad_redirect_uri",
    "invalid_refresh_token": "invalid_refresh_token",
}
WRITTEN = re.compile(r"xoxe(?:\.xoxb)?-1-((?:[0-9a-f]{2})+)")


class SlackAuthority(Authority):
    """Takes codes as others do, and answers with a bot's token."""

    def __init__(self, desk: Desk) -> None:
        scopes = {
            "chat:write": "Post messages",
            "channels:read": "See public channels",
            "reactions:write": "Add reactions",
        }
        super().__init__(desk, "Slack", scopes, lives=43_200.0, separator=",")
        self._taken_back: dict[str, None] = {}

    def forget(self) -> None:
        """Start again as new."""
        super().forget()
        self._taken_back.clear()

    def standing(self, token: str) -> str:
        """Slack's word for why one of our own tokens counts no more, "" where it does or is not ours."""
        facts = self._read(token)
        if token in self._taken_back:
            return "token_revoked"
        if facts is None or facts.get("k") != "a":
            return ""
        family = self._family(facts)
        if facts["n"] == family.number:
            family.is_used = True
        if family.is_ended:
            return "token_revoked"
        return "token_expired" if facts["e"] < time.time() else ""

    def take_back(self, token: str) -> None:
        """`auth.revoke`: it counts no more, and nor do those that would follow it."""
        while len(self._taken_back) >= MOST_ACCOUNTS:
            del self._taken_back[next(iter(self._taken_back))]
        self._taken_back[token] = None
        if (facts := self._read(token)) is not None:
            self._family(facts).is_ended = True

    def _renew(self, client: str, given: Mapping[str, str]) -> Response:
        answer = super()._renew(client, given)
        return answer if answer.status_code == 200 else self._error("invalid_refresh_token", 400)

    def _read(self, token: str) -> dict[str, Any] | None:
        """What a token that rotates carries, which stands in it as Slack's tokens may be written."""
        found = WRITTEN.fullmatch(token)
        inner = bytes.fromhex(found[1]).decode("ascii", "ignore") if found else token
        return super()._read(inner)

    async def access(self, request: Request) -> Response:
        """`oauth.v2.access`: refusals have status 200 and `ok: false`, but for faults."""
        answer = await self.token(request)
        if answer.status_code >= 500 or answer.status_code == 429 or answer.media_type != "application/json":
            return answer
        body: dict[str, Any] = json.loads(bytes(answer.body))
        if "error" in body:
            return JSONResponse({"ok": False, "error": WORDS.get(body["error"], "invalid_arguments")})
        return JSONResponse({
            "ok": True,
            **self._tokens(body),
            "token_type": "bot",
            "scope": body["scope"],
            "bot_user_id": "U0LAN0Z89",
            "app_id": "A0SANDBOX1",
            "team": {"name": "Sandbox", "id": "T061EG9R6"},
            "authed_user": {"id": "U061F7AUR"},
        })  # fmt: skip

    def _tokens(self, body: dict[str, Any]) -> dict[str, Any]:
        facts = self._read(body["access_token"]) or {}
        if "rotates" not in facts.get("c", ""):
            mark = hashlib.sha256(body["access_token"].encode()).hexdigest()
            return {"access_token": f"xoxb-123456789012-1234567890123-{mark[:24]}"}
        return {
            "access_token": f"xoxe.xoxb-1-{body['access_token'].encode().hex()}",
            "refresh_token": f"xoxe-1-{body['refresh_token'].encode().hex()}",
            "expires_in": body["expires_in"],
        }
