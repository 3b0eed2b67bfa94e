"""Where a user finds what a service asks for, beside the form that asks for it."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.elements.markdown import prepare_content

from components import elements
from components.form_fields import FormField
from components.form_parts import Words, tag
from streamline_ui.providers.describe import Provider


def draw(provider: Provider[Any], wanted: FormField | None) -> None:
    """The steps, a link to the page at the service, and what Streamline can do with the connection."""
    Words(heading(wanted), "sl-h3", "h3")
    if provider.guide:
        # our own docstring, never foreign text: nothing to clean
        ui.html(prepare_content(provider.guide, extras=""), sanitize=False).classes("sl-guide-text")
    if provider.console:
        with tag("a", "link row", href=provider.console, target="_blank", rel="noopener noreferrer"):
            Words(f"Open {provider.name}")
            elements.icon("external-link")
    if provider.can:
        Words("What Streamline can do with it", "sl-h3", "h3")
        with tag("ul", "sl-can"):
            for sentence in provider.can:
                with tag("li"):
                    elements.icon("check")
                    Words(sentence)
    if wanted is not None:
        with tag("p", "sl-guide-note"):
            elements.icon("lock")
            Words(
                f"Stored encrypted (AES-256-GCM). Never shown again, logged, or sent anywhere but to {provider.name}."
            )


def heading(wanted: FormField | None) -> str:
    """The question that the guide answers."""
    if wanted is None:
        return "How it works"
    title = wanted.title
    return f"Where do I get the {title if title[:2].isupper() else title[:1].lower() + title[1:]}?"
