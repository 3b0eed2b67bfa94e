"""Which execution runs next, and how many at once.

Executions wait in their table; the memory only holds those that run. A new one is offered at once, so that an event
takes effect without a tick; everything else is found by looking for what is due. A slow workflow fills its own places.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from dataclasses import dataclass, field

from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows import catalog, executions, failures, runner
from streamline_ui.workflows.journal import Journal
from streamline_ui.workflows.runner import Outcome

AT_ONCE = 200
AT_ONCE_PER_WORKFLOW = 20
LOOK_EVERY = 0.25  # seconds
DRAIN_SECONDS = 25.0
MOST_OFFERED = 5000  # in memory; beyond that they are found in the table

log = logging.getLogger(__name__)


_dispatcher: Dispatcher | None = None


def start() -> None:
    """Begin to run what is due, on the running event loop."""
    global _dispatcher  # noqa: PLW0603 - a process has one dispatcher
    _dispatcher = Dispatcher()
    _dispatcher.start()


async def stop() -> None:
    """Begin nothing more, and let what runs come to its end."""
    global _dispatcher  # noqa: PLW0603
    if _dispatcher is not None:
        await _dispatcher.stop()
        _dispatcher = None


def offer(execution: Execution) -> bool:
    """Here is one that may run now. False where nothing runs in this process: then the table keeps it."""
    if _dispatcher is None:
        return False
    _dispatcher.offer(execution)
    return True


async def outcome(execution_id: str, seconds: float) -> Outcome | None:
    """How a running execution ended, or None where it has not within that time."""
    return None if _dispatcher is None else await _dispatcher.outcome(execution_id, seconds)


def depth() -> int:
    """How many executions are in memory."""
    return 0 if _dispatcher is None else len(_dispatcher.known)


@dataclass(slots=True)
class Dispatcher:
    """Runs executions in this process."""

    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _busy: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _offered: dict[str, deque[Execution]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    _awaited: dict[str, asyncio.Future[Outcome]] = field(default_factory=dict)
    _looking: asyncio.Task[None] | None = None
    _is_stopping: bool = False

    def start(self) -> None:
        """Begin to run what is due."""
        self._looking = asyncio.create_task(self._look(), name="look for executions")

    async def stop(self) -> None:
        """Begin nothing more, and let what runs come to its end; what does not is picked up at the next start."""
        self._is_stopping = True
        if self._looking is not None:
            self._looking.cancel()
        if self.running:
            await asyncio.wait(list(self.running.values()), timeout=DRAIN_SECONDS)
        for task in self.running.values():
            task.cancel()

    async def outcome(self, execution_id: str, seconds: float) -> Outcome | None:
        """How one of ours ends."""
        if execution_id not in self.known:
            return None
        waiting = self._awaited.setdefault(execution_id, asyncio.get_running_loop().create_future())
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), seconds)
        except TimeoutError:
            return None

    def offer(self, execution: Execution) -> None:
        """Here is one that may run now."""
        if self._is_stopping or execution.id in self.known or len(self.known) > MOST_OFFERED:
            return
        self.known.add(execution.id)
        self._offered.setdefault(execution.workflow_id, deque()).append(execution)
        self._fill(execution.workflow_id)

    def _fill(self, workflow_id: str) -> None:
        queue = self._offered.get(workflow_id)
        while queue and len(self.running) < AT_ONCE and self._busy[workflow_id] < AT_ONCE_PER_WORKFLOW:
            execution = queue.popleft()
            self._busy[workflow_id] += 1
            self.running[execution.id] = asyncio.create_task(self._run(execution))
        if queue is not None and not queue:
            del self._offered[workflow_id]

    async def _run(self, execution: Execution) -> None:
        try:
            is_new = execution.started_at is None and execution.replay_of is None
            journal = Journal(execution) if is_new else await asyncio.to_thread(Journal.of, execution)
            definition = await asyncio.to_thread(catalog.published, execution.workflow_id, execution.version)
            ended = await runner.run(execution, definition, journal)
            if (awaited := self._awaited.pop(execution.id, None)) is not None and not awaited.done():
                awaited.set_result(ended)
            if ended.status in failures.BAD:
                await self._tell(execution, ended)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("an execution broke off")
            await asyncio.to_thread(executions.broke_off, execution.id)
        finally:
            self._busy[execution.workflow_id] -= 1
            self.running.pop(execution.id, None)
            self.known.discard(execution.id)
            self._awaited.pop(execution.id, None)
            self._next(execution.workflow_id)

    async def _tell(self, execution: Execution, ended: Outcome) -> None:
        """Start what the owner wants to run when something fails."""
        execution.status, execution.error = ended.status, ended.error
        for other in await asyncio.to_thread(failures.failed, execution):
            self.offer(other)

    def _next(self, workflow_id: str) -> None:
        if self._busy[workflow_id] == 0:
            del self._busy[workflow_id]
        if self._is_stopping:
            return
        self._fill(workflow_id)
        for other in list(self._offered):
            if len(self.running) >= AT_ONCE:
                return
            self._fill(other)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if len(self.known) >= AT_ONCE:
                continue
            try:
                for execution in await asyncio.to_thread(executions.due, AT_ONCE, set(self.known)):
                    self.offer(execution)
            except Exception:
                log.exception("looking for executions failed; the next look is soon")
