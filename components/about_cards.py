"""The version, where the data is, and whose work is in it."""

from __future__ import annotations

import platform
from html import escape
from importlib import metadata

import nicegui
from nicegui import ui

from components import elements, settings_frame, theme
from components.form_parts import Words, tag
from streamline_ui import __version__
from streamline_ui import settings as configuration

WORKS = (
    ("Hanken Grotesk", "SIL Open Font License 1.1", "licences/hanken-grotesk-OFL.txt"),
    ("Geist Mono", "SIL Open Font License 1.1", "licences/geist-mono-OFL.txt"),
    ("Lucide icons", "ISC", "licences/lucide-ISC.txt"),
    ("Simple Icons", "CC0 1.0", "licences/simple-icons-CC0.md"),
)


def draw(*, is_admin: bool) -> None:
    """Draw it all; where the data is, only an admin learns."""
    settings = configuration.current()
    if settings.sandbox:
        elements.callout(
            "info",
            "The sandbox is on.",
            "It stands in for the services, so that everything can be tried without an account. "
            "Start without STREAMLINE_SANDBOX to turn it off.",
        )
    facts = {
        "Streamline": __version__,
        "NiceGUI": nicegui.__version__,
        "FastAPI": metadata.version("fastapi"),
        "Python": platform.python_version(),
    }
    if is_admin:
        facts |= {"Data folder": str(settings.data_dir), "Public address": settings.base_url or "not set"}
    with settings_frame.card("Versions"):
        lines = "".join(f"<dt>{name}</dt><dd class='wraps'>{escape(value)}</dd>" for name, value in facts.items())
        ui.html(lines, sanitize=False, tag="dl").classes("sl-facts")
    explanation = "Fonts and icons that come with Streamline. Logos belong to their owners."
    with settings_frame.card("Licences", explanation), tag("ul", "sl-lines"):
        for name, licence, file in WORKS:
            with tag("li"):
                Words(name, "b grow")
                with tag("a", "link small", href=theme.asset(file), target="_blank", rel="noopener"):
                    Words(licence)
