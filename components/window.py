"""A dialog that does not lose what was typed into it.

Escape, a click beside it and the browser's Back button close it; with something typed in it they ask first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import elements, form_parts
from components.form_parts import Words, tag

_ENTER_HISTORY = """{
const back = () => emitEvent('sl-back-%(id)d', (%(dirty)s));
window.slBack = back; history.pushState({slWindow: %(id)d}, ''); window.addEventListener('popstate', back);
}"""
_LEAVE_HISTORY = """{
window.removeEventListener('popstate', window.slBack);
if (history.state?.slWindow === %(id)d) history.back();
}"""


class Window:
    """One dialog for a page, filled anew each time it opens. `closed` is called after it went away."""

    def __init__(self, *, wide: bool = False) -> None:
        with ui.dialog().props("persistent transition-duration=160") as self.dialog:
            self.card = tag("div", "sl-window wide" if wide else "sl-window")
        title = f"{self.card.html_id}-title"
        self.dialog.props["aria-labelledby"] = title
        self._title = title
        self._dirty = form_parts.IS_DIRTY % self.card.id
        self.dialog.on("shake", self._leave, js_handler=f"() => emit({self._dirty})")
        ui.on(f"sl-back-{self.dialog.id}", self._went_back)
        with ui.dialog().props("transition-duration=120 role=alertdialog") as self.question:
            self._draw_question()

    @property
    def is_open(self) -> bool:
        """Whether it is on the screen."""
        return bool(self.dialog.value)

    def open(self) -> None:
        """Show it. Fill `card` before, starting with `header`."""
        if not self.is_open:
            self.dialog.client.run_javascript(_ENTER_HISTORY % {"id": self.dialog.id, "dirty": self._dirty})
        self.dialog.open()

    def close(self) -> None:
        """Put it away, and forget what was in it."""
        if self.is_open:
            self.dialog.client.run_javascript(_LEAVE_HISTORY % {"id": self.dialog.id})
        self.question.close()
        self.dialog.close()
        self.card.clear()

    def header(self, title: str, purpose: str, picture: Callable[[], Any] | None = None) -> None:
        """The head of the dialog: who it is about, and a cross."""
        with tag("header", "sl-window-head"):
            if picture is not None:
                picture()
            with tag("div", "grow"):
                Words(title, "sl-h2 trunc", "h2").props["id"] = self._title
                if purpose:
                    Words(purpose, "small muted", "p")
            cross = tag("button", "sl-btn icon ghost", type_="button", aria_label="Close")
            self.closes(cross)
            with cross:
                elements.icon("x")

    def closes(self, button: Element) -> None:
        """Let a button leave the dialog, asking first where something was typed."""
        button.on("click", self._leave, js_handler=f"() => emit({self._dirty})")

    def _leave(self, event: GenericEventArguments) -> None:
        if event.args is True:
            self.question.open()
        else:
            self.close()

    def _went_back(self, event: GenericEventArguments) -> None:
        if not self.is_open:
            return
        if event.args is True:  # the history is one entry shorter now; put it back, so that Back works once more
            self.dialog.client.run_javascript(f"history.pushState({{slWindow: {self.dialog.id}}}, '')")
        self._leave(event)

    def _draw_question(self) -> None:
        with tag("div", "sl-window ask"):
            self.question.props["aria-labelledby"] = f"{self._title}-question"
            Words("Discard what you typed?", "sl-h2", "h2").props["id"] = f"{self._title}-question"
            with tag("div", "row end"):
                keep = tag("button", "sl-btn", type_="button", autofocus=True).on("click", self.question.close)
                with keep:
                    Words("Keep editing")
                discard = tag("button", "sl-btn danger", type_="button").on("click", self.close)
                with discard:
                    Words("Discard")
