"""What people change about themselves: their name, how it looks, their password, and where they are signed in."""

from __future__ import annotations

import asyncio
from html import escape

from nicegui import ui

from components import elements, moments, settings_frame
from components.form_parts import Words, tag
from components.plain_form import PlainForm
from components.question import Question
from components.theme_choice import ThemeChoice
from streamline_ui import names
from streamline_ui.access import sessions, user_agents, users
from streamline_ui.access.sessions import Visitor
from streamline_ui.errors import Invalid, Unauthenticated
from streamline_ui.storage.models import Session, User


def draw_person(user: User) -> None:
    """The name, and the address that it belongs to."""

    async def save(typed: dict[str, str]) -> None:
        await asyncio.to_thread(users.change, user.id, name=typed.get("name", ""))
        form.blame({})
        elements.toast("Saved.")

    with settings_frame.card("You"), PlainForm(save) as form:
        form.text("name", "Name", value=user.name, autocomplete="name", maxlength=names.LONGEST)
        Words(f"You sign in as {user.email}.", "sub", "p")
        form.submit("Save", kind="")


def draw_look(user: User) -> ThemeChoice:
    """Light or dark."""
    with settings_frame.card("Theme", "System follows what your machine is set to."):
        return ThemeChoice(user.id, user.theme)


def draw_password(visitor: Visitor, address: str) -> None:
    """A new password needs the current one: a browser that is left alone must not be enough."""

    async def change(typed: dict[str, str]) -> None:
        await asyncio.to_thread(_change_password, visitor, typed, address)
        form.clear()
        elements.toast("Password changed. Other browsers were signed out.")

    explanation = "Changing it signs out every other browser. API tokens keep working."
    with settings_frame.card("Password", explanation), PlainForm(change) as form:
        tag("input", "sr", type_="text", name="username", value=visitor.email, autocomplete="username", tabindex="-1",
            aria_hidden="true", readonly=True)  # fmt: skip
        form.password("current", "Current password", autocomplete="current-password")
        form.password("new", "New password", hint="At least 10 characters; four or more words are easy to remember.")
        form.submit("Change password", kind="")


def _change_password(visitor: Visitor, typed: dict[str, str], address: str) -> None:
    problem = users.check_password(typed.get("new", ""), visitor.email)
    if not typed.get("current"):
        raise Invalid("", {"current": "Enter the current password."})
    if problem:
        raise Invalid("", {"new": problem})
    try:
        users.verify(visitor.email, typed["current"], address)
    except Unauthenticated:
        raise Invalid("", {"current": "This is not the current password."}) from None
    users.set_password(visitor.user_id, typed["new"], but=visitor.session_id)


class SessionList:
    """Where the visitor is signed in, with a way to end each."""

    def __init__(self, visitor: Visitor, question: Question) -> None:
        self.visitor = visitor
        self.question = question
        explanation = "Browsers and programs that are signed in as you. Signing one out takes effect at once."
        with settings_frame.card("Where you are signed in", explanation):
            self.list = tag("ul", "sl-lines")
            with tag("div", "row"):
                self.everything = elements.button("Sign out everywhere else", self._ask, icon="log-out")

    async def refresh(self) -> None:
        """Read the list anew."""
        rows = await asyncio.to_thread(sessions.all_of, self.visitor.user_id)
        rows.sort(key=lambda row: row.id != self.visitor.session_id)
        self.list.clear()
        with self.list:
            for row in rows:
                self._draw(row)
        self.everything.set_visibility(len(rows) > 1)

    def _draw(self, row: Session) -> None:
        is_this = row.id == self.visitor.session_id
        what = "REST sign-in" if row.kind == "api" else user_agents.describe(row.user_agent)
        with tag("li"):
            elements.icon("terminal" if row.kind == "api" else "monitor", "m")
            with tag("div", "grow"):
                with tag("div", "row wrap"):
                    Words(what, "b")
                    if is_this:
                        Words("This browser", "sl-tag")
                where = f"{escape(row.address)} · " if row.address else ""
                seen = moments.html(row.last_seen_at)
                ui.html(f"{where}last used {seen}", sanitize=False, tag="p").classes("small muted")
            leave = (lambda: ui.run_javascript("slSignOut()")) if is_this else (lambda: self._end(row.id))
            button = elements.button("Sign out", leave, kind="sm")
            button.props["aria-label"] = "Sign out here" if is_this else f"Sign out {what}"

    async def _end(self, session_id: str) -> None:
        mine = await asyncio.to_thread(sessions.all_of, self.visitor.user_id)
        if any(row.id == session_id for row in mine):
            await asyncio.to_thread(sessions.end, session_id)
        await self.refresh()

    def _ask(self) -> None:
        self.question.ask(
            "Sign out everywhere else?",
            "Every other browser and program that is signed in as you has to sign in again. API tokens keep working.",
            "Sign out",
            self._end_all,
        )

    async def _end_all(self) -> None:
        await asyncio.to_thread(sessions.end_all, self.visitor.user_id, but=self.visitor.session_id)
        await self.refresh()
