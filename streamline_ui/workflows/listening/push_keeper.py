"""Sees to it that services send us the news that somebody wants to have sent, and only those."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from streamline_ui.errors import Invalid, NotFound, Rejected, StreamlineError, Unavailable
from streamline_ui.integrations import health, listening
from streamline_ui.providers import named
from streamline_ui.workflows.listening import pushing
from streamline_ui.workflows.listening.listeners import Wish
from streamline_ui.workflows.listening.pushing import Hook

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Keeper:
    """One change at a time for each integration; one that fails is tried again with growing pauses."""

    when_done: Callable[[], None]
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)

    def follow(self, wishes: list[Wish], hooks: Mapping[str, Hook]) -> None:
        """Begin what is wanted and not there, and end what is there and not wanted."""
        wanted = {wish.key[0]: wish for wish in wishes if wish.manner.mode == "webhook" and named(wish.type).push}
        for integration_id, wish in wanted.items():
            hook = hooks.get(integration_id)
            if (hook is None or not hook.is_good) and not wish.is_stuck:
                self._do(integration_id, wish.user_id, pushing.begin)
        for integration_id in hooks.keys() - wanted.keys():
            self._do(integration_id, hooks[integration_id].user_id, pushing.end)
        for integration_id in self._failures.keys() - wanted.keys() - hooks.keys():
            del self._failures[integration_id]

    async def stop(self) -> None:
        """What is under way is left as it is; the next start goes on with it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _do(self, integration_id: str, user_id: str, deed: Callable[[str, str], Coroutine[Any, Any, None]]) -> None:
        _, not_before = self._failures.get(integration_id, (0, 0.0))
        if integration_id in self._tasks or monotonic() < not_before:
            return
        task = asyncio.get_running_loop().create_task(self._attempt(integration_id, user_id, deed))
        self._tasks[integration_id] = task

    async def _attempt(
        self, integration_id: str, user_id: str, deed: Callable[[str, str], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            await deed(user_id, integration_id)
        except NotFound:
            return
        except (StreamlineError, SQLAlchemyError) as error:
            self._failed(integration_id, user_id, error)
        else:
            was_broken = self._failures.pop(integration_id, None) is not None
            if deed is pushing.begin or was_broken:
                listening.note(user_id, integration_id, listening.worked(0))
        finally:
            self._tasks.pop(integration_id, None)
            self.when_done()

    def _failed(self, integration_id: str, user_id: str, error: Exception) -> None:
        failures = self._failures.get(integration_id, (0, 0.0))[0] + 1
        pause = health.backoff(failures, random.random()).total_seconds()  # noqa: S311 - a spread, no secret
        if isinstance(error, Unavailable) and error.retry_after is not None:
            pause = error.retry_after if failures == 1 else max(pause, error.retry_after)
        self._failures[integration_id] = failures, monotonic() + pause
        if isinstance(error, Rejected | Unavailable | Invalid):
            listening.note(user_id, integration_id, health.failed(error))
        else:
            log.warning("a service could not be told where to send its news: %s", type(error).__name__)
