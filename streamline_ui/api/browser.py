"""Signing in and out in a browser: the session's secret goes into a cookie that no script can read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.access import gate, sessions, users
from streamline_ui.api import door, problems, reading
from streamline_ui.api.bodies import Body, FirstAccount, SignIn
from streamline_ui.api.shapes import Person
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.models import User

LONGEST_COOKIE = 400 * 86_400  # what browsers allow; how long a session lasts is decided here, not there
B = TypeVar("B", bound=Body)


async def sign_in(request: Request) -> Response:
    """Check email and password and begin a new session; one that the browser had before ends."""
    body = await _read(request, SignIn)
    password = body.password.get_secret_value()
    user = await run_in_threadpool(users.verify, body.email, password, door.address(request))
    return await _begin(request, user, 200)


async def set_up(request: Request) -> Response:
    """Make the first account and begin its session."""
    body = await _read(request, FirstAccount)

    def create() -> User:
        return users.create_first(
            body.email,
            body.password.get_secret_value(),
            body.name,
            setup_token=body.setup_token,
            address=door.address(request),
        )

    return await _begin(request, await run_in_threadpool(create), 201)


async def sign_out(request: Request) -> Response:
    """End the session, and every page that was opened in it."""
    await _end(request)
    answer = Response(status_code=204)
    answer.delete_cookie(sessions.COOKIE, path="/", secure=_is_secure(request), httponly=True, samesite="lax")
    return answer


async def _read(request: Request, model: type[B]) -> B:
    _, value = await reading.body(request, door.names(model))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise reading.invalid(error.errors(), model, skip=0) from None


async def _begin(request: Request, user: User, status: int) -> Response:
    await _end(request)
    secret, _ = await run_in_threadpool(lambda: sessions.start(user.id, kind="browser", **door.origin(request)))
    answer = JSONResponse({"user": Person.of(user).model_dump(mode="json", by_alias=True)}, status)
    answer.set_cookie(
        sessions.COOKIE,
        secret,
        max_age=LONGEST_COOKIE,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return answer


async def _end(request: Request) -> None:
    cookie = gate.cookie_of(request.scope)
    found = await run_in_threadpool(sessions.find, cookie, "browser") if cookie else None
    if found is not None:
        await run_in_threadpool(sessions.end, found[0].id)


def _is_secure(request: Request) -> bool:
    return bool(request.scope.get("state", {}).get("secure", request.url.scheme == "https"))


def _guarded(work: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint with our errors as answers."""

    async def endpoint(request: Request) -> Response:
        try:
            answer = await work(request)
        except StreamlineError as error:
            answer = problems.answer(request, error)
        except Exception as error:
            answer = problems.broken(request, error)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return endpoint


routes = [
    Route("/session", _guarded(sign_in), methods=["POST"]),
    Route("/session", _guarded(sign_out), methods=["DELETE"]),
    Route("/session/setup", _guarded(set_up), methods=["POST"]),
]
