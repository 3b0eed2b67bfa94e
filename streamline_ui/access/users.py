"""People with an account: making, changing, removing them, and knowing them by email and password."""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import unicodedata
from typing import Literal
from urllib.parse import quote

from sqlalchemy import func
from sqlmodel import Session, col, select

from streamline_ui import live, names
from streamline_ui.access import alone, limits, passwords, sessions
from streamline_ui.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import User, now

Theme = Literal["system", "light", "dark"]
LONGEST_EMAIL = 254
NO_EMAIL = "?"  # what stands in the list of attempts for something that is no address: it may be a mistyped password

check_password = passwords.check
strength = passwords.strength

_log = logging.getLogger(__name__)
_setup_token: str | None = None


def needs_setup() -> bool:
    """Whether nobody has an account yet."""
    with db.reading() as session:
        return session.exec(select(User.id).limit(1)).first() is None


def require_setup_token(settings: Settings) -> str | None:
    """Decide, once at start, what the first account needs, and return it.

    The token of the settings; one made now where others can reach us and none is set, which the log then shows in a
    link; None on a machine that only its own user can reach.
    """
    global _setup_token  # noqa: PLW0603 - a process has one first run
    made = settings.setup_token is None and not settings.is_loopback
    _setup_token = secrets.token_urlsafe(24) if made else settings.setup_token
    if made and needs_setup():
        _log.warning("First run: make the first account at %s", setup_link(settings))
    return _setup_token


def setup_token(settings: Settings) -> str | None:
    """The token that the first account needs, as `require_setup_token` decided; else the one of the settings."""
    return _setup_token or settings.setup_token


def setup_link(settings: Settings) -> str:
    """Where the first account is made, with the token that was made for it; one from the settings is not repeated."""
    token = None if settings.setup_token else _setup_token
    return f"{settings.address}/welcome?setup={quote(token, safe='')}" if token else f"{settings.address}/welcome"


def create_first(
    email: str, password: str, name: str = "", *, setup_token: str | None = None, address: str = ""
) -> User:
    """Make the first account, an admin's. Raises Conflict where there is one, Forbidden for a wrong setup token."""
    if not needs_setup():
        raise _set_up_already()
    _check_setup_token(setup_token, address)
    user = _new(email, password, name, is_admin=True)
    with db.writing() as session:
        alone.with_table(session, User)
        if session.exec(select(User.id).limit(1)).first() is not None:
            raise _set_up_already()
        session.add(user)
    _log.info("The first account was made.")
    return user


def create(email: str, password: str, *, name: str = "", is_admin: bool = False) -> User:
    """Make an account. Raises Invalid by field, and Conflict where the address has one already."""
    user = _new(email, password, name, is_admin=is_admin)
    with db.writing() as session:
        alone.with_table(session, User)
        if session.exec(select(User.id).where(User.email == user.email)).first() is not None:
            raise Conflict("There is an account with this email address already.")
        session.add(user)
    live.tell(user.id, "user", user.id)
    return user


def verify(email: str, password: str, address: str = "") -> User:
    """The user who signs in. An unknown address, a wrong password and a disabled account look and take the same.

    Raises Unauthenticated (invalid_credentials), or TooMany.
    """
    email = _plain_email(email) or NO_EMAIL
    attempt = limits.begin(email, address)
    with db.reading() as session:
        user = session.exec(select(User).where(User.email == email)).first()
    right = passwords.matches(password, user.password_hash if user else None)
    if user is None or not right or not user.is_active:
        reason = "unknown account" if user is None else "account is disabled" if right else "wrong password"
        limits.settle(attempt, ok=False, reason=reason)
        _log.warning("Sign-in from %s failed.", address or "here")
        raise Unauthenticated(
            "The email address or the password is wrong.",
            hints=["Both are looked up exactly; an admin can set a new password."],
            code="invalid_credentials",
        )
    limits.settle(attempt, ok=True, reason="")
    with db.writing() as session:
        user = session.get(User, user.id) or user
        user.last_sign_in_at = now()
        session.add(user)
    return user


def everyone() -> list[User]:
    """All accounts, the oldest first."""
    with db.reading() as session:
        return list(session.exec(select(User).order_by(col(User.created_at), col(User.id))).all())


def one(user_id: str) -> User:
    """The account of that id. Raises NotFound."""
    with db.reading() as session:
        return _existing(session, user_id)


