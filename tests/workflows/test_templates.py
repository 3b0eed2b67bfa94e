"""Filling in: what comes out, and what is said when nothing can."""

from __future__ import annotations

from typing import Any

import pytest

from streamline_ui.errors import Invalid
from streamline_ui.workflows import templates
from streamline_ui.workflows.templating import budget

SCOPE: dict[str, Any] = {
    "trigger": {
        "body": {
            "text": "héllo",
            "n": 3,
            "price": 2.5,
            "yes": True,
            "nothing": None,
            "empty": "",
            "amount": "12",
            "items": [{"name": "a", "n": 1}, {"name": "b", "n": 2}, {"name": "a", "n": 3}],
            "words": ["x", "y"],
            "first name": "Al",
            "limit": 5,
            "html": "<p>Hi <b>you</b></p><script>alert(1)</script>",
            "size": "XL",
        },
        "at": "2024-11-05T09:30:00Z",
    },
    "steps": {"find": {"output": {"id": "42"}}},
    "item": {"id": 7},
    "execution": {"id": "e1"},
}

FILLED_IN: list[tuple[object, object]] = [
    # a lone expression keeps its type
    ("{{ trigger.body.n }}", 3),
    ("{{trigger.body.n}}", 3),
    ("{{- trigger.body.n -}}", 3),
    (" {{ trigger.body.n }}\n", 3),
    ("{{ trigger.body.price }}", 2.5),
    ("{{ trigger.body.yes }}", True),
    ("{{ trigger.body.nothing }}", None),
    ("{{ trigger.body.words }}", ["x", "y"]),
    ("{{ trigger.body.items[0] }}", {"name": "a", "n": 1}),
    ("{{ trigger.body.n | plus: 1 }}", 4),
    ("{{ trigger.body.amount | plus: 0 }}", 12),
    ("{{ trigger.body.items | map: 'n' }}", [1, 2, 3]),
    ("{{ trigger.body.items | where: 'name', 'b' | first }}", {"name": "b", "n": 2}),
    ("{{ trigger.body.items | size }}", 3),
    ("{{ item.id }}", 7),
    ("{{ 'a' }}", "a"),
    # beside other text it is text
    ("{{ trigger.body.n }} {{ trigger.body.n }}", "3 3"),
    ("n={{ trigger.body.n }}", "n=3"),
    ("{{ trigger.body.yes }}!", "true!"),
    ("[{{ trigger.body.nothing }}]", "[]"),
    ("is {{ trigger.body.words }}", 'is ["x","y"]'),
    ("is {{ trigger.body.items[0] }}", 'is {"name":"a","n":1}'),
    ("Hi {{ trigger.body.text }}", "Hi héllo"),
    # paths
    ('{{ trigger.body["first name"] }}', "Al"),
    ("{{ trigger.body.limit }}", 5),
    ("{{ trigger.body.items.1.name }}", "b"),
    ("{{ trigger.body.items[-1].n }}", 3),
    ("{{ trigger.body.items.first.name }}", "a"),
    ("{{ trigger.body.words.last }}", "y"),
    ("{{ trigger.body.words.size }}", 2),
    ("{{ trigger.body.size }}", "XL"),
    ("{{ trigger.body.text.size }}", 5),
    ("{{ steps.find.output.id }}", "42"),
    ("{{ trigger.body[trigger.body.key] | default: 'none' }}", "none"),
    # JSON all the way down; keys stay
    ({"a": ["{{ trigger.body.n }}", {"b": "x{{ trigger.body.n }}"}], "c": 1}, {"a": [3, {"b": "x3"}], "c": 1}),
    ({"{{ trigger.body.n }}": 1}, {"{{ trigger.body.n }}": 1}),
    ("no template }} { % $ {", "no template }} { % $ {"),
    (5, 5),
    (None, None),
    # tags
    ("{% if trigger.body.n > 2 %}big{% else %}small{% endif %}", "big"),
    ("{% unless trigger.body.nope %}no{% endunless %}", "no"),
    ("{% case trigger.body.n %}{% when 3 %}three{% else %}?{% endcase %}", "three"),
    ("{% for i in trigger.body.items %}{{ forloop.index }}{{ i.name }};{% endfor %}", "1a;2b;3a;"),
    ("{% for i in (1..3) reversed %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}", "32"),
    ("{% for p in item %}{{ p[0] }}={{ p[1] }}{% endfor %}", "id=7"),
    ("{% assign x = 'a,b' | split: ',' %}{{ x[1] }}", "b"),
    ("{% capture x %}{{ item.id }}{% endcapture %}<{{ x }}>", "<7>"),
    ("{% comment %}{{ nothing }}{% endcomment %}x", "x"),
    ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    # filters
    ("{{ trigger.body.words | join: ', ' }}", "x, y"),
    ("{{ trigger.body.items | join: '|' }}", '{"name":"a","n":1}|{"name":"b","n":2}|{"name":"a","n":3}'),
    ("{{ trigger.body.items | uniq: 'name' | map: 'n' }}", [1, 2]),
    ("{{ trigger.body.items | sum: 'n' }}", 6),
    ("{{ trigger.body.items | sort: 'name' | map: 'n' }}", [1, 3, 2]),
    ("{{ trigger.body.items | map: 'nope' | compact | size }}", 0),
    ("{{ trigger.body.words | concat: trigger.body.words }}", ["x", "y", "x", "y"]),
    ("{{ 'B,a,C' | split: ',' | sort_natural | join: '' }}", "aBC"),
    ("{{ trigger.body.words | json }}", '["x", "y"]'),
    ("{{ trigger.body.text | json }}", '"héllo"'),
    ("{{ 'a b&c' | url_encode }}", "a+b%26c"),
    ("{{ '<&>' | escape }}", "&lt;&amp;&gt;"),
    ("{{ '<&>' | html }}", "&lt;&amp;&gt;"),
    ("{{ trigger.body.html | strip_html }}", "Hi you"),
    ("{{ 'a-b-c' | replace: '-', '+' }}", "a+b+c"),
    ("{{ 'ab' | replace: '', '-' }}", "-a-b-"),
    ("{{ 'a--b' | split: '-' | size }}", 3),
    ("{{ 'abc' | split: '' | reverse | join: '' }}", "cba"),
    ("{{ 'Hello world' | truncate: 8 }}", "Hello..."),
    ("{{ 3.14159 | round: 2 }}", 3.14),
    ("{{ 10 | divided_by: 4 }}", 2),
    ("{{ 10 | divided_by: 4.0 }}", 2.5),
    ("{{ true | append: '!' }}", "true!"),
    ("{{ trigger.body.nothing | append: 'x' }}", "x"),
    ("{{ 'aGk=' | base64_decode }}", "hi"),
    ("{{ item | first }}", ["id", 7]),
    # what is missing may be replaced
    ("{{ trigger.body.nope | default: 'x' }}", "x"),
    ("{{ trigger.nope.deeper | default: 0 }}", 0),
    ("{{ trigger.body.empty | default: 'x' }}", "x"),
    ("{{ trigger.body.nothing | default: 'x' }}", "x"),
    ("{{ trigger.body.nope | default }}", ""),
    ("{% if trigger.body.nope %}a{% else %}b{% endif %}", "b"),
    ("{% assign x = trigger.body.nope %}{{ x | default: 1 }}", "1"),
    # times
    ("{{ trigger.at | date: '%d.%m.%Y %H:%M' }}", "05.11.2024 09:30"),
    ("{{ 1700000000 | date: '%Y-%m-%d' }}", "2023-11-14"),
    ("{{ '1700000000000' | date: '%Y-%m-%d' }}", "2023-11-14"),
    ("{{ 'Tue, 05 Nov 2024 10:00:00 EST' | date: '%H:%M %z' }}", "10:00 -0500"),
    ("{{ '2024-11-05T09:30:00+02:00' | date: '%H:%M %z' }}", "09:30 +0200"),
    ("{{ '2024-11-05' | date: '%A' }}", "Tuesday"),
    ("{{ 'November 5, 2024' | date: '%Y' }}", "2024"),
    ("{{ 'some day' | date: '%Y' }}", "some day"),
    ("{{ '' | date: '%Y' }}", ""),
]


