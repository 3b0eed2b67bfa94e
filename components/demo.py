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
    return sandbox.demo(type_name, f"http://{host}:{now.port}/sandbox")


def draw(try_it: Callable[[dict[str, str]], Any], *, signs_in: bool = False) -> None:
    """The offer, and what it does with what was typed. With `signs_in`, in a window of its own."""
    with tag("p", "sl-sandbox"):
        Words("No account at hand?")
        button = tag("button", "link", type_="button", data_signs_in="true" if signs_in else None)
        with button:
            Words("Try it with the sandbox")
        Words("It uses the stand-in's own address and key; what you typed for them stays out.", "muted")
    form_parts.when_pressed(button, try_it)


def kept_inside(typed: Mapping[str, Any], stand_in: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed; the stand-in's own credentials are sent to the stand-in, never to the real service."""
    places = {name: value for name, value in stand_in.items() if isinstance(value, str) and "/sandbox/" in value}
    is_demo = bool(places) and form_fields.texts(stand_in) - set(places.values()) <= form_fields.texts(typed)
    return {**places, **typed} if is_demo else dict(typed)
