"""Finding the service that somebody means."""

from __future__ import annotations

import pytest

from components import tile_search
from streamline_ui.providers import PROVIDERS


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("tele", "telegram"),
        ("DISC", "discord"),
        ("bot", "telegram"),
        ("mail", "sendgrid"),
        ("rest", "http"),
        ("dicsord", "discord"),
        ("telgram", "telegram"),
        ("telegramm", "telegram"),
        ("sendgirt", None),
        ("sendgird", "sendgrid"),
        ("sendfrid", "sendgrid"),
        ("developer", "http"),
        ("zzz", None),
        ("xq", None),
    ],
)
def test_the_first_hit(query: str, first: str | None) -> None:
    found = tile_search.find(query, PROVIDERS.values())
    assert (found[0].type if found else None) == first


def test_nothing_typed_finds_all() -> None:
    assert tile_search.find("  ", PROVIDERS.values()) == list(PROVIDERS.values())


@pytest.mark.parametrize(
    ("one", "other", "is_slip"),
    [
        ("slack", "slack", True), ("slak", "slack", True), ("slaack", "slack", True), ("slick", "slack", True),
        ("salck", "slack", True), ("slac", "slack", True), ("sack", "slack", True), ("lsakc", "slack", False),
        ("sl", "slack", False), ("", "a", False),
    ],
)  # fmt: skip
def test_one_slip_of_the_finger(one: str, other: str, is_slip: bool) -> None:
    assert tile_search.is_one_slip(one, other) is is_slip
