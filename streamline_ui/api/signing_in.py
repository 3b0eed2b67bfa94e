"""Signing in and out over REST."""

from __future__ import annotations

from fastapi import APIRouter, Request

from streamline_ui.access import sessions, tokens, users
from streamline_ui.api import door
from streamline_ui.api.bodies import SignIn
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import SignedIn

router = APIRouter(prefix="/auth", tags=["Signing in"], route_class=door.Door)


@router.post("/login", openapi_extra=door.PUBLIC)
def sign_in(body: SignIn, request: Request) -> SignedIn:
    """Get a token for 30 days. 401 `invalid_credentials`; 429 after five wrong attempts."""
    user = users.verify(body.email, body.password.get_secret_value(), door.address(request))
    return SignedIn.of(*sessions.start(user.id, kind="api", **door.origin(request)), user)


@router.post("/logout", status_code=204)
def sign_out(caller: Asking) -> None:
    """End the token that asks, be it a session's or a personal one."""
    if caller.session_id is not None:
        sessions.end(caller.session_id)
    if caller.token_id is not None:
        tokens.revoke(caller.user_id, caller.token_id)
