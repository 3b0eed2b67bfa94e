from __future__ import annotations

from datetime import timedelta

import pytest

from streamline_ui import live
from streamline_ui.access import bearer, secret, sessions, tokens, users
from streamline_ui.errors import Invalid, NotFound, Unauthenticated
from streamline_ui.storage import db
from streamline_ui.storage.models import ApiToken, Session, User, now


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the sessions whose end was told."""
    told: list[str] = []
    monkeypatch.setattr(live, "tell_session_ended", told.append)
    return told


def expire(table: type[Session] | type[ApiToken], row_id: str, ago: float = 1) -> None:
    with db.writing() as session:
        row = session.get_one(table, row_id)
        row.expires_at = now() - timedelta(seconds=ago)
        session.add(row)


def code_of(header: str | None) -> str:
    with pytest.raises(Unauthenticated) as refused:
        bearer.caller(header)
    return refused.value.code


def test_only_a_hash_of_the_secret_is_kept(alice: User) -> None:
    cookie, row = sessions.start(alice.id, kind="browser", address="192.0.2.1", user_agent="Firefox\r\nX: y" * 100)
    token, made = tokens.make(alice.id, "script")
    assert len(cookie) >= 43  # 256 bits
    assert token.startswith("stl_")
    assert row.secret_hash == secret.hash_of(cookie)
    with db.reading() as session:
        dump = str(session.get_one(Session, row.id).model_dump()) + str(session.get_one(ApiToken, made.id).model_dump())
    assert cookie not in dump
    assert token not in dump
    assert "\n" not in row.user_agent
    assert len(row.user_agent) <= 300


def test_every_session_has_a_secret_of_its_own(alice: User) -> None:
    made = {sessions.start(alice.id, kind="browser")[0] for _ in range(20)}
    assert len(made) == 20


def test_a_visitor_is_who_has_the_cookie(alice: User) -> None:
    cookie, row = sessions.start(alice.id, kind="browser")
    visitor = sessions.visitor(cookie)
    assert visitor is not None
    assert (visitor.session_id, visitor.user_id, visitor.is_admin) == (row.id, alice.id, True)
    for wrong in (None, "", "x", cookie[:-1], cookie + "x", row.id, row.secret_hash):
        assert sessions.visitor(wrong) is None


def test_a_cookie_is_no_bearer_and_a_bearer_no_cookie(alice: User) -> None:
    cookie, _ = sessions.start(alice.id, kind="browser")
    token, _ = sessions.start(alice.id, kind="api")
    assert sessions.visitor(token) is None
    assert code_of(f"Bearer {cookie}") == "token_invalid"
    assert bearer.caller(f"Bearer {token}").user_id == alice.id


def test_use_makes_a_browsers_session_last_longer_at_most_once_a_minute(alice: User) -> None:
    cookie, row = sessions.start(alice.id, kind="browser")
    sessions.visitor(cookie)
    [same] = sessions.all_of(alice.id)
    assert same.last_seen_at == row.last_seen_at
    with db.writing() as session:
        old = session.get_one(Session, row.id)
        old.last_seen_at, old.expires_at = now() - timedelta(days=29), now() + timedelta(days=1)
        session.add(old)
    sessions.visitor(cookie)
    [used] = sessions.all_of(alice.id)
    assert used.expires_at > now() + timedelta(days=29)


def test_use_does_not_make_a_bearer_last_longer(alice: User) -> None:
    token, row = sessions.start(alice.id, kind="api")
    with db.writing() as session:
        old = session.get_one(Session, row.id)
        old.last_seen_at, old.expires_at = now() - timedelta(days=29), now() + timedelta(days=1)
        session.add(old)
    bearer.caller(f"Bearer {token}")
    [used] = sessions.all_of(alice.id)
    assert used.expires_at < now() + timedelta(days=2)
    assert used.last_seen_at > now() - timedelta(minutes=1)


def test_an_expired_session_ends_and_pages_are_told(alice: User, ended: list[str]) -> None:
    cookie, row = sessions.start(alice.id, kind="browser")
    expire(Session, row.id)
    assert not sessions.living([row.id])
    assert sessions.visitor(cookie) is None
    assert ended == [row.id]


def test_expired_sessions_are_swept(alice: User, ended: list[str]) -> None:
    _, old = sessions.start(alice.id, kind="browser")
    _, fresh = sessions.start(alice.id, kind="browser")
    expire(Session, old.id)
    assert sessions.prune() == 1
    assert ended == [old.id]
    assert sessions.living([fresh.id])


def test_ending_all_but_one(alice: User, bob: User, ended: list[str]) -> None:
    _, kept = sessions.start(alice.id, kind="browser")
    _, other = sessions.start(alice.id, kind="browser")
    _, bobs = sessions.start(bob.id, kind="browser")
    sessions.end_all(alice.id, but=kept.id)
    assert ended == [other.id]
    assert sessions.living([kept.id])
    assert sessions.living([bobs.id])


def test_a_disabled_account_is_shut_out_at_once(alice: User, bob: User, ended: list[str]) -> None:
    cookie, row = sessions.start(bob.id, kind="browser")
    session_token, _ = sessions.start(bob.id, kind="api")
    personal_token, _ = tokens.make(bob.id, "script")
    users.change(bob.id, is_active=False)
    assert row.id in ended
    assert sessions.visitor(cookie) is None
    assert code_of(f"Bearer {session_token}") == "token_invalid"
    assert code_of(f"Bearer {personal_token}") == "token_invalid"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("   ", "token_missing"),
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Bearer stl_", "token_invalid"),
        ("Bearer stl_" + "x" * 43, "token_invalid"),
        ("Bearer stl_" + "x" * 100_000, "token_invalid"),
        ("Bearer stl_ü\ud800", "token_invalid"),
        ("Bearer ' OR 1=1 --", "token_invalid"),
        ("Basic YWxpY2U6cGFzcw==", "token_invalid"),
        ("stl_" + "x" * 43, "token_invalid"),
    ],
)
def test_headers_that_let_nobody_in(alice: User, header: str | None, code: str) -> None:
    assert code_of(header) == code


def test_the_scheme_may_be_written_in_any_case(alice: User) -> None:
    token, _ = tokens.make(alice.id, "script")
    assert bearer.caller(f"bearer  {token} ").user_id == alice.id


def test_an_expired_bearer_says_so(alice: User) -> None:
    token, row = sessions.start(alice.id, kind="api")
    personal, made = tokens.make(alice.id, "script", expires_at=now() + timedelta(hours=1))
    assert bearer.caller(f"Bearer {personal}").token_id == made.id
    expire(Session, row.id)
    expire(ApiToken, made.id)
    assert code_of(f"Bearer {token}") == "token_expired"
    assert code_of(f"Bearer {personal}") == "token_expired"


def test_a_token_knows_what_it_may_do_and_when_it_was_used(alice: User) -> None:
    token, _ = tokens.make(alice.id, "reader", scopes=["read"])
    assert tokens.all_of(alice.id)[0].last_used_at is None
    assert bearer.caller(f"Bearer {token}").scopes == {"read"}
    assert tokens.all_of(alice.id)[0].last_used_at is not None
    writer, _ = tokens.make(alice.id, "writer", scopes=["write"])
    assert bearer.caller(f"Bearer {writer}").scopes == {"read", "write"}


def test_a_revoked_token_is_dead_and_only_its_owner_revokes_it(alice: User, bob: User) -> None:
    token, row = tokens.make(alice.id, "script")
    with pytest.raises(NotFound):
        tokens.revoke(bob.id, row.id)
    assert bearer.caller(f"Bearer {token}").user_id == alice.id
    tokens.revoke(alice.id, row.id)
    assert code_of(f"Bearer {token}") == "token_invalid"
    with pytest.raises(NotFound):
        tokens.revoke(alice.id, row.id)


def test_a_token_that_makes_no_sense_is_refused(alice: User) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.make(alice.id, " ", scopes=["admin"], expires_at=now() - timedelta(seconds=1))
    assert set(refused.value.fields) == {"name", "scopes", "expiresAt"}
    with pytest.raises(Invalid):
        tokens.make(alice.id, "line\nbreak")
    with pytest.raises(Invalid):
        tokens.make(alice.id, "nothing", scopes=[])


def test_there_is_an_end_to_tokens(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    tokens.make(alice.id, "one")
    tokens.make(alice.id, "two")
    with pytest.raises(Invalid):
        tokens.make(alice.id, "three")
