"""What an execution came to, ready to be drawn: the trigger, every step that was reached, and those that were not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from components import flow_words
from components.flow_words import Types
from streamline_ui.storage.models import now
from streamline_ui.storage.workflow_tables import Execution, Progress, StepRun
from streamline_ui.workflows.definitions import Definition, find

TRIGGER = "trigger"  # the key of the first line; no step can have it in its place
TURN = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story. `number` counts the steps of the definition from 1; the trigger has none.

    `level` is how many loops are around it; `run` is None for what was not reached.
    """

    key: str
    title: str
    tile: str
    status: Progress | None
    number: int | None = None
    level: int = 0
    run: StepRun | None = None
    start: float = 0.0  # share of the whole time, as is `end`
    end: float = 0.0
    took: str = ""


def tell(execution: Execution, steps: Sequence[StepRun], definition: Definition, types: Types) -> list[Line]:
    """The lines in order."""
    trigger = definition.trigger
    title, tile = flow_words.trigger_title(trigger, types), flow_words.trigger_html(trigger, types)
    lines = [Line(TRIGGER, title, tile, Progress.SUCCEEDED)]
    teller = _Teller(execution, definition, types)
    lines += [teller.reached(run) for run in steps]
    reached = {run.step_id for run in steps}
    for number, step in enumerate(definition.steps, 1):
        if step.id not in reached:
            title, tile = flow_words.step_title(step, types), flow_words.step_html(step, types)
            lines.append(Line(step.id, title, tile, None, number, took="not started"))
    return lines


class _Teller:
    """Knows the whole, to say of each step which part of it is its own."""

    def __init__(self, execution: Execution, definition: Definition, types: Types) -> None:
        self.definition, self.types = definition, types
        self.began = execution.started_at or execution.created_at
        self.ended = execution.finished_at or now()
        self.numbers = {step.id: number for number, step in enumerate(definition.steps, 1)}

    def reached(self, run: StepRun) -> Line:
        """A step that was come to."""
        step = find(self.definition, run.step_id)
        start, end = run.started_at or self.began, run.finished_at or self.ended
        turns = TURN.findall(run.key)
        title = flow_words.step_title(step, self.types) if step else run.name or run.step_id
        turn = f" · turn {'.'.join(str(int(turn) + 1) for turn in turns)}" if turns else ""
        took, tries = flow_words.duration(start, end), len(attempts_of(run))
        return Line(
            key=run.key,
            title=f"{title}{turn}",
            tile=flow_words.step_html(step, self.types) if step else "",
            status=Progress(run.status),
            number=self.numbers.get(run.step_id),
            level=len(turns),
            run=run,
            start=self._share(start),
            end=self._share(end),
            took=f"{tries} tries, {took}" if tries > 1 else took,
        )

    def _share(self, moment: datetime) -> float:
        whole = max((self.ended - self.began).total_seconds(), 0.001)
        return min(max((moment - self.began).total_seconds() / whole, 0.0), 1.0)


def attempts_of(run: StepRun) -> list[dict[str, Any]]:
    """Every try of a step, the first one first."""
    found: list[dict[str, Any]] = loads(run.attempts)
    return found


def loads(stored: str) -> Any:
    """Stored JSON. A service may have answered NaN, which is no JSON."""
    return json.loads(stored, parse_constant=lambda _: None)


def moment(text: Any) -> datetime | None:
    """A time as an attempt has it."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None
