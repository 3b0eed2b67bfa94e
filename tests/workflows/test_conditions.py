"""The form in front of a condition."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from streamline_ui.errors import Invalid
from streamline_ui.workflows import conditions, templates
from streamline_ui.workflows.conditions import Form, Row

WRITTEN = [
    (Form((Row("trigger.body.a", "equals", "CH"),)), 'trigger.body.a == "CH"'),
    (
        Form((Row("trigger.body.a", "greater", 10), Row("trigger.body.b", "not_equals", True))),
        "trigger.body.a > 10 and trigger.body.b != true",
    ),
    (Form((Row("a", "is_empty"), Row("b", "exists")), "or"), "a == blank or b != nil"),
    (Form((Row("a", "not_contains", 'say "x"'),)), "a contains 'say \"x\"' == false"),
    (Form((Row("a", "less", 1e-7),)), "a < 0.0000001"),
    (Form((Row('trigger["a b"].c[0]', "contains", "x..y (z)"),)), 'trigger["a b"].c[0] contains "x..y (z)"'),
]


@pytest.mark.parametrize(("form", "source"), WRITTEN)
def test_write_and_read(form: Form, source: str) -> None:
    assert conditions.write(form) == source
    assert conditions.read(source) == form


@pytest.mark.parametrize(
    "source",
    [
        "a == 1 and b == 2 or c == 3",
        "a == 1 or b == 2 and c == 3",
        "(a == 1)",
        "not a == 1",
        "a",
        "a == b",
        "1 == a",
        "a | default: true",
        "a[b] == 1",
        "a contains 'x' == true",
        "a ==",
        "",
    ],
)
def test_what_is_no_form_stays_an_expression(source: str) -> None:
    assert conditions.read(source) is None


MEANS: list[tuple[Row, Any, bool]] = [
    (Row("v", "equals", "a"), "a", True),
    (Row("v", "equals", 1), 1, True),
    (Row("v", "not_equals", 1), 2, True),
    (Row("v", "contains", "b"), "abc", True),
    (Row("v", "contains", "b"), ["a", "b"], True),
    (Row("v", "not_contains", "b"), "abc", False),
    (Row("v", "not_contains", "b"), None, True),
    (Row("v", "greater", 5), "7", True),
    (Row("v", "at_least", 7), 7, True),
    (Row("v", "less", 5), None, False),
    (Row("v", "at_most", 5), 5.0, True),
    (Row("v", "is_empty"), "", True),
    (Row("v", "is_empty"), [], True),
    (Row("v", "is_empty"), None, True),
    (Row("v", "is_empty"), " ", True),
    (Row("v", "is_empty"), 0, False),
    (Row("v", "is_not_empty"), "x", True),
    (Row("v", "exists"), "", True),
    (Row("v", "not_exists"), None, True),
]


@pytest.mark.parametrize(("row", "value", "holds"), MEANS)
def test_what_the_operators_mean(row: Row, value: Any, holds: bool) -> None:
    assert templates.condition(conditions.write(Form((row,))), {"v": value}) is holds


def test_every_operator_has_a_title() -> None:
    assert {row.operator for row, _, _ in MEANS} == set(conditions.TITLES)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (Row("", "equals", 1), "1.field"),
        (Row("a b", "equals", 1), "1.field"),
        (Row("a == 1 or b", "equals", 1), "1.field"),
        (Row("'x'", "equals", 1), "1.field"),
        (Row("a", "equals"), "1.value"),
        (Row("a", "equals", "both \" and '"), "1.value"),
    ],
)
def test_incomplete_rows_are_named(row: Row, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        conditions.write(Form((Row("ok", "exists"), row)))
    assert set(caught.value.fields) == {field}


VALUES = (
    some.text(some.characters(exclude_characters="'", exclude_categories=("Cs",)), max_size=30)
    | some.integers(-(10**9), 10**9)
    | some.floats(-1e9, 1e9)
    | some.booleans()
)


@given(VALUES)
def test_a_value_can_never_become_code(value: Any) -> None:
    source = conditions.write(Form((Row("v", "equals", value),)))
    assert templates.condition(source, {"v": value})
    assert templates.paths(source, is_condition=True) == ["v"]
