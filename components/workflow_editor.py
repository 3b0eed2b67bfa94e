"""The editor of one workflow: its steps on the left, what belongs to the chosen one on the right."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from components import editor_words as words
from components import elements, links, snapshots
from components.add_step_dialog import AddStepDialog, Choice
from components.connect_dialog import ConnectDialog
from components.editor_draft import TRIGGER
from components.editor_header import EditorHeader
from components.editor_session import EditorSession
from components.flow_settings import FlowSettings
from components.form_parts import Words, tag
from components.history_dialog import HistoryDialog
from components.question import Question
from components.step_panel import StepPanel
from components.step_tree import StepTree
from streamline_ui import live
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.models import Integration
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import by_hand, dispatch, tryouts


class WorkflowEditor:
    """The page's content. `start` reads what it shows."""

    def __init__(self, user_id: str, workflow: Workflow) -> None:
        self.session = session = EditorSession(user_id, workflow)
        self.is_shown = asyncio.Event()  # what is heard before is drawn with the rest, or right after it
        self.place: tuple[str, int] | None = None  # where a step goes once its service is connected
        self.dialog = ConnectDialog(user_id, self._connected)
        self.adding = AddStepDialog(session, self._chosen)
        self.history = HistoryDialog(session, self._redraw)
        self.settings = FlowSettings(session)
        self.question = Question()
        with tag("div", "sl-editor"):
            actions = {
                "publish": self._publish,
                "run": self._run,
                "settings": self.settings.open,
                "history": self.history.open,
                "discard": self._discard,
            }
            self.header = EditorHeader(session, actions)
            with tag("div", "sl-editor-body"):
                with tag("section", "sl-canvas", aria_label="Steps"):
                    self.notes = tag("div", "sl-notes", role="status")
                    self.tree = StepTree(session, self._select, self.adding.open)
                self.panel = StepPanel(session, self.tree, self._connect)
        session.shaped, session.worded, session.told = self._redraw, self._reword, self._told
        session.sampled = self._resample
        session.overtaken = lambda: elements.toast("Changed in another window.")
        ui.on("sl-edit", self._asked)
        ui.on("sl-pick", self._picks)
        ui.on("sl-drop", self._dropped)

    async def start(self) -> None:
        """Read everything, and show it."""
        await self.session.load()
        self._redraw()
        self.header.update()
        self._note()
        self.is_shown.set()

    def show(self, step_id: str) -> None:
        """Begin with this step, where there is such a one."""
        if self.session.draft.step(step_id) is not None:
            self._select(step_id)

    async def heard_workflows(self, changed: set[str]) -> None:
        """Some workflows have changed."""
        await self.is_shown.wait()
        await self.session.heard(changed)

    async def heard_connections(self, _: set[str]) -> None:
        """Some connections have changed."""
        await self.is_shown.wait()
        await self.session.read_connections()
        self._reword()

    async def heard_requests(self, _: set[str]) -> None:
        """Something came in, perhaps here: the newest is the sample, unless another was chosen."""
        await self.is_shown.wait()
        if self.session.draft.values[TRIGGER]["type"] != "webhook":
            return
        if self.session.request_id is None:
            await self.session.read_sample()
            self._resample()
        await self._refresh_requests()

    async def heard_executions(self, _: set[str]) -> None:
        """Some executions went on: what came in with the first of them is better than an example."""
        await self.is_shown.wait()
        session = self.session
        if session.draft.values[TRIGGER]["type"] == "integration" and session.sample.at is None:
            await session.read_sample()
            if session.sample.at is not None:
                self._resample()
        await self._refresh_requests()

    async def _refresh_requests(self) -> None:
        if self.panel.trigger is not None:
            await self.panel.trigger.refresh()

    def _redraw(self) -> None:
        self.tree.draw()
        self.panel.draw()

    def _reword(self) -> None:
        self.tree.update()
        self.panel.update()

    def _told(self) -> None:
        self.header.update()
        self._reword()
        self._note()

    def _resample(self) -> None:
        self.tree.update()
        if self.panel.trigger is not None and self.panel.trigger.sample is not None:
            self.panel.trigger.sample.update()
        if self.panel.fields is not None:
            self.panel.fields.render()

    def _note(self) -> None:
        """What stands above the steps: that another tab was faster, or what keeps it from being published."""
        session = self.session
        self.notes.clear()
        self.notes.classes(**{"add" if session.state == "elsewhere" else "remove": "stays"})
        with self.notes:
            if session.state == "elsewhere":
                with elements.callout("warn", session.trouble, "What you did last here is not saved."):
                    if session.is_gone:
                        Words("All workflows", "sl-btn sm", "a").props["href"] = links.to("/workflows")
                        return
                    again = elements.button("Show what was saved", kind="sm", icon="refresh-cw")
                    again.on("click", ui.navigate.reload, args=[])
                    elements.button("Keep mine", kind="sm").on("click", self._ask_keep, args=[])
            elif session.insists and session.problems:
                self._draw_problems()
            elif session.run_id is not None:
                with elements.callout("info", f"You build with the data of run {session.run_id[:8]}."):
                    elements.button("Use the newest data", kind="sm").on("click", self._use_newest, args=[])

    def _ask_keep(self) -> None:
        async def keep() -> None:
            try:
                await self.session.keep_mine()
            except StreamlineError as error:
                elements.toast(error.message)

        sentence = "What you see here replaces what was saved in the other window."
        self.question.ask("Keep yours?", sentence, "Keep mine", keep)

    async def _use_newest(self) -> None:
        self.session.run_id = None
        await self.session.read_data()
        self._resample()
        self._note()

    def _draw_problems(self) -> None:
        number = len(self.session.problems)
        title = (
            "One thing is missing before it can be published."
            if number == 1
            else f"{number} things are missing before it can be published."
        )
        with elements.callout("warn", title), tag("ul", "sl-problems"):
            for problem in self.session.problems[:20]:
                step_id, name = self._owner(problem.path)
                with (
                    tag("li"),
                    tag("button", "link", type_="button").on("click", lambda at=step_id: self._select(at), args=[]),
                ):
                    Words(f"{name}: {problem.message}")

    def _owner(self, path: str) -> tuple[str, str]:
        owners = [(place, step) for place, step in self.session.draft.walk() if (path + ".").startswith(place + ".")]
        if not owners:
            return (TRIGGER, "Trigger") if path.startswith(TRIGGER) else (TRIGGER, "Steps")
        step = owners[-1][1]
        return step["id"], words.title(self.session, step)

    def _select(self, key: str) -> None:
        if key == self.session.selected:
            self.panel.open()  # what is being typed in it stays
            return
        self.session.selected = key
        self.session.draft.pause()
        self.tree.update()
        self.panel.draw()
        self.panel.begin()

    async def _chosen(self, choice: Choice, path: str, index: int) -> None:
        if choice.service:
            self.place = (path, index)
            await self.dialog.connect(choice.service)
            return
        self._add(path, index, choice.kind, choice.values)

    def _add(self, path: str, index: int, kind: str, values: dict[str, Any]) -> None:
        if self.session.state == "elsewhere":
            return
        step = self.session.draft.insert(path, index, kind, **values)
        self.session.selected = step["id"]
        self.session.changed(shape=True)
        self.panel.begin(takes_keyboard=True)

    async def _connect(self, type_name: str) -> None:
        self.place = None
        await self.dialog.connect(type_name)

    async def _connected(self, row: Integration, is_new: bool) -> None:
        """A connection was made: it is the chosen step's, or the new step's."""
        snapshots.forget(live.Changed(self.session.user_id, "integration", row.id))
        await self.session.read_connections()
        provider = self.session.provider(row.id)
        actions = list(provider.actions) if provider else []
        values = {"integrationId": row.id, "action": actions[0] if actions else ""}
        if self.place is not None:
            path, index = self.place
            self.place = None
            self._add(path, index, "action", values)
            return
        step = self.session.draft.step(self.session.selected)
        if step is not None and step["type"] == "action":
            self.session.change(lambda: step.update(values, params={}), shape=True)

    async def _publish(self) -> None:
        if await self.session.publish():
            self.session.insists = False
            elements.toast(
                f"Version {self.session.workflow.version} is live."
                if self.session.workflow.is_active
                else "Published. Turn it on to let it run."
            )
        self._told()

    async def _run(self) -> None:
        session = self.session
        try:
            await session.settle()
            given = tryouts.body_of(session.sample)
            execution = await asyncio.to_thread(by_hand.run, session.user_id, session.workflow.id, given)
        except StreamlineError as error:
            elements.toast(" ".join([error.message, *error.hints]))
            return
        dispatch.offer(execution)
        path = links.to(f"/executions/{execution.id}")
        elements.toast("It runs now.", action="Open the run", on_action=lambda: ui.navigate.to(path))

    def _discard(self) -> None:
        async def discard() -> None:
            await self.session.restore(self.session.workflow.version)
            self._redraw()

        sentence = f"The draft becomes version {self.session.workflow.version} again."
        self.question.ask("Discard the changes?", sentence, "Discard changes", discard)

    def _dropped(self, event: GenericEventArguments) -> None:
        """A step was dragged to another place."""
        args = event.args if isinstance(event.args, dict) else {}
        if isinstance(index := args.get("index"), int):
            self.tree.drop(str(args.get("step", "")), str(args.get("path", "")), index)

    def _picks(self, event: GenericEventArguments) -> None:
        if self.panel.fields is not None and isinstance(event.args, str):
            self.panel.fields.asked(event.args)

    async def _asked(self, event: GenericEventArguments) -> None:
        """A key of the editor was pressed."""
        args = event.args if isinstance(event.args, dict) else {}
        asked, step = str(args.get("asked", "")), str(args.get("step", ""))
        if asked in ("undo", "redo"):
            self.session.undo(again=asked == "redo")
        elif asked == "publish":
            await self._publish()
        elif asked == "test" and self.panel.trial is not None:
            await self.panel.trial.run()
        elif asked in ("up", "down") and step:
            self.tree.move(step, -1 if asked == "up" else 1)
        elif asked == "delete" and step:
            self.tree.remove(step)
        elif asked == "open" and step == "settings:":
            self.settings.open()
        elif asked == "open" and step == "name:":
            self.header.name.open()
        elif asked == "open" and (step == TRIGGER or self.session.draft.step(step) is not None):
            self._select(step)
        elif asked == "close":
            self.panel.close()
