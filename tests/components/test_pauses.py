"""The pauses between tries, as they are typed."""

from __future__ import annotations

import pytest

from components import pauses


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("", []),
        ("5", [5]),
        ("5 s, 30s; 2 min, 1 H", [5, 30, 120, 3600]),
        (" 24 h ,", [86_400]),
    ],
)
def test_pauses_are_read(typed: str, seconds: list[int]) -> None:
    assert pauses.read(typed) == seconds
    assert pauses.read(pauses.shown(seconds)) == seconds


@pytest.mark.parametrize("typed", ["0", "25 h", "-5", "5 days", "five", "1.5 s", ", ".join(["1"] * 51)])
def test_what_is_no_pause_is_told(typed: str) -> None:
    with pytest.raises(ValueError, match=r"pause"):
        pauses.read(typed)


def test_each_pause_has_its_largest_unit() -> None:
    assert pauses.shown([5, 60, 90, 7200]) == "5 s, 1 min, 90 s, 2 h"
