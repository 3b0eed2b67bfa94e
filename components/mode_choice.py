"""How messages come in: by asking for them, or by being called. Says what is missing for the second."""

from __future__ import annotations

from components import elements, form_fields, form_inputs
from components.form_fields import FormField
from components.form_parts import Words, tag
from components.schema_form import SchemaForm
from streamline_ui import settings

FIELD = "connectionMode"
POLLING_ONLY = ("pollingEnabled", "pollingInterval")
QUESTION = "How should Streamline receive messages?"
CARDS = {
    "polling": ("Polling", "works everywhere", "Streamline asks {} for news. No open port needed."),
    "webhook": ("Webhook", "", "{} calls you. Needs a public HTTPS address."),
}
NO_ADDRESS = (
    "Streamline does not know its public address yet, so {} cannot reach it. Set STREAMLINE_BASE_URL, or use polling."
)


class ModeChoice:
    """Two cards above the form. Draw it first, and call `settle` once the form's other fields are there."""

    def __init__(self, form: SchemaForm, field: FormField, service: str) -> None:
        self.form = form
        stored = form_fields.at(form.shown or {}, field.name)
        self.mode = str(stored or field.default or "polling")
        if self.mode == "webhook":  # which turns polling off by itself: whoever goes back to it wants it on
            form.shown = {**(form.shown or {}), "pollingEnabled": True}
        texts = {key: (title, mark, sentence.format(service)) for key, (title, mark, sentence) in CARDS.items()}
        form_inputs.option_cards(field, QUESTION, self.mode, texts, self._chosen)
        with tag("div", role="status"):
            self.no_address = tag("div", "sl-callout warn")
            with self.no_address:
                elements.icon("triangle-alert")
                Words(NO_ADDRESS.format(service), "body")

    def settle(self) -> None:
        """Show what belongs to the mode, and hide the rest."""
        self.no_address.set_visibility(self.mode == "webhook" and not settings.current().base_url)
        for name in POLLING_ONLY:
            if name in self.form.boxes:
                self.form.boxes[name].set_visibility(self.mode == "polling")

    def _chosen(self, mode: str) -> None:
        self.mode = mode
        self.settle()
