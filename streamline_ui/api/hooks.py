"""The public door of workflows: `/hooks/{token}`, for whoever has the address."""

from __future__ import annotations

import logging
from time import monotonic

import orjson
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from streamline_ui import settings
from streamline_ui.access.gate import route_path
from streamline_ui.api import problems
from streamline_ui.errors import StreamlineError, Unavailable
from streamline_ui.providers.signatures import Incoming
from streamline_ui.storage import room
from streamline_ui.storage.workflow_tables import Verdict
from streamline_ui.workflows import dispatch, hooks
from streamline_ui.workflows.hooks import Arrival

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
PATH = "/hooks/"
RESULT_SECONDS = 30.0
RETRY_SECONDS = "2"
NOT_CACHED = {"Cache-Control": "no-store"}
TELL_EVERY = 60.0  # seconds
_told_at = float("-inf")
log = logging.getLogger(__name__)


class Door:
    """The application with these addresses in front: by the thousand a second, a framework's layers are most of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive_part: Receive, send: Send) -> None:
        """Answer here, or pass on."""
        path = route_path(scope) if scope["type"] == "http" and scope["method"] in METHODS else ""
        token = path[len(PATH) :]
        if not path.startswith(PATH) or "/" in token or not token:
            await self._app(scope, receive_part, send)
            return
        request = Request({**scope, "path_params": {"token": token}}, receive_part)
        try:
            answer = await receive(request)
        except ClientDisconnect:
            return
        except Exception as error:  # whatever it is, the sender gets an answer and the log the reason
            answer = problems.broken(request, error)
        await answer(scope, receive_part, send)


async def receive(request: Request) -> Response:
    """Answer a request once it is on disk: 202 with the event's id."""
    if room.is_short():
        return _later(request, Unavailable("There is hardly any room left to store it.", code="unavailable"))
    try:
        arrival = await hooks.arrive(
            request.path_params["token"],
            await _incoming(request),
            request.url.query,
            str(request.scope["state"].get("address", "")),
        )
    except Unavailable as error:
        return _later(request, error)
    except SQLAlchemyError as error:
        _tell(error)
        return _later(request, Unavailable("It cannot be stored at the moment.", code="unavailable"))
    except StreamlineError as error:
        return problems.answer(request, error)
    return await _answer(request, arrival)


def _tell(error: SQLAlchemyError) -> None:
    """Say in the log why nothing can be stored, once in a while: where they come by the thousand, it is the same."""
    global _told_at  # noqa: PLW0603 - there is one log
    if monotonic() - _told_at >= TELL_EVERY:
        _told_at = monotonic()
        log.warning("An incoming request could not be stored: %s", str(getattr(error, "orig", None) or error)[:300])


async def _incoming(request: Request) -> Incoming:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.raw:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return Incoming(request.method, _seen_url(request), headers, await request.body())


def _seen_url(request: Request) -> str:
    """The address as the sender saw it: some sign it."""
    base = settings.current().base_url
    if not base:
        return str(request.url)
    query = request.url.query
    return f"{base}{request.url.path}{'?' if query else ''}{query}"


async def _answer(request: Request, arrival: Arrival) -> Response:
    if arrival.reply is not None:
        headers = {"Content-Type": arrival.reply.content_type} if arrival.reply.content_type else {}
        return Response(arrival.reply.body, arrival.reply.status, headers=headers | NOT_CACHED)
    receipt = arrival.receipt
    assert receipt is not None
    if receipt.verdict is Verdict.DUPLICATE:
        return _json({"duplicate": True}, 202)
    if receipt.verdict is Verdict.FILTERED:
        return _json({"filtered": True}, 202)
    if arrival.execution is not None:
        is_running = dispatch.offer(arrival.execution)
        if arrival.waits_for_result and is_running:
            return await _result(request, receipt.event_id, arrival.execution.id)
    return _json({"eventId": receipt.event_id}, 202)


async def _result(request: Request, event_id: str | None, execution_id: str) -> Response:
    """What the last step made of it; where that takes too long, only that it is on its way."""
    outcome = await dispatch.outcome(execution_id, RESULT_SECONDS)
    if outcome is None:
        return _json({"eventId": event_id}, 202)
    if outcome.error:
        return problems.answer(request, hooks.NoResult(outcome.error))
    return _json(outcome.output, 200)


def _later(request: Request, error: Unavailable) -> Response:
    answered = problems.answer(request, hooks.NotNow(error.message))
    answered.headers["Retry-After"] = RETRY_SECONDS
    return answered


def _json(value: object, status: int) -> Response:
    return Response(orjson.dumps(value), status, headers=NOT_CACHED, media_type="application/json")


routes = [Route("/hooks/{token}", receive, methods=METHODS)]
"""The same for an application without the door; with it, for the methods that are not allowed."""
