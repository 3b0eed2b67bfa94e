"""What the service offers for a field: a list to choose from, searched as one types. Free text stays possible."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from nicegui import background_tasks
from nicegui.element import Element

from components import elements, form_parts
from components.form_parts import Words, tag
from components.template_field import listen
from streamline_ui.errors import StreamlineError
from streamline_ui.integrations.choosing import Offered

Load = Callable[[str], Awaitable[Offered]]
SHOWN = 100
_CHOOSE = (
    "{ const e = getHtmlElement(%d); e.value = %s; for (const kind of ['input', 'change'])"
    " e.dispatchEvent(new Event(kind, {bubbles: true})); e.focus(); }"
)


class OfferedValues:
    """Stands below `field`. `load` asks for what has the words of a search in it; `value` is what stands there now."""

    def __init__(self, title: str, field: Element, load: Load, value: str) -> None:
        self.title, self.field, self.load = title, field, load
        self.asked = 0
        self.is_open = False
        with tag("div", "sl-offered"):
            with tag("div", "row between"):
                self.chosen = Words("", "small sub trunc")
                self.button = tag("button", "sl-btn sm", type_="button", aria_expanded="false")
                self.button.props["aria-label"] = f"Choose {title}"
                with self.button.on("click", self._toggle, args=[]):
                    elements.icon("list")
                    Words("Choose")
            self.box = tag("div", "sl-offer-box")
            self.box.set_visibility(False)
            self.button.props["aria-controls"] = self.box.html_id
        if value and "{{" not in value:
            background_tasks.create(self._name(value), name="name a chosen value")

    async def _name(self, value: str) -> None:
        """Say what the chosen value is called; where the service does not tell, the value speaks for itself."""
        try:
            offered = await self.load("")
        except StreamlineError:
            return
        label = dict(offered.items).get(value, "")
        if label and label != value and not self.chosen.is_deleted:
            self.chosen.set_text(label)

    def _toggle(self) -> None:
        self.is_open = not self.is_open
        self.button.props["aria-expanded"] = str(self.is_open).lower()
        self.box.set_visibility(self.is_open)
        self.box.clear()
        if not self.is_open:
            return
        with self.box:
            with tag("div", "sl-input"):
                elements.icon("search")
                search = tag("input", type_="search", autocomplete="off", placeholder="Search")
                search.props["aria-label"] = f"Search {self.title}"
            listen(search, self._ask)
            search.on("keydown.escape", self._close, args=[], js_handler="(e) => { e.stopPropagation(); emit(); }")
            self.status = tag("div", "sl-offer-status", role="status")
            self.list = tag("ul", "sl-offer-list")
        form_parts.focus(search)
        background_tasks.create(self._ask(""), name="ask what is offered")

    async def _ask(self, query: str) -> None:
        self.asked += 1
        number = self.asked
        self._say("loader", "Asking the service…")
        try:
            offered = await self.load(query.strip())
        except StreamlineError as error:
            if number == self.asked and self.is_open:
                self.list.clear()
                self._say("triangle-alert", " ".join([error.message, *error.hints]), query)
            return
        if number != self.asked or not self.is_open or self.list.is_deleted:
            return
        self._show(offered, query.strip())

    def _show(self, offered: Offered, query: str) -> None:
        self.list.clear()
        with self.list:
            for value, label in offered.items[:SHOWN]:
                with tag("li"), tag("button", "sl-offer", type_="button") as button:
                    button.on("click", lambda value=value, label=label: self._choose(value, label), args=[])
                    Words(label, "b trunc")
                    if label != value:
                        Words(value, "tiny muted mono trunc")
        if not offered.items:
            self._say("", f"Nothing has “{query[:40]}” in it." if query else "The service has nothing to choose from.")
        elif offered.more or len(offered.items) > SHOWN:
            self._say("", f"The first {min(SHOWN, len(offered.items))}. Search to find others.")
        else:
            self._say("", "")

    def _say(self, icon: str, sentence: str, again: str | None = None) -> None:
        """Where `again` is given, a button asks for that once more."""
        if self.status.is_deleted:
            return
        self.status.clear()
        with self.status:
            if icon:
                elements.icon(icon)
            Words(sentence, "small")
            if again is not None:
                elements.button("Try again", kind="sm").on("click", lambda: self._ask(again), args=[])

    def _choose(self, value: str, label: str) -> None:
        self._close()
        self.chosen.set_text(label if label != value else "")
        self.field.client.run_javascript(_CHOOSE % (self.field.id, json.dumps(value)))

    def _close(self) -> None:
        if self.is_open:
            self._toggle()
            form_parts.focus(self.button)
