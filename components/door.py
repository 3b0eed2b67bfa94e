"""What stands around the pages before somebody is in: sign-in and first run. Their forms work without a socket.

The forms are sent by a script (`data-account`), because only an answer to a request can set the cookie of a session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from nicegui import ui

from components import elements, shell
from components.form_parts import Words, tag
from streamline_ui import settings as configuration
from streamline_ui.access import users

PROMISES = (
    ("lock", "Keys and tokens are encrypted before they touch the disk. No telemetry, no cloud account."),
    ("activity", "Every connection is tested around the clock, and tells you in plain words what is wrong."),
    ("rotate-ccw", "What you delete can be brought back for 30 seconds. What you typed survives a lost connection."),
)
STEPS = ("Account", "Recovery", "First connection")
ART = (
    '<svg class="sl-door-art" viewBox="0 0 720 560" preserveAspectRatio="xMidYMax slice" aria-hidden="true">'
    '<g fill="none" stroke="var(--brand)">'
    '<path stroke-width="2.5" opacity=".16" d="M0 446C150 410 180 232 350 232S560 30 720 4"/>'
    '<path stroke-width="2.5" opacity=".48" d="M0 500C160 464 190 288 360 288S560 96 720 68"/>'
    '<path stroke-width="2.5" opacity=".22" d="M0 552C170 520 200 350 370 340S570 160 720 134"/>'
    '<path stroke-width="2.5" opacity=".12" d="M150 556C230 520 250 420 380 396S580 230 720 202"/></g>'
    '<g fill="var(--brand)" opacity=".5"><circle cx="157" cy="405" r="6.500"/><circle cx="360" cy="288" r="9"/>'
    '<circle cx="575" cy="153" r="6.500"/></g></svg>'
)
NOT_ENCRYPTED = (
    "This page is not encrypted (http). Fine on a home network; use https before opening it to the internet."
)


@contextmanager
def frame(title: str, *, chosen_theme: str | None = None) -> Iterator[None]:
    """A column for the form on the left; on wide screens what Streamline promises on the right."""
    shell.dress(title, chosen_theme)
    with tag("div", "sl-door"):
        with tag("div", "sl-door-form"):
            shell.logo()
            yield
        with tag("aside", "sl-door-side", aria_label="About Streamline"):
            Words("Your services, connected on your own machine.", "sl-door-title", "p")
            for name, sentence in PROMISES:
                with tag("p", "sl-promise"):
                    elements.icon(name, "m")
                    Words(sentence)
            ui.html(ART, sanitize=False).style("display:contents")


def steps(current: int) -> None:
    """Where in the first run we are; `current` counts from 1."""
    with tag("ol", "sl-steps", aria_label="First run"):
        for number, label in enumerate(STEPS, 1):
            here = "step" if number == current else None
            with tag("li", "on" if here else "done" if number < current else "", aria_current=here):
                Words("✓" if number < current else str(number), "n").props["aria-hidden"] = "true"
                Words(label)


def heading(title: str, sentence: str) -> None:
    """The page's title and the line below it."""
    with tag("header", "sl-door-head"):
        Words(title, "sl-h1", "h1")
        Words(sentence, "sub", "p")


@contextmanager
def account_form(action: str, then: str) -> Iterator[None]:
    """A form that signs somebody in: `action` is where it is sent, `then` the page that follows."""
    with tag("form", "sl-door-fields", novalidate=True, data_account=action, data_next=then, method="post"):
        with tag("div", "sl-callout bad", role="alert", hidden=True):
            elements.icon("circle-x")
            tag("div", "body")
        yield


def field(
    name: str, label: str, *, missing: str = "", hint: str = "", optional: bool = False, **attributes: Any
) -> None:
    """An input with its label above and its error below; `missing` is said where it is left empty."""
    with tag("div", "sl-field"):
        _label(name, label, "optional" if optional else "")
        with tag("div", "sl-input"):
            made = tag("input", **{**_common(name, missing), **attributes})
        if optional:
            del made.props["required"]
        if hint:
            made.props["aria-describedby"] = f"{name}-error {name}-hint"
            Words(hint, "sl-help", "p").props["id"] = f"{name}-hint"
        _error(name)


def password(name: str, label: str, *, missing: str, autocomplete: str, hint: str = "") -> None:
    """A password, with a button that shows it; with a hint also a meter of its strength."""
    with tag("div", "sl-field"):
        _label(name, label)
        with tag("div", "sl-input"):
            made = tag("input", type_="password", autocomplete=autocomplete, **_common(name, missing))
            eye = tag("button", "sl-eye", type_="button", data_reveal=name, aria_pressed="false")
            eye.props["aria-label"] = f"Show {label.lower()}"
            with eye:
                elements.icon("eye")
        if hint:
            made.props["aria-describedby"] = f"{name}-error {name}-hint"
            with tag("div", "sl-meter", aria_hidden="true", data_meter=name, data_level="0", data_hint=hint):
                for _ in range(4):
                    tag("i")
            Words(hint, "sl-help", "p").props["id"] = f"{name}-hint"
        _error(name)


def _common(name: str, missing: str) -> dict[str, Any]:
    return {
        "id": name,
        "maxlength": "254",
        "name": name,
        "required": True,
        "spellcheck": "false",
        "autocapitalize": "off",
        "aria_describedby": f"{name}-error",
        "data_missing": missing,
    }


def _label(name: str, label: str, mark: str = "") -> None:
    with tag("label", for_=name):
        Words(label)
        if mark:
            Words(f" {mark}", "opt")


def _error(name: str) -> None:
    with tag("p", "sl-help bad", id=f"{name}-error", hidden=True):
        elements.icon("circle-alert")
        Words("")


def setup_token(given: str) -> None:
    """The token from the link that the log shows at start; asked for where it is needed and the link had none."""
    if given:
        tag("input", type_="hidden", name="setupToken", value=given)
    elif users.setup_token(configuration.current()):
        field(
            "setupToken",
            "Setup token",
            missing="The setup token is missing.",
            hint="It is in STREAMLINE_SETUP_TOKEN, or in the link that the log shows at start.",
            type_="text",
            autocomplete="off",
        )


def forgotten() -> None:
    """What to do about a forgotten password, without an email server."""
    with tag("details", "sl-door-more small"):
        Words("Forgot password?", "link", "summary")
        with tag("p", "sub"):
            Words("An admin can set a new one under Settings › Users. The owner can do it on the machine itself: ")
            Words("python3 main.py reset-password", "mono")


def warn_of_plain_http(request: Request) -> None:
    """Say that others could listen, where they could. Nothing is blocked."""
    if request.state.secure or configuration.is_loopback(request.url.hostname or ""):
        return
    with tag("p", "sl-door-note small muted"):
        elements.icon("info")
        Words(NOT_ENCRYPTED)
