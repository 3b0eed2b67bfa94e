"""Every service that can be connected, as tiles: searched, filtered, and opened with a click or with Enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import elements, form_parts, tile_search
from components.form_inputs import PRIVATE
from components.form_parts import Words, tag
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.describe import Provider

ALL = "All"
ORDER = ("Chat", "Email and SMS", "Data", "News and feeds", "Developer", "No account needed")
CLICKED = "(e) => { const b = e.target.closest('[data-type]'); if (b) emit(b.dataset.type); }"

TO_TILES = """{
const search = getHtmlElement(%d), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
search.focus({preventScroll: true});
search.closest("section").scrollIntoView({behavior: still ? "instant" : "smooth", block: "start"});
}"""


class CatalogGrid:
    """The tiles. `choose` is called with the type of the service that was chosen."""

    def __init__(self, connected: Mapping[str, int], choose: Callable[[str], Any]) -> None:
        self.choose = choose
        self.query = ""
        self.category = ALL
        self.providers = sorted(PROVIDERS.values(), key=lambda each: (ORDER.index(each.category), each.name.lower()))
        self.connected = dict(connected)
        with tag("section", "sl-section", aria_labelledby="add-title"):
            self._draw_head()
            self._draw_categories()
            self.grid = tag("div", "sl-tiles").on("click", self._clicked, js_handler=CLICKED)
            with self.grid:
                self.tiles = {each.type: self._tile(each) for each in self.providers}
            self._draw_nothing()

    def count(self, connected: Mapping[str, int]) -> None:
        """Show how many connections each service has now."""
        for provider in self.providers:
            if connected.get(provider.type, 0) != self.connected.get(provider.type, 0):
                self.tiles[provider.type].set_content(_tile_html(provider, connected.get(provider.type, 0)))
        self.connected = dict(connected)

    def focus(self) -> None:
        """Put the keyboard into the search, and the tiles before the eyes."""
        self.search.client.run_javascript(TO_TILES % self.search.id)

    def _draw_head(self) -> None:
        with tag("div", "sl-section-head"):
            Words("Add an integration", "sl-h2", "h2").props["id"] = "add-title"
            tag("div", "grow")
            with tag("div", "sl-input sl-search"):
                elements.icon("search")
                placeholder = f"Search {len(self.providers)} integrations"
                self.search = tag(
                    "input", type_="search", aria_label="Search integrations", placeholder=placeholder, maxlength=100,
                    data_shortcut="/", aria_keyshortcuts="/", **PRIVATE,
                )  # fmt: skip
                Words("/", "sl-key", "kbd").props["aria-hidden"] = "true"
        self.search.on("input", self._typed, js_handler="(e) => emit(e.target.value)", throttle=0.1)
        entered = "(e) => { if (e.key === 'Enter') { e.preventDefault(); emit(e.target.value); } }"
        self.search.on("keydown", self._entered, js_handler=entered)

    def _draw_categories(self) -> None:
        used = {provider.category for provider in self.providers}
        self.chips: dict[str, Element] = {}
        with tag("div", "sl-chips", role="group", aria_label="Categories"):
            for name in (ALL, *(each for each in ORDER if each in used)):
                chip = elements.chip(name, on=name == ALL).on("click", lambda name=name: self._filter(name))
                self.chips[name] = chip

    def _draw_nothing(self) -> None:
        """What to do where nothing fits: any address can be called, and any can be listened to."""
        self.nothing = tag("div", "sl-empty", role="status")
        with self.nothing:
            self.nothing_text = Words("", "sub", "p")
            with tag("div", "row center"):
                elements.button("HTTP request", icon="globe").on("click", lambda: self.choose("http"))
                elements.button("Show all").on("click", self._reset)
        self.nothing.set_visibility(False)

    def _tile(self, provider: Provider[Any]) -> ui.html:
        tile = ui.html(_tile_html(provider, self.connected.get(provider.type, 0)), sanitize=False)
        tile.classes("sl-tile").props["data-testid"] = "tile"
        return tile

    def _clicked(self, event: GenericEventArguments) -> Any:
        return self.choose(event.args) if event.args in PROVIDERS else None

    def _typed(self, event: GenericEventArguments) -> None:
        self.query = str(event.args)[:100]
        self._filter(ALL if self.query.strip() else self.category)  # who searches, searches everywhere

    def _entered(self, event: GenericEventArguments) -> Any:
        self._typed(event)
        hits = self._show()
        return self.choose(hits[0].type) if self.query.strip() and hits else None

    def _filter(self, category: str) -> None:
        self.category = category
        for name, chip in self.chips.items():
            elements.switch_chip(chip, name == category)
        self._show()

    def _reset(self) -> None:
        self.query = ""
        form_parts.put(self.search, "")
        self._filter(ALL)
        self.focus()

    def _show(self) -> list[Provider[Any]]:
        """Show what matches, the best first, and return it."""
        found = tile_search.find(self.query, self.providers)
        hits = [each for each in found if self.category in (ALL, each.category)]
        for place, provider in enumerate(hits):
            if self.grid.default_slot.children[place] is not self.tiles[provider.type]:
                self.tiles[provider.type].move(self.grid, place)
        for provider in self.providers:
            self.tiles[provider.type].set_visibility(provider in hits)
        self.nothing_text.set_text(f"Nothing called “{self.query.strip()}”. Use an HTTP request with any API.")
        self.nothing.set_visibility(not hits)
        return hits


def _tile_html(provider: Provider[Any], connected: int) -> str:
    kind = escape(provider.type, quote=True)
    name = f'<div class="sl-h3 trunc" id="tile-{kind}">{escape(provider.name)}</div>'
    needs = f'<div class="tiny muted trunc">{escape(provider.needs)}</div>'
    tag_ = f'<span class="sl-tag">{connected} connected</span>' if connected else ""
    seen = ' class="sr"' if connected else ""
    button = (
        f'<button class="sl-tile-button" type="button" data-type="{kind}" aria-describedby="tile-{kind}">'
        f"<span{seen}>Configure</span></button>"
    )
    return f'{elements.brand_html(provider, "sm")}<div class="grow">{name}{needs}</div>{tag_}{button}'
