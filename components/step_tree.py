"""The trigger and the steps, from the top down; what is inside a branch or a loop stands further in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from nicegui import ui
from nicegui.element import Element

from components import editor_words as words
from components import elements, form_parts
from components.editor_draft import TRIGGER, Json, lists, split
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.popup_menu import Item, PopupMenu

Add = Callable[[str, int], Any]


@dataclass(slots=True)
class Card:
    """The parts of a card that change."""

    box: Element
    main: Element
    picture: ui.html
    kind: Words
    title: Words
    line: Words
    status: ui.html


class StepTree:
    """`select` opens a step's panel; `add` asks for a new step in a list, at an index."""

    def __init__(self, session: EditorSession, select: Callable[[str], Any], add: Add) -> None:
        self.session, self.select, self.add = session, select, add
        self.cards: dict[str, Card] = {}
        self.menu = PopupMenu()
        self.said = tag("div", "sr", role="status")
        self.box = tag("div", "sl-ed-tree")
        self.words = Words("", name="span")
        self.words.move(self.said)

    def draw(self) -> None:
        """Draw everything anew: steps came, went or moved."""
        self.box.clear()
        self.cards.clear()
        with self.box:
            self._draw_trigger()
            last = len(self.session.draft.values["steps"])
            if last:
                self._plus("steps", 0)
            self._draw_list("steps", self.session.draft.values["steps"])
            with elements.button("Add a step", icon="plus").classes("sl-add-last") as button:
                button.on("click", lambda: self.add("steps", last), args=[])
        self.update()

    def update(self) -> None:
        """Bring words and marks up to date."""
        for number, (place, step) in enumerate(self.session.draft.walk(), 1):
            card = self.cards.get(step["id"])
            if card is not None:
                self._update_step(card, number, place, step)
        if (card := self.cards.get(TRIGGER)) is not None:
            self._update_trigger(card)
        for key, each in self.cards.items():
            is_on = key == self.session.selected
            each.box.classes(**{"add" if is_on else "remove": "on"})
            each.main.props["aria-pressed"] = str(is_on).lower()

    def move(self, step_id: str, by: int) -> None:
        """Move a step one place, also into and out of a branch or a loop, and keep the keyboard on it."""
        if self.session.state == "elsewhere" or not self.session.draft.move(step_id, by):
            self.words.set_text("It cannot move further.")
            return
        self._moved(step_id)

    def drop(self, step_id: str, path: str, index: int) -> None:
        """Put a step where it was dragged to."""
        if self.session.state != "elsewhere" and self.session.draft.relocate(step_id, path, index):
            self._moved(step_id)

    def _moved(self, step_id: str) -> None:
        self.session.changed(shape=True)
        self.tell_place(step_id)
        script = f"setTimeout(() => document.querySelector('[data-step=\"{step_id}\"] .sl-grip')?.focus(), 120)"
        self.box.client.run_javascript(script)

    def tell_place(self, step_id: str) -> None:
        """Say where a step is now, for who cannot see it."""
        place, step = self.session.draft.place_of(step_id), self.session.draft.step(step_id)
        if place and step:
            path, index = split(place)
            total = len(self.session.draft.at(path))
            where = self._inside(path)
            self.words.set_text(f"{words.title(self.session, step)} is now {index + 1} of {total}{where}.")

    def _inside(self, path: str) -> str:
        """The branch or the loop around a list, in words."""
        around = [(at, each) for at, each in self.session.draft.walk() if path.startswith(at + ".")]
        if not around:
            return ""
        at, step = around[-1]
        return f" in {words.title(self.session, step)}, {_way(step, path.removeprefix(at + '.'))}"

    def remove(self, step_id: str) -> None:
        """Delete a step, with a way back."""
        step = self.session.draft.step(step_id)
        if step is None or self.session.state == "elsewhere":
            return
        name, place = words.title(self.session, step), self.session.draft.place_of(step_id) or ""
        self.session.draft.remove(step_id)
        before = self.session.draft.last
        if self.session.draft.step(self.session.selected) is None:
            self.session.selected = TRIGGER
        self.session.changed(shape=True)
        elements.toast(f"{name} deleted.", action="Undo", on_action=lambda: self._put_back(place, step, before))

    def _put_back(self, place: str, step: Json, before: Json | None) -> None:
        """Undo a deletion, whatever was changed since."""
        if self.session.draft.last is before:
            self.session.undo()
        elif self.session.state != "elsewhere" and self.session.draft.put_back(place, step):
            self.session.selected = step["id"]
            self.session.changed(shape=True)

    def duplicate(self, step_id: str) -> None:
        """Put a copy after a step."""
        if self.session.state != "elsewhere" and (twin := self.session.draft.duplicate(step_id)):
            self.session.selected = twin["id"]
            self.session.changed(shape=True)

    def open_menu(self, step_id: str, button_id: str) -> None:
        """What can be done with a step."""
        items = [
            Item("Move up", "arrow-up", lambda: self.move(step_id, -1)),
            Item("Move down", "arrow-down", lambda: self.move(step_id, 1)),
            Item("Duplicate", "copy", lambda: self.duplicate(step_id)),
            Item("Delete", "trash-2", lambda: self.remove(step_id), is_danger=True),
        ]
        step = self.session.draft.step(step_id)
        self.menu.open(f"Actions for {words.title(self.session, step) if step else 'this step'}", items, button_id)

    def _draw_list(self, path: str, steps: list[Json]) -> None:
        with tag("ol", "sl-ed-list", data_list=path):
            for index, step in enumerate(steps):
                self._draw_step(path, index, step, is_last=index == len(steps) - 1)

    def _draw_step(self, path: str, index: int, step: Json, *, is_last: bool) -> None:
        with tag("li", "sl-ed-step"):
            self.cards[step["id"]] = self._card(step["id"])
            for inner, listed in lists(step):
                self._draw_inner(step, f"{path}.{index}.{inner}", inner, listed)
            if not is_last:
                self._plus(path, index + 1)

    def _draw_inner(self, step: Json, path: str, inner: str, listed: list[Json]) -> None:
        with tag("div", "sl-inner"):
            Words(_way(step, inner), "sl-way")
            self._draw_list(path, listed)
            with elements.button("Add a step", kind="sm", icon="plus") as button:
                button.props["aria-label"] = f"Add a step: {_way(step, inner)}"
                button.on("click", lambda: self.add(path, len(listed)), args=[])

    def _plus(self, path: str, index: int) -> None:
        plus = tag("button", "sl-plus", type_="button", aria_label="Add a step here")
        with plus.on("click", lambda: self.add(path, index), args=[]):
            elements.icon("plus")

    def _draw_trigger(self) -> None:
        self.cards[TRIGGER] = self._card(TRIGGER)

    def _card(self, key: str) -> Card:
        box = tag("div", "sl-node", data_testid="step", data_step="" if key == TRIGGER else key)
        with box:
            if key != TRIGGER:
                grip = tag("button", "sl-grip", type_="button", title="Drag, or press Alt and an arrow key")
                with grip:
                    elements.icon("grip-vertical")
            main = tag("button", "sl-node-main", type_="button").on("click", lambda: self.select(key), args=[])
            with main:
                picture = ui.html("", sanitize=False, tag="span").classes("contents")
                with tag("span", "grow sl-node-words"):
                    kind, title, line = Words("", "tiny muted"), Words("", "b trunc"), Words("", "small sub trunc")
                status = ui.html("", sanitize=False, tag="span").classes("contents")
            if key != TRIGGER:
                more = tag("button", "sl-btn icon ghost sm", type_="button", aria_haspopup="menu")
                with more.on("click", lambda: self.open_menu(key, more.html_id), args=[]):
                    elements.icon("ellipsis")
        return Card(box, main, picture, kind, title, line, status)

    def _update_step(self, card: Card, number: int, place: str, step: Json) -> None:
        name = words.title(self.session, step)
        _set(card.kind, f"Step {number} · {words.kind(self.session, step)}")
        _set(card.title, name)
        _set(card.line, words.summary(self.session, step))
        card.picture.set_content(words.picture(self.session, step))
        card.status.set_content(self._status(place, step))
        grip, more = card.box.default_slot.children[0], card.box.default_slot.children[-1]
        grip.props["aria-label"], more.props["aria-label"] = f"Move {name}", f"Actions for {name}"

    def _status(self, place: str, step: Json) -> str:
        problems = self.session.problems_at(place)
        if problems:
            return mark("warn", "triangle-alert", "Not set up", problems[0].message)
        trial = self.session.trials.get(step["id"])
        if trial is not None:
            return (
                mark("bad", "circle-x", "Error", trial.problem)
                if trial.problem
                else mark("ok", "circle-check", "Tested")
            )
        return mark("idle", "circle-dashed", "Not tested") if step["type"] == "action" else ""

    def _update_trigger(self, card: Card) -> None:
        picture, title, line = words.trigger_lines(self.session)
        card.picture.set_content(picture)
        _set(card.kind, "Trigger")
        _set(card.title, title)
        _set(card.line, line)
        problems = self.session.problems_at(TRIGGER)
        if problems:
            card.status.set_content(mark("warn", "triangle-alert", "Not set up", problems[0].message))
        elif self.session.sample.at:
            card.status.set_content(mark("ok", "circle-check", "Has a sample"))
        else:
            card.status.set_content("")


def mark(tone: str, icon: str, word: str, title: str = "") -> str:
    """A status: a shape, a word and a colour."""
    hint = f' title="{escape(title, quote=True)}"' if title else ""
    return (
        f'<span class="sl-st {tone}"{hint}>{elements.icon_html(icon)}<span class="sl-word">{escape(word)}</span></span>'
    )


def focus(card: Card) -> None:
    """Bring the keyboard to a card."""
    form_parts.focus(card.main)


def _set(element: Words, text: str) -> None:
    if element.text != text:
        element.set_text(text)


def _way(step: Json, inner: str) -> str:
    if inner == "otherwise":
        return "Otherwise"
    if inner == "steps":
        return "For each entry"
    number = int(inner.split(".")[1])
    condition = step["branches"][number].get("condition") or "…"
    return f"If {condition}" if number == 0 else f"Else if {condition}"
