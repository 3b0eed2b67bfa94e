"""Signing in at a service from a dialog: the return address to register there, and the window in which it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from nicegui import ui
from nicegui.events import GenericEventArguments

from components import elements, live
from components.form_parts import Words, tag
from components.outcome_note import OutcomeNote
from streamline_ui.integrations import oauth_sign_in, oauth_tokens
from streamline_ui.integrations.oauth_sign_in import Result
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import Integration

BLOCKED = "The sign-in window was blocked."
CLOSED = "The sign-in window was closed."


class SignIn:
    """One for a page. `ended` is called with how a sign-in ended, and with the connection's id."""

    def __init__(self, user_id: str, ended: Callable[[str, Result], Awaitable[None]]) -> None:
        self.user_id = user_id
        self.ended = ended
        self.key, self.integration_id, self.url = "", "", ""
        self.note: OutcomeNote | None = None
        client = ui.context.client
        self.client = client
        visitor = client.request.scope.get("state", {}).get("visitor")
        self.session_id = visitor.session_id if visitor is not None else ""
        self.origin = f"{client.request.url.scheme}://{client.request.headers.get('host', '')}"
        self.event = f"sl-sign-in-{id(self)}"
        ui.on(self.event, self._told)
        live.follow(user_id, self._heard)

    def draw_address(self, provider: Provider[Any]) -> None:
        """The address that the service must know, to be copied."""
        with tag("div", "sl-field"):
            label = Words("Return address", "sl-label", "label")
            with tag("div", "row sl-address"):
                with tag("div", "sl-input grow"):
                    address = oauth_sign_in.return_address(self.origin)
                    field = tag("input", "mono", type_="text", readonly=True, defaultValue=address)
                    field.props["data-testid"] = "return-address"
                copy = tag("button", "sl-btn", type_="button", data_copy=field.html_id)
                with copy:
                    elements.icon("copy")
                    Words("Copy")
            label.props["for"] = field.html_id
            hint = f"Add exactly this one to your OAuth client at {provider.sign_in}."
            field.props["aria-describedby"] = Words(hint, "sl-help", "div").html_id

    async def begin(self, row: Integration, provider: Provider[Any], note: OutcomeNote) -> None:
        """Lead the window that has opened to the service, and wait for what comes of it. Raises StreamlineError."""
        service = oauth_tokens.service(provider)
        self.note, self.integration_id = note, row.id
        begun = await asyncio.to_thread(oauth_sign_in.begin, self.user_id, row.id, self.origin, self.session_id)
        self.url, self.key = begun
        note.waiting(f"Waiting for the sign-in at {service}.", ["Finish it in the window that has opened."])
        self.client.run_javascript(f"slSignIn.go({json.dumps(self.url)}, {json.dumps(self.event)})")

    def end(self) -> None:
        """Wait no longer, and close the window."""
        self.key = ""
        self.client.run_javascript("slSignIn.end()")

    async def _heard(self, changed: set[str]) -> None:
        if not self.key or self.integration_id not in changed:
            return
        result = await asyncio.to_thread(oauth_sign_in.outcome, self.user_id, self.key)
        if result is not None and self.key:
            self.end()
            await self.ended(self.integration_id, result)

    def _told(self, event: GenericEventArguments) -> None:
        """The browser says what became of the window."""
        if not self.key or self.note is None:
            return
        if event.args == "blocked":
            host = urlsplit(oauth_sign_in.return_address(self.origin)).netloc
            place = self.note.problem(BLOCKED, [f"Allow pop-ups for {host}, then press the button again."])
            with place, tag("a", "link", href=self.url, rel="noreferrer"):
                Words("Or open it in this tab")
        elif event.args == "closed":
            self.note.waiting(
                CLOSED, ["If you finished there, this goes on in a moment. If not, nothing was changed: sign in again."]
            )
