"""The way into the sandbox: what connects a service's stand-in, where the server has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components import form_fields, form_parts
from components.form_parts import Words, tag
from streamline_ui import settings

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def config(type_name: str) -> dict[str, Any]:
    """A configuration that connects the stand-in for this service; empty where there is none."""
    now = settings.current()
    if not now.sandbox:
        return {}
    from streamline_ui import sandbox  # noqa: PLC0415 - no stand-in is loaded where none is wanted

    host = "127.0.0.1" if now.is_loopback or now.host in ANYWHERE else now.host
    found = sandbox.DEMO.get(type_name)
    return {**found, "baseUrl": f"http://{host}:{now.port}/sandbox/{type_name}"} if found else {}


def draw(try_it: Callable[[dict[str, str]], Any]) -> None:
    """The offer, and what it does with what was typed."""
    with tag("p", "sl-sandbox"):
        Words("No account at hand?")
        button = tag("button", "link", type_="button")
        with button:
            Words("Try it with the sandbox")
        Words("It uses the stand-in's own address and key; what you typed for them stays out.", "muted")
    form_parts.when_pressed(button, try_it)


def kept_inside(typed: Mapping[str, Any], stand_in: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed; the stand-in's own credentials are sent to the stand-in, never to the real service."""
    is_demo = bool(stand_in) and form_fields.texts(stand_in) - {stand_in["baseUrl"]} <= form_fields.texts(typed)
    return {"baseUrl": stand_in["baseUrl"], **typed} if is_demo else dict(typed)
