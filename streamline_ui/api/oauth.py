"""Signing in at services: the way there over REST, and the public door through which services send people back."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streamline_ui.access import bearer, gate, sessions
from streamline_ui.api import door
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import Shape
from streamline_ui.errors import Unauthenticated
from streamline_ui.integrations import oauth_sign_in
from streamline_ui.integrations.oauth_sign_in import CALLBACK, Result

router = APIRouter(prefix="/integrations", tags=["Integrations"], route_class=door.Door)

LONGEST_QUERY = 8192
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "unsafe-none",  # the dialog that waits has to see this window close
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}
STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}
body{min-height:100vh;margin:0;display:grid;place-items:center}
main{max-width:28rem;padding:2rem 1.5rem;text-align:center}
h1{font-size:1.25rem;margin:0 0 .75rem;line-height:1.35;text-wrap:balance}p{margin:.5rem 0;overflow-wrap:anywhere}
a{color:inherit;display:inline-block;padding:.7rem 1rem;min-height:1.5rem}
.mark{width:12px;height:12px;border-radius:50%;margin:0 auto 1.25rem;background:#1f9d63}.mark.bad{background:#d5473f}
"""
SCRIPT = """
history.replaceState(null, '', location.pathname);
if (document.body.dataset.done) setTimeout(() => window.close(), 600);
"""


class Way(Shape):
    """Where to send the user's browser."""

    url: str = Field(title="Address", description="Good for ten minutes, once.")


@router.post("/{id}/oauth/authorize", openapi_extra=door.SHOWN_ONCE)
def authorize(id: str, caller: Asking, request: Request) -> Way:  # noqa: A002 - the name in the address
    """Begin a sign-in: open the address in a browser. The service sends it back to `/oauth/callback`.

    That has to come from a browser in which you are signed in, carry your token, or come from the address of this
    request.
    """
    url, _ = oauth_sign_in.begin(caller.user_id, id, origin(request), address=door.address(request))
    return Way(url=url)


def origin(request: Request) -> str:
    """The address under which this request reached us; the shield lets only our own through."""
    return f"{request.url.scheme}://{request.headers['host']}"


async def callback(request: Request) -> Response:
    """A service sends somebody back. Whatever comes, the answer is a calm page that repeats nothing of it."""
    if len(request.url.query) > LONGEST_QUERY:
        return _page(Result(False, oauth_sign_in.STRANGE, (oauth_sign_in.START_AGAIN,)))
    session_id, user_id = await run_in_threadpool(_who, request)
    query = request.query_params.multi_items()
    address = door.address(request)
    return _page(await oauth_sign_in.finish(query, session_id=session_id, user_id=user_id, address=address))


def _who(request: Request) -> tuple[str | None, str | None]:
    """The session and the user of this browser, or of the program that reads along."""
    if (visitor := sessions.visitor(gate.cookie_of(request.scope))) is not None:
        return visitor.session_id, visitor.user_id
    try:
        return None, bearer.caller(request.headers.get("authorization")).user_id
    except Unauthenticated:
        return None, None


def _page(result: Result) -> Response:
    title = "Signed in" if result.ok else "Not signed in"
    back = f"../integrations/{escape(result.integration_id, quote=True)}" if result.integration_id else "../"
    hints = "".join(f"<p>{escape(hint)}</p>" for hint in result.hints)
    close = "<p>You can close this window.</p>" if result.integration_id else ""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{title} · Streamline</title><link rel="stylesheet" href="callback.css">'
        '<script src="callback.js" defer></script></head>'
        f"<body{' data-done=1' if result.integration_id else ''}><main>"
        f'<div class="mark{"" if result.ok else " bad"}"></div><h1>{escape(result.message)}</h1>{hints}{close}'
        f'<p><a href="{back}">Back to Streamline</a></p></main></body></html>',
        200 if result.ok else 400,
        headers=HEADERS,
    )


async def style(_: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def script(_: Request) -> Response:
    return Response(SCRIPT, media_type="text/javascript")


routes = [
    Route(CALLBACK, callback, methods=["GET"]),
    Route(f"{CALLBACK}.css", style, methods=["GET"]),
    Route(f"{CALLBACK}.js", script, methods=["GET"]),
]
