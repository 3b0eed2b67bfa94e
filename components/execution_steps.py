"""The steps of an execution along the stream line, each with a bar for its part of the time. One of them is chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from html import escape

from nicegui import ui
from nicegui.element import Element

from components import elements, flow_words
from components.execution_story import Line
from components.form_parts import Words, tag
from streamline_ui.storage.workflow_tables import Progress

MOST = 200  # lines at first, and how many come with each "Show more"


class ExecutionSteps:
    """`choose` is called with the key of the line that was pressed."""

    def __init__(self, choose: Callable[[str], Awaitable[None]]) -> None:
        self.choose = choose
        self.lines: list[Line] = []
        self.chosen = ""
        self.limit = MOST
        self.drawn: dict[str, tuple[Element, Element, ui.html]] = {}
        with tag("section", "sl-card sl-course", aria_labelledby="steps-title"):
            with tag("div", "row between sl-card-head"):
                Words("Steps", "sl-h2", "h2").props["id"] = "steps-title"
                self.span = Words("", "tiny muted num")
            self.list = tag("ol")
            with elements.button("Show more", self._show_more, kind="ghost") as self.more:
                self.more_words = Words("")
            self.more.set_visibility(False)
            self.foot = tag("p", "sl-card-foot small muted row")
            with self.foot:
                elements.icon("clock")
                self.foot_words = Words("")

    def update(self, lines: Sequence[Line], chosen: str, whole: str, tries: str) -> None:
        """Show these, with one chosen. `whole` is the time that the bars stand for, `tries` tells of repeated ones."""
        self.lines, self.chosen = list(lines), chosen
        self.span.set_text(f"0 – {whole}" if whole else "")
        self.foot_words.set_text(tries)
        self.foot.set_visibility(bool(tries))
        self._draw()

    def mark(self, chosen: str) -> None:
        """Another one is chosen."""
        self.chosen = chosen
        self._draw()

    def _draw(self) -> None:
        shown = self.lines[: self.limit]
        keys = {line.key for line in shown}
        for gone in [key for key in self.drawn if key not in keys]:
            self.drawn.pop(gone)[0].delete()
        for place, line in enumerate(shown):
            if line.key not in self.drawn:
                self._add(line)
            item, button, content = self.drawn[line.key]
            if self.list.default_slot.children[place] is not item:
                item.move(self.list, place)
            self._show(line, item, button, content)
        rest = len(self.lines) - len(shown)
        self.more.set_visibility(rest > 0)
        self.more_words.set_text(f"({min(rest, MOST)} of {rest:,})")

    def _add(self, line: Line) -> None:
        with self.list, tag("li") as item:
            button = tag("button", "sl-stage-line", type_="button", data_testid="step")
            button.on("click", lambda key=line.key: self.choose(key), args=[])
            with button:
                content = ui.html("", sanitize=False, tag="span").classes("contents")
        self.drawn[line.key] = (item, button, content)

    def _show(self, line: Line, item: Element, button: Element, content: ui.html) -> None:
        tone = flow_words.PROGRESS[line.status][0] if line.status else "none"
        classes = f"sl-stage {tone}{' on' if line.key == self.chosen else ''} level-{min(line.level, 3)}"
        if " ".join(item.classes) != classes:
            item.classes(replace=classes)
        pressed = "true" if line.key == self.chosen else "false"
        if button.props.get("aria-pressed") != pressed:
            button.props["aria-pressed"] = pressed
        html = _html(line)
        if content.content != html:
            content.set_content(html)

    def _show_more(self) -> None:
        self.limit += MOST
        self._draw()


def _html(line: Line) -> str:
    icon, word = ("circle-dashed", "") if line.status is None else flow_words.PROGRESS[line.status][1:]
    said = f'<span class="sr">{word}: </span>' if word else ""
    left, wide = 100 * line.start, max(100 * (line.end - line.start), 1.5)
    bar = "" if line.status is None else f'<i style="left:{min(left, 98.5):.1f}%;width:{wide:.1f}%"></i>'
    is_over = line.status in (None, Progress.SUCCEEDED)
    state = "" if is_over else f'<span class="tiny sl-stage-word">{word}</span>'
    return (
        f'<span class="sl-stage-dot">{elements.icon_html(icon)}</span>{line.tile}<span class="sl-stage-body">'
        f'<span class="row between"><span class="trunc">{said}<b>{escape(line.title)}</b></span>'
        f'<span class="tiny muted num sl-stage-took">{state}{escape(line.took)}</span></span>'
        f'<span class="sl-stage-bar" aria-hidden="true">{bar}</span></span>'
    )
