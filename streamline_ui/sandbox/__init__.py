"""Stand-ins for the services, with the services' own rules, so that everything can be tried without an account.

They take any well-formed credential. `/sandbox` shows what arrived; `/sandbox/{type}/_arrived` lists it as JSON (DELETE
forgets it); `POST /sandbox/{type}/_faults` with `{status?, delay?, retryAfter?, garbage?, expiredToken?, times?}` makes
a stand-in misbehave until DELETE, or that many times.
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from streamline_ui.errors import Invalid
from streamline_ui.sandbox import (
    airtable,
    bots,
    discord,
    google_sheets,
    newsapi,
    oauth2,
    overview,
    rss,
    sendgrid,
    slack,
    state,
    telegram,
    twilio,
)
from streamline_ui.sandbox.bodies import read_json
from streamline_ui.sandbox.state import Desk, read_fault

_SERVICES = (discord, telegram, sendgrid, slack, twilio, airtable, google_sheets, oauth2, newsapi, rss)
DESKS: dict[str, Desk] = {each.desk.service: each.desk for each in _SERVICES}

DEMO: dict[str, dict[str, Any]] = {
    "discord": {"webhookUrl": "https://discord.com/api/webhooks/1433848841458679839/" + "sandbox-" * 8 + "demo"},
    "telegram": {"botToken": "1234567890:A" + "sandbox_" * 4 + "ok", "connectionMode": "polling"},
    "sendgrid": {
        "apiKeys": {
            "apiKey": "SG." + "sandbox-" * 2 + "demo01." + "sandbox-" * 5 + "key",
            "fromEmail": "noreply@example.com",
        }
    },
    "slack": {"apiKeys": {"accessToken": "xoxb-123456789012-1234567890123-" + "sandbox-" * 2 + "demo"}},
    "twilio": {"apiKeys": {"accountSid": "AC" + "5a" * 16, "authToken": "5b" * 16, "fromNumber": "+15005550006"}},
    "rss": {"feedUrl": "https://example.com/feed.xml"},
    "newsapi": {"apiKeys": {"apiKey": "5c" * 16}},
    "airtable": {"apiKeys": {"accessToken": airtable.DEMO_TOKEN}},
    "google_sheets": {
        "clientId": "123456789012-sandbox.apps.googleusercontent.com",
        "clientSecret": "GOCSPX-sandbox-demo-client-secret",
    },
    "oauth2": {
        "clientId": "sandbox-client",
        "clientSecret": "sandbox-client-secret",
        "scopes": "read write",
        "checkPath": "/me",
        "authorizeUrl": "https://example.com/authorize",
        "tokenUrl": "https://example.com/token",
        "apiBaseUrl": "https://example.com/api",
    },
}
"""Credentials that the stand-ins take, by type: what "Try it with the sandbox" fills in. `demo` adds the addresses."""


def demo(type_name: str, root: str) -> dict[str, Any]:
    """A configuration that connects a stand-in; empty where there is none. `root` is the sandbox's own address."""
    at = f"{root}/{type_name}"
    addresses = {
        "google_sheets": {"baseUrl": at, "oauthBaseUrl": at},
        "rss": {"feedUrl": f"{at}/feed.xml"},
        "oauth2": {"authorizeUrl": f"{at}/authorize", "tokenUrl": f"{at}/token", "apiBaseUrl": f"{at}/api"},
    }
    found = DEMO.get(type_name)
    return {**found, **addresses.get(type_name, {"baseUrl": at})} if found else {}


def build() -> Starlette:
    """The application, to be mounted at `/sandbox`. Nothing has arrived at it yet."""
    forget()
    routes: list[Route | Mount] = [Route("/", _overview, methods=["GET"])]
    for service in _SERVICES:
        name = service.desk.service
        own = [
            Route("/_arrived", _arrived, methods=["GET", "DELETE"]),
            Route("/_faults", _faults, methods=["GET", "POST", "DELETE"]),
        ]
        routes.append(Mount(f"/{name}", routes=[*own, *service.routes], name=name))
    return Starlette(routes=routes)


def forget() -> None:
    """Start again as new: nothing has arrived, no faults, no bots, no records."""
    state.close(for_good=False)
    for desk in DESKS.values():
        desk.forget()
    bots.forget()
    airtable.forget()
    google_sheets.forget()
    oauth2.authority.forget()
    newsapi.forget()
    rss.forget()
    slack.forget()


def close() -> None:
    """The server stops: answer at once whoever is kept waiting, and keep nobody waiting any more."""
    state.close()
    bots.close()


def _desk(request: Request) -> Desk:
    return DESKS[request.url.path.rstrip("/").split("/")[-2]]


async def _overview(request: Request) -> Response:
    return HTMLResponse(overview.page(list(DESKS.values()), str(request.url.replace(query="")).rstrip("/")))


async def _arrived(request: Request) -> Response:
    desk = _desk(request)
    if request.method == "DELETE":
        desk.arrived.clear()
        return Response(status_code=204)
    return JSONResponse([entry.as_json() for entry in desk.arrived])


async def _faults(request: Request) -> Response:
    desk = _desk(request)
    if request.method == "DELETE":
        desk.fault = None
        return Response(status_code=204)
    if request.method == "POST":
        try:
            desk.fault = read_fault(await read_json(request))
        except Invalid as error:
            return JSONResponse({"detail": error.message}, 422)
    return JSONResponse({"active": desk.fault is not None})
