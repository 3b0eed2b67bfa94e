"""Light, dark, or as the machine has it: chosen here, seen at once, and remembered with the account."""

from __future__ import annotations

import asyncio

from nicegui import ui
from nicegui.element import Element

from components import elements
from components.form_parts import Words, tag
from streamline_ui.access import users
from streamline_ui.access.users import Theme

CHOICES: tuple[tuple[Theme, str, str], ...] = (
    ("system", "System", "monitor"),
    ("light", "Light", "sun"),
    ("dark", "Dark", "moon"),
)


class ThemeChoice:
    """Three buttons, one of which is pressed."""

    def __init__(self, user_id: str, chosen: str) -> None:
        self.user_id = user_id
        self.buttons: dict[Theme, Element] = {}
        with tag("div", "sl-seg", role="group", aria_label="Theme"):
            for theme, label, icon in CHOICES:
                with tag("button", type_="button").on("click", lambda theme=theme: self._choose(theme)) as made:
                    elements.icon(icon)
                    Words(label)
                self.buttons[theme] = made
        self.show(chosen)

    def show(self, chosen: str) -> None:
        """Press the button of the theme that is chosen."""
        for theme, button in self.buttons.items():
            button.props["aria-pressed"] = str(theme == chosen).lower()
            button.update()

    async def _choose(self, theme: Theme) -> None:
        ui.run_javascript(f"slTheme('{theme}')")
        self.show(theme)
        await asyncio.to_thread(users.change, self.user_id, theme=theme)
