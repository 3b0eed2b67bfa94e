"""What a connection was set up with: secrets masked, the rest as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components import buttons, elements, form_fields, schema_form
from components.form_parts import Words, tag
from components.local_time import Clock
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import Integration
from streamline_ui.vault import keyring

KEY_ID_SHOWN = 8


class Credentials:
    """A card with a button that makes room for a new secret."""

    def __init__(self, clock: Clock, replace: Callable[[], Any]) -> None:
        self.clock = clock
        with tag("section", "sl-card pad", aria_labelledby="credentials-title"):
            Words("Credentials", "sl-h2", "h2").props["id"] = "credentials-title"
            self.list = tag("dl", "sl-facts")
            self.button = elements.button("Replace", icon="key-round", kind="sm").on("click", replace)

    def update(self, row: Integration) -> None:
        """Show those of this row."""
        facts = list(facts_of(row))
        secret = next((title for title, _, is_secret in facts if is_secret), "")
        self.list.clear()
        with self.list:
            for title, value, is_secret in facts:
                _fact(title, value, "mono" if is_secret else "")
            _fact("Added", self.clock.day(row.created_at))
            _fact("Encryption", f"AES-256-GCM, key {keyring.key_id()[:KEY_ID_SHOWN]}")
        self.button.set_visibility(bool(secret))
        if secret:
            buttons.relabel(self.button, f"Replace {_lower(secret)}", "key-round")


def facts_of(row: Integration) -> Iterator[tuple[str, str, bool]]:
    """Title, text and whether it is a secret, of everything that is set."""
    view: Mapping[str, Any] = json.loads(row.config_view)
    provider = PROVIDERS.get(row.type)
    fields = form_fields.fields_of(provider.config) if provider else []
    fields.sort(key=lambda field: field.advanced)
    known = set()
    for field in fields:
        known.add(field.name)
        value = form_fields.at(view, field.name)
        if value is not None:
            yield field.title, *_shown(value, field)
    for group, value in view.items():
        if isinstance(value, Mapping) and "set" not in value:
            for name, inner in value.items():
                if f"{group}.{name}" not in known:
                    yield name, *_shown(inner, None)


def _shown(value: Any, field: form_fields.FormField | None) -> tuple[str, bool]:
    if isinstance(value, Mapping):
        return schema_form.mask(value), True
    if isinstance(value, bool):
        return "Yes" if value else "No", False
    labels = dict(field.choices) if field else {}
    text = labels.get(str(value), form_fields.as_text(value))
    return f"{text} {field.unit}".strip() if field else text, False


def _fact(title: str, value: str, classes: str = "") -> None:
    Words(title, "muted", "dt")
    Words(value, classes, "dd")


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
