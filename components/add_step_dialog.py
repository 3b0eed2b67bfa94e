"""Chooses the next step: what the connections can do comes first, then services to connect, then everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from nicegui.element import Element

from components import brands, editor_words, elements, form_parts
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.template_field import listen
from streamline_ui.providers import PROVIDERS


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: `values` go into the new step; `service` must be connected first where it is given."""

    title: str
    line: str
    picture: str
    kind: str
    values: dict[str, Any]
    service: str = ""
    words: str = ""


# by what is typed, and not by what is shown: that comes a moment later
TAKE_FIRST = r"""(e) => {
if (e.key !== 'Enter') return;
const wanted = e.target.value.toLowerCase().split(/\s+/).filter(Boolean);
const items = [...e.target.closest('.sl-window').querySelectorAll('li[data-words]')];
const first = items.find((each) => wanted.every((word) => each.dataset.words.includes(word)));
first?.querySelector('.sl-add-item').click();
}"""


class AddStepDialog:
    """One for a page. `chosen` hears the choice with the list and the index that it goes to."""

    def __init__(self, session: EditorSession, chosen: Callable[[Choice, str, int], Any]) -> None:
        self.session, self.chosen = session, chosen
        with ui.dialog().props("transition-duration=120") as self.dialog:
            self.card = tag("div", "sl-window")

    def open(self, path: str, index: int) -> None:
        """Open it for a new step in a list, at an index."""
        groups = self._groups()
        self.card.clear()
        with self.card:
            with tag("header", "sl-window-head"):
                title = Words("Add a step", "sl-h2 grow", "h2")
                self.dialog.props["aria-labelledby"] = title.html_id
                close = elements.button("Close", kind="ghost", icon="x", only_icon=True)
                close.on("click", self.dialog.close, args=[])
            with tag("div", "sl-add-body"):
                with tag("div", "sl-input"):
                    elements.icon("search")
                    search = tag(
                        "input", type_="search", aria_label="Search steps", placeholder="Search", autocomplete="off"
                    )
                listen(search, self._search)
                search.on("keydown", js_handler=TAKE_FIRST)
                self.list = tag("div", "sl-add-list")
        self._draw(groups, path, index)
        self.dialog.open()
        form_parts.focus(search)

    def _draw(self, groups: dict[str, list[Choice]], path: str, index: int) -> None:
        self.groups: list[tuple[Element, list[tuple[Choice, Element]]]] = []
        with self.list:
            for title, choices in groups.items():
                with tag("section") as section:
                    Words(title, "sl-label", "h3")
                    with tag("ul"):
                        items = [(choice, self._draw_choice(choice, path, index)) for choice in choices]
                section.set_visibility(bool(items))
                self.groups.append((section, items))
            self.none = Words("", "sub", "p")
            self.none.props["role"] = "status"

    def _search(self, text: str) -> None:
        """Show only what has all the words in it."""
        wanted = text.strip().lower().split()
        total = 0
        for section, items in self.groups:
            fits = [all(word in choice.words for word in wanted) for choice, _ in items]
            for (_, item), is_shown in zip(items, fits, strict=True):
                item.set_visibility(is_shown)
            section.set_visibility(any(fits))
            total += sum(fits)
        self.none.set_text("" if total else f"Nothing is called “{text.strip()[:40]}”.")

    def _draw_choice(self, choice: Choice, path: str, index: int) -> Element:
        with tag("li", data_words=choice.words) as item:
            button = tag("button", "sl-add-item", type_="button")
            with button:
                ui.html(choice.picture, sanitize=False, tag="span").classes("contents")
                with tag("span", "grow"):
                    Words(choice.title, "b block")
                    Words(choice.line, "small muted block")

            def chosen() -> Any:
                self.dialog.close()
                return self.chosen(choice, path, index)

            button.on("click", chosen, args=[])
        return item

    def _groups(self) -> dict[str, list[Choice]]:
        return {
            "Your connections": list(self._connected()),
            "Logic and text": [
                Choice(
                    title, purpose, editor_words.tile(icon, "sm"), kind, {}, words=f"{title} {purpose} {kind}".lower()
                )
                for kind, (icon, title, purpose) in editor_words.TYPES.items()
            ],
            "Connect a service": list(self._services()),
        }

    def _connected(self) -> Iterator[Choice]:
        for row in self.session.rows:
            provider = PROVIDERS.get(row.type)
            for name, action in (provider.actions if provider else {}).items():
                assert provider is not None
                values = {"integrationId": row.id, "action": name}
                words = f"{action.title} {row.name} {provider.name} {' '.join(provider.aliases)}".lower()
                line = f"{row.name} · {provider.name}" if row.name != provider.name else provider.name
                yield Choice(action.title, line, brands.html(provider, "sm"), "action", values, words=words)

    def _services(self) -> Iterator[Choice]:
        for provider in sorted(PROVIDERS.values(), key=lambda each: each.name.lower()):
            if provider.actions:
                words = f"{provider.name} {' '.join(provider.aliases)}".lower()
                picture = brands.html(provider, "sm")
                yield Choice(provider.name, provider.needs, picture, "action", {}, provider.type, words)
