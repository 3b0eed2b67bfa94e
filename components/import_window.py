"""A workflow from a file or a pasted text, as an export gave it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from nicegui import ui

from components import elements, form_parts
from components.form_inputs import PRIVATE
from components.form_parts import Words, tag
from components.window import Window
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.workflows import drafts

SHOWN_ONLY = ("id", "webhookUrl", "nextRunAt", "createdAt", "updatedAt", "version", "isActive")
READ_FILE = """(e) => {
const file = e.target.files[0], area = e.target.closest('form').querySelector('textarea');
if (!file) return;
if (file.size > 1_000_000) { emit('The file is larger than 1 MB.'); return; }
file.text().then((text) => { area.value = text; emit(''); });
}"""
MOST_FIELDS = 12


class ImportWindow:
    """One for a page."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.window = Window()

    def open(self) -> None:
        """Ask for the workflow."""
        self.window.card.clear()
        with self.window.card:
            self.window.header("Import a workflow", "From a file that “Export” gave, here or elsewhere.")
            with form_parts.form(self._send, "sl-connect"):
                with tag("div", "sl-connect-fields"):
                    self._draw_fields()
                with tag("footer", "sl-window-foot"):
                    tag("span", "grow")
                    cancel = elements.button("Cancel", kind="ghost")
                    self.window.closes(cancel)
                    elements.button("Import", kind="primary", submits=True)
        self.window.open()

    def _draw_fields(self) -> None:
        with tag("div", "sl-field"):
            picker = tag("input", type_="file", accept=".json,application/json", id=f"{self.window.card.html_id}-file")
            label = Words("File", name="label")
            label.props["for"] = picker.props["id"]
            label.move(target_index=0)
            picker.on("change", lambda event: self._say(str(event.args)), js_handler=READ_FILE)
        with tag("div", "sl-field"):
            text = f"{self.window.card.html_id}-text"
            Words("Or paste it", name="label").props["for"] = text
            with tag("div", "sl-input area"):
                tag("textarea", id=text, name="text", rows=8, aria_describedby=f"{text}-help", **PRIVATE)
            self.problem = tag("div", "sl-help bad", role="alert", id=f"{text}-help")

    def _say(self, sentence: str, fields: dict[str, str] | None = None) -> None:
        self.problem.clear()
        with self.problem:
            if sentence:
                Words(sentence, name="p")
            if fields:
                with tag("ul", "sl-problems"):
                    for path, told in list(fields.items())[:MOST_FIELDS]:
                        with tag("li"):
                            Words(path or "workflow", "mono")
                            Words(f" {told}")
                if len(fields) > MOST_FIELDS:
                    Words(f"And {len(fields) - MOST_FIELDS} more.", name="p")

    async def _send(self, typed: dict[str, str]) -> None:
        try:
            values = read(typed.get("text", ""))
            made = await asyncio.to_thread(drafts.new, self.user_id, values)
        except Invalid as error:
            self._say(error.message, {path: told for path, told in error.fields.items() if path})
        except StreamlineError as error:
            self._say(error.message)
        else:  # not closed before: that goes back in the history, and would meet with going on
            ui.navigate.to(f"/workflows/{made.id}")


def read(text: str) -> dict[str, Any]:
    """The parts of a definition in a JSON text. Raises Invalid."""
    if not text.strip():
        raise Invalid("Choose a file, or paste its text.")
    try:
        values = json.loads(text)
    except RecursionError:
        raise Invalid("This is nested too deeply.") from None
    except ValueError as error:
        place = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Invalid(f"This is not JSON: something is wrong{place}.") from None
    if not isinstance(values, dict):
        raise Invalid("A workflow is a JSON object. This is something else.")
    return {key: value for key, value in values.items() if key not in SHOWN_ONLY}
