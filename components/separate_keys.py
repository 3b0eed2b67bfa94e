"""The keys of a connection that are kept apart: added, replaced one by one, and removed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time

from nicegui import ui

from components import elements, moments
from components.form_parts import Words, tag
from components.plain_form import PlainForm
from components.question import Question
from components.window import Window
from streamline_ui.errors import Invalid
from streamline_ui.integrations import keys
from streamline_ui.providers import PROVIDERS, catalog
from streamline_ui.storage.models import ApiKey, Integration, now

ABOUT = (
    "A key in a place of its own is replaced without touching the rest, and you are reminded before it expires. "
    "It is used instead of the key of the same name above."
)


class SeparateKeys:
    """A card of the connection's page; it hides where the service has no keys."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.window, self.question = Window(), Question()
        self.card = tag("section", "sl-card pad", aria_labelledby="keys-title")
        with self.card:
            Words("Separate keys", "sl-h2", "h2").props["id"] = "keys-title"
            self.about = Words(ABOUT, "sub small", "p")
            self.list = tag("ul", "sl-lines")
            elements.button("Add a key", lambda: self._ask_for(""), icon="plus", kind="sm")
        self.card.set_visibility(False)

    async def update(self, row: Integration) -> None:
        """Show those of this connection."""
        self.row = row
        is_possible = keys.possible(row.type)
        self.card.set_visibility(is_possible)
        if is_possible:
            found = await asyncio.to_thread(keys.all_of, self.user_id, row.id)
            self.about.set_visibility(not found)
            self.list.clear()
            with self.list:
                for key in found:
                    self._draw(key)

    def _draw(self, key: ApiKey) -> None:
        with tag("li"):
            elements.icon("key-round", "m")
            is_over = key.expires_at is not None and key.expires_at <= now()
            with tag("div", "grow"):
                with tag("div", "row wrap"):
                    Words(key.name, "b wraps")
                    if is_over:
                        Words("Expired", "sl-tag")
                used, until = moments.html(key.last_used_at), moments.html(key.expires_at, only_day=True)
                line = f"Last used {used} · {'used until it is replaced, expired' if is_over else 'expires'} {until}"
                ui.html(line, sanitize=False, tag="p").classes("small muted")
            replace = elements.button("Replace", lambda: self._ask_for(key.name), kind="sm")
            replace.props["aria-label"] = f"Replace {key.name}"
            remove = elements.button("Remove", lambda: self._ask_remove(key), kind="sm danger")
            remove.props["aria-label"] = f"Remove {key.name}"

    def _ask_for(self, name: str) -> None:
        self.window.card.clear()
        with self.window.card:
            self.window.header(f"Replace “{name}”" if name else "Add a key", "It is encrypted, and never shown again.")
            with PlainForm(self._keep, "sl-window-form") as form:
                if name:
                    form.text("name", "Name", value=name, autocomplete="off", readonly=True)
                else:
                    names = catalog.key_names(PROVIDERS[self.row.type].config)
                    form.choice("name", "Name", [(each, each) for each in names])
                form.password("value", "Key", autocomplete="off")
                form.text(
                    "expiresAt", "Expires on", type_="date", hint="Optional. You are told 14, 7 and 1 day before."
                )
                with tag("footer", "sl-window-foot"):
                    self.window.closes(elements.button("Cancel", kind="ghost"))
                    tag("div", "grow")
                    form.submit("Replace key" if name else "Add key")
        self.window.open()
        form.focus("value" if name else "name")

    async def _keep(self, typed: dict[str, str]) -> None:
        expires_at = _day(typed.get("expiresAt", ""))
        name, value = typed.get("name", ""), typed.get("value", "")
        await asyncio.to_thread(keys.put, self.user_id, self.row.id, name, value, expires_at)
        self.window.close()
        await self.update(self.row)
        elements.toast("Key kept. The connection is tested with it.")

    def _ask_remove(self, key: ApiKey) -> None:
        async def remove() -> None:
            await asyncio.to_thread(keys.remove, self.user_id, self.row.id, key.id)
            await self.update(self.row)
            elements.toast("Key removed.")

        self.question.ask(
            f"Remove “{key.name}”?",
            "The connection goes on with the key of this name above, if it has one.",
            "Remove",
            remove,
        )


def _day(text: str) -> datetime | None:
    """The end of the day that was chosen. Raises Invalid."""
    if not text:
        return None
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time.max, UTC)
    except ValueError:
        raise Invalid("This is no day.", {"expiresAt": "This is no day."}) from None
