"""The visitor's API tokens: made, shown once, and revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from nicegui import ui

from components import elements, form_parts, links, moments, settings_frame
from components.form_parts import Words, tag
from components.plain_form import PlainForm
from components.question import Question
from components.window import Window
from streamline_ui.access import tokens
from streamline_ui.access.sessions import Visitor
from streamline_ui.storage.models import ApiToken, now

SCOPES = (("read write", "Read and change everything"), ("read", "Only read"))
LIVES = (("90", "90 days"), ("30", "30 days"), ("365", "One year"), ("", "Until it is revoked"))


class TokenList:
    """Reads itself anew after everything that it does, and when a token is made elsewhere."""

    def __init__(self, visitor: Visitor) -> None:
        self.user_id = visitor.user_id
        self.window, self.question = Window(), Question()
        with settings_frame.card("Your tokens"):
            self.empty = Words("No tokens yet.", "sub", "p")
            self.list = tag("ul", "sl-lines")
            with tag("div", "row wrap"):
                elements.button("New token", self._ask_for, kind="primary", icon="plus")
                with tag("a", "link small", href=links.to("/api/docs"), target="_blank", rel="noopener"):
                    Words("REST API documentation")

    async def heard(self, _: set[str]) -> None:
        """A token has changed."""
        await self.refresh()

    async def refresh(self) -> None:
        """Read the list anew."""
        rows = await asyncio.to_thread(tokens.all_of, self.user_id)
        self.empty.set_visibility(not rows)
        self.list.clear()
        with self.list:
            for row in rows:
                self._draw(row)

    def _draw(self, row: ApiToken) -> None:
        with tag("li"):
            elements.icon("key-round", "m")
            with tag("div", "grow"):
                with tag("div", "row wrap"):
                    Words(row.name, "b wraps")
                    Words("Read and change" if "write" in row.scopes else "Only read", "sl-tag")
                    if row.expires_at is not None and row.expires_at <= now():
                        Words("Expired", "sl-tag")
                used, until = moments.html(row.last_used_at), moments.html(row.expires_at, only_day=True)
                line = f'<span class="mono">stl_…{row.hint}</span> · last used {used} · expires {until}'
                ui.html(line, sanitize=False, tag="p").classes("small muted")
            revoke = elements.button("Revoke", lambda: self._ask_revoke(row), kind="sm danger")
            revoke.props["aria-label"] = f"Revoke {row.name}"

    def _ask_for(self) -> None:
        self.window.card.clear()
        with self.window.card:
            self.window.header("New API token", "It can do what you can, within what you choose here.")
            with PlainForm(self._make, "sl-window-form") as form:
                form.text("name", "Name", hint="What will use it, such as “backup script”.", autocomplete="off")
                form.choice("scopes", "It may", SCOPES)
                form.choice("days", "It holds for", LIVES)
                with tag("footer", "sl-window-foot"):
                    self.window.closes(elements.button("Cancel", kind="ghost"))
                    tag("div", "grow")
                    form.submit("Make token")
        self.window.open()
        form.focus("name")

    async def _make(self, typed: dict[str, str]) -> None:
        days = typed.get("days", "")
        expires_at = now() + timedelta(days=int(days)) if days in dict(LIVES) and days else None
        scopes = typed.get("scopes", "read").split()
        value, row = await asyncio.to_thread(
            tokens.make, self.user_id, typed.get("name", ""), scopes=scopes, expires_at=expires_at
        )
        await self.refresh()
        self._show(value, row)

    def _show(self, value: str, row: ApiToken) -> None:
        """The only time that the token is seen."""
        self.window.card.clear()
        with self.window.card:
            self.window.header(f"“{row.name}” is ready", "Copy it now: it is not shown again.")
            with tag("div", "sl-window-form sl-plain"):
                with tag("div", "sl-field"):
                    label = Words("API token", name="label")
                    with tag("div", "row sl-once"):
                        with tag("div", "sl-input grow"):
                            field = tag("input", "mono", type_="text", readonly=True, value=value, spellcheck="false")
                        copy = elements.button("Copy", kind="primary", icon="copy")
                    field.props["id"] = label.props["for"] = f"token-{row.id}"
                    copy.props["data-copy"] = f"token-{row.id}"
                Words("Send it in every request:", "small sub", "p")
                Words("Authorization: Bearer stl_…", "sl-code", "pre")
                with tag("footer", "sl-window-foot"):
                    tag("div", "grow")
                    elements.button("Done", self.window.close)
        form_parts.focus(copy)

    def _ask_revoke(self, row: ApiToken) -> None:
        async def revoke() -> None:
            await asyncio.to_thread(tokens.revoke, self.user_id, row.id)
            await self.refresh()
            elements.toast("Token revoked.")

        self.question.ask(
            f"Revoke “{row.name}”?", "Whatever uses it is refused from now on. There is no undo.", "Revoke", revoke
        )
