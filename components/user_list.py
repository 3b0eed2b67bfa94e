"""Everybody's accounts, for an admin: made, changed, and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any

from nicegui import ui

from components import elements, moments, settings_frame
from components.form_parts import Words, tag
from components.plain_form import PlainForm
from components.popup_menu import Item, PopupMenu
from components.question import Question
from components.window import Window
from streamline_ui.access import users
from streamline_ui.access.sessions import Visitor
from streamline_ui.errors import Forbidden, StreamlineError
from streamline_ui.integrations import oauth_revoking
from streamline_ui.storage.models import User

HANDOVER = "At least 10 characters. Hand it over in person; it can be changed in the profile."


class UserList:
    """Reads itself anew after everything that it does."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.window, self.question, self.menu = Window(), Question(), PopupMenu()
        with settings_frame.card("People"):
            self.list = tag("ul", "sl-lines")
            with tag("div", "row"):
                elements.button("Add a user", self._add, kind="primary", icon="plus")

    async def refresh(self) -> None:
        """Read the list anew."""
        rows = await asyncio.to_thread(users.everyone)
        self.list.clear()
        with self.list:
            for row in rows:
                self._draw(row)

    def _draw(self, row: User) -> None:
        name = row.name or row.email
        with tag("li"):
            Words(elements.initials(name), "sl-brand sm round").props["aria-hidden"] = "true"
            with tag("div", "grow"):
                with tag("div", "row wrap"):
                    Words(name, "b trunc")
                    for mark in self._marks(row):
                        Words(mark, "sl-tag")
                seen = self._seen(row)
                ui.html(f"{escape(row.email)} · {seen}", sanitize=False, tag="p").classes("small muted wraps")
            more = elements.button(f"Actions for {name}", kind="ghost sm", icon="ellipsis", only_icon=True)
            more.props["aria-haspopup"] = "menu"
            more.on("click", lambda: self.menu.open(f"Actions for {name}", self._items(row), more.html_id), args=[])

    def _seen(self, row: User) -> str:
        if row.last_sign_in_at is None:  # the first account is signed in when it is made
            return "signed in now" if row.id == self.visitor.user_id else "has not signed in yet"
        return f"last signed in {moments.html(row.last_sign_in_at)}"

    def _marks(self, row: User) -> list[str]:
        marks = (
            ("You", row.id == self.visitor.user_id),
            ("Admin", row.is_admin),
            ("Disabled", not row.is_active),
        )
        return [mark for mark, applies in marks if applies]

    def _items(self, row: User) -> list[Item]:
        """What can be done; nobody takes their own rights away by accident."""
        items = [Item("Set a new password", "key-round", lambda: self._new_password(row))]
        if row.id == self.visitor.user_id:
            return items
        role = Item("Make an admin", "shield-check", lambda: self._ask_role(row))
        if row.is_admin:
            role = Item("Take admin rights away", "shield-check", lambda: self._ask_role(row))
        access = Item("Enable", "play", lambda: self._change(row.id, is_active=True))
        if row.is_active:
            access = Item("Disable", "pause", lambda: self._ask_disable(row))
        return [*items, role, access, Item("Remove", "trash-2", lambda: self._ask_remove(row), is_danger=True)]

    def _add(self) -> None:
        async def create(typed: dict[str, str]) -> None:
            await self._do(
                users.create, typed.get("email", ""), typed.get("password", ""), name=typed.get("name", ""),
                is_admin="is_admin" in typed,
            )  # fmt: skip
            self.window.close()
            elements.toast("Account made.")

        with self._form("Add a user", "They sign in with the password that you set here.", create) as form:
            form.text("email", "Email", type_="email", autocomplete="off", inputmode="email")
            form.text("name", "Name", autocomplete="off")
            form.password("password", "Password", hint=HANDOVER)
            form.tick("is_admin", "Admin", "can manage users and have the encryption key")
            self._end_form(form, "Add user")
        form.focus("email")

    def _new_password(self, row: User) -> None:
        async def save(typed: dict[str, str]) -> None:
            await self._do(users.set_password, row.id, typed.get("password", ""), but=self.visitor.session_id)
            self.window.close()
            elements.toast("Password set.")

        with self._form(f"New password for {row.name or row.email}", "It signs them out everywhere.", save) as form:
            form.password("password", "Password", hint=HANDOVER)
            self._end_form(form, "Set password")
        form.focus("password")

    def _form(self, title: str, purpose: str, work: Callable[[dict[str, str]], Any]) -> PlainForm:
        self.window.card.clear()
        with self.window.card:
            self.window.header(title, purpose)
            form = PlainForm(work, "sl-window-form")
        self.window.open()
        return form

    def _end_form(self, form: PlainForm, label: str) -> None:
        with tag("footer", "sl-window-foot"):
            self.window.closes(elements.button("Cancel", kind="ghost"))
            tag("div", "grow")
            form.submit(label)

    def _ask_role(self, row: User) -> None:
        name = row.name or row.email
        if row.is_admin:
            texts = (f"Take admin rights away from {name}?", "They are signed out everywhere.", "Take away")
        else:
            consequence = "Admins manage users and can download the encryption key. They have to sign in again."
            texts = (f"Make {name} an admin?", consequence, "Make an admin")
        self.question.ask(*texts, lambda: self._change(row.id, is_admin=not row.is_admin))

    def _ask_disable(self, row: User) -> None:
        consequence = "They are signed out everywhere, and their API tokens stop. Nothing of theirs is deleted."
        self.question.ask(
            f"Disable {row.name or row.email}?", consequence, "Disable", lambda: self._change(row.id, is_active=False)
        )

    def _ask_remove(self, row: User) -> None:
        async def remove() -> None:
            await self._do(oauth_revoking.remove_account, row.id)
            elements.toast("Account removed.")

        consequence = "All their connections, keys and API tokens are deleted with the account. There is no undo."
        self.question.ask(f"Remove {row.name or row.email}?", consequence, "Remove", remove)

    async def _change(self, user_id: str, **changes: bool) -> None:
        try:
            await self._do(users.change, user_id, **changes)
        except StreamlineError as error:
            elements.toast(error.message)

    async def _do(self, work: Callable[..., Any], *values: Any, **named: Any) -> None:
        """Do it if whoever sits here is an admin still, and show how it is then."""

        def guarded() -> None:
            me = users.one(self.visitor.user_id)
            if not (me.is_admin and me.is_active):
                raise Forbidden("This is for admins.")
            work(*values, **named)

        await asyncio.to_thread(guarded)
        await self.refresh()
