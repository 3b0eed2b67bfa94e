"""The effect of an action step: the call, and what is kept of it for the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from streamline_ui.errors import NotFound, StreamlineError, Unavailable
from streamline_ui.integrations import calls, rows
from streamline_ui.integrations.wire import Wire
from streamline_ui.net import pace
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import now
from streamline_ui.workflows import definitions, parameters
from streamline_ui.workflows.steps import Action

TOO_OFTEN = 429
Preparation = Callable[[], Awaitable[None]]


class _Prevented(Exception):
    """Nothing was sent, for a reason of ours: it says nothing about the service."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Effect:
    """How a call ended. `attempt` is the record of it, in the contract's form. Not `is_sent`: nothing has left."""

    output: Any
    error: StreamlineError | None
    attempt: dict[str, Any]
    is_sent: bool

    @property
    def is_outage(self) -> bool:
        """Whether the service could not do it. To be told that it was asked too often means that it is there."""
        if not isinstance(self.error, Unavailable) or pace.is_ours(self.error):
            return False
        status = (self.attempt["response"] or {}).get("status", 0)
        return status != TOO_OFTEN and not (self.error.is_limit and 200 <= status < 300)

    @property
    def is_held_back(self) -> bool:
        """Whether it only waits for its turn, or until its connection is resumed: nothing of it was sent."""
        return not self.is_sent and (pace.is_ours(self.error) or isinstance(self.error, calls.Paused))


async def act(
    user_id: str,
    step: Action,
    params: Mapping[str, Any],
    seconds: float,
    occasion: str | None = None,
    *,
    departing: Preparation | None = None,
    waiting: Preparation | None = None,
) -> Effect:
    """Do what an action step says. The service's answer is in the result, good or bad: nothing is raised for it.

    `occasion` names the step of the execution, where it may begin again. `departing` is awaited right before the first
    request leaves, `waiting` before it waits for its turn; neither counts as time of the step, nor is cut off by it.
    What they raise is raised: then nothing was sent.
    """
    wire = Wire()
    started = now()
    output: Any = None
    error: StreamlineError | None = None
    try:
        async with asyncio.timeout(seconds) as deadline:
            if departing is not None:
                wire.departing = partial(_undisturbed, departing, deadline)
            if waiting is not None:
                pace.before_waiting.set(partial(_undisturbed, waiting, deadline))
            output = await calls.perform(
                user_id, step.integration_id, step.action, params, wire=wire, fit=parameters.fit, occasion=occasion
            )
    except _Prevented as prevented:
        raise prevented.cause from None
    except TimeoutError:
        if wire.has_departed:
            error = Unavailable(f"There was no answer within {seconds:g} s.", unclear=True)
        else:
            error = Unavailable(f"It could not be sent within {seconds:g} s.")
    except StreamlineError as caught:
        error = caught
    finally:
        pace.before_waiting.set(None)
    attempt = {
        "startedAt": _iso(started),
        "finishedAt": _iso(now()),
        "request": wire.request,
        "response": wire.response,
        "error": None if error is None else {"message": error.message, "code": error.code, "hints": list(error.hints)},
    }
    return Effect(output, error, attempt, wire.has_departed)


async def _undisturbed(prepare: Preparation, deadline: asyncio.Timeout) -> None:
    """Prepare outside of the time that the call has: it is not cut off in the middle of being written down."""
    ends_at = deadline.when()
    assert ends_at is not None
    loop = asyncio.get_running_loop()
    began = loop.time()
    deadline.reschedule(None)
    try:
        await prepare()
    except Exception as error:
        raise _Prevented(error) from error
    deadline.reschedule(ends_at + loop.time() - began)


async def is_repeatable(user_id: str, step: Action) -> bool:
    """Whether doing it twice is harmless: what the step says of itself, else what the service's description says."""
    if step.repeatable is not None:
        return step.repeatable
    try:
        row = await rows.brief(user_id, step.integration_id)
    except NotFound:
        return False
    provider = PROVIDERS.get(row.type)
    return provider is not None and definitions.may_repeat(step, provider)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
