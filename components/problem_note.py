"""The newest problem of a connection: what it is, since when, and the button that leads to its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from components import connection_words as words
from components import elements
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.storage.models import HealthCheck, Integration, Status
from streamline_ui.workflows.listening.hearing import OFF, Trouble


class ProblemNote:
    """Hidden while all is well."""

    def __init__(
        self,
        clock: Clock,
        *,
        replace: Callable[[], Any],
        test: Callable[[], Any],
        take: Callable[[], Any],
        ask: Callable[[], Any],
        poll: Callable[[], Any],
        turn_on: Callable[[], Any],
    ) -> None:
        self.clock = clock
        self.replace = replace
        self.take, self.ask = take, ask
        self.test = test
        self.poll = poll
        self.turn_on = turn_on
        self.box = tag("div", "sl-callout", role="region", aria_label="Problem")
        self.box.set_visibility(False)

    def update(self, row: Integration, checks: Sequence[HealthCheck], *, deaf: Trouble | None = None) -> None:
        """Show what is wrong now. `deaf` says why it hears nothing, where that alone is wrong."""
        state = words.status(row)
        if state is Status.TESTING:
            return  # what was true before stays until something else is known
        is_problem = (state in words.BROKEN or state is Status.DEGRADED) and bool(row.status_message)
        self.box.set_visibility(is_problem)
        if is_problem:
            self.box.classes(replace="sl-callout bad" if state in words.BROKEN else "sl-callout warn")
            if deaf is not None:
                self._draw_deaf(row, deaf)
                return
            self._draw(row, state, _last_fine(checks))

    def _draw(self, row: Integration, state: Status, last_fine: str) -> None:
        self.box.clear()
        with self.box:
            elements.icon("circle-x" if state in words.BROKEN else "triangle-alert")
            with tag("div", "body"):
                Words(row.status_message, "ttl block")
                for hint in json.loads(row.status_hints):
                    Words(str(hint), "block")
                Words(" ".join(filter(None, [words.who_acts(row), last_fine])), "small sub block")
            is_waiting = state is Status.WAITING_FOR_SIGN_IN
            if words.conflict(row):
                self._offer_end(row)
            elif is_waiting or (state in words.BROKEN and (words.wants_secret(row) or words.is_elsewhere(row))):
                mend = elements.button(words.mend(row), kind="sm").on("click", self.replace)
                if is_waiting:
                    mend.props["data-signs-in"] = "true"
            else:
                elements.button("Test now", kind="sm").on("click", self.test)

    def _draw_deaf(self, row: Integration, trouble: Trouble) -> None:
        self.box.clear()
        with self.box:
            elements.icon("circle-x")
            with tag("div", "body"):
                since = "" if trouble.is_off else f" since {self.clock.at(trouble.since)}"
                Words(trouble.title + since, "ttl block")
                Words(trouble.cause, "block wraps")
                Words(trouble.hint, "block wraps")
                again = "It is asked again by itself. " if trouble.next_poll_at else ""
                if not trouble.is_off:  # which says so already
                    Words(f"{again}Workflows that listen to it do not start meanwhile.", "small sub block")
            if trouble.is_off:
                label, act = (words.TURN_ON, self.turn_on) if trouble.problem == OFF else ("Edit", self.replace)
                elements.button(label, kind="sm").on("click", act)
            elif words.conflict(row):
                self._offer_end(row)
            elif trouble.next_poll_at is not None:
                elements.button("Poll now", kind="sm").on("click", self.poll)
            else:
                elements.button("Test now", kind="sm").on("click", self.test)

    def _offer_end(self, row: Integration) -> None:
        """Of a conflict with somebody else."""
        label = words.conflict(row)
        elements.button(label, kind="sm").on("click", self.take if label == words.TAKE else self.ask)


def _last_fine(checks: Sequence[HealthCheck]) -> str:
    fine = next((check for check in reversed(checks) if check.ok), None)
    return f"It last worked {words.ago(fine.at)}." if fine else ""
