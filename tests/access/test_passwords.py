from __future__ import annotations

import threading
import time

import pytest

from streamline_ui.access import passwords
from streamline_ui.errors import TooMany

ALICE = "alice.liddell@example.com"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 10"),
        ("short-one", "at least 10"),
        ("x" * 201, "at most 200"),
        ("with\nline break", "control characters"),
        ("with\x00nul in it", "control characters"),
        ("alice.liddell@example.com", "email address"),
        ("ALICE.LIDDELL@example.com", "email address"),
        ("alice.liddell42!", "email address"),
        ("password123", "first that others"),
        ("Passwort2024!", "first that others"),
        ("P@ssw0rd123!", "first that others"),
        ("admin password", "first that others"),
        ("streamline1", "first that others"),
        ("aaaaaaaaaaaa", "first that others"),
        ("abababababab", "first that others"),
        ("abcabcabcabc", "first that others"),
        ("abcdefghijkl", "first that others"),
        ("qwertyuiop", "first that others"),
        ("qwertzuiop99", "first that others"),
        ("poiuytrewq", "first that others"),
        ("1q2w3e4r5t", "first that others"),
        ("0123456789", "first that others"),
        ("24.12.1999", "first that others"),
    ],
)
def test_weak_passwords_are_refused_with_a_reason(password: str, reason: str) -> None:
    sentence = passwords.check(password, ALICE)
    assert sentence is not None
    assert reason in sentence
    assert sentence.endswith(".")
    assert passwords.strength(password, ALICE) == 0


@pytest.mark.parametrize(
    ("password", "at_least"),
    [
        ("kaffee wolke zaun lampe", 4),
        ("quiet-river-paper-lamp", 4),
        ("correct horse battery", 3),
        ("xk7-Wq2pLm", 2),
        ("Grüße aus Köln", 3),
        ("пароль на русском", 2),
        ("  spaces around it  ", 3),
        ("x" * 100 + "abcdef 123", 3),
    ],
)
def test_good_passwords_are_accepted(password: str, at_least: int) -> None:
    assert passwords.check(password, ALICE) is None
    assert at_least <= passwords.strength(password) <= 4


def test_a_hash_is_argon2id_with_the_agreed_cost() -> None:
    hashed = passwords.hash_of("quiet-river-paper-lamp")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.hash_of("quiet-river-paper-lamp") != hashed


def test_only_the_right_password_matches() -> None:
    hashed = passwords.hash_of("quiet-river-paper-lamp")
    assert passwords.matches("quiet-river-paper-lamp", hashed)
    for wrong in (
        "quiet-river-paper-lam",
        "quiet-river-paper-lamp ",
        "Quiet-river-paper-lamp",
        "",
        "x" * 10_000,
        "\x00",
    ):
        assert not passwords.matches(wrong, hashed), wrong[:30]


def test_the_same_letters_typed_differently_match() -> None:
    assert passwords.matches("Gr\u00fc\u00dfe aus K\u00f6ln", passwords.hash_of("Gru\u0308\u00dfe aus Ko\u0308ln"))


def test_without_a_hash_nothing_matches() -> None:
    assert not passwords.matches("the password of nobody", None)


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads hold the turns; a third is asked to come back."""
    monkeypatch.setattr(passwords, "TURN_SECONDS", 0.05)
    inside, leave = threading.Barrier(3), threading.Event()

    def hold() -> None:
        with passwords._turn():
            inside.wait(5)
            leave.wait(5)

    holders = [threading.Thread(target=hold) for _ in range(2)]
    for holder in holders:
        holder.start()
    inside.wait(5)
    with pytest.raises(TooMany) as refused:
        passwords.hash_of("quiet-river-paper-lamp")
    assert refused.value.retry_after > 0
    leave.set()
    for holder in holders:
        holder.join(5)
    started = time.perf_counter()
    passwords.hash_of("quiet-river-paper-lamp")
    assert time.perf_counter() - started < 5
