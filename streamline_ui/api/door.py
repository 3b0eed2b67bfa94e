"""Through here goes every REST request, in this order: who asks, how often, what was sent, was it done before.

A route is closed unless it says PUBLIC. Whatever is sent, the answer is one of ours: no body leads to a bare 500, and
whoever is not known learns nothing about the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Annotated, Any

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamline_ui.access import bearer
from streamline_ui.access.bearer import Caller
from streamline_ui.api import idempotency, problems, reading
from streamline_ui.api.rates import Rates
from streamline_ui.errors import Forbidden, Invalid, NotFound, StreamlineError, TooMany, Unauthenticated

PUBLIC: dict[str, Any] = {"security": []}
SHOWN_ONCE: dict[str, Any] = {"x-shown-once": True}
"""For `openapi_extra`: needs no token; answers with a secret that is never stored."""

READING = frozenset({"GET", "HEAD"})
LONGEST_ID = 100
_log = logging.getLogger(__name__)


class Door(APIRoute):
    """A route behind the door."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler with everything before it."""
        inner = super().get_route_handler()
        extra = self.openapi_extra or {}
        is_public, shown_once = extra.get("security") == [], "x-shown-once" in extra
        model: Any = self.body_field.field_info.annotation if self.body_field else None
        known = names(model)
        queries = {field.alias for field in self.dependant.query_params}
        may_be_empty = self.body_field is not None and not self.body_field.field_info.is_required()

        async def enter(request: Request) -> Response:
            caller = None if is_public else await _caller(request)
            _check_path(request)
            _check_query(request, queries)
            raw, given = b"", request
            if model is not None:
                raw, value = await reading.body(request, known, may_be_empty=may_be_empty)
                given = _Read(request, raw, value)

            async def work() -> Response:
                return await _safely(given, inner, model)

            if caller is None or request.method in READING or "idempotency-key" not in request.headers:
                return await work()
            return await idempotency.once(request, caller.user_id, raw, work, shown_once=shown_once)

        async def handle(request: Request) -> Response:
            return await _safely(request, enter, model)

        return handle


class Envelope:
    """Around the whole interface: nothing is cached, and what nobody has foreseen becomes an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if not any(name.lower() == b"cache-control" for name, _ in message["headers"]):
                    message["headers"] = [*message["headers"], (b"cache-control", b"no-store")]
            await send(message)

        try:
            await self.app(scope, receive, send_marked)
        except Exception as error:
            answer = problems.broken(Request(scope), error)
            if not started:
                await answer(scope, receive, send_marked)


class _Read(Request):
    """A request whose body was read and checked already."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self.raw, self.value = raw, value

    async def body(self) -> bytes:
        return self.raw

    async def json(self) -> Any:
        return self.value


def address(request: Request) -> str:
    """Where the request comes from, as the shield has found out."""
    known = request.scope.get("state", {}).get("address")
    return str(known or (request.client.host if request.client else ""))


def origin(request: Request) -> dict[str, str]:
    """What a new session keeps of where it was begun."""
    return {"address": address(request), "user_agent": request.headers.get("user-agent", "")}


def _asking(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def _admin(caller: Annotated[Caller, Depends(_asking)]) -> Caller:
    if not caller.is_admin:
        raise Forbidden("Only an admin may do this.")
    return caller


Asking = Annotated[Caller, Depends(_asking)]
"""Who asks, as a parameter of an endpoint."""

Admin = Annotated[Caller, Depends(_admin)]
"""The same, refused unless it is an admin."""


async def _caller(request: Request) -> Caller:
    """Who asks. Raises Unauthenticated, TooMany, and Forbidden where the token may not do this."""
    rates: Rates = request.app.state.rates
    try:
        caller = await run_in_threadpool(bearer.caller, request.headers.get("authorization"))
    except Unauthenticated:
        _wait(rates, f"address {address(request)}")
        raise
    request.state.caller = caller
    _wait(rates, caller.token_id or caller.session_id or caller.user_id)
    needed = "read" if request.method in READING else "write"
    if needed not in caller.scopes:
        raise Forbidden("This token may only read.", hints=["Make one that may write under Settings, API tokens."])
    return caller


def _wait(rates: Rates, who: str) -> None:
    seconds = rates.take(who)
    if seconds:
        raise TooMany("Too many requests at once.", seconds, hints=["50 a second are allowed, and 200 in one burst."])


def _check_path(request: Request) -> None:
    """No id of ours is long or has anything unprintable in it, and no database needs to see such."""
    if any(len(str(part)) > LONGEST_ID or not str(part).isprintable() for part in request.path_params.values()):
        raise NotFound("There is nothing at this address.")


def _check_query(request: Request, known: Collection[str]) -> None:
    """A misspelt filter that counts for nothing would answer with everything."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        offered = f"Known are: {', '.join(sorted(known))}." if known else "This takes none."
        raise Invalid("There is a query parameter that is not known.", {unknown[0][:100]: offered})


async def _safely(
    request: Request, work: Callable[[Request], Coroutine[Any, Any, Response]], model: type[BaseModel] | None
) -> Response:
    """The work's answer, or the one that its error is."""
    try:
        return await work(request)
    except StreamlineError as error:
        return problems.answer(request, error)
    except RequestValidationError as error:
        return problems.answer(request, reading.invalid(list(error.errors()), model))
    except HTTPException as error:
        return problems.answer(request, problems.of_http(error))
    except Exception as error:
        return problems.broken(request, error)


def names(model: type[BaseModel] | None) -> frozenset[str]:
    """The names that a body's fields have in JSON."""
    fields = model.model_fields if model is not None else {}
    return frozenset(field.alias or name for name, field in fields.items())
