"""A workflow's draft as plain JSON, with what an editor does to it, and the way back.

A place is a path such as `steps.1.branches.0.steps.2`: the list before the last dot, and the index in it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

LEVELS = 20
TRIGGER = "trigger"
Json = dict[str, Any]

STARTS: dict[str, Json] = {
    "action": {"type": "action", "integrationId": "", "action": "", "params": {}},
    "filter": {"type": "filter", "condition": ""},
    "branch": {"type": "branch", "branches": [{"condition": "", "steps": []}], "otherwise": []},
    "for_each": {"type": "for_each", "items": "", "steps": []},
    "delay": {"type": "delay", "seconds": 60},
    "set": {"type": "set", "values": {}},
    "stop": {"type": "stop"},
}
"""What a new step of each type begins with."""

TRIGGERS: dict[str, Json] = {
    "webhook": {"type": "webhook"},
    "schedule": {"type": "schedule", "cron": "0 9 * * 1-5", "timezone": "UTC"},
    "integration": {"type": "integration", "integrationId": "", "event": ""},
    "manual": {"type": "manual"},
    "failure": {"type": "failure"},
}


class Draft:
    """The JSON, and what it was before the last changes. Secrets that were just entered never become history."""

    def __init__(self, values: Json) -> None:
        self.values = values
        self._undo: list[Json] = []
        self._redo: list[Json] = []
        self._last_key = ""

    def remember(self, key: str = "") -> None:
        """To be called before a change. Changes in a row with the same key are taken back together."""
        if key and key == self._last_key:
            return
        self._last_key = key
        self._undo = [*self._undo[-LEVELS + 1 :], copy.deepcopy(self.values)]
        self._redo = []

    def pause(self) -> None:
        """What is changed from now on is a step of its own for Undo."""
        self._last_key = ""

    @property
    def last(self) -> Json | None:
        """What was before the last change: the same object for as long as that is the last one."""
        return self._undo[-1] if self._undo else None

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is anything to do again."""
        return bool(self._redo)

    def undo(self) -> bool:
        """Take the last change back."""
        return self._go(self._undo, self._redo)

    def redo(self) -> bool:
        """Do again what was taken back."""
        return self._go(self._redo, self._undo)

    def _go(self, source: list[Json], target: list[Json]) -> bool:
        if not source:
            return False
        target.append(self.values)
        self.values = source.pop()
        self._last_key = ""
        return True

    def at(self, path: str) -> Any:
        """What stands at a path. Raises KeyError where nothing does."""
        found: Any = self.values
        for part in path.split("."):
            try:
                found = found[int(part)] if isinstance(found, list) else found[part]
            except (IndexError, ValueError, TypeError):
                raise KeyError(path) from None
        return found

    def place_of(self, step_id: str) -> str | None:
        """Where the step with this id is now."""
        return next((path for path, step in self.walk() if step["id"] == step_id), None)

    def step(self, step_id: str) -> Json | None:
        """The step with this id."""
        return next((step for _, step in self.walk() if step["id"] == step_id), None)

    def walk(self) -> Iterator[tuple[str, Json]]:
        """Every step with its place, from the top down."""
        yield from _walk(self.values["steps"], "steps")

    def insert(self, path: str, index: int, kind: str, **values: Any) -> Json:
        """Put a new step into the list at `path`. Returns it."""
        self.remember()
        base = str(values.get("action") or kind)
        step = {"id": self.free_id(base), **copy.deepcopy(STARTS[kind]), **values}
        self.at(path).insert(index, step)
        return step

    def remove(self, step_id: str) -> Json | None:
        """Take a step out, with all that is inside it."""
        place = self.place_of(step_id)
        if place is None:
            return None
        self.remember()
        path, index = split(place)
        removed: Json = self.at(path).pop(index)
        return removed

    def put_back(self, place: str, step: Json) -> bool:
        """Put a step that was removed where it was, or as near as there still is a list. False where it is there."""
        if self.step(step["id"]) is not None:
            return False
        self.remember()
        path, index = split(place)
        try:
            self.at(path).insert(index, step)
        except KeyError:
            self.values["steps"].append(step)
        return True

    def duplicate(self, step_id: str) -> Json | None:
        """Put a copy right after a step, with ids of its own."""
        place, step = self.place_of(step_id), self.step(step_id)
        if place is None or step is None:
            return None
        self.remember()
        twin = copy.deepcopy(step)
        path, index = split(place)
        self.at(path).insert(index + 1, twin)
        taken = {each["id"] for _, each in self.walk()}
        for _, each in _walk([twin], ""):
            each["id"] = _free(each["id"], taken)
            taken.add(each["id"])
        return twin

    def move(self, step_id: str, by: int) -> bool:
        """Move a step one place up (-1) or down (1), into and out of what stands there. False at either end."""
        place = self.place_of(step_id)
        if place is None:
            return False
        slots = list(_slots(self.values["steps"], "steps", step_id))
        wanted = slots.index(split(place)) + by
        return 0 <= wanted < len(slots) and self.relocate(step_id, *slots[wanted])

    def relocate(self, step_id: str, path: str, index: int) -> bool:
        """Move a step into the list at `path`, before what now stands at `index`. False where it cannot, or stays."""
        place = self.place_of(step_id)
        if place is None or (path, index) not in set(_slots(self.values["steps"], "steps", step_id)):
            return False
        own_path, old = split(place)
        if (path, index) == (own_path, old):
            return False
        self.remember()
        source, target = self.at(own_path), self.at(path)
        moved = source.pop(old)
        target.insert(index - (target is source and index > old), moved)
        return True

    def free_id(self, base: str) -> str:
        """An id that no step has: it is how later steps speak of this one's output."""
        return _free(base, {step["id"] for _, step in self.walk()})

    def before(self, step_id: str) -> list[Json]:
        """The steps whose output this one can use, from the top down."""
        return _before(self.values["steps"], step_id) or []

    def in_loop(self, step_id: str) -> Json | None:
        """The innermost loop around a step."""
        place = self.place_of(step_id) or ""
        loops = [step for path, step in self.walk() if step["type"] == "for_each" and place.startswith(path + ".steps")]
        return loops[-1] if loops else None


