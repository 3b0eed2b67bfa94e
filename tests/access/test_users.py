from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.access import limits, passwords, sessions, tokens, users
from streamline_ui.errors import Conflict, Forbidden, Invalid, NotFound, StreamlineError, TooMany, Unauthenticated
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiToken, Session, User
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _no_setup_token(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(users, "_setup_token", None)
    yield


def test_the_first_account_is_an_admins_and_there_is_one_only(data: Settings) -> None:
    assert users.needs_setup()
    alice = users.create_first("  Alice@Example.COM ", PASSWORD, " Alice ")
    assert (alice.email, alice.name, alice.is_admin) == ("alice@example.com", "Alice", True)
    assert not users.needs_setup()
    with pytest.raises(Conflict):
        users.create_first("bob@example.com", PASSWORD)


def test_of_many_first_accounts_at_once_one_is_made(data: Settings) -> None:
    results: list[str] = []

    def create(number: int) -> None:
        try:
            users.create_first(f"user{number}@example.com", PASSWORD)
            results.append("made")
        except StreamlineError as error:
            results.append(error.code)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict"] * 5 + ["made"]
    assert len(users.everyone()) == 1


@pytest.mark.parametrize(
    "email",
    ["", "alice", "@example.com", "alice@", "a b@example.com", "a@b@c", "a\x00@b.c", "<a>@b.c", "a" * 251 + "@b.c"],
)
def test_what_is_no_email_address_is_refused(data: Settings, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        users.create_first(email, "short", "n" * 101)
    assert set(refused.value.fields) == {"email", "password", "name"}  # all that is wrong is told at once
    assert users.needs_setup()


@pytest.mark.parametrize("email", ["alice@localhost", "a.b+c@example.co.uk", "ä@exämple.com", "o'x@example.com"])
def test_unusual_addresses_are_accepted(data: Settings, email: str) -> None:
    if "'" in email:
        with pytest.raises(Invalid):
            users.create_first(email, PASSWORD)
    else:
        assert users.create_first(email, PASSWORD).email == email


def test_an_address_has_one_account(alice: User) -> None:
    with pytest.raises(Conflict):
        users.create("ALICE@example.com", PASSWORD)


# The setup token


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "setup_token_missing"),
        ("", "setup_token_missing"),
        ("wrong", "setup_token_invalid"),
        ("ü", "setup_token_invalid"),
    ],
)
def test_a_setup_token_that_is_set_is_needed(data: Settings, given: str | None, code: str) -> None:
    chosen = replace(data, setup_token="open-sesame")
    assert users.require_setup_token(chosen) == "open-sesame"
    assert "open-sesame" not in users.setup_link(chosen)
    with pytest.raises(Forbidden) as refused:
        users.create_first("alice@example.com", PASSWORD, setup_token=given)
    assert refused.value.code == code
    assert users.needs_setup()
    assert users.create_first("alice@example.com", PASSWORD, setup_token="open-sesame").is_admin


def test_a_setup_token_cannot_be_guessed_for_long(data: Settings) -> None:
    users.require_setup_token(replace(data, setup_token="open-sesame"))
    for _ in range(limits.FREE_ATTEMPTS):
        with pytest.raises(Forbidden):
            users.create_first("alice@example.com", PASSWORD, setup_token="wrong", address="192.0.2.1")
    with pytest.raises(TooMany):
        users.create_first("alice@example.com", PASSWORD, setup_token="open-sesame", address="192.0.2.1")


