"""`/welcome`: the first run. An account, the encryption key put in safety, then the first connection."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui
from starlette.responses import RedirectResponse, Response

from components import door, elements, first_services
from components.recovery_step import RecoveryStep

HINT = "At least 10 characters. Four or more words are easy to remember."


@ui.page("/welcome")
def welcome(request: Request) -> Response | None:
    """The first account, as long as there is none. The token of the link that the log shows goes along."""
    if request.state.visitor is not None:
        return RedirectResponse("/", status_code=303)
    with door.frame("First run"):
        door.steps(1)
        door.heading("Create the owner account", "It lives only in this installation. You can add more people later.")
        with door.account_form("/session/setup", "/welcome/recovery"):
            door.field(
                "email",
                "Email",
                type_="email",
                autocomplete="username",
                inputmode="email",
                autofocus=True,
                missing="Your email address is missing.",
            )
            door.field("name", "Name", optional=True, type_="text", autocomplete="name", maxlength="100")
            door.password("password", "Password", autocomplete="new-password", hint=HINT, missing="Choose a password.")
            door.setup_token(request.query_params.get("setup") or request.query_params.get("token") or "")
            elements.button("Create account", kind="primary block", submits=True)
        door.warn_of_plain_http(request)
    return None


@ui.page("/welcome/recovery")
async def recovery(request: Request) -> Response | None:
    """The encryption key. Who is no admin has nothing to do here."""
    visitor = request.state.visitor
    if visitor is None or not visitor.is_admin:
        return RedirectResponse("/", status_code=303)
    with door.frame("Recovery", chosen_theme=visitor.theme):
        door.steps(2)
        door.heading("Keep the key safe", "It opens every password and token that Streamline stores for you.")
        step = RecoveryStep(visitor.user_id)
    await step.refresh()
    return None


@ui.page("/welcome/first")
def first(request: Request) -> Response | None:
    """Something to begin with."""
    visitor = request.state.visitor
    if visitor is None:
        return RedirectResponse("/", status_code=303)
    with door.frame("First connection", chosen_theme=visitor.theme):
        door.steps(3)
        door.heading("Connect your first service", "Streamline tests it before it saves it. More are on the next page.")
        first_services.draw_sample(visitor.user_id)
        first_services.draw()
    return None
