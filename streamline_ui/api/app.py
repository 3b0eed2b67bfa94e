"""The REST interface, put together. It is mounted at `/api`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from streamline_ui.api import (
    accounts,
    alerting,
    connecting,
    document,
    door,
    executions,
    flows,
    keys,
    manual,
    me,
    oauth,
    personal_tokens,
    problems,
    requests,
    services,
    setup,
    signing_in,
)
from streamline_ui.api.rates import Rates
from streamline_ui.errors import StreamlineError
from streamline_ui.settings import Settings

RESOURCES = (
    *(setup, signing_in, me, personal_tokens, accounts),
    *(services, connecting, keys, oauth, flows, requests, executions, alerting),
)


def build(settings: Settings) -> FastAPI:
    """The application."""
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, generate_unique_id_function=_id
    )
    app.state.rates = Rates()
    for resource in RESOURCES:
        app.include_router(resource.router)
    app.add_exception_handler(StreamlineError, problems.on_error)
    app.add_exception_handler(HTTPException, problems.on_http_error)
    app.add_middleware(door.Envelope)
    _document(app, settings)
    return app


def _id(route: APIRoute) -> str:
    """A name for generated clients: "connecting_try_out"."""
    return f"{route.endpoint.__module__.rpartition('.')[2]}_{route.name.strip('_')}"


def _document(app: FastAPI, settings: Settings) -> None:
    """Serve the OpenAPI document and the manual made from it. Both are public: they hold nothing but code."""
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        return made or made.update(document.describe(app, settings.base_url)) or made

    def machine_readable(_: Request) -> Response:
        return JSONResponse(openapi())

    def readable(_: Request) -> Response:
        return Response(manual.page(openapi(), settings.address), media_type="text/html", headers=manual.HEADERS)

    def style(_: Request) -> Response:
        return Response(manual.STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to replace it
    app.add_route("/openapi.json", machine_readable, include_in_schema=False)
    app.add_route("/docs", readable, include_in_schema=False)
    app.add_route("/docs.css", style, include_in_schema=False)
