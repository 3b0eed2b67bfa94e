"""What a path leads to when there is nothing, and what the author may have meant instead."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, NoReturn

from liquid import Token
from liquid.undefined import UNDEFINED, Undefined

from streamline_ui.workflows.templating.budget import refusal

LOOKED_AT = 400  # values, when looking for what else there is
KEYS = 100
_PROPERTY = re.compile(r"[^\W\d][\w-]*")


class Missing(Undefined):
    """Nothing at a path: false in conditions, replaced by `default`, and an error wherever a value is needed.

    `parent` is what was found just before, `depth` how many parts of the path led there.
    """

    __slots__ = ("depth", "parent", "parts", "scope")

    force_liquid_default = True

    def __init__(
        self, name: str, *, token: Token | None = None, obj: object = UNDEFINED, hint: str | None = None
    ) -> None:
        super().__init__(name, token=token, obj=obj, hint=hint)
        self.parts: Sequence[object] = (name,)
        self.depth = 0
        self.parent: object = None
        self.scope: Mapping[str, object] = {}

    @classmethod
    def at(cls, parts: Sequence[object], depth: int, parent: object, scope: Mapping[str, object]) -> Missing:
        """Nothing at `parts[depth]` of `parent`."""
        missing = cls(str(parts[0]))
        missing.parts, missing.depth, missing.parent, missing.scope = parts, depth, parent, scope
        return missing

    def refuse(self) -> NoReturn:
        """Say that it is missing, and what there is instead."""
        near = self.near()
        there = f" Available: {', '.join(near)}." if near else ""
        raise refusal("tpl.missing", f"{{{{ {path(self.parts)} }}}} was empty in this run.{there}")

    def near(self) -> list[str]:
        """Up to three paths that may have been meant instead."""
        return next(filter(None, self._near()), [])[:3]

    def _near(self) -> Iterator[list[str]]:
        siblings = [key for key in _keys(self.parent) if len(key) <= 60]
        wanted, before = str(self.parts[self.depth]), self.parts[: self.depth]
        yield [self._instead(key) for key in get_close_matches(wanted[:60], siblings, n=3, cutoff=0.6)]
        yield [each for each, key in _walk(self.scope) if key == self.parts[-1]]
        yield [path((*before, key)) for key in siblings]

    def _instead(self, key: str) -> str:
        """The path with another key, as far as it then leads."""
        value, parts = self.parent, [*self.parts[: self.depth]]
        for part in (key, *self.parts[self.depth + 1 :]):
            if not isinstance(value, dict) or part not in value:
                break
            value = value[part]
            parts.append(part)
        return path(parts)

    def __getitem__(self, key: object) -> object:
        self.refuse()

    def __len__(self) -> int:  # noqa: PLE0303 - refuses
        self.refuse()

    def __iter__(self) -> Iterator[Any]:
        self.refuse()

    def __str__(self) -> str:  # noqa: PLE0307 - refuses
        self.refuse()

    def __int__(self) -> int:
        self.refuse()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Undefined)


def path(parts: Sequence[object]) -> str:
    """A path as one writes it: `trigger.body["first name"].items[0]`."""
    written = str(parts[0])
    for part in parts[1:]:
        if isinstance(part, int):
            written += f"[{part}]"
        elif isinstance(part, str) and _PROPERTY.fullmatch(part):
            written += f".{part}"
        else:
            written += f'["{part}"]' if isinstance(part, str) else "[…]"
    return written if len(written) <= 120 else written[:119] + "…"


def _keys(value: object) -> list[str]:
    return [key for key in islice(value, KEYS) if isinstance(key, str)] if isinstance(value, dict) else []


def _walk(scope: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """(path, its last part) of what there is, the near first."""
    queue: deque[tuple[tuple[object, ...], object]] = deque(((key,), value) for key, value in scope.items())
    for _ in range(LOOKED_AT):
        if not queue:
            return
        parts, value = queue.popleft()
        if isinstance(parts[-1], str) and len(parts[-1]) <= 60:
            yield path(parts), parts[-1]
        if isinstance(value, dict):
            queue.extend(((*parts, key), each) for key, each in islice(value.items(), KEYS))
        elif isinstance(value, list) and value:
            queue.append(((*parts, 0), value[0]))
