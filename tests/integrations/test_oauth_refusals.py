"""What token addresses say when they refuse, and what Streamline makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.errors import AuthFailed, Rejected, SignInNeeded, StreamlineError, Unavailable
from streamline_ui.integrations import oauth_tokens
from streamline_ui.providers import named
from streamline_ui.providers.google_sheets import GoogleSheets
from streamline_ui.settings import Settings
from tests.conftest import serving

CODE = {"code": "4/abc", "redirect_uri": "https://hub.example.com/oauth/callback"}
REFRESH = {"refresh_token": "1//abc"}


@pytest.mark.parametrize(
    ("status", "error", "sent", "kind", "message", "hint"),
    [
        (400, "invalid_grant", REFRESH, SignInNeeded, "Google ended the permission (400, invalid_grant).", "7 days"),
        (400, "invalid_grant", CODE, Rejected, "Google no longer takes this sign-in (400, ", "Sign in again."),
        (401, "invalid_client", REFRESH, AuthFailed, "Google refused the client ID or its secret (401, ", "Copy both"),
        (400, "redirect_uri_mismatch", CODE, Rejected, "Google expects another return address (400, ", "/callback"),
        (400, "invalid_request", CODE, Rejected, "Google refused the sign-in (400, invalid_request).", "Check"),
        (400, "<b>", CODE, Rejected, "Google refused the sign-in (400).", "Check"),
        (503, "down", REFRESH, Unavailable, "Google has a problem on its side (503, down).", "tries again"),
    ],
)
async def test_refusals(  # noqa: PLR0917 - each is a column of the table
    hub: Settings,
    status: int,
    error: str,
    sent: dict[str, str],
    kind: type[StreamlineError],
    message: str,
    hint: str,
) -> None:
    async def refuse(_: Request) -> Response:
        body: dict[str, Any] = {"error": error, "error_description": "Google's words"}
        return JSONResponse(body, status)

    async with serving(Starlette(routes=[Route("/sandbox/token", refuse, methods=["POST"])])) as url:
        provider = named("google_sheets")
        config = GoogleSheets(
            client_id="1234-abc.apps.googleusercontent.com",
            client_secret="GOCSPX-abcdefghijklmnopqrstuvwx",
            oauth_base_url=f"{url}/sandbox",
        )
        described = provider.oauth(config)
        assert described is not None
        grant_type = "refresh_token" if sent is REFRESH else "authorization_code"
        with pytest.raises(kind) as refused:
            await oauth_tokens.ask(described, provider, grant_type, **sent)
        assert refused.value.message.startswith(message)
        assert hint in " ".join(refused.value.hints)
        assert "words" not in str(refused.value)
