"""Keys of a connection that are kept apart, each in a row of its own, so that one is replaced without the others.

A separate key takes the place of the key of the same name in the connection's own configuration; a new name is a
further key. Its expiry is the day that the service has set: we remind of it, and go on using the key until it is
replaced, because only the service knows when it really ends. A value goes in and never out.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, delete, select

from streamline_ui import live
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import configuration, rows
from streamline_ui.providers import formats, named
from streamline_ui.providers.configs import ApiConfig
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiKey, Integration, Status, new_id, now
from streamline_ui.vault import keyring
from streamline_ui.vault.crypto import Place


def possible(type_name: str) -> bool:
    """Whether connections of this service have keys that can be kept apart."""
    return issubclass(named(type_name).config, ApiConfig)


def all_of(user_id: str, integration_id: str) -> list[ApiKey]:
    """A connection's separate keys, by name. Raises NotFound."""
    with db.reading() as session:
        rows.find(session, user_id, integration_id)
        return _rows(session, integration_id)


def put(user_id: str, integration_id: str, name: str, value: str, expires_at: datetime | None = None) -> ApiKey:
    """Keep a key apart, in place of the one of the same name. The connection is tested with it at once.

    Raises NotFound, Locked, and Invalid with `fields` for "name", "value" and "expiresAt".
    """
    with db.writing() as session:
        owner = rows.find(session, user_id, integration_id)
        if expires_at is not None and expires_at <= now():
            raise Invalid("This time is over.", {"expiresAt": "This time is over: such a key would be refused."})
        name, value = _checked(owner, name, value)
        kept = ApiKey(id=new_id(), integration_id=owner.id, name=name, value_enc="", expires_at=expires_at)
        kept.value_enc = keyring.seal(value, _place(kept.id, user_id))
        session.exec(delete(ApiKey).where(col(ApiKey.integration_id) == owner.id, col(ApiKey.name) == name))
        session.add(kept)
        _test_soon(session, owner)
    live.tell(user_id, "integration", integration_id)
    return kept


def remove(user_id: str, integration_id: str, key_id: str) -> None:
    """Throw a key away: the connection goes on with its own of that name. Raises NotFound."""
    with db.writing() as session:
        owner = rows.find(session, user_id, integration_id)
        gone = delete(ApiKey).where(col(ApiKey.id) == key_id, col(ApiKey.integration_id) == owner.id)
        if session.exec(gone).rowcount == 0:
            raise NotFound("There is no such key.")
        _test_soon(session, owner)
    live.tell(user_id, "integration", integration_id)


def opened(user_id: str, integration_id: str) -> dict[str, str]:
    """The values by name, in clear: for using the connection. Raises Locked."""
    with db.reading() as session:
        found = _rows(session, integration_id)
    return {row.name: keyring.unseal(row.value_enc, _place(row.id, user_id)) for row in found}


def names(session: Session, integration_id: str) -> list[str]:
    """What a connection's separate keys are called."""
    return [row.name for row in _rows(session, integration_id)]


def _checked(owner: Integration, name: str, value: str) -> tuple[str, str]:
    """Name and value as the service's own form takes them."""
    if not possible(owner.type):
        raise Invalid(f"{named(owner.type).name} has no keys that can be kept apart.")
    try:
        parsed = configuration.parse(owner.type, configuration.with_keys(configuration.unseal(owner), {name: value}))
    except Invalid as error:
        wrong = error.fields.get(f"apiKeys.{name}") or next(iter(error.fields.values()), error.message)
        where = "name" if wrong.startswith("The name of a key") else "value"
        raise Invalid(wrong, {where: wrong}, hints=error.hints) from None
    tidy = name.strip()
    cleaned = formats.plain(parsed).get("apiKeys", {}).get(tidy)
    if not tidy or not cleaned:
        missing = "name" if not tidy else "value"
        raise Invalid(f"The {missing} is missing.", {missing: f"The {missing} is missing."})
    return tidy, str(cleaned)


def _rows(session: Session, integration_id: str) -> list[ApiKey]:
    query = select(ApiKey).where(ApiKey.integration_id == integration_id)
    return list(session.exec(query.order_by(col(ApiKey.name))).all())


def _test_soon(session: Session, owner: Integration) -> None:
    """What is refused may work now, and the other way round."""
    if owner.is_active:
        owner.next_check_at, owner.failures = now(), 0
        if Status(owner.status) is not Status.NOT_TESTED:
            owner.status, owner.status_since = Status.NOT_TESTED, now()
    session.add(owner)


def _place(key_id: str, user_id: str) -> Place:
    return Place("ApiKey", "valueEnc", key_id, user_id)
