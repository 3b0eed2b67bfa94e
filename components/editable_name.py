"""A heading that can be changed where it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from components import elements, form_inputs, form_parts
from components.form_parts import Words, tag
from streamline_ui.errors import Invalid, StreamlineError


class EditableName:
    """`rename` saves the new name, and raises Invalid with a sentence where it cannot."""

    def __init__(self, rename: Callable[[str], Awaitable[None]]) -> None:
        self.rename = rename
        self.name = ""
        with tag("div", "row sl-name") as self.reading:
            self.heading = Words("", "sl-h1", "h1")
            self.pencil = tag("button", "sl-btn icon ghost sm", type_="button", aria_label="Rename")
            with self.pencil.on("click", self._edit):
                elements.icon("pencil")
        self.writing = form_parts.form(self._save, "row sl-name wrap")
        self.writing.on("keydown", self._stop, js_handler="(e) => { if (e.key === 'Escape') emit(); }")
        self.writing.set_visibility(False)

    def update(self, name: str) -> None:
        """Show this name."""
        self.name = name
        self.heading.set_text(name)

    def open(self) -> None:
        """Let it be changed."""
        if not self.writing.visible:
            self._edit()

    def _edit(self) -> None:
        self.writing.clear()
        with self.writing:
            with tag("div", "sl-input"):
                field = tag("input", type_="text", name="name", aria_label="Name", **form_inputs.PRIVATE)
                field.props["maxlength"] = form_inputs.LONGEST_NAME
                field.props["defaultValue"] = self.name
            elements.button("Save name", kind="primary", submits=True)
            elements.button("Cancel", kind="ghost").on("click", self._stop)
            self.line = Words("", "sl-help bad", "div")
            self.line.props["role"] = "alert"
        self._switch(is_writing=True)
        form_parts.focus(field)

    async def _save(self, typed: dict[str, str]) -> None:
        try:
            await self.rename(typed.get("name", ""))
        except Invalid as error:
            self.line.set_text(error.fields.get("name", error.message))
        except StreamlineError as error:
            self.line.set_text(error.message)
        else:
            self._stop()

    def _stop(self) -> None:
        self._switch(is_writing=False)
        form_parts.focus(self.pencil)

    def _switch(self, *, is_writing: bool) -> None:
        self.writing.set_visibility(is_writing)
        self.reading.set_visibility(not is_writing)
