"""The data that a step can use, as a tree to pick from: the sample of the trigger, and what earlier steps gave.

It is drawn in one go. Where a picked path goes is the browser's affair: into the field that had the keyboard last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from nicegui import ui

from components import icons
from components.form_parts import Words, tag
from streamline_ui.workflows.templating import missing

MOST = 300  # entries
LONGEST = 60  # characters of a value


class DataPicker:
    """One for a panel. `show` fills it."""

    def __init__(self) -> None:
        with tag("section", "sl-picker", aria_label="Insert data") as self.box:
            with tag("header", "row between"):
                Words("Insert data", "sl-label", "h3")
                self.source = Words("", "tiny muted")
            self.tree = ui.html("", sanitize=False).classes("sl-pick-tree")

    def show(self, groups: Mapping[str, tuple[str, Any]], source: str) -> None:
        """`groups` are titles with the path and the value of each."""
        self.source.set_text(source)
        left = [MOST]
        drawn = [
            "".join(_node(title, _parts(path), value, left, is_open=True)) for title, (path, value) in groups.items()
        ]
        rest = '<p class="sl-pick-rest">There is more than can be shown here.</p>' if left[0] <= 0 else ""
        self.tree.set_content("".join(drawn) + rest)


def _parts(path: str) -> tuple[object, ...]:
    return tuple(path.split("."))


def _node(name: str, path: tuple[object, ...], value: Any, left: list[int], *, is_open: bool = False) -> Iterator[str]:
    if left[0] <= 0:
        return
    left[0] -= 1
    if isinstance(value, Mapping | list) and value:
        opened = " open" if is_open or (len(path) < 5 and "headers" not in path) else ""
        kind = _count(value) if isinstance(value, list) else ""
        yield f'<details{opened}><summary><span class="k">{escape(name)}</span><span class="d">{kind}</span></summary>'
        if isinstance(value, list) or len(path) > 1:
            yield _row("all of it", path, value)
        entries: Iterable[tuple[Any, Any]] = enumerate(value) if isinstance(value, list) else value.items()
        for key, inner in entries:
            yield from _node(str(key), (*path, key), inner, left)
        yield "</details>"
    else:
        yield _row(name, path, value)


def _row(name: str, path: tuple[object, ...], value: Any) -> str:
    written = missing.path(path)
    if written.endswith("…"):
        return ""  # too long to be written into a template
    shown, kind = _shown(value)
    return (
        f'<button type="button" class="sl-pick" data-insert="{escape(written, quote=True)}" '
        f'aria-label="Insert {escape(written, quote=True)}"><span class="k">{escape(name)}</span>'
        f'<span class="{kind} trunc">{escape(shown)}</span>{icons.html("plus")}</button>'
    )


def _shown(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        text = value if len(value) <= LONGEST else value[:LONGEST] + "…"
        return f'"{text}"', "s"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value], "t"
    if isinstance(value, int | float):
        return str(value), "n"
    return _count(value) if value else "empty", "d"


def _count(value: Any) -> str:
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"
