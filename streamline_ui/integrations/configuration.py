"""An integration's configuration on its way in and out: checked, merged with what is there, sealed, opened, shown.

Stored is exactly the specification's JSON (`{"webhookUrl": "…"}`), sealed and bound to its row. What may be shown of it
is made at the same moment, so that looking at connections opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from streamline_ui.errors import Invalid, Locked
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Config
from streamline_ui.storage.models import Integration
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place


@dataclass(frozen=True, slots=True)
class Sealed:
    """A configuration ready to be stored: the sealed JSON, and the JSON of what may be shown."""

    enc: str
    view: str


def parse(type_name: str, values: Mapping[str, Any]) -> Config:
    """Check values against the provider's form. Raises Invalid with a sentence for each wrong field."""
    provider = named(type_name)
    try:
        config: Config = provider.config.model_validate(dict(values))
    except ValidationError as error:
        fields = formats.sentences(error)
        raise Invalid(next(iter(fields.values()), "The configuration cannot be used."), fields) from None
    return config


def merge(given: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What is given over what is there. Left out, or sent back masked, means unchanged; null means remove."""
    merged = dict(stored)
    for name, value in given.items():
        previous = stored.get(name)
        if value is None:
            merged.pop(name, None)
        elif _is_mask(value):
            continue
        elif isinstance(value, Mapping) and isinstance(previous, Mapping):
            merged[name] = merge(value, previous)
        else:
            merged[name] = value
    return merged


def seal(config: Config, integration_id: str, user_id: str) -> Sealed:
    """Seal a configuration for its row."""
    plain = json.dumps(formats.plain(config), ensure_ascii=False, separators=(",", ":"))
    return Sealed(
        keyring.seal(plain, _place(integration_id, user_id)), json.dumps(formats.view(config), ensure_ascii=False)
    )


def unseal(row: Integration) -> dict[str, Any]:
    """Open a row's configuration. Raises Locked where the key is missing or the value was tampered with."""
    opened: dict[str, Any] = json.loads(keyring.unseal(row.config_enc, _place(row.id, row.user_id)))
    return opened


def over(row: Integration, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given over what the row holds. Where that cannot be opened, only a complete new configuration will do.

    Raises Locked otherwise.
    """
    try:
        stored = unseal(row)
    except Locked:
        if not _is_complete(row.type, given):
            raise
        stored = {}
    return merge(given, stored)


def _is_complete(type_name: str, values: Mapping[str, Any]) -> bool:
    try:
        parse(type_name, values)
    except Invalid:
        return False
    return True


def secrets(config: Config) -> list[str]:
    """Every secret value in it, in clear, to keep them out of texts while it is open."""
    return list(_secrets(formats.plain(config), formats.view(config)))


def _secrets(plain: Mapping[str, Any], view: Mapping[str, Any]) -> Iterator[str]:
    for name, value in plain.items():
        shown = view.get(name)
        if _is_mask(shown) and isinstance(value, str):
            yield value
        elif isinstance(value, Mapping) and isinstance(shown, Mapping):
            yield from _secrets(value, shown)


def _is_mask(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("set") is True


def _place(integration_id: str, user_id: str) -> Place:
    return Place("Integration", "configEnc", integration_id, user_id)
