"""How a workflow runs: how many at a time, in which order, for how long, and how often a step is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element

from components import elements, retry_fields
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.expectation import Expectation
from components.form_parts import Words, tag
from components.plain_fields import number, switch
from streamline_ui.workflows.steps import LONGEST_TIMEOUT

KILOBYTE = 1000
BY_SOMEBODY = ("manual", "failure")  # what starts these cannot be expected


class FlowSettings:
    """A dialog, one for a page. What is changed in it is kept at once, like every change of the draft."""

    def __init__(self, session: EditorSession) -> None:
        self.session = session
        with ui.dialog().props("transition-duration=120") as self.dialog:
            self.card = tag("div", "sl-window")

    @property
    def values(self) -> Json:
        """The settings as they are now."""
        found: Json = self.session.draft.values.setdefault("settings", {})
        return found

    def open(self) -> None:
        """Show them."""
        self.session.draft.pause()
        self.card.clear()
        with self.card:
            with tag("header", "sl-window-head"):
                with tag("div", "grow"):
                    title = Words("Settings of this workflow", "sl-h2", "h2")
                    Words("Kept as you type. They count once you publish.", "small muted", "p")
                self.dialog.props["aria-labelledby"] = title.html_id
                close = elements.button("Close", kind="ghost", icon="x", only_icon=True)
                close.on("click", self.dialog.close, args=[])
            with tag("div", "sl-add-body sl-flow-settings"):
                self._draw()
        self.dialog.open()

    def _edit(self, change: Callable[[], Any], key: str) -> None:
        self.session.change(change, f"settings.{key}")

    def _put(self, key: str, value: object) -> None:
        def change() -> None:
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value

        self._edit(change, key)

    def _draw(self) -> None:
        self._draw_order()
        number(
            "Time-out of a run",
            self.values.get("timeoutSeconds"),
            (1, LONGEST_TIMEOUT),
            lambda value: self._put("timeoutSeconds", value),
            hint="Only work counts, not waiting between tries.",
            unit="seconds",
            placeholder=str(LONGEST_TIMEOUT),
        )
        Words("When a step fails for the moment", "sl-h3", "h3")
        Words("For every step that says nothing of its own.", "small muted", "p")
        retry_fields.draw(lambda: self.values, self._edit)
        kind = self.session.draft.values[TRIGGER]["type"]
        if kind not in BY_SOMEBODY or self.values.get("expectEvery"):
            Words("When nothing comes", "sl-h3", "h3")
            Expectation(self.values.get("expectEvery"), lambda seconds: self._put("expectEvery", seconds))
        if kind == "webhook":
            Words("What may come in", "sl-h3", "h3")
            self._draw_size()

    def _draw_order(self) -> None:
        is_ordered = bool(self.values.get("keepOrder", False))
        switch(
            "Keep the order", "One run at a time, each after the one that came before.", is_ordered, self._keep_order
        )
        with tag("div") as self.at_a_time:
            number(
                "Runs at a time, at most",
                self.values.get("concurrency"),
                (1, 100),
                lambda value: self._put("concurrency", value),
                placeholder="No limit of its own",
                hint="More wait in line.",
            )
        self.at_a_time.set_visibility(not is_ordered)

    def _keep_order(self, is_on: bool) -> None:
        self._put("keepOrder", is_on or None)
        _show(self.at_a_time, not is_on)

    def _draw_size(self) -> None:
        size = self.values.get("maxBodyBytes")
        number(
            "Largest request",
            None if size is None else size // KILOBYTE,
            (1, 5000),
            lambda value: self._put("maxBodyBytes", None if value is None else value * KILOBYTE),
            hint="A larger one is turned away with 413.",
            unit="kB",
            placeholder="1000",
        )


def _show(box: Element, is_shown: bool) -> None:
    box.set_visibility(is_shown)