def test_off_loopback_a_token_is_made_and_the_log_shows_the_link(
    data: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    open_settings = replace(data, host="0.0.0.0")
    with caplog.at_level(logging.WARNING):
        token = users.require_setup_token(open_settings)
    assert token is not None
    assert len(token) >= 32
    assert f"http://localhost:8080/welcome?setup={token}" in caplog.text
    assert users.setup_token(open_settings) == token
    assert users.require_setup_token(open_settings) != token
    users.create_first("alice@example.com", PASSWORD, setup_token=users.setup_token(open_settings))
    caplog.clear()
    users.require_setup_token(open_settings)
    assert "/welcome" not in caplog.text  # once there is an account, nothing is printed


def test_on_loopback_no_token_is_needed(data: Settings) -> None:
    assert users.require_setup_token(data) is None
    assert users.setup_link(data) == "http://127.0.0.1:8080/welcome"
    assert users.setup_link(replace(data, base_url="https://hub.example.org/x")) == "https://hub.example.org/x/welcome"


# Signing in


def test_the_right_password_signs_in(alice: User) -> None:
    user = users.verify(" ALICE@example.com", PASSWORD, "192.0.2.1")
    assert user.id == alice.id
    assert users.one(alice.id).last_sign_in_at is not None
    assert [(a.ok, a.reason, a.address) for a in limits.recent(alice.email)] == [(True, "", "192.0.2.1")]


def test_a_stranger_a_wrong_password_and_a_disabled_account_look_the_same(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.change(bob.id, is_active=False)
    hashed: list[bool] = []
    matches: Callable[..., bool] = passwords.matches

    def counted(*arguments: Any) -> bool:
        hashed.append(True)
        return matches(*arguments)

    monkeypatch.setattr(passwords, "matches", counted)
    seen = set()
    for email, password in [
        ("alice@example.com", "wrong-wrong-wrong"),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("not an address", PASSWORD),
    ]:
        with pytest.raises(Unauthenticated) as refused:
            users.verify(email, password, "192.0.2.1")
        seen.add((refused.value.code, refused.value.message, refused.value.hints))
    assert len(seen) == 1
    assert seen.pop()[0] == "invalid_credentials"
    assert len(hashed) == 4  # each took the time of a hash
    assert limits.recent("bob@example.com")[0].reason == "account is disabled"
    assert limits.recent("nobody@example.com")[0].reason == "unknown account"
    assert limits.recent("not an address") == []  # it may be a password typed into the wrong field


# Changing accounts


def test_the_last_admin_stays(alice: User, bob: User) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: users.change(alice.id, is_admin=False),
        lambda: users.change(alice.id, is_active=False),
        lambda: users.remove(alice.id),
    ]
    for attempt in attempts:
        with pytest.raises(Conflict):
            attempt()
    kept = users.one(alice.id)
    assert kept.is_admin
    assert kept.is_active
    users.change(bob.id, is_admin=True)
    users.change(alice.id, is_admin=False)
    with pytest.raises(Conflict):
        users.remove(bob.id)


@pytest.mark.parametrize("change", [{"is_admin": True}, {"is_active": False}, {"password": "another-good-password"}])
def test_other_rights_or_a_new_password_end_the_sessions(bob: User, change: dict[str, Any]) -> None:
    cookie, _ = sessions.start(bob.id, kind="browser")
    assert sessions.visitor(cookie) is not None
    users.change(bob.id, **change)
    assert sessions.visitor(cookie) is None
    with db.reading() as session:
        assert session.exec(select(Session).where(Session.user_id == bob.id)).first() is None


def test_a_name_or_theme_ends_no_session(bob: User) -> None:
    cookie, _ = sessions.start(bob.id, kind="browser")
    users.change(bob.id, name="Robert", theme="dark")
    visitor = sessions.visitor(cookie)
    assert visitor is not None
    assert (visitor.name, visitor.theme) == ("Robert", "dark")


def test_a_new_password_spares_the_session_that_asked(bob: User) -> None:
    mine, row = sessions.start(bob.id, kind="browser")
    other, _ = sessions.start(bob.id, kind="browser")
    users.set_password(bob.id, "another-good-password", but=row.id)
    assert sessions.visitor(mine) is not None
    assert sessions.visitor(other) is None
    assert users.verify(bob.email, "another-good-password").id == bob.id
    with pytest.raises(Unauthenticated):
        users.verify(bob.email, PASSWORD)


def test_a_weak_new_password_changes_nothing(bob: User) -> None:
    with pytest.raises(Invalid) as refused:
        users.change(bob.id, name="Robert", password="password123")
    assert set(refused.value.fields) == {"password"}
    assert users.one(bob.id).name == "Bob"


def test_removing_takes_everything_along(bob: User) -> None:
    sessions.start(bob.id, kind="browser")
    tokens.make(bob.id, "script")
    users.remove(bob.id)
    with pytest.raises(NotFound):
        users.one(bob.id)
    with db.reading() as session:
        assert session.exec(select(Session)).all() == []
        assert session.exec(select(ApiToken)).all() == []


@pytest.mark.parametrize("name", ["Bob\nINFO all is well", "Bob\u2028", "Bob\ud800"])
def test_control_characters_are_no_name(bob: User, name: str) -> None:
    with pytest.raises(Invalid):
        users.change(bob.id, name=f"{name}.")
