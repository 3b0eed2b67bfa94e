"""Which paths of a text lead to nothing in the sample, and what may have been meant. Plain data, no page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamline_ui.errors import Invalid
from streamline_ui.workflows import templates
from streamline_ui.workflows.templating import missing

MOST = 5
_OUTPUT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_DEFAULT = re.compile(r"\|\s*default\b")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A path as it is written, what may have been meant, and a sentence about it."""

    path: str
    near: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is said below the field; the near ones stand beside it as buttons."""
        return f"{self.path} is not in the sample."


def wrong(source: str, scope: Mapping[str, Any], *, is_bare: bool = False) -> list[Wrong]:
    """The wrong paths, each once. What has a `default`, is only asked for, or comes from an untested step, is fine.

    `is_bare` says that the text is a path or a condition without braces.
    """
    found: dict[str, Wrong] = {}
    try:
        for parts in _wanted(source, is_bare=is_bare):
            near = templates.near(parts, scope) if _is_known(parts, scope) else None
            if near is not None:
                path = missing.path(parts)
                found.setdefault(path, Wrong(path, tuple(near)))
    except Invalid:
        return []  # how it is written is wrong: the field says that already
    return list(found.values())[:MOST]


def untested(source: str, scope: Mapping[str, Any]) -> str:
    """That a step has to be tested before there is anything to show, or nothing."""
    known = scope.get("steps", {})
    try:
        asked = [parts for parts in templates.references(source) if parts[0] == "steps" and len(parts) > 2]
    except Invalid:
        return ""
    missed = next((str(parts[1]) for parts in asked if parts[1] not in known), "")
    return f"Test the step {missed} first: then its output is known." if missed else ""


def _wanted(source: str, *, is_bare: bool) -> list[tuple[object, ...]]:
    if is_bare:
        return list(templates.references(source, is_condition=True)) if source.strip() else []
    whole = set(templates.references(source))
    outputs = [text for text in _OUTPUT.findall(source) if text.strip() and not _DEFAULT.search(text)]
    return [
        parts for text in outputs for parts in templates.references("{{" + text + "}}") if parts in whole
    ]  # the rest are the template's own variables


def _is_known(parts: Sequence[object], scope: Mapping[str, Any]) -> bool:
    """Whether there are data to judge by: roots and steps that do not exist are told of by the checks."""
    root = parts[0]
    if root == "steps":
        return len(parts) > 2 and parts[1] in scope.get("steps", {}) and parts[2] == "output"
    return root in ("trigger", "item") and scope.get(str(root)) is not None and len(parts) > 1
