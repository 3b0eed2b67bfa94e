"""Both stored forms: what opens, what must not, and which keys are keys."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline_ui.errors import BadSetting, Invalid, Locked
from streamline_ui.vault import crypto
from streamline_ui.vault.crypto import Key, Place

KNOWN = json.loads((Path(__file__).parent / "known_answers.json").read_text())
RAW = bytes(range(32))
KEY = Key(RAW)
PLACE = Place("Integration", "configEnc", "row-1", "alice")
CANARY = "canary-5f2a"
BOUND = KEY.seal(CANARY, PLACE)
PLAIN = KEY.seal_plain(CANARY)


def unseal(stored: Any, place: Place = PLACE, *keys: Key) -> str:
    return crypto.unseal({key.id: key for key in keys or (KEY,)}, stored, place)


@pytest.mark.parametrize("known", KNOWN, ids=[known["name"] for known in KNOWN])
def test_the_specifications_form_is_read_and_written_to_the_byte(
    known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Key(crypto.parse_key(known["key"]))
    assert unseal(known["stored"], PLACE, key) == known["text"]
    monkeypatch.setattr(os, "urandom", lambda _: bytes.fromhex(json.loads(known["stored"])["iv"]))
    assert key.seal_plain(known["text"]) == known["stored"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    assert unseal(KEY.seal(text, PLACE)) == text
    assert unseal(KEY.seal_plain(text)) == text


def test_our_form_is_the_specifications_and_two_fields_more() -> None:
    value = json.loads(BOUND)
    assert list(value) == ["v", "kid", "iv", "encrypted", "authTag"]
    assert (value["v"], value["kid"]) == (1, KEY.id)
    assert (len(value["iv"]), len(value["encrypted"]), len(value["authTag"])) == (32, 2 * len(CANARY), 32)
    assert list(json.loads(PLAIN)) == ["iv", "encrypted", "authTag"]


def test_our_form_does_not_change_between_releases() -> None:
    """A value sealed by the first release must open for ever."""
    stored = (
        '{"v":1,"kid":"3dd6d4af3b25","iv":"000102030405060708090a0b0c0d0e0f",'
        '"encrypted":"584f57b8ca3098536861","authTag":"fc0e75887f3f6aee772a408f5677f009"}'
    )
    assert unseal(stored) == "für immer"


def test_ten_thousand_seals_of_one_text_have_as_many_ivs_and_ciphertexts() -> None:
    sealed = [json.loads(KEY.seal(CANARY, PLACE)) for _ in range(10_000)]
    assert len({value["iv"] for value in sealed}) == 10_000
    assert len({value["encrypted"] for value in sealed}) == 10_000


@pytest.mark.parametrize("stored", [BOUND, PLAIN], ids=["ours", "the specification's"])
def test_every_changed_character_is_noticed(stored: str) -> None:
    for position, character in enumerate(stored):
        changed = stored[:position] + chr(ord(character) ^ 1) + stored[position + 1 :]
        with pytest.raises(Locked) as caught:
            unseal(changed)
        assert CANARY not in repr(caught.value)
        with pytest.raises(Locked):
            unseal(stored[:position] + stored[position + 1 :])


@pytest.mark.parametrize("field", ["iv", "encrypted", "authTag"])
@pytest.mark.parametrize("stored", [BOUND, PLAIN], ids=["ours", "the specification's"])
def test_every_flipped_bit_is_noticed(stored: str, field: str) -> None:
    value = json.loads(stored)
    raw = bytes.fromhex(value[field])
    for bit in range(len(raw) * 8):
        flipped = (int.from_bytes(raw, "big") ^ (1 << bit)).to_bytes(len(raw), "big")
        with pytest.raises(Locked):
            unseal(json.dumps(value | {field: flipped.hex()}))


@pytest.mark.parametrize("field", Place._fields)
def test_a_value_opens_at_its_own_place_only(field: str) -> None:
    with pytest.raises(Locked):
        unseal(BOUND, PLACE._replace(**{field: "elsewhere"}))


def test_the_parts_of_a_place_do_not_run_together() -> None:
    with pytest.raises(Locked):
        unseal(KEY.seal(CANARY, Place("a", "b", 'c","d', "")), Place("a", "b", "c", "d"))


def test_our_form_stripped_of_its_fields_is_not_the_specifications() -> None:
    value = json.loads(BOUND)
    with pytest.raises(Locked):
        unseal(json.dumps({name: value[name] for name in ("iv", "encrypted", "authTag")}))


def edited(stored: str, **changes: Any) -> str:
    value = json.loads(stored) | changes
    return json.dumps({name: item for name, item in value.items() if item is not None})


MALFORMED: dict[str, Any] = {
    "nothing": "",
    "no JSON": "hello",
    "null": "null",
    "a list": "[]",
    "a number": "7",
    "a configuration that was never sealed": '{"webhookUrl":"https://example.com"}',
    "no tag": edited(PLAIN, authTag=None),
    "no IV": edited(PLAIN, iv=None),
    "no ciphertext": edited(PLAIN, encrypted=None),
    "an empty tag": edited(PLAIN, authTag=""),
    "a tag of 4 bytes": edited(PLAIN, authTag=json.loads(PLAIN)["authTag"][:8]),
    "a tag of 15 bytes": edited(PLAIN, authTag=json.loads(PLAIN)["authTag"][:-2]),
    "an IV of 12 bytes": edited(PLAIN, iv="00" * 12),
    "an IV of 17 bytes": edited(PLAIN, iv="00" * 17),
    "ciphertext emptied": edited(PLAIN, encrypted=""),
    "an odd number of digits": edited(PLAIN, encrypted=json.loads(PLAIN)["encrypted"] + "0"),
    "rubbish behind the digits": edited(PLAIN, encrypted=json.loads(PLAIN)["encrypted"] + "zz"),
    "a line end behind the digits": edited(PLAIN, authTag=json.loads(PLAIN)["authTag"] + "\n"),
    "spaces between the digits": edited(PLAIN, iv=" ".join(["00"] * 16)),
    "digits of another script": edited(PLAIN, iv="٠٠" * 16),
    "a numeric IV": edited(PLAIN, iv=0.5),
    "a list for an IV": edited(PLAIN, iv=["00" * 16]),
    "IV and tag swapped": edited(PLAIN, iv=json.loads(PLAIN)["authTag"], authTag=json.loads(PLAIN)["iv"]),
    "text behind": PLAIN + "x",
    "half a character": PLAIN.replace("iv", "i\ud800"),
    "a hundred thousand brackets": "[" * 100_000,
    "version 2": edited(BOUND, v=2),
    "version true": edited(BOUND, v=True),
    "version 1.0": BOUND.replace('"v":1', '"v":1.0'),
    "version of text": edited(BOUND, v="1"),
    "no version": edited(BOUND, v=None),
    "no key id": edited(BOUND, kid=None),
    "a numeric key id": edited(BOUND, kid=7),
    "a list for a key id": edited(BOUND, kid=[KEY.id]),
    "an endless key id": edited(BOUND, kid="a" * 100_000),
    "a field too many": edited(BOUND, extra="x"),
    "upper case in our form": BOUND.replace(json.loads(BOUND)["iv"], json.loads(BOUND)["iv"].upper().replace("0", "A")),
    "not even text": None,
}


@pytest.mark.parametrize("stored", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_neither_form_could_be_is_one_error(stored: Any) -> None:
    with pytest.raises(Locked) as caught:
        unseal(stored)
    assert len(caught.value.message) < 200
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_sealed_bytes_that_are_no_text_are_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(crypto, "_encode", lambda _: b"\xff\xfe")
        stored = KEY.seal("", PLACE)
    with pytest.raises(Locked):
        unseal(stored)


def test_another_key_is_named_by_its_id() -> None:
    other = Key(os.urandom(32))
    with pytest.raises(Locked, match=KEY.id):
        unseal(BOUND, PLACE, other)
    with pytest.raises(Locked):
        unseal(PLAIN, PLACE, other)
    assert unseal(BOUND, PLACE, other, KEY) == unseal(PLAIN, PLACE, other, KEY) == CANARY


def test_half_a_character_is_refused_and_not_stored_as_a_question_mark() -> None:
    with pytest.raises(Invalid):
        KEY.seal("\ud800", PLACE)


def test_threads_share_a_key() -> None:
    def work(number: int) -> bool:
        return unseal(KEY.seal(f"{number}", PLACE)) == f"{number}"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(2000)))


DIGITS = "0123456789abcdef" * 4
WRONG_KEYS = {
    "62 digits": DIGITS[:-2],
    "63 digits": DIGITS[:-1],
    "65 digits": DIGITS + "0",
    "66 digits": DIGITS + "00",
    "0x before": "0x" + DIGITS,
    "not all digits": DIGITS[:-1] + "g",
    "digits of another script": "٠" * 64,
    "a passphrase of 32": "correct-horse-battery-staple-32c",
    "base64": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "a space inside": DIGITS[:31] + " " + DIGITS[:32],
    "nothing": "",
}


@pytest.mark.parametrize("text", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_a_wrong_key_is_refused_with_what_a_right_one_is(text: str) -> None:
    with pytest.raises(BadSetting) as caught:
        crypto.parse_key(text)
    for part in ("ENCRYPTION_KEY", "64 hexadecimal digits", "openssl rand -hex 32"):
        assert part in caught.value.message
    assert not text or text not in caught.value.message


@pytest.mark.parametrize("form", [str, str.upper, lambda text: f"  {text}\n"])
def test_a_right_key_is_taken_in_either_case_and_with_space_around(form: Callable[[str], str]) -> None:
    assert crypto.parse_key(form(DIGITS)) == bytes.fromhex(DIGITS)


def test_a_key_shows_only_its_id_and_stays_in_its_process() -> None:
    assert repr(KEY) == f"<Key {KEY.id}>"
    assert RAW.hex() not in f"{KEY} {KEY!r} {vars(Key)}"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_purposes_get_independent_secrets() -> None:
    derived = {KEY.derive(purpose) for purpose in ("cookie", "hook", "key-id", "config-v1")}
    inner = {RAW, crypto.derive(RAW, "key-id"), crypto.derive(RAW, "config-v1")}
    assert len(derived | inner) == 7
    assert all(len(secret) == 32 for secret in derived)
    assert KEY.derive("cookie") == Key(RAW).derive("cookie")


def test_a_placeholder_is_known_by_its_repetition() -> None:
    assert Key(bytes(32)).is_placeholder
    assert Key(bytes.fromhex("deadbeef" * 8)).is_placeholder
    assert not any(Key(os.urandom(32)).is_placeholder for _ in range(200))