def split(place: str) -> tuple[str, int]:
    """The list and the index of a place."""
    path, _, index = place.rpartition(".")
    return path, int(index)


def lists(step: Json) -> Iterator[tuple[str, list[Json]]]:
    """The lists of steps inside a step."""
    for index, arm in enumerate(step.get("branches", ())):
        yield f"branches.{index}.steps", arm["steps"]
    for name in ("otherwise", "steps"):
        if name in step:
            yield name, step[name]


def _walk(steps: list[Json], at: str) -> Iterator[tuple[str, Json]]:
    for index, step in enumerate(steps):
        yield f"{at}.{index}", step
        for name, inner in lists(step):
            yield from _walk(inner, f"{at}.{index}.{name}")


def _slots(steps: list[Json], path: str, step_id: str) -> Iterator[tuple[str, int]]:
    """Where a step can stand, from the top down: before each index of each list. Right after itself is no new place."""
    for index, step in enumerate(steps):
        if index == 0 or steps[index - 1]["id"] != step_id:
            yield path, index
        if step["id"] != step_id:
            for name, inner in lists(step):
                yield from _slots(inner, f"{path}.{index}.{name}", step_id)
    if not steps or steps[-1]["id"] != step_id:
        yield path, len(steps)


def _before(steps: list[Json], step_id: str) -> list[Json] | None:
    found: list[Json] = []
    for step in steps:
        if step["id"] == step_id:
            return found
        for _, inner in lists(step):
            deeper = _before(inner, step_id)
            if deeper is not None:
                return [*found, *deeper]
        found.append(step)
        if step["type"] == "branch":
            found.extend(each for _, inner in lists(step) for each in inner)
    return None


def _free(base: str, taken: set[str]) -> str:
    stem = re.sub(r"_\d+$", "", base)[:50]
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}_{number}"
    return found
