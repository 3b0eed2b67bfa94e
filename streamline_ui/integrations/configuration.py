"""An integration's configuration on its way in and out: checked, merged with what is there, sealed, opened, shown.

Stored is exactly the specification's JSON (`{"webhookUrl": "…"}`), sealed and bound to its row. What may be shown of it
is made at the same moment, so that looking at connections opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx

from streamline_ui.errors import Invalid, Locked
from streamline_ui.integrations import reachable
from streamline_ui.integrations.rows import Brief
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Config
from streamline_ui.storage.models import Integration
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place

MOST_KEPT = 200  # opened configurations in memory
KEPT_SECONDS = 30.0  # without being used
MOVED = "Enter it again: the service address has changed."
APART = "Remove the separate key of this name first: the service address has changed."


@dataclass(frozen=True, slots=True)
class Sealed:
    """A configuration ready to be stored: the sealed JSON, and the JSON of what may be shown."""

    enc: str
    view: str


@dataclass(slots=True)
class _Kept:
    """A configuration that was opened for a call, kept for the next. One that was changed has another `enc`."""

    era: object
    enc: str
    user_id: str
    config: Config
    used_at: float


_kept: dict[str, _Kept] = {}


def parse(type_name: str, values: Mapping[str, Any]) -> Config:
    """Check values against the provider's form. Raises Invalid with a sentence for each wrong field."""
    provider = named(type_name)
    model: type[Config] = provider.config
    config = formats.read(model, values)
    reachable.check(provider, config)
    return config


def load(row: Integration | Brief, keys: Mapping[str, str] | None = None) -> Config:
    """A row's configuration, opened, with its separate keys in it.

    It was checked when it was saved, so a stricter form of today does not matter.
    """
    if keys:
        return _load(row, keys)
    era, kept = keyring.era(), _kept.get(row.id)
    if kept is not None and kept.era is era and (kept.enc, kept.user_id) == (row.config_enc, row.user_id):
        kept.used_at = monotonic()
        return kept.config
    config = _load(row, {})
    if len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[row.id] = _Kept(era, row.config_enc, row.user_id, config, monotonic())
    return config


def _load(row: Integration | Brief, keys: Mapping[str, str]) -> Config:
    model: type[Config] = named(row.type).config
    return formats.load(model, with_keys(unseal(row), keys))


def drop_idle() -> None:
    """Forget what was opened and is not used any more, or may not be since the keys changed. To be called often."""
    era, before = keyring.era(), monotonic() - KEPT_SECONDS
    for integration_id, kept in list(_kept.items()):
        if kept.era is not era or kept.used_at < before:
            _kept.pop(integration_id, None)


def with_keys(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """A stored configuration with separate keys in the place of those of the same name."""
    return {**values, "apiKeys": {**values.get("apiKeys", {}), **keys}} if keys else dict(values)


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
    enc = keyring.seal(formats.plain_json(config), _place(integration_id, user_id))
    return Sealed(enc, json.dumps(formats.view(config), ensure_ascii=False))


def unseal(row: Integration | Brief) -> dict[str, Any]:
    """Open a row's configuration. Raises Locked where the key is missing or the value was tampered with."""
    opened: dict[str, Any] = json.loads(keyring.unseal(row.config_enc, _place(row.id, row.user_id)))
    return opened


def is_held(row: Integration, config: Config) -> bool:
    """Whether the row holds exactly this."""
    try:
        return bool(unseal(row) == json.loads(formats.plain_json(config)))
    except Locked:
        return False


def over(row: Integration, given: Mapping[str, Any], keys: Collection[str] = ()) -> dict[str, Any]:
    """What is given over what the row holds. Where that cannot be opened, only a complete new configuration will do.

    `keys` names the row's separate keys, which stay with the address that they were given for.

    Raises Locked otherwise, and Invalid where a stored secret would go to another address than it was given for.
    """
    try:
        stored = unseal(row)
    except Locked:
        if not _is_complete(row.type, given):
            raise
        stored = {}
    if carried := carried_off(row.type, given, stored, keys):
        raise Invalid("The service address has changed, so the credentials are needed again.", carried)
    return merge(_with_polling(given, stored), stored)


def _with_polling(given: Mapping[str, Any], stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whoever goes back from a webhook to polling wants to be polled: the webhook has turned it off by itself."""
    is_back = given.get("connectionMode") == "polling" and stored.get("connectionMode") == "webhook"
    return {"pollingEnabled": True, **given} if is_back else given


def carried_off(
    type_name: str, given: Mapping[str, Any], stored: Mapping[str, Any], keys: Collection[str] = ()
) -> dict[str, str]:
    """The stored secrets that `given` sends to another origin than before without naming them: field -> sentence.

    Whoever may edit a connection may not read its secrets, and would, by pointing it at a server of their own.
    """
    merged = _parsed(type_name, merge(given, stored))
    before = formats.load(named(type_name).config, stored) if stored else None
    if merged is None or before is None or _origin(type_name, merged) == _origin(type_name, before):
        return {}
    found = {f"apiKeys.{name}": APART for name in keys}
    for path in _secret_paths(formats.view(before)):
        without = _parsed(type_name, merge(given, _less(stored, path)))
        if path in _secret_paths(formats.view(merged)) and (
            without is None or path not in _secret_paths(formats.view(without))
        ):
            found[".".join(path)] = MOVED
    return found


def _origin(type_name: str, config: Config) -> list[tuple[str, str, int | None]]:
    """Where secrets are sent: to the service, and to the addresses that give its tokens and take them back."""
    provider = named(type_name)
    oauth = provider.oauth(config)
    addresses = [provider.base_url(config), *([oauth.token_url, oauth.revoke_url] if oauth is not None else [])]
    return [(url.scheme, url.host, url.port) for url in map(httpx.URL, addresses)]


def _secret_paths(view: Mapping[str, Any], *above: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, value in view.items():
        if _is_mask(value):
            found.append((*above, name))
        elif isinstance(value, Mapping):
            found += _secret_paths(value, *above, name)
    return found


def _less(values: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    name, *rest = path
    if rest:
        return {**values, name: _less(values[name], tuple(rest))}
    return {key: value for key, value in values.items() if key != name}


def _is_complete(type_name: str, values: Mapping[str, Any]) -> bool:
    return _parsed(type_name, values) is not None


def _parsed(type_name: str, values: Mapping[str, Any]) -> Config | None:
    try:
        return parse(type_name, values)
    except Invalid:
        return None


def _is_mask(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("set") is True


def _place(integration_id: str, user_id: str) -> Place:
    return Place("Integration", "configEnc", integration_id, user_id)
