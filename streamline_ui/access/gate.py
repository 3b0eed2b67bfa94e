"""Lets only people who are signed in see the pages, and sends the others to the door.

Everything that is no page (REST, webhooks, files, health) passes: it has a lock of its own, or needs none.
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, quote

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from streamline_ui.access import sessions, users
from streamline_ui.storage import trouble

SIGN_IN = "/sign-in"
WELCOME = "/welcome"
BUSY = "/busy"
"""What is shown where nobody can be found out to be asking, since the database does not answer."""

NO_PAGES = (
    *("/api", "/hooks", "/assets", "/healthz", "/readyz", "/metrics", "/sandbox", "/session", "/oauth"),
    *("/favicon.ico", "/robots.txt"),
)


class Gate:
    """The middleware. It leaves the Visitor, or None, in `scope["state"]["visitor"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or redirect."""
        if scope["type"] != "http" or not is_page(route_path(scope)):
            await self.app(scope, receive, send)
            return
        try:
            visitor = await asyncio.to_thread(sessions.visitor, cookie_of(scope))
            elsewhere = await self._elsewhere(scope, visitor)
        except SQLAlchemyError as error:
            if trouble.note(error) is None:
                raise
            scope.setdefault("state", {})["refused"] = trouble.of(error)
            await self.app({**scope, "path": scope.get("root_path", "") + BUSY}, receive, send)
            return
        if elsewhere is None:
            scope.setdefault("state", {})["visitor"] = visitor
            await self.app(scope, receive, send)
        else:
            answer = RedirectResponse(scope.get("root_path", "") + elsewhere, status_code=303)
            answer.headers["Cache-Control"] = "no-store"
            await answer(scope, receive, send)

    async def _elsewhere(self, scope: Scope, visitor: sessions.Visitor | None) -> str | None:
        """Where this visitor has to go instead, or None."""
        path = route_path(scope)
        if visitor is not None:
            return safe_next(_asked_next(scope)) if path == SIGN_IN else None
        if await asyncio.to_thread(users.needs_setup):
            return None if path == WELCOME else WELCOME
        if path == SIGN_IN:
            return None
        if path in ("/", WELCOME):
            return SIGN_IN
        query = scope.get("query_string", b"").decode("latin-1")
        return f"{SIGN_IN}?next={quote(f'{path}?{query}' if query else path, safe='/')}"


def safe_next(text: str | None) -> str:
    """Where to go after signing in: a path on this server, whatever was asked for."""
    if not text or len(text) > 2000 or not text.startswith("/") or text[1:2] in ("/", "\\"):
        return "/"
    if "\\" in text or not text.isprintable() or text.partition("?")[0] in (SIGN_IN, WELCOME):
        return "/"
    return text


def is_page(path: str) -> bool:
    """Whether a path is one of the pages."""
    return not (path.startswith("/_nicegui") or any(path == no or path.startswith(no + "/") for no in NO_PAGES))


def route_path(scope: Scope) -> str:
    """The path below the place where we are mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] or "/" if root and (path == root or path.startswith(root + "/")) else path


def cookie_of(scope: Scope) -> str | None:
    """The session cookie of a request or a socket's handshake."""
    for header in Headers(scope=scope).getlist("cookie"):
        # not http.cookies, which gives up at the first odd cookie of some other program on the same host
        if (found := cookie_parser(header).get(sessions.COOKIE)) is not None:
            return found
    return None


def _asked_next(scope: Scope) -> str | None:
    try:
        values = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20).get("next", [])
    except ValueError:
        return None
    return values[0] if values else None
