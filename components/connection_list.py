"""A user's connections on the integrations page, alive: what changes anywhere shows here within a second or two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import connection_words as words
from components import elements
from components.connection_card import ConnectionCard
from components.form_parts import Words, tag
from components.snapshots import Snapshot
from streamline_ui.storage.models import Status

FILTERS = {"all": "All", "healthy": "Healthy", "attention": "Needs attention", "paused": "Paused"}
RANK = {Status.NEEDS_ATTENTION: 0, Status.WAITING_FOR_SIGN_IN: 0, Status.DEGRADED: 1}
CLICKED = """(e) => {
const b = e.target.closest('[data-do]');
if (b) { b.id ||= 'do-' + b.dataset.do + '-' + b.dataset.id; emit(b.dataset.do, b.dataset.id, b.id); }
}"""

Act = Callable[[str, str, str], Any]


class ConnectionList:
    """The cards and their filters. `act` is called with what a card's button does, its connection, and the button."""

    def __init__(self, snapshots: list[Snapshot], act: Act) -> None:
        self.act = act
        self.filter = "all"
        self.cards: dict[str, ConnectionCard] = {}
        with tag("section", "sl-section", aria_labelledby="yours-title") as self.section:
            with tag("div", "sl-section-head wrap"):
                Words("Your connections", "sl-h2", "h2").props["id"] = "yours-title"
                self._draw_filters()
            self.grid = tag("div", "sl-cards").on("click", self._clicked, js_handler=CLICKED)
            with self.grid:
                for snapshot in snapshots:
                    self.cards[snapshot.row.id] = ConnectionCard(snapshot)
            self._draw_empty()
        self._show()

    @property
    def snapshots(self) -> list[Snapshot]:
        """What is shown, in the order in which it stands there."""
        return [card.snapshot for card in self.cards.values()]

    def update(self, integration_id: str, snapshot: Snapshot | None) -> bool:
        """One connection is new, has changed, or is gone. Returns whether that moves anything but its own card."""
        card = self.cards.get(integration_id)
        before = card.settled if card else None
        if snapshot is None:
            if card is not None:
                self.cards.pop(integration_id).element.delete()
            return card is not None
        if card is None:
            with self.grid:
                card = self.cards[integration_id] = ConnectionCard(snapshot)
        else:
            card.update(snapshot)
        return card.settled != before

    def arrange(self) -> None:
        """After updates: broken ones to the front, the counts and the filters right."""
        wanted = sorted(self.cards.items(), key=lambda item: RANK.get(item[1].settled, 2))
        self.cards = dict(wanted)
        for place, (_, card) in enumerate(wanted):
            if self.grid.default_slot.children[place] is not card.element:
                card.element.move(self.grid, place)
        self._show()

    def tick(self) -> None:
        """Time has passed: "2 min ago" is another now."""
        for card in self.cards.values():
            card.tick()

    def _draw_filters(self) -> None:
        self.chips: dict[str, Element] = {}
        self.counts: dict[str, Words] = {}
        with tag("div", "sl-chips", role="group", aria_label="Show"):
            for name, label in FILTERS.items():
                chip = elements.chip(label, on=name == "all").on("click", lambda name=name: self._choose(name))
                with chip:
                    self.counts[name] = Words("0", "n")
                self.chips[name] = chip

    def _draw_empty(self) -> None:
        self.none_here = tag("div", "sl-empty", role="status")
        with self.none_here:
            self.none_text = Words("", "sub", "p")
            elements.button("Show all").on("click", lambda: self._choose("all"))

    def _clicked(self, event: GenericEventArguments) -> Any:
        action, integration_id, button_id = (str(value) for value in event.args)
        return self.act(action, integration_id, button_id) if integration_id in self.cards else None

    def _choose(self, name: str) -> None:
        elements.switch_chip(self.chips[self.filter], False)
        elements.switch_chip(self.chips[name], True)
        self.filter = name
        self._show()

    def _show(self) -> None:
        groups = Counter(words.GROUPS.get(card.settled) for card in self.cards.values())
        for name, label in self.counts.items():
            label.set_text(str(len(self.cards) if name == "all" else groups[name]))
        shown = 0
        for card in self.cards.values():
            fits = self.filter in ("all", words.GROUPS.get(card.settled))
            shown += fits
            if card.element.visible != fits:
                card.element.set_visibility(fits)
        self.section.set_visibility(bool(self.cards))
        self.none_here.set_visibility(not shown)
        self.none_text.set_text(f"None of your connections is in “{FILTERS[self.filter]}”.")
