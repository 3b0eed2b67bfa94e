"""Paths that lead to nothing in the sample, and what may have been meant."""

from __future__ import annotations

import pytest

from components.template_marks import untested, wrong

SCOPE = {
    "trigger": {"body": {"order": {"id": 7, "total": 12.5}, "first name": "Ana", "list": [{"sku": "a"}]}},
    "steps": {"fetch": {"output": {"status": 200}, "error": None}},
    "execution": {"id": "…"},
}


@pytest.mark.parametrize(
    ("text", "path", "near"),
    [
        ("Order {{ trigger.body.order.totl }}", "trigger.body.order.totl", "trigger.body.order.total"),
        ("{{ trigger.bdy.order.id | round: 2 }}", "trigger.bdy.order.id", "trigger.body.order.id"),
        ("{{ steps.fetch.output.stats }}", "steps.fetch.output.stats", "steps.fetch.output.status"),
        ("{{ trigger.body.list[0].sk }}", "trigger.body.list[0].sk", "trigger.body.list[0].sku"),
        ('{{ trigger.body["frst name"] }}', 'trigger.body["frst name"]', 'trigger.body["first name"]'),
    ],
)
def test_a_wrong_path_is_found_with_what_may_be_meant(text: str, path: str, near: str) -> None:
    (found,) = wrong(text, SCOPE)
    assert found.path == path
    assert near in found.near
    assert found.sentence == f"{path} is not in the sample."


@pytest.mark.parametrize(
    "text",
    [
        "No template",
        "{{ trigger.body.order.id }} and {{ execution.id }}",
        '{{ trigger.body.nothing | default: "-" }}',
        "{% if trigger.body.nothing %}yes{% endif %}",
        "{% for each in trigger.body.list %}{{ each.sku }}{{ each.nothing }}{% endfor %}",
        "{{ steps.untested.output.id }}",
        "{{ steps.gone }}",
        "{{ item.sku }}",
        "{{ trigger.body.list.size }} {{ trigger.body.list.first.sku }}",
        "{{ not closed",
        "{{ }}",
    ],
)
def test_what_may_well_be_right_is_left_alone(text: str) -> None:
    assert wrong(text, SCOPE) == []


def test_a_condition_is_judged_without_braces() -> None:
    (found,) = wrong("trigger.body.order.totl > 10", SCOPE, is_bare=True)
    assert found.near[0] == "trigger.body.order.total"
    assert wrong("", SCOPE, is_bare=True) == []
    assert wrong("trigger.body.order.total > ", SCOPE, is_bare=True) == []


def test_each_is_told_once() -> None:
    assert len(wrong("{{ trigger.body.x }} {{ trigger.body.x }}", SCOPE)) == 1


def test_a_step_that_was_never_tested_is_named() -> None:
    assert untested("{{ steps.later.output.id }}", SCOPE) == "Test the step later first: then its output is known."
    assert untested("{{ steps.fetch.output.id }} {{ trigger.body }}", SCOPE) == ""
