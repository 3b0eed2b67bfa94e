"""What is shown where there is no page, and where one of ours has failed. Nothing of the reason is told."""

from __future__ import annotations

import logging
import math

from fastapi import Request
from fastapi.exception_handlers import http_exception_handler
from nicegui import Client, app, ui
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from components import elements, links, shell
from components.form_parts import Words, tag
from streamline_ui.access.gate import BUSY
from streamline_ui.errors import NotStored
from streamline_ui.storage import trouble

_log = logging.getLogger(__name__)


@app.exception_handler(404)
async def not_found(request: Request, error: Exception) -> Response:
    """An address that leads nowhere, or to something that is not the visitor's."""
    endpoint = request.scope.get("endpoint")
    is_page = request.scope.get("nicegui_page_path") or endpoint in (None, app)
    if not is_page and isinstance(error, HTTPException):
        return await http_exception_handler(request, error)
    return _page(request, 404, "There is nothing here", "The address is wrong, or what it led to is gone.")


@app.exception_handler(Exception)
async def failed(request: Request, error: Exception) -> Response:
    """Our own mistake: the log has it, under the request's id."""
    if (refused := trouble.note(error)) is not None:
        return _busy(request, refused)
    identity = request.scope.get("state", {}).get("request_id", "")
    _log.error("Page %s failed: %s", identity, type(error).__name__, exc_info=error)
    return _page(request, 500, "That did not work", f"It is our mistake. The log has the details, under {identity}.")


@app.get(BUSY, include_in_schema=False)
def busy(request: Request) -> Response:
    """Nobody is known, since the database does not answer; whoever comes by chance is shown the way on."""
    refused = request.scope.get("state", {}).get("refused")
    return _busy(request, refused) if refused else RedirectResponse(links.to("/"), status_code=303)


def _busy(request: Request, refused: NotStored) -> Response:
    """It may go the next time. Drawn without the frame, which asks the database, too."""
    with Client(ui.page(""), request=request) as client:
        shell.dress("Busy")
        with tag("div", "sl-main sl-alone"), tag("div", "sl-empty"):
            elements.stream_line()
            Words("Busy just now", "sl-h1", "h1")
            Words(" ".join([refused.message, *refused.hints]), "sub", "p")
            with tag("a", "sl-btn primary", href=""):  # the same address
                Words("Try again")
        answer = client.build_response(request, refused.status)
    answer.headers["Retry-After"] = str(math.ceil(refused.retry_after))
    return answer


def _page(request: Request, status: int, title: str, sentence: str) -> Response:
    visitor = request.scope.get("state", {}).get("visitor")
    with Client(ui.page(""), request=request) as client:
        if visitor is None:
            shell.dress(title)
            with tag("div", "sl-main sl-alone"):
                _draw(title, sentence)
        else:
            with shell.frame(visitor, title=title, active=""):
                _draw(title, sentence)
        return client.build_response(request, status)


def _draw(title: str, sentence: str) -> None:
    with tag("div", "sl-empty"):
        elements.stream_line()
        Words(title, "sl-h1", "h1")
        Words(sentence, "sub", "p")
        with tag("a", "sl-btn", href=links.to("/")):
            Words("Go to Integrations")
