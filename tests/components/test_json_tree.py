"""JSON as a tree: all of it can be reached, little of it is drawn, and none of it is markup."""

from __future__ import annotations

import re
from typing import Any

import pytest

from components import json_tree

BUTTON = re.compile(r'data-more="([\d.]*)" data-from="(\d+)"')


def asked_for(value: Any, drawn: str) -> str:
    """Press every button until none is left; returns all that was drawn."""
    total = drawn
    queue = BUTTON.findall(drawn)
    while queue:
        path, start = queue.pop()
        more = json_tree.more(value, path, int(start))
        total += more
        queue += BUTTON.findall(more)
    return total


def test_everything_is_reached_in_pieces() -> None:
    value = {"rows": [{"n": [f"mark-{number}", {"deep": number}]} for number in range(1200)], "end": "the end"}
    first = json_tree.more(value, "", 0)
    assert first.count("sl-json-leaf") < 500
    assert "the end" in first
    whole = asked_for(value, first)
    assert all(f"mark-{number}&quot;" in whole for number in range(1200))


def test_a_long_text_is_cut_until_it_is_asked_for() -> None:
    value = {"text": "a" * 3000 + "END"}
    first = json_tree.more(value, "", 0)
    assert "END" not in first
    assert "END" in asked_for(value, first)


def test_nothing_in_it_is_markup() -> None:
    value = {"<b>": ["<script>alert(1)</script>", '"><img onerror=1>'], "long": "<i>" * 1000}
    drawn = json_tree.html(value) + asked_for(value, json_tree.more(value, "", 0))
    assert not re.search(r"<(b|script|img|i)\b", drawn)


@pytest.mark.parametrize(("path", "start"), [("0.7", 0), ("-1", 0), ("x", 0), ("0.0.0.0", 0), ("1", 5)])
def test_what_is_not_there_is_refused(path: str, start: int) -> None:
    with pytest.raises((LookupError, ValueError)):
        json_tree.more({"a": [1, 2], "b": 3}, path, start)


@pytest.mark.parametrize(
    ("value", "said"),
    [({}, "{ }"), ([], "[ ]"), (None, "null"), (True, "true"), (1.5, "1.5"), ({"": 1}, "&quot;&quot;")],
)
def test_small_values(value: Any, said: str) -> None:
    assert said in json_tree.html(value)
