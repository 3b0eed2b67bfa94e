"""The first account of a new installation."""

from __future__ import annotations

from fastapi import APIRouter, Request

from streamline_ui.access import sessions, users
from streamline_ui.api import door
from streamline_ui.api.bodies import FirstAccount
from streamline_ui.api.shapes import SetupState, SignedIn

router = APIRouter(prefix="/setup", tags=["First run"], route_class=door.Door)


@router.get("", openapi_extra=door.PUBLIC)
def state() -> SetupState:
    """Say whether the first account is still to be made."""
    return SetupState(needs_setup=users.needs_setup())


@router.post("", status_code=201, openapi_extra=door.PUBLIC)
def make_first_account(body: FirstAccount, request: Request) -> SignedIn:
    """Make the first account, an admin's, and sign it in. Afterwards 409."""
    user = users.create_first(
        body.email,
        body.password.get_secret_value(),
        body.name,
        setup_token=body.setup_token,
        address=door.address(request),
    )
    return SignedIn.of(*sessions.start(user.id, kind="api", **door.origin(request)), user)
