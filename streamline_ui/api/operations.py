"""For whoever runs it: is the process alive, and may traffic come?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.storage import db, migrate, trouble

NOT_CACHED = {"Cache-Control": "no-store"}
PATIENCE_SECONDS = 3.0
_log = logging.getLogger(__name__)


def database_problem() -> str | None:
    """Why the database cannot be used, as a sentence, or None."""
    try:
        applied = migrate.version(db.engine())
    except (SQLAlchemyError, RuntimeError):
        return "the database does not answer"
    return trouble.problem() if applied == migrate.newest() else "the migrations have not run"


checks: dict[str, Callable[[], str | None]] = {"database": database_problem}
"""By name, what has to be well before traffic may come. Each says what is wrong, or None, and may block."""


async def alive(_: Request) -> Response:
    """Answer. That the event loop gets to it is all it proves."""
    return JSONResponse({"status": "ok"}, headers=NOT_CACHED)


async def ready(_: Request) -> Response:
    """Ask every check; 503 with the reasons where one is not well."""
    answers = await asyncio.gather(*(_ask(name, check) for name, check in checks.items()))
    reasons = [answer for answer in answers if answer]
    status = 503 if reasons else 200
    return JSONResponse({"status": "not ready" if reasons else "ready", "reasons": reasons}, status, NOT_CACHED)


async def _ask(name: str, check: Callable[[], str | None]) -> str | None:
    try:
        return await asyncio.wait_for(asyncio.to_thread(check), PATIENCE_SECONDS)
    except TimeoutError:
        return f"{name} does not answer within {PATIENCE_SECONDS:.0f} s"
    except Exception as error:
        _log.warning("The check of %s failed: %s", name, type(error).__name__)
        return f"{name} cannot be checked"


routes = [Route("/healthz", alive), Route("/readyz", ready)]
