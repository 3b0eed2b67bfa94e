"""Keys of an integration that are kept apart, so that each is replaced or expires on its own."""

from __future__ import annotations

from fastapi import APIRouter

from streamline_ui.api import door, paging
from streamline_ui.api.bodies import NewKey
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import Key, Page
from streamline_ui.integrations import keys

router = APIRouter(prefix="/integrations/{id}/keys", tags=["Integrations"], route_class=door.Door)


@router.get("")
def enumerate_(
    id: str,  # noqa: A002 - the name in the address, here and below
    caller: Asking,
    limit: paging.Limit = paging.USUAL,
    cursor: paging.Cursor = None,
) -> Page[Key]:
    """List an integration's separate keys, without their values."""
    return paging.page(keys.all_of(caller.user_id, id), limit, cursor, Key.of)


@router.post("", status_code=201)
def put(id: str, body: NewKey, caller: Asking) -> Key:  # noqa: A002
    """Keep a key apart. It is used from now on in place of the one of this name, which it replaces.

    Past `expiresAt` it is still used, as only the service knows when it really ends; you are reminded before.
    """
    return Key.of(keys.put(caller.user_id, id, body.name, body.value.get_secret_value(), body.expires_at))


@router.delete("/{key_id}", status_code=204)
def remove(id: str, key_id: str, caller: Asking) -> None:  # noqa: A002
    """Throw a separate key away. The integration goes on with the key of this name in its `config`, if there is one."""
    keys.remove(caller.user_id, id, key_id)
