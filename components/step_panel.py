"""The panel beside the steps: everything about the one that is chosen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui

from components import editor_words as words
from components import elements, form_parts, logic_forms, step_options
from components.action_form import ActionForm
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.step_fields import StepFields
from components.step_tree import StepTree
from components.step_trial import StepTrial
from components.trigger_panel import TriggerPanel

BEGIN = """(() => {
const panel = getHtmlElement(%d);
panel?.scrollTo(0, 0);
const take = () => {
  if (!panel?.isConnected || panel.contains(document.activeElement)) return;
  panel.tabIndex = -1;
  panel.focus();
};
if (%s) setTimeout(take, 300);  // once the window that asked for it has given the keyboard back
})()"""


class StepPanel:
    """`draw` draws it anew for the chosen step. `connect` opens the connect dialog for a service."""

    def __init__(self, session: EditorSession, tree: StepTree, connect: Callable[[str], Any]) -> None:
        self.session, self.tree, self.connect = session, tree, connect
        self.fields: StepFields | None = None
        self.trigger: TriggerPanel | None = None
        self.trial: StepTrial | None = None
        self.box = tag("aside", "sl-panel", aria_label="Settings of the chosen step")

    def draw(self) -> None:
        """Draw the panel of what is chosen."""
        self.box.clear()
        self.fields = self.trigger = self.trial = None
        step = self.session.draft.step(self.session.selected)
        with self.box:
            if step is None:
                self.session.selected = TRIGGER
                self._draw_trigger()
            else:
                self._draw_step(step)
        self.update()

    def redraw(self) -> None:
        """Draw it anew after a choice in it, and keep the keyboard where it was."""
        self.draw()
        self.box.client.run_javascript("setTimeout(() => slRefocus(), 80)")

    def open(self) -> None:
        """Show it, also on a phone, where it comes from below."""
        self.box.classes(add="open")

    def begin(self, *, takes_keyboard: bool = False) -> None:
        """Show another step from its top; where it was just added, the keyboard goes on in it."""
        self.open()
        self.box.client.run_javascript(BEGIN % (self.box.id, str(takes_keyboard).lower()))

    def close(self) -> None:
        """Put it away on a phone."""
        self.box.classes(remove="open")
        card = self.tree.cards.get(self.session.selected)
        if card is not None:
            form_parts.focus(card.main)

    def update(self) -> None:
        """Bring its head and what it says is wrong up to date."""
        names = {step["id"]: words.title(self.session, step)[:40] for _, step in self.session.draft.walk()}
        self.box.props.update({"data-names": json.dumps(names), "data-of": self.session.selected})
        if self.fields is not None:
            self.fields.update()
            step = self.fields.step
            self.title.set_text(words.title(self.session, step))
        else:
            self.title.set_text(words.trigger_lines(self.session)[1])
        place = self.session.draft.place_of(self.session.selected) or TRIGGER
        covered = {f"{place}.{at}" for at in self.fields.by_place} if self.fields else set()
        missing = [each.message for each in self.session.problems_at(place) if each.path not in covered]
        self.wrong.clear()
        if missing and self.session.insists:
            with self.wrong:
                elements.callout("warn", "Not set up yet.", " ".join(missing))

    def _head(self, picture: str, kind: str) -> None:
        with tag("header", "sl-panel-head"):
            ui.html(picture, sanitize=False, tag="span").classes("contents")
            with tag("div", "grow"):
                Words(kind, "tiny muted block")
                self.title = Words("", "sl-h2 trunc block", "h2")
            if self.session.selected != TRIGGER:
                more = tag(
                    "button",
                    "sl-btn icon ghost",
                    type_="button",
                    aria_haspopup="menu",
                    aria_label="Actions for this step",
                )
                step_id = self.session.selected
                with more.on("click", lambda: self.tree.open_menu(step_id, more.html_id), args=[]):
                    elements.icon("ellipsis")
            cross = tag("button", "sl-btn icon ghost sl-panel-close", type_="button", aria_label="Close")
            with cross.on("click", self.close, args=[]):
                elements.icon("x")

    def _draw_trigger(self) -> None:
        picture = words.trigger_lines(self.session)[0]
        self._head(picture, "Trigger")
        with tag("div", "sl-panel-body"):
            self.wrong = tag("div", role="status")
            self.trigger = TriggerPanel(self.session, self.redraw)
        with tag("footer", "sl-panel-foot end"):
            self._draw_onward()
        if self.trigger.hook is not None or self.trigger.events is not None:
            ui.timer(0, self.trigger.refresh, once=True)

    def _draw_step(self, step: Json) -> None:
        number = [each["id"] for _, each in self.session.draft.walk()].index(step["id"]) + 1
        self._head(words.picture(self.session, step), f"Step {number} · {words.kind(self.session, step)}")
        self.fields = StepFields(self.session, step["id"])
        with tag("div", "sl-panel-body"):
            self.wrong = tag("div", role="status")
            if step["type"] == "action":
                ActionForm(self.fields, self.redraw, self.connect)
            else:
                logic_forms.draw(self.fields, self.redraw)
            step_options.draw(self.fields)
        if step["type"] not in ("delay", "stop"):
            self.trial = StepTrial(self.fields, self._draw_onward)
        else:
            with tag("footer", "sl-panel-foot end"):
                self._draw_onward()
        self.fields.render()

    def _draw_onward(self) -> None:
        """The way on: the step below, or a new one after the last."""
        order = [TRIGGER, *(step["id"] for _, step in self.session.draft.walk())]
        place = order.index(self.session.selected)
        if place + 1 < len(order):
            button = elements.button("Next step", kind="primary")
            button.on("click", lambda: self.tree.select(order[place + 1]), args=[])
        else:
            button = elements.button("Add a step", kind="primary", icon="plus")
            last = len(self.session.draft.values["steps"])
            button.on("click", lambda: self.tree.add("steps", last), args=[])
