"""The sample of a service's event: what stands in for a real one, and asking the connection for one now."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic

from nicegui import background_tasks

from components import elements
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.json_tree import JsonTree
from streamline_ui.errors import StreamlineError
from streamline_ui.workflows.listening import asking
from streamline_ui.workflows.triggers import IntegrationTrigger

PATIENCE = 90.0  # seconds


class EventSample:
    """Part of the trigger's panel, for an event that is chosen."""

    def __init__(self, session: EditorSession, title: str) -> None:
        self.session, self.title = session, title
        self.task: asyncio.Task[None] | None = None
        with tag("section", "sl-panel-part", aria_labelledby="sample-title"):
            with tag("div", "row between"):
                Words("Sample", "sl-h3", "h3").props["id"] = "sample-title"
                self.source = Words("", "small muted")
            with tag("div", "row wrap"):
                self.button = elements.button("Get a sample", icon="download")
                self.button.on("click", self._begin, args=[])
                self.stop = elements.button("Stop waiting", kind="ghost")
                self.stop.on("click", self._end, args=[])
            self.said = tag("div", "small sub", role="status")
            self.box = tag("div", "sl-json-box")
        self.stop.set_visibility(False)
        self.update()

    def update(self) -> None:
        """Show the sample as it is now."""
        if self.box.is_deleted:
            return
        sample = self.session.sample
        self.source.set_text("A real event" if sample.at else "What it usually looks like")
        self.box.clear()
        with self.box:
            JsonTree({key: value for key, value in sample.trigger.items() if key != "type"}, "sample.json")

    def _begin(self) -> None:
        if self.task is None or self.task.done():
            self.task = background_tasks.create(self._wait(), name="ask for a sample")

    def _end(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self._show_waiting(is_on=False)
        self._say("Steps go on with what stands below.")

    async def _wait(self) -> None:
        """Ask until there is one, for a while."""
        self._show_waiting(is_on=True)
        trigger, since = self.session.definition().trigger, monotonic()
        name = getattr(self.session.row(getattr(trigger, "integration_id", "")), "name", "the connection")
        self._say(f"Asking {name}…")
        while isinstance(trigger, IntegrationTrigger) and not self.box.is_deleted:
            try:
                answer = await asking.event(self.session.user_id, trigger)
            except TimeoutError:
                self._finish(f"{name} did not answer in time. Steps use the example below.", "bad")
                return
            except StreamlineError as error:
                self._finish(" ".join([error.message, *error.hints]), "bad")
                return
            if answer.sample is not None:
                self.session.take_sample(answer.sample)
                self.update()
                self._finish("This event is the sample now: steps pick their data from it.", "ok")
                return
            if answer.again_in is None or monotonic() - since > PATIENCE:
                self._finish(f"Nothing is there yet. Until something comes from {name}, steps use the example below.")
                return
            self._say(f"Nothing is there yet. Waiting: make it happen now ({self.title}), it shows here by itself.")
            await asyncio.sleep(answer.again_in)

    def _finish(self, sentence: str, tone: str = "") -> None:
        self._show_waiting(is_on=False)
        self._say(sentence, tone)

    def _show_waiting(self, *, is_on: bool) -> None:
        if not self.button.is_deleted:
            elements.busy(self.button, is_on)
            self.stop.set_visibility(is_on)

    def _say(self, sentence: str, tone: str = "") -> None:
        if self.said.is_deleted:
            return
        with suppress(RuntimeError):  # the page was left meanwhile
            self.said.clear()
            with self.said:
                Words(sentence, tone)
