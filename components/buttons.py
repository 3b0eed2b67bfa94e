"""What is done to buttons once they are there."""

from __future__ import annotations

import json

from nicegui import ui
from nicegui.element import Element

from components import elements
from components.form_parts import Words


def relabel(button: Element, label: str, icon: str = "") -> None:
    """Give a button another label."""
    button.clear()
    with button:
        if icon:
            elements.icon(icon)
        Words(label)


def copy(text: str) -> None:
    """Put a text into the clipboard, where the browser lets us: it must be shown as well."""
    ui.run_javascript(f"navigator.clipboard?.writeText({json.dumps(text)}).catch(() => undefined)")
