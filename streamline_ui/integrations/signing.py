"""What services sign their events with, from the configuration of a connection."""

from __future__ import annotations

import asyncio

from streamline_ui.integrations import configuration, keys, rows
from streamline_ui.providers.feeds import Entered
from streamline_ui.storage.polling_tables import IntegrationHook
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place


async def secret(user_id: str, integration_id: str, entered: Entered) -> str | None:
    """The secret that this connection's events are signed with, or None where none is set. Raises NotFound, Locked."""
    row = await rows.brief(user_id, integration_id)
    apart = await asyncio.to_thread(keys.opened, user_id, integration_id) if row.has_keys else {}
    found = entered.secret(configuration.load(row, apart))
    return found.get_secret_value() if found is not None else None


def seal_token(token: str, integration_id: str, user_id: str) -> str:
    """The last part of an integration's address, sealed for its row."""
    return keyring.seal(token, _place(integration_id, user_id))


def token(hook: IntegrationHook, user_id: str) -> str | None:
    """The last part of the address, where it may be shown again. Raises Locked."""
    return None if hook.hook_enc is None else keyring.unseal(hook.hook_enc, _place(hook.integration_id, user_id))


def _place(integration_id: str, user_id: str) -> Place:
    return Place("IntegrationHook", "hookEnc", integration_id, user_id)
