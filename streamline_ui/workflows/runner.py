"""Walks through a workflow's steps for one execution.

What already has a result is not done again: its output comes from the journal. A step that can go on later (a service
that is down, a delay, credentials that need a person) ends the walk in the state *waiting*; the next walk finds its way
back to that step through the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from streamline_ui.errors import AuthFailed, Invalid, Locked, Rejected, StreamlineError, Unavailable
from streamline_ui.integrations.calls import Paused
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows import acting, breakers, claims, definitions, retries, templates, uploads
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.journal import Entry, Journal
from streamline_ui.workflows.steps import Action, Branch, Delay, Filter, ForEach, Set, Step, Stop

MOST_PERFORMED = 5000  # steps in one execution, each turn of a loop counted
STEP_SECONDS = 30
HURRIED = 3  # tries that may come early, where nobody has said when; a service that flaps must not use up all
LOCKED_PAUSE = timedelta(minutes=1)
POSSIBLY_DONE = "The server stopped while this was being sent, so it may have arrived. Look there before you retry."
CANCELLED = "It was cancelled."
GIVEN_UP = "It was given up after 15 minutes, because later executions wait for it: this workflow keeps the order."
CONNECTION_GONE = "The connection that this step uses is gone."


class Halt(Exception):
    """The execution stands still in this state."""

    def __init__(
        self, status: Progress, error: str = "", *, due_at: datetime | None = None, waits_for: str | None = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.due_at = due_at
        self.waits_for = waits_for


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a walk ended, and the output of the last step it came to."""

    status: Progress
    error: str
    output: Any


async def run(execution: Job, definition: Definition, journal: Journal) -> Outcome:
    """Go as far as possible now, and write down where that is."""
    walk = _Walk(execution, definition, journal)
    halt = Halt(Progress.SUCCEEDED)
    try:
        await walk.through(definition.steps)
    except Halt as reached:
        halt = reached
    await journal.settle(halt.status, halt.error, due_at=halt.due_at, waits_for=halt.waits_for)
    return Outcome(halt.status, halt.error, walk.output)


