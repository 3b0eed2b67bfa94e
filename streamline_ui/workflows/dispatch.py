"""Which execution runs next, and how many at once.

Executions wait in their table; the memory only holds those that run. A new one is offered at once, so that an event
takes effect without a tick; everything else is found by looking for what is due. A slow workflow fills its own places.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from dataclasses import dataclass, field

from streamline_ui.errors import Unavailable
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows import blame, catalog, executions, failures, runner
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.journal import Journal
from streamline_ui.workflows.runner import Outcome

AT_ONCE = 200
AT_ONCE_PER_WORKFLOW = 20
LOOK_EVERY = 0.25  # seconds
DRAIN_SECONDS = 25.0
MOST_OFFERED = 5000  # in memory; beyond that they are found in the table
MOST_CHARACTERS = 20_000_000  # of what came in, over all that are in memory

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


def offer(execution: Execution | Job) -> bool:
    """Here is one that may run now. False where nothing runs in this process: then the table keeps it."""
    if _dispatcher is None:
        return False
    _dispatcher.offer(execution if isinstance(execution, Job) else Job.of(execution))
    return True


def cancel(execution_id: str) -> None:
    """It was cancelled: if it runs here, it ends before its next step."""
    if _dispatcher is not None and (job := _dispatcher.known.get(execution_id)) is not None:
        job.is_cancelled = True


async def outcome(execution_id: str, seconds: float) -> Outcome | None:
    """How a running execution ended, or None where it has not within that time."""
    return None if _dispatcher is None else await _dispatcher.outcome(execution_id, seconds)


@dataclass(slots=True)
class Dispatcher:
    """Runs executions in this process."""

    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    known: dict[str, Job] = field(default_factory=dict)
    _characters: int = 0
    _busy: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _offered: dict[str, deque[Job]] = field(default_factory=dict)
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

    def offer(self, job: Job) -> None:
        """Here is one that may run now."""
        has_room = len(self.known) < MOST_OFFERED and self._characters + job.size < MOST_CHARACTERS
        if self._is_stopping or job.id in self.known or (self.known and not has_room):
            return
        self.known[job.id] = job
        self._characters += job.size
        self._offered.setdefault(job.workflow_id, deque()).append(job)
        self._fill(job.workflow_id)

    def _fill(self, workflow_id: str) -> None:
        queue = self._offered.get(workflow_id)
        while queue and len(self.running) < AT_ONCE and self._busy[workflow_id] < AT_ONCE_PER_WORKFLOW:
            self._begin(queue.popleft())
        if queue is not None and not queue:
            del self._offered[workflow_id]

    def _begin(self, job: Job) -> None:
        self._busy[job.workflow_id] += 1
        self.running[job.id] = asyncio.create_task(blame.on(job.id, self._run(job)))

    async def _run(self, job: Job) -> None:
        size = job.size
        try:
            ended = await self._walk(job)
            if (awaited := self._awaited.pop(job.id, None)) is not None and not awaited.done():
                awaited.set_result(ended)
            if ended.status in failures.BAD:
                await self._tell(job)
        except Unavailable:
            log.info("an execution is left for the next start")
        except Exception:
            log.exception("an execution broke off")
            await asyncio.to_thread(executions.broke_off, job.id)
        finally:
            self._characters -= size
            self._forget(job)
            self._next(job.workflow_id)

    async def _walk(self, job: Job) -> Outcome:
        journal = Journal(job) if job.is_new else await asyncio.to_thread(Journal.of, job)
        definition = await catalog.running(job.workflow_id, job.version)
        return await runner.run(job, definition, journal)

    async def _tell(self, job: Job) -> None:
        """Start what the owner wants to run when something fails."""
        ended = await asyncio.to_thread(executions.one, job.user_id, job.id)
        for other in await asyncio.to_thread(failures.failed, ended):
            self.offer(Job.of(other))

    def _forget(self, job: Job) -> None:
        self._busy[job.workflow_id] -= 1
        if self._busy[job.workflow_id] == 0:
            del self._busy[job.workflow_id]
        self.running.pop(job.id, None)
        self.known.pop(job.id, None)
        self._awaited.pop(job.id, None)

    def _next(self, workflow_id: str) -> None:
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
                for job in await asyncio.to_thread(executions.due, AT_ONCE, set(self.known)):
                    self.offer(job)
            except Exception:
                log.exception("looking for executions failed; the next look is soon")
