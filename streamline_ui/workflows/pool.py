"""Which execution runs next, and how many at once.

Executions wait in their table; the memory only holds those that run, and the next few. A new one is offered at once, so
that an event takes effect without a tick; everything else is found by looking for what is due. Each workflow has a
share of the places that shrinks as they fill, so that one whose steps hang leaves room for all others. Where the owner
has set a limit or an order, the next one is taken on in the database, which alone knows what came first.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from streamline_ui.errors import NotFound, Unavailable
from streamline_ui.workflows import blame, catalog, claims, executions, failures, hastening, runner
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.journal import Journal
from streamline_ui.workflows.outline import Settings
from streamline_ui.workflows.runner import Outcome

AT_ONCE = 200
AT_ONCE_PER_WORKFLOW = 20
LOOK_EVERY = 0.25  # seconds
FETCHED = 500  # of a workflow, at a look: one look for so many costs nearly as little as one for a few
FEW = 200  # left in memory, of a workflow that has more in the table: time to look again
RENEW_EVERY = 8.0
DRAIN_SECONDS = 25.0
NO_NEW_STEP_AFTER = 15.0  # seconds of that: what has more to do goes on after the next start
MOST_OFFERED = 5000  # in memory; beyond that they are found in the table
MOST_OFFERED_PER_WORKFLOW = 1000
MOST_CHARACTERS = 20_000_000  # of what came in, over all that are in memory

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pool:
    """Runs executions in this process. `worker` is its name where others share the database."""

    worker: str | None = None
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    known: dict[str, Job] = field(default_factory=dict)
    _characters: int = 0
    _busy: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _offered: dict[str, deque[Job]] = field(default_factory=dict)
    _awaited: dict[str, asyncio.Future[Outcome | None]] = field(default_factory=dict)
    _limited: dict[str, bool] = field(default_factory=dict)  # being served; whether to look once more
    _loops: list[asyncio.Task[None]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _is_stopping: bool = False
    _overflowing: set[str] = field(default_factory=set)  # workflows that have more in the table
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Begin to run what is due."""
        self._loops.append(asyncio.create_task(self._look(), name="look for executions"))
        if self.worker is not None:
            self._loops.append(asyncio.create_task(self._keep(self.worker), name="keep executions"))

    async def drain(self) -> None:
        """Begin nothing more, and let what runs come to its end, for a while; late, only its present steps."""
        if self._is_stopping:
            return
        self._is_stopping = True
        for task in self._loops:
            task.cancel()
        for waiting in self._awaited.values():
            if not waiting.done():
                waiting.set_result(None)
        if self.running:
            log.info("Waiting for %d executions that are under way.", len(self.running))
            await asyncio.wait(list(self.running.values()), timeout=NO_NEW_STEP_AFTER)
        for execution_id in self.running:
            self.known[execution_id].is_leaving = True
        if self.running:
            await asyncio.wait(list(self.running.values()), timeout=DRAIN_SECONDS - NO_NEW_STEP_AFTER)

    async def stop(self) -> None:
        """Drain, and end what still runs; it is picked up at the next start."""
        await self.drain()
        left = list(self.running.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, *self._tasks, *self._loops, return_exceptions=True)

    async def outcome(self, execution_id: str, seconds: float) -> Outcome | None:
        """How one of ours ends."""
        if self._is_stopping:
            return None
        waiting = self._awaited.setdefault(execution_id, asyncio.get_running_loop().create_future())
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), seconds)
        except TimeoutError:
            return None
        finally:
            self._awaited.pop(execution_id, None)

    def offer(self, job: Job) -> bool:
        """Here is one that may run now. False where it stays in the table for the moment."""
        if self._is_stopping:
            return False
        if job.id in self.known:
            return True
        definition = catalog.remembered(job.workflow_id, job.version)
        if definition is None:
            self._spawn(self._read(job), "read a workflow")
            return True
        return self._admit(job, definition)

    async def _read(self, job: Job) -> None:
        try:
            definition = await catalog.running(job.workflow_id, job.version)
        except NotFound:  # it was removed, and its executions with it
            return
        if not self._is_stopping and job.id not in self.known:
            self._admit(job, definition)

    def _admit(self, job: Job, definition: Definition) -> bool:
        if claims.limits(definition.settings) is not None:
            self._serve(job.workflow_id, definition.settings)
            return True
        queue = self._offered.get(job.workflow_id, ())
        if self.known and (len(self.known) >= MOST_OFFERED or len(queue) >= MOST_OFFERED_PER_WORKFLOW):
            self._overflowing.add(job.workflow_id)
            return False
        if job.is_new and job.workflow_id in self._overflowing:
            return False  # those that wait in the table came before it
        if self.known and self._characters + job.size >= MOST_CHARACTERS:
            job.forget_trigger()
        self.known[job.id] = job
        self._characters += job.size
        self._offered.setdefault(job.workflow_id, deque()).append(job)
        self._fill(job.workflow_id)
        return True

    def _fill(self, workflow_id: str) -> None:
        queue = self._offered.get(workflow_id)
        while queue and self._has_place(workflow_id, AT_ONCE_PER_WORKFLOW):
            self._begin(queue.popleft())
        if queue is not None and not queue:
            del self._offered[workflow_id]

    def _has_place(self, workflow_id: str, most: int) -> bool:
        """A workflow may take its share of the places that are left: all of `most` only while there is plenty."""
        left = AT_ONCE - len(self.running)
        share = max(1.0, min(most, left * most / (AT_ONCE - most)))
        return left > 0 and self._busy[workflow_id] < share

    def _begin(self, job: Job, *, is_claimed: bool = False) -> None:
        self._busy[job.workflow_id] += 1
        self.running[job.id] = asyncio.create_task(blame.on(job.id, self._run(job, is_claimed=is_claimed)))

    def _serve(self, workflow_id: str, settings: Settings) -> None:
        """Run what may go on of a workflow with limits; asked while that is being done, look once more."""
        if workflow_id in self._limited:
            self._limited[workflow_id] = True
            return
        self._limited[workflow_id] = False
        self._spawn(self._take_on(workflow_id, settings), "take on executions")

    async def _take_on(self, workflow_id: str, settings: Settings) -> None:
        most = claims.limits(settings) or 1
        try:
            while not self._is_stopping and self._has_place(workflow_id, most):
                mine = [job.id for job in self.known.values() if job.workflow_id == workflow_id]
                self._limited[workflow_id] = False
                job = await asyncio.shield(self._next(workflow_id, settings, mine))
                if job is not None:
                    self.known[job.id] = job
                    self._begin(job, is_claimed=True)
                elif not self._limited[workflow_id]:
                    return
        except Exception:
            log.exception("taking on an execution failed; the next look is soon")
        finally:
            del self._limited[workflow_id]

    async def _next(self, workflow_id: str, settings: Settings, mine: list[str]) -> Job | None:
        job = await asyncio.to_thread(claims.claim_next, workflow_id, settings, mine, self.worker)
        if job is not None and self._is_stopping:
            await asyncio.to_thread(claims.give_back, job.id, self.worker)
            return None
        return job

    async def _run(self, job: Job, *, is_claimed: bool) -> None:
        size = job.size
        definition: Definition | None = None
        try:
            definition = await catalog.running(job.workflow_id, job.version)
            if not await self._is_ours(job, is_claimed=is_claimed):
                return
            journal = await Journal.open(job)
            ended = await runner.run(job, definition, journal)
            if (awaited := self._awaited.pop(job.id, None)) is not None and not awaited.done():
                awaited.set_result(ended)
            if ended.status in failures.BAD:
                await self._tell(job)
        except (Unavailable, claims.Lost):
            log.info("an execution is left for the next start, or to another worker")
            await asyncio.to_thread(claims.give_back, job.id, self.worker)
        except Exception:
            log.exception("an execution broke off")
            await asyncio.to_thread(claims.broke_off, job.id, self.worker)
        finally:
            self._characters -= size
            self._forget(job)
            self._go_on(job, definition)

    async def _is_ours(self, job: Job, *, is_claimed: bool) -> bool:
        """Where others could run it, take it on first."""
        if self.worker is None:
            return True
        job.lease_ends = monotonic() + claims.SURE
        job.worker = self.worker
        return is_claimed or await asyncio.to_thread(claims.claim, job.id, self.worker)

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

    def _go_on(self, job: Job, definition: Definition | None) -> None:
        """A place is free: first for the same workflow, then for the others in turn."""
        if self._is_stopping:
            return
        if definition is not None and claims.limits(definition.settings) is not None:
            self._serve(job.workflow_id, definition.settings)
        self._fill(job.workflow_id)
        if job.workflow_id in self._overflowing and len(self._offered.get(job.workflow_id, ())) < FEW:
            self._wake.set()
        for other in list(self._offered):
            if len(self.running) >= AT_ONCE:
                return
            self._fill(other)

    async def _look(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY)
            self._wake.clear()
            await hastening.let_go_on(self.known)
            if len(self.running) >= AT_ONCE or not await self._is_any_due():
                continue
            known: dict[str, set[str]] = {}
            for job in list(self.known.values()):
                known.setdefault(job.workflow_id, set()).add(job.id)
            full = {each for each, queue in self._offered.items() if len(queue) >= FEW}
            is_shared = self.worker is not None
            try:
                found = await asyncio.to_thread(claims.due, FETCHED, known, full, shared=is_shared)
                counted = Counter(job.workflow_id for job in found)
                self._overflowing = {each for each in self._overflowing if each in full or counted[each] >= FETCHED}
                for job in found:
                    self.offer(job)
            except Exception:
                log.exception("looking for executions failed; the next look is soon")

    async def _is_any_due(self) -> bool:
        """Most looks find nothing: those need no thread. Where a database is elsewhere, it is asked only once."""
        try:
            return self.worker is not None or await claims.is_any_due()
        except Exception:
            log.exception("looking for executions failed; the next look is soon")
            return False

    async def _keep(self, worker: str) -> None:
        """Renew the leases of what runs, let go of what was lost, and take over what others left."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                sure_until = monotonic() + claims.SURE
                mine = [job for job in self.known.values() if job.id in self.running and job.worker == worker]
                kept = await asyncio.to_thread(claims.renew, worker, [job.id for job in mine]) if mine else set()
                for job in mine:
                    if job.id in kept:
                        job.lease_ends = sure_until
                await asyncio.to_thread(claims.take_over)
            except Exception:
                log.exception("leases could not be renewed; the next try is soon")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