@pytest.mark.parametrize(("value", "expected"), FILLED_IN)
def test_render(value: object, expected: object) -> None:
    found = templates.render(value, SCOPE)
    assert found == expected
    assert type(found) is type(expected)


REFUSED = [
    # what is missing is named, and what there is instead
    (
        "{{ trigger.body.txet }}",
        "tpl.missing",
        "{{ trigger.body.txet }} was empty in this run. Available: trigger.body.text.",
    ),
    (
        "Hi {{ body.text }}",
        "tpl.missing",
        "{{ body.text }} was empty in this run. Available: trigger.body.text.",
    ),
    (
        "{{ steps.fidn.output.id }}",
        "tpl.missing",
        "{{ steps.fidn.output.id }} was empty in this run. Available: steps.find.output.id.",
    ),
    ("{{ trigger.body.items[9].name }}", "tpl.missing", "{{ trigger.body.items[9].name }} was empty"),
    ("{% for i in trigger.body.itmes %}{% endfor %}", "tpl.missing", "Available: trigger.body.items."),
    ("{% for i in trigger.body.items %}{{ i.nmae }}{% endfor %}", "tpl.missing", "Available: i.name."),
    ("{{ trigger.body.nope | upcase }}", "tpl.missing", "{{ trigger.body.nope }} was empty"),
    ("{{ 'a' | append: trigger.body.nope }}", "tpl.missing", "{{ trigger.body.nope }} was empty"),
    ('{{ trigger.body["no such"] }}', "tpl.missing", '{{ trigger.body["no such"] }} was empty'),
    # what is written wrongly
    ("Hi {{ trigger.body.text", "tpl.syntax", 'The template is not closed: add }} after "{{ trigger.body.text".'),
    ("{% if true", "tpl.syntax", 'The template is not closed: add %} after "{% if true".'),
    ("{{ }}", "tpl.syntax", "There is nothing between {{ and }}."),
    ("{% if true %}x", "tpl.syntax", "expected tag endif"),
    ("{% endif %}", "tpl.syntax", "unexpected tag 'endif'"),
    ("{{ a | upcas }}", "tpl.syntax", "There is no filter upcas. Did you mean upcase?"),
    ("{{ a | }}", "tpl.syntax", "cannot be read"),
    ("{{ a b }}", "tpl.syntax", "cannot be read"),
    ("{% raw %}x", "tpl.syntax", "{% raw %} is not closed: add {% endraw %} after it."),
    ("{% nope %}", "tpl.syntax", "There is no tag {% nope %}."),
    ("{% assign r = (1..3) %}", "tpl.syntax", "A range such as (1..5) can only be used in {% for %}."),
    ("{% break %}", "tpl.syntax", "{% break %} only makes sense inside {% for %}."),
    # what cannot be done
    ("{{ 1 | divided_by: 0 }}", "tpl.value", "| divided_by: can't divide by 0."),
    ("{{ 'now' | date: '%999999999Y' }}", "tpl.value", "takes no widths"),
    ("{{ trigger.body | plus: 1 }}", "tpl.value", "| plus works on numbers."),
    ("{{ 'abcde' | base64_decode }}", "tpl.value", "| base64_decode: invalid base64-encoded string."),
    ("{{ '/w==' | base64_decode }}", "tpl.value", "could not be filled in"),
    ("{{ trigger.body.items | sort }}", "tpl.value", "can't sort"),
]


