"""The address that a person enters at a service, so that its events start workflows."""

from __future__ import annotations

from components import connection_words as words
from components import elements
from components.form_parts import Words, tag
from streamline_ui.errors import StreamlineError
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import Integration
from streamline_ui.workflows.listening import entering
from streamline_ui.workflows.listening.entering import Address

ONLY_HERE = "Services reach this only at a public https address: set STREAMLINE_BASE_URL to the one that leads here."


class EventAddress:
    """A card of the connection's page, for services that send their events to such an address."""

    def __init__(self, user_id: str, row: Integration) -> None:
        self.user_id = user_id
        provider = PROVIDERS.get(row.type)
        self.is_offered = provider is not None and provider.entered is not None
        self._shown: Address | None = None
        if not self.is_offered:
            return
        with tag("section", "sl-card pad", aria_labelledby="events-title"):
            Words("Receive events", "sl-h2", "h2").props["id"] = "events-title"
            self.body = tag("div", "col sl-events")

    async def update(self, row: Integration) -> None:
        """Show it as it is now."""
        if not self.is_offered:
            return
        try:
            found = await entering.address(self.user_id, row.id)
        except StreamlineError as error:
            self.body.clear()
            with self.body:
                Words(error.message, "sl-help bad", "p")
            return
        if found != self._shown and not self.body.is_deleted:
            self._shown = found
            self._draw(found)

    def _draw(self, found: Address) -> None:
        self.body.clear()
        with self.body:
            Words(found.how, "small sub", "p")
            with tag("div", "sl-field"):
                label = Words("Address", "sl-label", "label")
                with tag("div", "row sl-address"):
                    with tag("div", "sl-input grow"):
                        field = tag("input", "mono", type_="text", readonly=True, size="1", defaultValue=found.url)
                        field.props["data-testid"] = "event-address"
                    with tag("button", "sl-btn", type_="button", data_copy=field.html_id):
                        elements.icon("copy")
                        Words("Copy")
                label.props["for"] = field.html_id
            if found.missing:
                Words(found.missing, "sl-help", "p")
            if not found.is_public:
                Words(ONLY_HERE, "sl-help", "p")
            if found.unheard:
                came = f"{found.unheard:,} event{'' if found.unheard == 1 else 's'} came"
                last = f"the last {words.ago(found.unheard_at)}" if found.unheard_at else ""
                Words(f"{came} while no workflow listened, {last}. They started nothing.", "sl-help line warn", "p")
            if found.refusal:
                Words(f"The last request was turned away. {found.refusal}", "sl-help bad", "p")
