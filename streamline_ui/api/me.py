"""The user who asks."""

from __future__ import annotations

from fastapi import APIRouter, Request

from streamline_ui.access import users
from streamline_ui.api import door
from streamline_ui.api.bodies import MeChange
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import Person
from streamline_ui.errors import Forbidden, Invalid, Unauthenticated

router = APIRouter(prefix="/me", tags=["Me"], route_class=door.Door)


@router.get("")
def look(caller: Asking) -> Person:
    """Say who asks."""
    return Person.of(users.one(caller.user_id))


@router.patch("")
def change(body: MeChange, caller: Asking, request: Request) -> Person:
    """Change your name, theme or password. A new password needs `currentPassword` and ends other sessions."""
    if body.password is not None:
        if body.current_password is None:
            raise Invalid("The current password is missing.", {"currentPassword": "A new password needs this one."})
        _confirm(caller.user_id, body.current_password.get_secret_value(), door.address(request))
    password = body.password.get_secret_value() if body.password else None
    user = users.change(caller.user_id, name=body.name, theme=body.theme, password=password, but=caller.session_id)
    return Person.of(user)


def _confirm(user_id: str, password: str, address: str) -> None:
    """Prove that it is really the user: whoever only has a token must not take the account over."""
    try:
        users.verify(users.one(user_id).email, password, address)
    except Unauthenticated:
        raise Forbidden("The current password is wrong.", code="invalid_credentials") from None