@pytest.mark.parametrize(("source", "code", "says"), REFUSED)
def test_a_refusal_says_what_and_where(source: str, code: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        templates.render({"embeds": [{"title": source}]}, SCOPE)
    assert caught.value.code == code
    assert says in caught.value.message
    assert caught.value.fields == {"embeds.0.title": caught.value.message}
    assert (templates.check(source) is not None) == (code == "tpl.syntax" and "break" not in source)


def test_values_are_handed_on_not_copied() -> None:
    assert templates.render("{{ trigger.body }}", SCOPE) is SCOPE["trigger"]["body"]


PATHS = [
    ("Hi {{ trigger.body.name }} and {{ trigger.body.name | upcase }}", ["trigger.body.name"]),
    ('{{ trigger.body["a b"].c[0] }}', ['trigger.body["a b"].c[0]']),
    ("{{ a[b.c].d }}", ["a", "b.c"]),
    ("{% for i in steps.x.output %}{{ i.y }}{{ forloop.index }}{% endfor %}", ["steps.x.output"]),
    ("{% assign v = trigger.a %}{{ v.b }}{{ w }}", ["trigger.a", "w"]),
    ("{% if item.a > item.b %}{% endif %}", ["item.a", "item.b"]),
    ("{{ 'x' | append: trigger.y }}", ["trigger.y"]),
    ("plain", []),
]


@pytest.mark.parametrize(("source", "expected"), PATHS)
def test_paths(source: str, expected: list[str]) -> None:
    assert templates.paths(source) == expected


HOLDS = [
    ("trigger.body.n > 2", True),
    ("trigger.body.n > 3", False),
    ("trigger.body.n >= 3 and trigger.body.text == 'héllo'", True),
    ("trigger.body.n == 4 or trigger.body.yes", True),
    ("{{ trigger.body.n == 3 }}", True),
    ("{{ trigger.body.nope }}", False),
    ("{{ trigger.body.nope | default: true }}", True),
    ("trigger.body.nope", False),
    ("trigger.body.nope > 3", False),
    ("trigger.body.nope == nil", True),
    ("trigger.body.nope != nil", False),
    ("trigger.body.nope == blank", True),
    ("trigger.body.nothing == blank", True),
    ("trigger.body.empty == blank", True),
    ("trigger.body.text != blank", True),
    ("trigger.body.nope == 'x'", False),
    ("trigger.body.amount > 9", True),
    ("9 < trigger.body.amount", True),
    ("trigger.body.amount == 12", False),
    ("trigger.body.amount == '12'", True),
    ("trigger.body.words contains 'x'", True),
    ("trigger.body.text contains 'llo'", True),
    ("trigger.body.n contains 3", True),
    ("trigger.body.text contains 'z' == false", True),
    ("trigger.body.yes == true", True),
    ("not trigger.body.nope", True),
    ("(trigger.body.n == 3 or true) and false", False),
    ("trigger.body.limit == 5", True),
    ("trigger.body.nope contains 'x'", False),
]


@pytest.mark.parametrize(("source", "expected"), HOLDS)
def test_condition(source: str, expected: bool) -> None:
    assert templates.condition(source, SCOPE) is expected
    assert templates.check_condition(source) is None


BAD_CONDITIONS = [
    ("", "tpl.syntax"),
    ("{{ }}", "tpl.syntax"),
    ("trigger.body.n =", "tpl.syntax"),
    ("trigger.body.n == ", "tpl.syntax"),
    ("a b", "tpl.syntax"),
    ("{% if a %}x{% endif %}", "tpl.syntax"),
    ("a == 1 %}{{ b }}{% if c", "tpl.syntax"),
    ("trigger.body.text > 3", "tpl.value"),
    ("trigger.body.items > 3", "tpl.value"),
    ("(1..9) contains 3", "tpl.syntax"),
]


@pytest.mark.parametrize(("source", "code"), BAD_CONDITIONS)
def test_a_condition_is_refused(source: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        templates.condition(source, SCOPE)
    assert caught.value.code == code
    assert (templates.check_condition(source) is not None) == (code == "tpl.syntax")


def test_a_pause_of_the_program_does_not_stop_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 5.0, *(5.0 + step / 1000 for step in range(1, 9))])
    monkeypatch.setattr(budget, "thread_time", lambda: next(clock))
    assert templates.render("{{ 'abc' | upcase | downcase | size }}", {}) == 3
    slow = iter(step / 100 for step in range(99))
    monkeypatch.setattr(budget, "thread_time", lambda: next(slow))
    with pytest.raises(Invalid, match="it takes too long"):
        templates.render("{{ 'abc' | upcase | downcase | size }}", {})


def test_items() -> None:
    assert templates.items("{{ trigger.body.words }}", SCOPE) == ["x", "y"]
    assert templates.items(["{{ item.id }}", 1], SCOPE) == [7, 1]
    for wrong in ("{{ trigger.body }}", "{{ trigger.body.text }}", "{{ trigger.body.nothing }}", ""):
        with pytest.raises(Invalid, match="no list"):
            templates.items(wrong, SCOPE)
