"""Passwords: what is accepted, how good it is, and how it is kept (argon2id, 19 MiB, 2 passes, about 20 ms).

A hash fills a core for that time, so no more than two are computed at once; whoever cannot get a turn is asked to wait.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from streamline_ui.errors import TooMany

with warnings.catch_warnings():  # passlib 1.7.4 imports a module that Python 3.13 no longer has, and copes without it
    warnings.filterwarnings("ignore", message="'crypt' is deprecated", category=DeprecationWarning)
    from passlib.hash import argon2

with warnings.catch_warnings():  # it asks argon2-cffi for its version once, in a way that is deprecated there
    warnings.filterwarnings("ignore", message=r"Accessing argon2\.__version__", category=DeprecationWarning)
    _hasher: Any = argon2  # the stubs leave `using` untyped
    _argon2id = _hasher.using(type="ID", memory_cost=19 * 1024, time_cost=2, parallelism=1)
    _argon2id.set_backend("argon2_cffi")

SHORTEST = 10
LONGEST = 200
TURN_SECONDS = 10.0

_turns = threading.BoundedSemaphore(2)

# What people choose when they are made to choose: words, and what they become with digits and signs around them.
_COMMON_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        password passwort passwd passw pass admin administrator root user guest login welcome willkommen letmein
        iloveyou monkey dragon football baseball superman batman princess sunshine shadow master hello freedom trustno
        whatever starwars pokemon summer winter spring autumn sommer herbst secret geheim test testing changeme change
        default qwerty qwertz azerty qwertyuiop qwertzuiop azertyuiop asdfgh asdfghjkl zxcvbn yxcvbn streamline
        server homelab january february march april june july august september october november december monday
        tuesday wednesday thursday friday saturday sunday computer internet samsung google michael jennifer jordan
        """,
    )
)
_LOOKALIKES = str.maketrans("@40$5!1|378", "aaossiiletb")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "01234567890",
    "1q2w3e4r5t6y7u8i9o0p",
    "1q2w3e4r5t6z7u8i9o0p",
)


def check(text: str, email: str = "") -> str | None:
    """Why this cannot be the password, as a sentence, or None where it can."""
    if len(text) < SHORTEST:
        return f"Use at least {SHORTEST} characters; a few words in a row are easy to remember."
    if len(text) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if any(unicodedata.category(character) == "Cc" for character in text):
        return "Leave out control characters such as line breaks."
    if email and _is_email(text.lower(), email.lower()):
        return "The email address is no password."
    if _is_common(text.lower()):
        return "This is among the first that others would try. Use a few unrelated words instead."
    return None


def strength(text: str, email: str = "") -> int:
    """How hard it is to guess: 0 (refused) to 4 (very good). A rough meter, not a promise."""
    if check(text, email) is not None:
        return 0
    kinds = sum(bool(re.search(kind, text)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[^a-zA-Z\d]"))
    score = len(set(text)) + 0.75 * (len(text) - len(set(text))) + 2 * kinds
    return 1 + sum(score >= step for step in (14, 18, 22))


def hash_of(text: str) -> str:
    """The hash to keep. Takes a turn; raises TooMany where none is free for long."""
    with _turn():
        hashed: str = _argon2id.hash(_normal(text))
    return hashed


def matches(text: str, hashed: str | None) -> bool:
    """Whether the password is the one that was hashed. Without a hash it takes as long, and is false."""
    with _turn():
        right: bool = _argon2id.verify(_normal(text)[: 4 * LONGEST], hashed or _nobody())
    return right and hashed is not None


@cache
def _nobody() -> str:
    """A hash that nothing has. Nothing is computed for it: a first sign-in that waits would tell unknown accounts."""
    hashed: str = _argon2id(use_defaults=True, checksum=bytes(_argon2id.checksum_size)).to_string()
    return hashed


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=TURN_SECONDS):
        raise TooMany("Many people are signing in at the moment. Try again in a few seconds.", 5)
    try:
        yield
    finally:
        _turns.release()


def _normal(text: str) -> str:
    """One form for what looks the same, whichever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", text)


def _is_email(text: str, email: str) -> bool:
    """Whether the text is the address, or its first part with nothing but digits and signs around it."""
    name = email.partition("@")[0]
    return text == email or (len(name) > 2 and not re.sub(r"[\d\W_]", "", text.replace(name, "")) and name in text)


def _is_common(text: str) -> bool:
    if len(set(text)) <= 3 or _is_repeated(text) or _is_row(text):
        return True
    if re.fullmatch(r"[\d\s./:+-]+", text):
        return len(re.sub(r"\D", "", text)) < 14
    stem = re.sub(r"[\d\W_]+$", "", text)
    return any(_is_common_words(candidate) for candidate in (text, stem.translate(_LOOKALIKES)))


def _is_common_words(text: str) -> bool:
    """One or two common words, and letters too few to matter."""
    words = [word for word in re.findall(r"[a-z]+", text) if len(word) > 2]
    return 0 < len(words) <= 2 and all(word in _COMMON_WORDS for word in words)


def _is_repeated(text: str) -> bool:
    return any(text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, len(text) // 2 + 1))


def _is_row(text: str) -> bool:
    """Neighbouring keys or letters, in either direction, with nothing but digits after them."""
    stem = text.rstrip("0123456789!?.") or text
    return any(stem in row * 2 or stem in row[::-1] * 2 for row in _ROWS)
