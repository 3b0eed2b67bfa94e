"""Tries an action of a connection by hand: "Send a test message", with the result in its place."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from components import buttons, elements, form_parts
from components.form_parts import Words, tag
from components.outcome_note import OutcomeNote
from components.schema_form import SchemaForm
from components.window import Window
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.integrations import connections, curl
from streamline_ui.providers import named
from streamline_ui.providers.describe import Action
from streamline_ui.storage.models import Integration

LONGEST_OUTPUT = 4000


def label(action: Action[Any]) -> str:
    """What its button says: "Send a message" becomes "Send a test message"."""
    for article in (" an ", " a "):
        if article in action.title:
            return action.title.replace(article, " a test ", 1)
    return f"Try “{action.title}”"


class TrialDialog:
    """One for a page."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.window = Window()
        self.is_busy = False

    def open(self, row: Integration, action: Action[Any]) -> None:
        """Open it for an action, filled in with what it suggests."""
        self.row, self.action = row, action
        self.is_busy = False
        self.form = SchemaForm(action.params, start=_by_json_name(action))
        main = [field.name for field in self.form.fields if field.wanted or field.name in self.form.start]
        self.window.card.clear()
        with self.window.card:
            self.window.header(label(action), action.help, lambda: elements.brand(named(row.type)))
            with form_parts.form(self._send, "sl-connect"):
                with tag("div", "sl-connect-fields"):
                    self.form.draw(main)
                    self._draw_more([field.name for field in self.form.fields if field.name not in main])
                    self.note = OutcomeNote()
                    self.code = tag("div")
                self._draw_buttons()
        self.window.open()
        if first := self.form.first():
            form_parts.focus(first)

    def _draw_more(self, names: list[str]) -> None:
        if names:
            with form_parts.folded("More options"):
                self.form.draw(names)

    def _draw_buttons(self) -> None:
        with tag("footer", "sl-window-foot"):
            self.window.closes(elements.button("Close", kind="ghost"))
            tag("div", "grow")
            if self.row.type != "inbox":
                form_parts.when_pressed(elements.button("Copy as curl", icon="terminal"), self._copy)
            self.send = elements.button("Send", kind="primary", icon="send", submits=True)

    async def _send(self, typed: dict[str, str]) -> None:
        async def work() -> None:
            self.note.testing(named(self.row.type).name)
            values = self.form.values(typed)
            output = await connections.perform(self.user_id, self.row.id, self.action.name, values)
            self.note.done("Done.")
            form_parts.settle(self.window.card)
            self._show_code("Answer", json.dumps(output, ensure_ascii=False, indent=2)[:LONGEST_OUTPUT])

        await self._do(work)

    async def _copy(self, typed: dict[str, str]) -> None:
        async def work() -> None:
            command = await curl.command(self.user_id, self.row.id, self.action.name, self.form.values(typed))
            self.note.done("Put the secret in place of ***, then run it in a terminal.")
            self._show_code("Command", command)
            buttons.copy(command)

        await self._do(work)

    async def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        """One thing at a time; what goes wrong stands where the result would."""
        if self.is_busy:
            return
        self.is_busy = True
        elements.busy(self.send, True)
        self.code.clear()
        self.form.blame({})
        try:
            await work()
        except Invalid as error:
            self.note.clear()
            if not self.form.blame(error.fields):
                self.note.problem(error.message, error.hints)
        except StreamlineError as error:
            self.note.problem(error.message, error.hints)
        finally:
            self.is_busy = False
            if not self.send.is_deleted:
                elements.busy(self.send, False)

    def _show_code(self, title: str, text: str) -> None:
        self.code.clear()
        with self.code:
            Words(text, "sl-code folds", "pre").props.update({"tabindex": "0", "role": "region", "aria-label": title})


def _by_json_name(action: Action[Any]) -> dict[str, Any]:
    """The suggested values under the names that the form uses."""
    names = {key: field.alias or key for key, field in action.params.model_fields.items()}
    return {names.get(key, key): value for key, value in (action.trial or {}).items()}
