"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nicegui import ui

from components import elements
from components.form_parts import Words, tag
from streamline_ui.errors import StreamlineError


class Question:
    """One for a page."""

    def __init__(self) -> None:
        with ui.dialog().props("transition-duration=120 role=alertdialog") as self.dialog:
            self.card = tag("div", "sl-window ask")

    def ask(self, question: str, consequence: str, label: str, action: Callable[[], Any]) -> None:
        """Ask; `action` is done when the button with that label is pressed, and an error of its shown in place."""
        self.card.clear()
        with self.card:
            title = Words(question, "sl-h2", "h2")
            self.dialog.props["aria-labelledby"] = title.html_id
            Words(consequence, "sub", "p")
            note = tag("div", role="alert")
            with tag("div", "row end"):
                keep = elements.button("Cancel").on("click", self.dialog.close)
                keep.props["autofocus"] = True
                go = elements.button(label, kind="danger")

        async def decided() -> None:
            try:
                result = action()
                if inspect.isawaitable(result):
                    await result
            except StreamlineError as error:
                note.clear()
                with note:
                    elements.callout("bad", error.message)
            else:
                self.dialog.close()

        go.on("click", decided)
        self.dialog.open()
