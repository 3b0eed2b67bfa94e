"""Long texts in pieces."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline_ui.providers.texts import html_pieces, length, pieces

WORDS = "The quick brown fox jumps over the lazy dog. "


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("short", 1),
        ("x" * 2000, 1),
        ("x" * 2001, 2),
        ("x" * 9000, 5),
        (WORDS * 200, 5),  # 9000 characters
        ((WORDS * 9 + "\n\n") * 22, 5),
        ("😀" * 1000, 1),
        ("😀" * 1001, 2),
    ],
)
def test_pieces_are_full_and_few(text: str, count: int) -> None:
    found = pieces(text, 2000)
    assert len(found) == count
    assert all(length(piece) <= 2000 for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a" * 92 + "\n\n" + "b" * 20, "a" * 92),
        ("a" * 92 + "\n" + "b c " * 20, "a" * 92),
        ("a" * 91 + ". bbbb " + "c" * 20, "a" * 91 + "."),
        ("a" * 92 + " " + "b" * 20, "a" * 92),
        ("a" * 120, "a" * 100),
    ],
)
def test_it_is_cut_where_it_hurts_least(text: str, first: str) -> None:
    assert pieces(text, 100)[0] == first


def test_a_code_block_goes_on_in_the_next_piece() -> None:
    text = "Look:\n```python\n" + "print(1)\n" * 50 + "```\nDone."
    found = pieces(text, 200)
    assert len(found) > 2
    for piece in found:
        assert piece.count("```") % 2 == 0
        assert length(piece) <= 200
    assert found[1].startswith("```python\n")


@given(st.text(alphabet=st.sampled_from("ab .\n😀é\u200d\u0301`"), max_size=400), st.integers(20, 60))
def test_nothing_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert all(length(piece) <= limit for piece in found)
    plain = re.sub(r"[\s`]", "", "".join(found))
    assert plain == re.sub(r"[\s`]", "", text)


def test_html_tags_stay_whole_and_are_opened_again() -> None:
    found = html_pieces("<b>" + "word " * 30 + "<i>" + "x" * 60 + "</i></b> &amp; more", 100)
    assert len(found) > 1
    for piece in found:
        assert piece.count("<b>") == piece.count("</b>")
        assert piece.count("<i>") == piece.count("</i>")
        assert length(re.sub(r"<[^>]*>", "", piece).replace("&amp;", "&")) <= 100
    assert "".join(re.sub(r"<[^>]*>", "", piece) for piece in found).replace(" ", "").endswith("&amp;more")


def test_html_that_fits_is_left_alone() -> None:
    assert html_pieces("<b>x</b> < y", 100) == ["<b>x</b> < y"]
