"""What is secret about a workflow: its address, and what requests to it are signed with. Sealed; found by a hash."""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol

from pydantic import SecretStr

from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place
from streamline_ui.workflows import definitions
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.triggers import WebhookTrigger

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


def seal_draft_verification(secret: str, workflow_id: str, user_id: str) -> str:
    """A signing secret that does not count yet, sealed for its row."""
    return keyring.seal(secret, Place("Workflow", "draftVerificationEnc", workflow_id, user_id))


def take_over_draft(workflow: Workflow) -> None:
    """Let the signing secret of the draft count from now on, where it has one. Raises Locked."""
    entered, workflow.draft_verification_enc = of_draft(workflow), None
    if entered is not None:
        workflow.verification_enc = seal_verification(entered.get_secret_value(), workflow.id, workflow.user_id)


def of_draft(workflow: Workflow) -> SecretStr | None:
    """The signing secret that was entered for the draft, where it has one. Raises Locked."""
    if workflow.draft_verification_enc is None:
        return None
    place = Place("Workflow", "draftVerificationEnc", workflow.id, workflow.user_id)
    return SecretStr(keyring.unseal(workflow.draft_verification_enc, place))


def verification(workflow: Signed) -> str | None:
    """The signing secret, or None where there is none. Raises Locked."""
    if workflow.verification_enc is None:
        return None
    return keyring.unseal(
        workflow.verification_enc, Place("Workflow", "verificationEnc", workflow.id, workflow.user_id)
    )


def as_kept(definition: Definition, workflow: Workflow | None, *, is_draft: bool = False) -> Definition:
    """The definition, where it only says that a secret is set: if none is, then without it."""
    is_entered = is_draft and workflow is not None and workflow.draft_verification_enc is not None
    is_kept = is_entered or (workflow is not None and workflow.verification_enc is not None)
    return (
        definition if is_kept or definitions.secret(definition) is not None else definitions.without_secret(definition)
    )


def keep(workflow: Workflow, definition: Definition) -> None:
    """Seal what was entered; one that nothing asks for any more is forgotten, and one for a draft that is no more."""
    workflow.draft_verification_enc = None
    entered = definitions.secret(definition)
    trigger = definition.trigger
    if entered is not None:
        workflow.verification_enc = seal_verification(entered, workflow.id, workflow.user_id)
    elif not isinstance(trigger, WebhookTrigger) or trigger.verification.scheme == "none":
        workflow.verification_enc = None
