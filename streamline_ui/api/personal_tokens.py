"""Personal tokens for scripts."""

from __future__ import annotations

from fastapi import APIRouter

from streamline_ui.access import tokens
from streamline_ui.api import bodies, door, paging, shapes
from streamline_ui.api.door import Asking

router = APIRouter(prefix="/tokens", tags=["Tokens"], route_class=door.Door)


@router.get("")
def enumerate_(
    caller: Asking, limit: paging.Limit = paging.USUAL, cursor: paging.Cursor = None
) -> shapes.Page[shapes.Token]:
    """List your tokens, without their values."""
    return paging.page(tokens.all_of(caller.user_id), limit, cursor, shapes.Token.of)


@router.post("", status_code=201, openapi_extra=door.SHOWN_ONCE)
def make(body: bodies.NewToken, caller: Asking) -> shapes.MadeToken:
    """Make a token. Its value is in this answer and never again; a repeat with the same Idempotency-Key gets 409."""
    made = tokens.make(caller.user_id, body.name, scopes=body.scopes, expires_at=body.expires_at)
    return shapes.MadeToken.made(*made)


@router.delete("/{id}", status_code=204)
def revoke(id: str, caller: Asking) -> None:  # noqa: A002 - the name in the address
    """Revoke a token at once."""
    tokens.revoke(caller.user_id, id)
