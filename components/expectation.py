"""How often a workflow expects an event: when none comes for longer, its owner is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components import plain_fields
from components.action_form import select
from components.form_parts import tag

UNITS = {"60": "minutes", "3600": "hours", "86400": "days"}
LONGEST = 31_622_400  # seconds
LEAST = 60


class Expectation:
    """A number and its unit. `keep` gets the seconds, None where nothing is expected."""

    def __init__(self, seconds: int | None, keep: Callable[[int | None], Any]) -> None:
        self.keep = keep
        self.unit = next((int(unit) for unit in ("86400", "3600") if seconds and seconds % int(unit) == 0), LEAST)
        self.count = None if seconds is None else max(1, round(seconds / self.unit))
        with tag("div", "sl-expect"):
            with tag("div", "grow") as self.place:
                self._draw()
            select("Unit", list(UNITS.items()), str(self.unit), self._choose)

    def _draw(self) -> None:
        plain_fields.number(
            "Expect an event at least every",
            self.count,
            (1, LONGEST // LEAST),
            self._enter,
            placeholder="Nothing is expected",
            hint="When none comes for longer, an alert tells you, and once more when they come again.",
        )

    def _enter(self, count: int | None) -> None:
        if count is not None and count * self.unit > LONGEST:
            raise ValueError(f"At most {LONGEST // self.unit:,} {UNITS[str(self.unit)]}.")
        self.count = count
        self.keep(None if count is None else count * self.unit)

    def _choose(self, unit: str) -> None:
        if unit not in UNITS:
            return
        self.unit = int(unit)
        if self.count is None:
            return
        shown, most = self.count, LONGEST // self.unit
        self._enter(min(shown, most))
        if shown > most:
            self.place.clear()
            with self.place:
                self._draw()