@dataclass(slots=True)
class _Walk:
    """Where we are: the scope that templates see, the loops around us, and how many steps were performed.

    The time-out of the workflow cuts off calls to services and nothing else: least of all what is being written down.
    """

    execution: Job
    definition: Definition
    journal: Journal
    scope: dict[str, Any] = field(default_factory=dict)
    loops: list[tuple[str, int]] = field(default_factory=list)
    performed: int = 0
    output: Any = None
    ends_at: float = 0.0

    def __post_init__(self) -> None:
        about = {"id": self.execution.id, "workflowId": self.execution.workflow_id}
        self.scope = {"trigger": uploads.reachable(self.execution.trigger), "steps": {}, "execution": about}
        self.ends_at = monotonic() + self.definition.settings.timeout_seconds

    async def through(self, steps: Sequence[Step]) -> None:
        """Perform the steps one after the other. Raises Halt where it does not go on."""
        for step in steps:
            await self._visit(step)

    async def _visit(self, step: Step) -> None:
        self.performed += 1
        if self.performed > MOST_PERFORMED:
            raise Halt(Progress.FAILED, f"More than {MOST_PERFORMED} steps were performed; is a loop too long?")
        if self.execution.is_cancelled:
            raise Halt(Progress.CANCELLED, CANCELLED)
        self._look_at_clock()
        key = definitions.key(step.id, self.loops)
        entry = self.journal.entries.get(key) or Entry(key, step.id, step.name, self.performed)
        if not _is_over(step, entry):
            try:
                await self._perform(step, entry)
            except Invalid as error:  # a template that cannot be filled in, or parameters that make no sense
                self._fail(step, entry, error)
        self.output = entry.output
        self.scope["steps"][step.id] = {"output": entry.output, "error": entry.error or None}

    def _look_at_clock(self) -> None:
        if monotonic() >= self.ends_at:
            seconds = self.definition.settings.timeout_seconds
            raise Halt(Progress.FAILED, f"It took longer than the {seconds} s that the workflow allows.")

    async def _perform(self, step: Step, entry: Entry) -> None:
        if isinstance(step, Action):
            await self._act(step, entry)
        elif isinstance(step, Filter):
            self._succeed(entry, templates.condition(step.condition, self.scope))
            if not entry.output:
                raise Halt(Progress.SUCCEEDED)
        elif isinstance(step, Branch):
            await self._branch(step, entry)
        elif isinstance(step, ForEach):
            await self._loop(step, entry)
        elif isinstance(step, Delay):
            self._wait(step, entry)
        elif isinstance(step, Set):
            self._succeed(entry, templates.render(step.values, self.scope))
        elif isinstance(step, Stop):
            self._succeed(entry, None)
            raise Halt(Progress.SUCCEEDED)

    def _succeed(self, entry: Entry, output: Any) -> None:
        entry.status, entry.output, entry.error = Progress.SUCCEEDED, output, ""
        self.journal.note(entry)

    def _fail(self, step: Step, entry: Entry, error: StreamlineError) -> None:
        """End the step in failure, and the execution with it unless the step may be passed over."""
        entry.status, entry.error = Progress.FAILED, error.message
        entry.output = {"error": {"message": error.message, "code": error.code, "hints": list(error.hints)}}
        self.journal.note(entry)
        if not isinstance(step, Action) or step.on_error == "stop":
            raise Halt(Progress.FAILED, f"{step.name or step.id}: {error.message}")

    async def _branch(self, step: Branch, entry: Entry) -> None:
        holds: Callable[[str], bool] = lambda condition: templates.condition(condition, self.scope)  # noqa: E731
        chosen = next((index for index, arm in enumerate(step.branches) if holds(arm.condition)), None)
        await self.through(step.otherwise if chosen is None else step.branches[chosen].steps)
        self._succeed(entry, {"branch": "otherwise" if chosen is None else chosen})

    async def _loop(self, step: ForEach, entry: Entry) -> None:
        found = templates.items(step.items, self.scope)
        around = self.scope.get("item")
        for index, item in enumerate(found):
            self.scope["item"] = item
            self.loops.append((step.id, index))
            await self.through(step.steps)
            self.loops.pop()
        self.scope["item"] = around
        self._succeed(entry, {"count": len(found)})

    def _wait(self, step: Delay, entry: Entry) -> None:
        over_at = entry.started_at + timedelta(seconds=step.seconds)
        if now() >= over_at:
            self._succeed(entry, {"seconds": step.seconds})
            return
        if entry.status is not Progress.WAITING:
            entry.status = Progress.WAITING
            self.journal.note(entry)
        raise Halt(Progress.WAITING, due_at=over_at)

    async def _act(self, step: Action, entry: Entry) -> None:
        user_id = self.execution.user_id
        if entry.status is Progress.RUNNING and not await acting.is_repeatable(user_id, step):
            self._doubt(entry, POSSIBLY_DONE)
        entry.input = templates.render(step.params, self.scope)
        breaker = breakers.key(step.integration_id, entry.input)
        if (wait := breakers.wait(breaker, self.execution.id)) > 0:
            self._leave_alone(step, entry, wait)
            return
        try:
            effect = await acting.act(
                user_id,
                step,
                entry.input,
                min(step.timeout_seconds or STEP_SECONDS, max(0.0, self.ends_at - monotonic())),
                f"{self.execution.id} {entry.key}",
                departing=partial(self._depart, entry),
                waiting=self.journal.keep,
            )
        except BaseException:
            breakers.let_go(breaker)
            raise
        if effect.is_sent or effect.is_outage:
            breakers.note(breaker, is_failed=effect.is_outage)
        else:
            breakers.let_go(breaker)  # it says nothing about the service
        if not effect.is_held_back:
            entry.attempts.append(effect.attempt)
        if effect.error is None:
            self._succeed(entry, effect.output)
        else:
            await self._judge(step, entry, effect, breaker)

    async def _depart(self, entry: Entry) -> None:
        """Write down that it leaves now: what has only waited for its turn is known not to have left."""
        if self.execution.is_cancelled:
            raise Halt(Progress.CANCELLED, CANCELLED)
        await self.journal.begin(entry)

    async def _judge(self, step: Action, entry: Entry, effect: acting.Effect, breaker: str) -> None:
        """Whether trying again can help, and who has to act for that."""
        error = effect.error
        assert error is not None
        if isinstance(error, Unavailable):
            if error.unclear and not await acting.is_repeatable(self.execution.user_id, step):
                self._doubt(entry, error.message)
            if monotonic() >= self.ends_at:
                entry.status, entry.error = Progress.FAILED, error.message
                self.journal.note(entry)
                self._look_at_clock()
            retry, waited = step.retry or self.definition.settings.retry, self._held_up(entry)
            pause = retries.pause(
                len(entry.attempts), error.retry_after, retry, waited=waited, is_turn=effect.is_held_back
            )
            if pause is not None:
                if len(entry.attempts) <= HURRIED and not retry.delays and not error.retry_after:
                    breakers.hold(breaker, self.execution.id)
                self._pause(entry, error, due_at=now() + pause)
            if waited is not None and len(entry.attempts) < retry.max_attempts:
                error = Unavailable(f"{error.message} {GIVEN_UP}", hints=error.hints)
        elif isinstance(error, AuthFailed):
            self._pause(entry, error, waits_for=step.integration_id)
        elif isinstance(error, Paused):
            self._pause(entry, Unavailable(claims.PAUSED), waits_for=step.integration_id)
        elif isinstance(error, Locked):
            self._pause(entry, error, due_at=now() + LOCKED_PAUSE)
        elif not isinstance(error, Rejected | Invalid):
            error = Rejected(CONNECTION_GONE, hints=["Choose another one in the editor."])
        self._fail(step, entry, error)

    def _leave_alone(self, step: Action, entry: Entry, seconds: float) -> None:
        """Wait with a call for which it is too early; where the order is kept, not for ever. Raises Halt."""
        error, waited = Unavailable(breakers.REASON), self._held_up(entry)
        if waited is not None and waited >= retries.HEAD_WAITS:
            self._fail(step, entry, Unavailable(f"{error.message} {GIVEN_UP}"))
            return
        longest = seconds if waited is None else min(seconds, retries.HEAD_WAITS - waited)
        self._pause(entry, error, due_at=now() + timedelta(seconds=longest))

    def _held_up(self, entry: Entry) -> float | None:
        """How long those behind it have been waiting for this step, in seconds, where the order is kept."""
        return (now() - entry.started_at).total_seconds() if self.definition.settings.keep_order else None

    def _pause(
        self, entry: Entry, error: StreamlineError, due_at: datetime | None = None, waits_for: str | None = None
    ) -> None:
        entry.status, entry.error = Progress.WAITING, error.message
        self.journal.note(entry)
        raise Halt(Progress.WAITING, error.message, due_at=due_at, waits_for=waits_for)

    def _doubt(self, entry: Entry, message: str) -> None:
        entry.status, entry.error = Progress.UNKNOWN, message
        self.journal.note(entry)
        raise Halt(Progress.UNKNOWN, message)


def _is_over(step: Step, entry: Entry) -> bool:
    """Whether a step that was done in an earlier walk stays as it is: it succeeded, or failed and was passed over."""
    passed_over = isinstance(step, Action) and step.on_error == "continue" and entry.status is Progress.FAILED
    return entry.status is Progress.SUCCEEDED or passed_over
