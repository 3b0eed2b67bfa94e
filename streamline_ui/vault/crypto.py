"""The two forms in which a secret is stored, both AES-256-GCM with a random IV of 16 bytes.

The specification's: JSON `{"iv", "encrypted", "authTag"}`, all in hexadecimal, sealed with the key itself. It is read
for ever and can be written for an export. Ours adds the key's id and binds the value to its place, so that one row's
value pasted into another does not open: JSON `{"v": 1, "kid", "iv", "encrypted", "authTag"}`, sealed with a sub-key.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from streamline_ui.errors import BadSetting, Invalid, Locked

IV_BYTES = 16
TAG_BYTES = 16
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_LOWER_HEX = re.compile(r"(?:[0-9a-f]{2})*")
_BOUND_FIELDS = {"v", "kid", "iv", "encrypted", "authTag"}
RIGHT_KEY = "It must be 64 hexadecimal digits (32 bytes). Make one with: openssl rand -hex 32"


class Place(NamedTuple):
    """Where a sealed value lives: it opens nowhere else. `row` and `owner` are ids."""

    table: str
    column: str
    row: str
    owner: str


class Key:
    """An encryption key, ready for use. Only its id ever shows."""

    __slots__ = ("_bound", "_plain", "_raw", "id")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.id = derive(raw, "key-id")[:6].hex()
        self._plain = AESGCM(raw)
        self._bound = AESGCM(derive(raw, "config-v1"))

    def __repr__(self) -> str:
        return f"<Key {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key does not leave its process")

    @property
    def is_placeholder(self) -> bool:
        """Whether it repeats itself so much that nobody made it at random."""
        return len(set(self._raw)) < 8

    def text(self) -> str:
        """The 64 hexadecimal digits, for the recovery kit."""
        return self._raw.hex()

    def derive(self, purpose: str) -> bytes:
        """32 bytes for another purpose, which tell nothing about the key or about any other purpose."""
        return derive(self._raw, f"use/{purpose}")

    def seal(self, text: str, place: Place) -> str:
        """Our own form."""
        iv = os.urandom(IV_BYTES)
        sealed = self._bound.encrypt(iv, _encode(text), _bind(place))
        return _write({"v": 1, "kid": self.id, **_fields(iv, sealed)})

    def seal_plain(self, text: str) -> str:
        """The specification's form, which other programs can read: for an export, bound to nothing."""
        iv = os.urandom(IV_BYTES)
        return _write(_fields(iv, self._plain.encrypt(iv, _encode(text), None)))

    def open(self, value: Sealed, place: Place) -> str:
        """The text. Raises Locked where it was sealed with another key or for another place, or was changed."""
        cipher, data = (self._plain, None) if value.kid is None else (self._bound, _bind(place))
        try:
            return cipher.decrypt(value.iv, value.encrypted, data).decode("utf-8")
        except (InvalidTag, UnicodeDecodeError):
            raise Locked("A stored secret does not open: it was changed, or moved here from another place.") from None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A stored value, taken apart. `encrypted` ends with the tag; `kid` is None in the specification's form."""

    kid: str | None
    iv: bytes
    encrypted: bytes


def parse_key(text: str, name: str = "ENCRYPTION_KEY") -> bytes:
    """The 32 bytes. Raises BadSetting with a sentence that never repeats what it was given."""
    digits = text.strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        return bytes.fromhex(digits)
    found = f"has {len(digits)} characters" if len(digits) != 64 else "has 64 characters, but not all are digits or a-f"
    raise BadSetting(f"{name} is not an encryption key: it {found}. {RIGHT_KEY}")


def derive(raw: bytes, purpose: str) -> bytes:
    """HKDF-Expand, 32 bytes: the key itself is uniformly random already, so nothing has to be extracted."""
    return HKDFExpand(algorithm=SHA256(), length=32, info=b"streamline/" + purpose.encode()).derive(raw)


def read(stored: str) -> Sealed:
    """Take a stored value apart. Raises Locked for everything that neither form could be."""
    try:
        value = orjson.loads(stored)
    except (ValueError, TypeError):
        raise _malformed() from None
    if not isinstance(value, dict):
        raise _malformed()
    if "v" not in value and "kid" not in value:
        return _read_parts(value, None, _HEX)
    if type(value.get("v")) is not int or value["v"] != 1:  # True and 1.0 equal 1
        raise Locked("A stored secret was written by a newer Streamline.")
    kid = value.get("kid")
    if value.keys() != _BOUND_FIELDS or not isinstance(kid, str) or not re.fullmatch("[0-9a-f]{12}", kid):
        raise _malformed()
    return _read_parts(value, kid, _LOWER_HEX)  # we write lower case only: nothing else is ours


def unseal(keys: Mapping[str, Key], stored: str, place: Place) -> str:
    """The text of a stored value of either form. Raises Locked, which names the key that is missing."""
    value = read(stored)
    if value.kid is not None:
        if value.kid not in keys:
            raise missing(value.kid)
        return keys[value.kid].open(value, place)
    for key in keys.values():  # the specification's form does not say which key it was
        try:
            return key.open(value, place)
        except Locked:
            continue
    raise Locked("A stored secret does not open with any key that is given, or was changed.")


def missing(kid: str) -> Locked:
    """The error for a value whose key is not here."""
    return Locked(
        f"This secret was sealed with the encryption key {kid}, which is not given.",
        hints=(f"Start with ENCRYPTION_KEY set to the key {kid}, or enter the credentials again.",),
    )


def _read_parts(value: dict[str, Any], kid: str | None, digits: re.Pattern[str]) -> Sealed:
    iv, encrypted, tag = (_unhex(value.get(name), digits) for name in ("iv", "encrypted", "authTag"))
    if len(iv) != IV_BYTES or len(tag) != TAG_BYTES:
        raise _malformed()
    return Sealed(kid, iv, encrypted + tag)


def _unhex(text: object, digits: re.Pattern[str]) -> bytes:
    if not isinstance(text, str) or not digits.fullmatch(text):
        raise _malformed()
    return bytes.fromhex(text)


def _fields(iv: bytes, sealed: bytes) -> dict[str, str]:
    return {"iv": iv.hex(), "encrypted": sealed[:-TAG_BYTES].hex(), "authTag": sealed[-TAG_BYTES:].hex()}


def _write(value: dict[str, object] | dict[str, str]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _bind(place: Place) -> bytes:
    return json.dumps(["streamline-v1", *place], separators=(",", ":")).encode()


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid("The text holds half a character, which cannot be stored.") from None


def _malformed() -> Locked:
    return Locked("A stored secret is not in a form that can be read.")
