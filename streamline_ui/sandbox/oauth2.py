"""A stand-in for any API behind OAuth 2.0: a sign-in with rotating refresh tokens, and an API that keeps notes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox.authority import Authority
from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.state import Desk

desk = Desk("oauth2")
authority = Authority(desk, "Example API", {"read": "Read notes", "write": "Write notes"}, prefix="example.")


async def api(request: Request) -> Response:
    """`GET /me` tells who is signed in, `POST /notes` keeps a note, `GET /notes` lists them."""
    fault = await desk.misbehave("api")
    if fault and (fault.garbage or fault.answer):
        status = fault.answer or 200
        refusal = JSONResponse({"error": "unavailable" if status >= 500 else "refused"}, status, fault.headers)
        return garbage() if fault.garbage else refusal
    holder = None if fault and fault.expired_token else authority.holder(request)
    if holder is None:
        return JSONResponse({"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    needed = "" if request.url.path.endswith("/me") else "write" if request.method == "POST" else "read"
    if needed and needed not in holder["s"]:
        return JSONResponse({"error": "insufficient_scope"}, 403)
    if request.url.path.endswith("/me"):
        return JSONResponse({"email": holder["u"], "client": holder["c"], "scopes": holder["s"]})
    if request.method == "GET":
        return JSONResponse({"notes": [entry.data for entry in desk.arrived]})
    body: Any = await read_json(request)
    entry = desk.keep("note", holder["u"] or holder["c"], str(body)[:200], body)
    return JSONResponse({"id": entry.id, "note": body}, 201)


async def counted(_: Request) -> Response:
    """How often tokens were renewed, for the tests."""
    return JSONResponse(vars(authority.tally))


async def end_all(_: Request) -> Response:
    """Take back every permission."""
    authority.end_all()
    return Response(status_code=204)


routes = [
    Route("/authorize", authority.authorize, methods=["GET", "POST"]),
    Route("/token", authority.token, methods=["POST"]),
    Route("/revoke", authority.revoke, methods=["POST"]),
    Route("/_tally", counted, methods=["GET"]),
    Route("/_permissions", end_all, methods=["DELETE"]),
    Route("/api/me", api, methods=["GET"]),
    Route("/api/notes", api, methods=["GET", "POST"]),
]
