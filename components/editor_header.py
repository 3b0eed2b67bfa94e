"""The head of the editor: the name, whether everything is kept and live, and what is done with the whole workflow."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from components import elements, links
from components.editable_name import EditableName
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.popup_menu import Item, PopupMenu
from components.question import Question
from components.step_tree import mark
from components.workflow_actions import WorkflowActions
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.storage.workflow_tables import Workflow

HAND_ON = """{
const button = getHtmlElement(%d), at = document.activeElement;
if (at === button || at === document.body) getHtmlElement(%d)?.focus();
}"""


class EditorHeader:
    """`actions` are what its buttons do, by name: publish, run, settings, history, discard."""

    def __init__(self, session: EditorSession, actions: dict[str, Callable[[], Any]]) -> None:
        self.session, self.actions = session, actions
        self.menu = PopupMenu()
        self.question = Question()
        self.whole = WorkflowActions(session.user_id)
        with tag("header", "sl-editor-head"):
            with tag("a", "sl-btn icon ghost", href=links.to("/workflows"), aria_label="All workflows"):
                elements.icon("arrow-left")
            with tag("div", "grow sl-editor-name"):
                self.name = EditableName(self._rename)
                self.state = ui.html("", sanitize=False).classes("small sub").props("role=status")
            with tag("div", "row sl-editor-buttons"):
                self._draw_buttons()

    def _draw_buttons(self) -> None:
        self.undo = elements.button("Undo", kind="ghost", icon="undo-2", only_icon=True)
        self.undo.on("click", self.session.undo, args=[])
        self.redo = elements.button("Redo", kind="ghost", icon="redo-2", only_icon=True)
        self.redo.on("click", lambda: self.session.undo(again=True), args=[])
        runs = tag("a", "sl-btn ghost sl-wide-only", href=links.to(f"/executions?workflow={self.session.workflow.id}"))
        with runs:
            elements.icon("activity")
            Words("Runs")
        self.run = elements.button("Run with sample", icon="play").classes("sl-wide-only")
        self.run.on("click", self.actions["run"], args=[])
        with tag("label", "sl-toggle sl-active"):
            self.switch = tag("input", type_="checkbox", role="switch", aria_label="Active")
            self.switch.props["checked"] = self.session.workflow.is_active
            self.word = Words("Active")
        self.switch.on("change", self._switched, js_handler="(e) => emit(e.target.checked)")
        self.publish = elements.button("Publish changes", kind="primary", icon="upload")
        self.publish.on("click", self.actions["publish"], args=[])
        more = tag("button", "sl-btn icon ghost", type_="button", aria_label="More actions", aria_haspopup="menu")
        with more.on("click", lambda: self._open_menu(more.html_id), args=[]):
            elements.icon("ellipsis")

    def update(self) -> None:
        """Bring everything up to date."""
        session = self.session
        self.name.update(session.workflow.name)
        self.state.set_content(self._line())
        for button, is_possible in ((self.undo, session.draft.can_undo), (self.redo, session.draft.can_redo)):
            button.props["aria-disabled"] = str(not is_possible or session.state == "elsewhere").lower()
        can_publish = not session.is_live or session.workflow.version == 0
        if self.publish.visible and not can_publish:  # the keyboard may be on it
            self.switch.client.run_javascript(HAND_ON % (self.publish.id, self.switch.id))
        self.publish.set_visibility(can_publish)
        self._label_publish()
        if self.switch.props.get("checked") != session.workflow.is_active:
            self.switch.props["checked"] = session.workflow.is_active
        self.word.set_text("Active" if session.workflow.is_active else "Off")

    def _label_publish(self) -> None:
        words = self.publish.default_slot.children[-1]
        if isinstance(words, Words):
            words.set_text("Publish changes" if self.session.workflow.version else "Publish")

    def _line(self) -> str:
        session = self.session
        version = session.workflow.version
        what = f"version {version} is live" if version and session.workflow.is_active else f"version {version} is off"
        if not version:
            what = "not published yet"
        if session.state == "saving":
            return mark("idle", "loader", "Saving…")
        if session.state == "failed":
            return mark("bad", "circle-x", f"Not saved: {session.trouble}")
        if session.state == "elsewhere":
            return mark("warn", "triangle-alert", "Not saved")
        if version and not session.is_live:
            what = f"changes not published, {what}"
        return f'<span class="sl-kept">{elements.icon_html("check")} All changes saved · {what}</span>'

    def _open_menu(self, button_id: str) -> None:
        path = f"/executions?workflow={self.session.workflow.id}"
        items = [
            Item("Run with sample", "play", self.actions["run"]),
            Item("Runs", "activity", lambda: ui.navigate.to(path)),
            Item("Settings", "settings", self.actions["settings"]),
            Item("History", "history", self.actions["history"]),
            Item("Duplicate", "copy", lambda: self._with_all_kept(self.whole.duplicate)),
            Item("Export", "download", lambda: self._with_all_kept(self.whole.export)),
        ]
        if self.session.workflow.version and not self.session.is_live:
            items.append(Item("Discard changes", "rotate-ccw", self.actions["discard"], is_danger=True))
        items.append(Item("Delete", "trash-2", self._remove, is_danger=True))
        self.menu.open("Actions for this workflow", items, button_id)

    async def _with_all_kept(self, deed: Callable[[Workflow], Awaitable[None]]) -> None:
        await self.session.settle()
        await deed(self.session.workflow)

    def _remove(self) -> None:
        async def remove() -> None:
            await self.session.settle()
            await self.whole.remove(self.session.workflow)
            ui.navigate.to(links.to("/workflows"))

        name = self.session.workflow.name
        self.question.ask(
            f"Delete “{name}”?", "Its runs stay in the list. Its address answers nobody.", "Delete", remove
        )

    async def _rename(self, name: str) -> None:
        wanted = name.strip()
        if not wanted or len(wanted) > 200:
            raise Invalid("Name is missing." if not wanted else "A name has at most 200 characters.")
        self.session.change(lambda: self.session.draft.values.update(name=wanted))
        self.name.update(wanted)
        await self.session.settle()

    async def _switched(self, event: GenericEventArguments) -> None:
        wanted = event.args is True
        self.switch.props["checked"] = wanted
        try:
            if wanted and self.session.workflow.version == 0:
                result = self.actions["publish"]()
                if inspect.isawaitable(result):
                    await result
            else:
                await self.session.turn(on=wanted)
        except StreamlineError as error:
            elements.toast(error.message)
        self.switch.props["checked"] = self.session.workflow.is_active
        self.switch.update()
        self.update()
