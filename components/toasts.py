"""Short notices at the lower edge: what was done, and a way back where there is one. Errors are never shown here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import Client, ui
from nicegui.element import Element

from components.form_parts import Words, tag

SECONDS = 5.0
SECONDS_WITH_ACTION = 30.0
MOST = 3

_regions: WeakKeyDictionary[Client, Element] = WeakKeyDictionary()


def region() -> Element:
    """Where the page's notices appear. It has to stand there before the first, for screen readers to read it out."""
    client = ui.context.client
    if client not in _regions:
        with client.layout:
            _regions[client] = tag("div", "sl-toasts", role="status", aria_live="polite")
    return _regions[client]


def toast(
    message: str, *, action: str = "", on_action: Callable[[], Any] | None = None, seconds: float | None = None
) -> None:
    """Show a notice for some seconds, with a button where `action` gives it a name."""
    place = region()
    while len(place.default_slot.children) >= MOST:
        place.default_slot.children[0].delete()
    with place:
        note = tag("div", "sl-toast")
        with note:
            Words(message)
            if on_action is not None:
                _draw_action(note, action, on_action)
            shown = seconds or (SECONDS_WITH_ACTION if on_action else SECONDS)
            ui.timer(shown, note.delete, once=True)


def _draw_action(note: Element, action: str, on_action: Callable[[], Any]) -> None:
    def pressed() -> Any:
        result = on_action()  # before the notice goes: what it does may need a place on the page
        note.set_visibility(False)
        return result

    with tag("button", "", type_="button").on("click", pressed, args=[]):
        Words(action)
