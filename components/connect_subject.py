"""What the connect dialog is about, and what follows from that for its form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui.element import Element

from components import connection_words, form_inputs
from components.form_fields import FormField
from components.form_parts import Words, tag
from components.schema_form import SchemaForm
from streamline_ui.errors import Invalid
from streamline_ui.integrations import connections
from streamline_ui.integrations.health import Outcome
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import Integration, Status

GRANT = "grantType"


@dataclass(frozen=True, slots=True)
class Subject:
    """A service, and the connection that is changed where it is not a new one."""

    provider: Provider[Any]
    row: Integration | None
    name: str


def signs_in_first(subject: Subject, grant_type: str = "") -> bool:
    """Whether the form's own button leads to the service: for what is new, and where a sign-in is missing."""
    is_waiting = subject.row is None or subject.row.status == Status.WAITING_FOR_SIGN_IN
    return subject.provider.auth_type == "oauth2" and is_waiting and grant_type != "client_credentials"


def sign_in_words(subject: Subject) -> str:
    """What the button is called that leads to the service: "again" only where somebody has been there."""
    row = subject.row
    has_signed_in = row is not None and (bool(row.account) or row.status != Status.WAITING_FOR_SIGN_IN)
    return connection_words.sign_in(subject.provider, again=has_signed_in)


def check_client(subject: Subject, config: Mapping[str, Any]) -> None:
    """Raise Invalid where there is nothing yet to sign in with, at a service that takes a token as well."""
    stored = json.loads(subject.row.config_view) if subject.row is not None else {}
    if not config.get("clientId") and not stored.get("clientId"):
        sentence = "Client ID is missing: signing in needs it, with its secret."
        raise Invalid(sentence, {"clientId": sentence})


async def stored(
    user_id: str,
    subject: Subject,
    name: str,
    config: Mapping[str, Any],
    outcome: Outcome | None = None,
    *,
    is_draft: bool = False,
) -> Integration:
    """Save it, as what goes again without a sign-in where it `is_draft`. Raises StreamlineError."""
    if subject.row is None:
        save = partial(connections.add, user_id, subject.provider.type, name, config)
    else:
        save = partial(connections.change, user_id, subject.row.id, name=name, config=config)
    return await asyncio.to_thread(save, outcome=outcome, is_draft=is_draft)


def is_folded(provider: Provider[Any], field: FormField) -> bool:
    """Whether a field is shown only to who asks for more."""
    return field.advanced or (provider.auth_type == "none" and not field.wanted)


def draw_name(form: SchemaForm, name: str) -> Element:
    """The field for the connection's own name; returns its input."""
    with tag("div", "sl-field"):
        label = Words("Name", "sl-label", "label")
        with tag("div", "sl-input"):
            common: dict[str, Any] = {"maxlength": form_inputs.LONGEST_NAME, **form_inputs.PRIVATE}
            field = tag("input", type_="text", name="name", defaultValue=name, **common)
        form.adopt("name", field, label)
    return field