def change(
    user_id: str,
    *,
    name: str | None = None,
    is_admin: bool | None = None,
    is_active: bool | None = None,
    theme: Theme | None = None,
    password: str | None = None,
    but: str | None = None,
) -> User:
    """Change what is given. Other rights, or a new password, end the user's sessions and the pages opened in them.

    A new password spares the session named by `but`; personal tokens stay, as they are listed and revoked on their own.
    Raises Invalid by field, and Conflict where nobody would be an admin any more.
    """
    clean_name = None if name is None else _clean_name(name)
    hashed = None if password is None else _hashed(password, one(user_id).email)
    with db.writing() as session:
        alone.with_table(session, User)
        user = _existing(session, user_id)
        rights = (user.is_admin, user.is_active)
        user.name = user.name if clean_name is None else clean_name
        user.theme = user.theme if theme is None else theme
        user.is_admin = user.is_admin if is_admin is None else is_admin
        user.is_active = user.is_active if is_active is None else is_active
        user.password_hash = user.password_hash if hashed is None else hashed
        session.add(user)
        session.flush()
        _keep_an_admin(session)
        session.refresh(user)
    if rights != (user.is_admin, user.is_active):
        sessions.end_all(user_id)
    elif hashed is not None:
        sessions.end_all(user_id, but=but)
    live.tell(user_id, "user", user_id)
    return user


def set_password(user_id: str, new: str, *, but: str | None = None) -> None:
    """Give a new password, and end every session except the one named by `but`. Raises Invalid for a weak one."""
    change(user_id, password=new, but=but)


def remove(user_id: str) -> None:
    """Remove the account with all that belongs to it. Raises Conflict for the last admin."""
    with db.writing() as session:
        alone.with_table(session, User)
        user = _existing(session, user_id)
        ended = sessions.ids_of(session, user_id)
        session.delete(user)
        session.flush()
        _keep_an_admin(session)
    for session_id in ended:
        live.tell_session_ended(session_id)
    live.tell(user_id, "user", user_id)


def _new(email: str, password: str, name: str, *, is_admin: bool) -> User:
    fields: dict[str, str] = {}
    plain = _plain_email(email)
    if plain is None:
        fields["email"] = "This is not an email address."
    problem = passwords.check(password, plain or "")
    if problem:
        fields["password"] = problem
    try:
        name = _clean_name(name)
    except Invalid as error:
        fields |= error.fields
    if fields or plain is None:
        raise Invalid("The account cannot be made like this.", fields)
    return User(email=plain, name=name, password_hash=passwords.hash_of(password), is_admin=is_admin)


def _hashed(password: str, email: str) -> str:
    problem = passwords.check(password, email)
    if problem:
        raise Invalid("This password cannot be used.", {"password": problem})
    return passwords.hash_of(password)


def _plain_email(email: str) -> str | None:
    """The address in the form that is kept, or None where it is none. Whether it receives mail is not asked."""
    plain = unicodedata.normalize("NFC", email).strip().lower()
    if len(plain) > LONGEST_EMAIL or any(unicodedata.category(character).startswith("C") for character in plain):
        return None
    return plain if re.fullmatch(r"[^\s@<>\"',;:\\()\[\]]+@[^\s@<>\"',;:\\()]+", plain) else None


def _clean_name(name: str) -> str:
    name = name.strip()
    if said := names.problem(name):
        raise Invalid("This name cannot be used.", {"name": said})
    return name


def _check_setup_token(given: str | None, address: str) -> None:
    if _setup_token is None:
        return
    hints = ["It is in STREAMLINE_SETUP_TOKEN, or in the link that the log shows at start."]
    if not given:
        raise Forbidden("The first account needs the setup token.", hints=hints, code="setup_token_missing")
    attempt = limits.begin("setup", address)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), _setup_token.encode()):
        limits.settle(attempt, ok=False, reason="wrong setup token")
        raise Forbidden("This is not the setup token.", hints=hints, code="setup_token_invalid")
    limits.settle(attempt, ok=True, reason="setup token")


def _set_up_already() -> Conflict:
    return Conflict("Streamline is set up already: there is an account. Sign in, or ask an admin for an account.")


def _existing(session: Session, user_id: str) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _keep_an_admin(session: Session) -> None:
    admins = select(func.count()).select_from(User).where(col(User.is_admin).is_(True), col(User.is_active).is_(True))
    if not session.exec(admins).one():
        raise Conflict("This is the last admin. Make somebody else an admin first.")
