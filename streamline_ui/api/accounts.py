"""All accounts, for admins."""

from __future__ import annotations

from fastapi import APIRouter

from streamline_ui.access import users
from streamline_ui.api import door, paging
from streamline_ui.api.bodies import NewUser, UserChange
from streamline_ui.api.door import Admin
from streamline_ui.api.shapes import Page, Person
from streamline_ui.integrations import oauth_revoking

router = APIRouter(prefix="/users", tags=["Users (admins only)"], route_class=door.Door)


@router.get("")
def enumerate_(_: Admin, limit: paging.Limit = paging.USUAL, cursor: paging.Cursor = None) -> Page[Person]:
    """List all accounts."""
    return paging.page(users.everyone(), limit, cursor, Person.of)


@router.post("", status_code=201)
def make(body: NewUser, _: Admin) -> Person:
    """Make an account. 409 where the address has one."""
    user = users.create(body.email, body.password.get_secret_value(), name=body.name, is_admin=body.is_admin)
    return Person.of(user)


@router.patch("/{id}")
def change(id: str, body: UserChange, caller: Admin) -> Person:  # noqa: A002 - the name in the address
    """Change an account. Other rights or a new password end its sessions; the last admin stays one."""
    user = users.change(
        id,
        name=body.name,
        is_admin=body.is_admin,
        is_active=body.is_active,
        password=body.password.get_secret_value() if body.password else None,
        but=caller.session_id,
    )
    return Person.of(user)


@router.delete("/{id}", status_code=204)
def remove(id: str, _: Admin) -> None:  # noqa: A002
    """Remove an account with all its integrations."""
    oauth_revoking.remove_account(id)
