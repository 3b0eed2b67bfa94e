"""What is secret about a workflow: its address, and what requests to it are signed with. Sealed; found by a hash."""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol

from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place

TOKEN_BYTES = 24  # 192 bits, so that an address cannot be guessed


class Signed(Protocol):
    """A workflow, as far as its signing secret is concerned."""

    @property
    def id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def verification_enc(self) -> str | None: ...


def new_token() -> str:
    """The last part of a new address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What the address is looked up by."""
    return hashlib.sha256(token.encode()).hexdigest()


def seal_token(token: str, workflow_id: str, user_id: str) -> str:
    """The address, sealed for its row."""
    return keyring.seal(token, Place("Workflow", "hookEnc", workflow_id, user_id))


def token(workflow: Workflow) -> str:
    """The last part of the workflow's address. Raises Locked."""
    return keyring.unseal(workflow.hook_enc, Place("Workflow", "hookEnc", workflow.id, workflow.user_id))


def seal_verification(secret: str, workflow_id: str, user_id: str) -> str:
    """A signing secret, sealed for its row."""
    return keyring.seal(secret, Place("Workflow", "verificationEnc", workflow_id, user_id))


def verification(workflow: Signed) -> str | None:
    """The signing secret, or None where there is none. Raises Locked."""
    if workflow.verification_enc is None:
        return None
    return keyring.unseal(
        workflow.verification_enc, Place("Workflow", "verificationEnc", workflow.id, workflow.user_id)
    )
