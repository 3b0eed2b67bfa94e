"""`/sign-in`: email and password."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from components import door, elements
from streamline_ui.access.gate import safe_next


@ui.page("/sign-in")
def sign_in(request: Request) -> None:
    """Afterwards the browser goes where it wanted to go."""
    with door.frame("Sign in"):
        door.heading("Welcome back", f"Sign in to {request.url.hostname}")
        with door.account_form("/session", safe_next(request.query_params.get("next"))):
            door.field(
                "email",
                "Email",
                type_="email",
                autocomplete="username",
                inputmode="email",
                autofocus=True,
                missing="Your email address is missing.",
            )
            door.password("password", "Password", autocomplete="current-password", missing="Your password is missing.")
            elements.button("Sign in", kind="primary block", submits=True)
        door.forgotten()
        door.warn_of_plain_http(request)
