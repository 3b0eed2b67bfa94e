"""Where a user finds what a service asks for, beside the form that asks for it."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.elements.markdown import prepare_content

from components import elements
from components.form_fields import FormField
from components.form_parts import Words, tag
from streamline_ui.providers import catalog
from streamline_ui.providers.describe import Provider


class Guide:
    """The steps, a link to the page at the service, and what Streamline can do with the connection.

    On a phone it is folded away until somebody presses the link that `draw_link` puts beside the field.
    """

    def __init__(self, provider: Provider[Any], wanted: FormField | None) -> None:
        self.box = tag("aside", "sl-guide", aria_label="Help")
        with self.box:
            Words(heading(wanted), "sl-h3", "h3")
            if provider.guide:
                # our own docstring, never foreign text: nothing to clean
                ui.html(prepare_content(provider.guide, extras=""), sanitize=False).classes("sl-guide-text")
            _draw_console(provider)
            _draw_abilities(provider)
            if wanted is not None and catalog.secret_fields(provider.config):
                with tag("p", "sl-guide-note"):
                    elements.icon("lock")
                    whom = provider.mentioned
                    Words(f"Stored encrypted (AES-256-GCM). Never shown again or logged; sent only to {whom}.")

    def draw_link(self) -> None:
        """The link that unfolds it on a phone."""
        self.link = tag("button", "sl-guide-link link", type_="button", aria_expanded="false")
        with self.link.on("click", self._toggle, args=[]):
            Words("Where do I find it?")

    def _toggle(self) -> None:
        is_open = self.link.props["aria-expanded"] == "false"
        self.link.props["aria-expanded"] = str(is_open).lower()
        self.box.classes(**{"add" if is_open else "remove": "open"})


def heading(wanted: FormField | None) -> str:
    """The question that the guide answers."""
    if wanted is None:
        return "How it works"
    title = wanted.title
    return f"Where do I get the {title if title[:2].isupper() else title[:1].lower() + title[1:]}?"


def _draw_console(provider: Provider[Any]) -> None:
    if provider.console:
        with tag("a", "link row", href=provider.console, target="_blank", rel="noopener noreferrer"):
            Words(f"Open {provider.mentioned}")
            elements.icon("external-link")


def _draw_abilities(provider: Provider[Any]) -> None:
    if provider.can:
        Words("What Streamline can do with it", "sl-h3", "h3")
        with tag("ul", "sl-can"):
            for sentence in provider.can:
                with tag("li"):
                    elements.icon("check")
                    Words(sentence)
