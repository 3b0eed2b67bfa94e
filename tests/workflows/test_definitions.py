"""The form of a definition: what is accepted, what is refused, what is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamline_ui.errors import Invalid
from streamline_ui.workflows import definitions
from streamline_ui.workflows.definitions import Definition

SECRET = "whsec-canary-0123456789"
STEPS: list[dict[str, Any]] = [
    {"id": "only", "type": "filter", "condition": "trigger.body.amount > 10"},
    {
        "id": "post",
        "name": "Tell the team",
        "type": "action",
        "integrationId": "i1",
        "action": "send_message",
        "params": {"content": "Order {{ trigger.body.id }}"},
        "onError": "continue",
        "retry": {"maxAttempts": 3, "delays": [5, 60]},
        "timeoutSeconds": 30,
    },
    {
        "id": "each",
        "type": "for_each",
        "items": "{{ trigger.body.items }}",
        "steps": [{"id": "wait", "type": "delay", "seconds": 5}],
    },
    {
        "id": "way",
        "type": "branch",
        "branches": [{"condition": "item.a == 1", "steps": [{"id": "made", "type": "set", "values": {"a": 1}}]}],
        "otherwise": [{"id": "end", "type": "stop"}],
    },
]
TRIGGERS: list[dict[str, Any]] = [
    {"type": "webhook"},
    {"type": "webhook", "verification": {"scheme": "github", "secret": SECRET}, "response": "last_step"},
    {"type": "integration", "integrationId": "i1", "event": "message"},
    {"type": "schedule", "cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"},
    {"type": "manual"},
    {"type": "failure"},
]


def with_(**changes: Any) -> dict[str, Any]:
    return {"name": "Forward orders", "trigger": {"type": "manual"}, "steps": STEPS, **changes}


def parsed(**changes: Any) -> Definition:
    return definitions.parse(with_(**changes))


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_what_goes_in_comes_out(trigger: dict[str, Any]) -> None:
    definition = parsed(trigger=trigger)
    shown = definitions.public(definition)
    assert shown["trigger"].items() >= {"type": trigger["type"]}.items()
    assert definitions.load(definitions.dump(definition)) == definitions.parse(shown)
    assert definitions.public(definitions.parse(shown)) == shown


def test_a_half_finished_draft_is_accepted() -> None:
    bare = [
        {"id": f"s{kind}", "type": kind} for kind in ("action", "filter", "branch", "for_each", "delay", "set", "stop")
    ]
    assert len(parsed(steps=bare).steps) == 7
    assert parsed(steps=[]).steps == []


def nested(levels: int) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [{"id": "deep", "type": "stop"}]
    for level in range(levels - 1):
        steps = [{"id": f"l{level}", "type": "for_each", "steps": steps}]
    return steps


def many(count: int) -> list[dict[str, Any]]:
    return [{"id": "l", "type": "for_each", "steps": [{"id": f"s{n}", "type": "stop"} for n in range(count - 1)]}]


def step(**values: Any) -> list[dict[str, Any]]:
    return [{"id": "a", **values}]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": 5}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"extra": 1}, "extra"),
    ({"trigger": None}, "trigger"),
    ({"trigger": {}}, "trigger"),
    ({"trigger": {"type": "webhok"}}, "trigger"),
    ({"trigger": {"type": "manual", "event": "x"}}, "trigger.event"),
    ({"trigger": {"type": "schedule", "cron": 5}}, "trigger.cron"),
    ({"trigger": {"type": "webhook", "response": "later"}}, "trigger.response"),
    ({"trigger": {"type": "webhook", "verification": {"scheme": "md5"}}}, "trigger.verification.scheme"),
    ({"trigger": {"type": "webhook", "verification": {"secret": 5}}}, "trigger.verification.secret"),
    ({"trigger": {"type": "webhook", "verification": {"header": "X: y"}}}, "trigger.verification.header"),
    ({"steps": "x"}, "steps"),
    ({"steps": [1]}, "steps.0"),
    ({"steps": step(type="acton")}, "steps.0"),
    ({"steps": step()}, "steps.0"),
    ({"steps": [{"type": "stop"}]}, "steps.0.id"),
    ({"steps": [{"id": "a b", "type": "stop"}]}, "steps.0.id"),
    ({"steps": [{"id": "a[0]", "type": "stop"}]}, "steps.0.id"),
    ({"steps": [{"id": "", "type": "stop"}]}, "steps.0.id"),
    ({"steps": step(type="action", action=5)}, "steps.0.action"),
    ({"steps": step(type="action", params=[])}, "steps.0.params"),
    ({"steps": step(type="action", onError="retry")}, "steps.0.onError"),
    ({"steps": step(type="action", retry={"maxAttempts": 0})}, "steps.0.retry.maxAttempts"),
    ({"steps": step(type="action", retry={"delays": [5, 0]})}, "steps.0.retry.delays.1"),
    ({"steps": step(type="action", timeoutSeconds=901)}, "steps.0.timeoutSeconds"),
    ({"steps": step(type="filter", condition=True)}, "steps.0.condition"),
    ({"steps": step(type="delay", seconds=30 * 86_400 + 1)}, "steps.0.seconds"),
    ({"steps": step(type="delay", seconds=0)}, "steps.0.seconds"),
    ({"steps": step(type="delay", seconds="60")}, "steps.0.seconds"),
    ({"steps": step(type="for_each", items=7)}, "steps.0.items"),
    ({"steps": step(type="for_each", steps=[{"id": "b", "type": "set", "values": []}])}, "steps.0.steps.0.values"),
    (
        {"steps": step(type="branch", branches=[{"steps": [{"id": "b", "type": "filter", "condition": 1}]}])},
        "steps.0.branches.0.steps.0.condition",
    ),
    ({"steps": step(type="branch", otherwise=[{"id": "b", "type": "stop", "x": 1}])}, "steps.0.otherwise.0.x"),
    ({"steps": nested(11)}, ".".join(["steps.0"] * 11)),
    ({"steps": many(201)}, "steps.0.steps.199"),
    ({"settings": {"missedRuns": "all"}}, "settings.missedRuns"),
    ({"settings": {"timeoutSeconds": 901}}, "settings.timeoutSeconds"),
    ({"settings": {"concurrency": 0}}, "settings.concurrency"),
    ({"settings": {"maxBodyBytes": 5_000_001}}, "settings.maxBodyBytes"),
    ({"settings": {"keepOrder": "yes"}}, "settings.keepOrder"),
    ({"steps": nested(3_000)}, ""),
    ({"steps": step(type="set", values={"a": "x" * 1_000_001})}, ""),
]


@pytest.mark.parametrize(("changes", "field"), REFUSED)
def test_an_error_stands_at_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parsed(**changes)
    assert list(caught.value.fields)[:1] == [field]
    assert all(sentence.endswith(".") for sentence in caught.value.fields.values())
    assert "pydantic" not in str(caught.value.fields)


def test_the_bounds_themselves_are_fine() -> None:
    assert len(definitions.order(parsed(steps=many(200)))) == 200
    assert len(definitions.order(parsed(steps=nested(10)))) == 10
    parsed(steps=step(type="delay", seconds=30 * 86_400))


def test_every_error_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        parsed(name="", steps=step(type="action", action=5, foo=1))
    assert set(caught.value.fields) == {"name", "steps.0.action", "steps.0.foo"}


def test_a_secret_is_never_shown() -> None:
    definition = parsed(trigger=TRIGGERS[1])
    assert definitions.secret(definition) == SECRET
    for shown in (definitions.dump(definition), repr(definition), str(definitions.public(definition))):
        assert SECRET not in shown
    assert definitions.public(definition)["trigger"]["verification"]["secret"] == {"set": True, "hint": "…6789"}


def test_a_short_secret_gives_no_hint() -> None:
    definition = parsed(trigger={"type": "webhook", "verification": {"scheme": "header", "secret": "short"}})
    assert definitions.public(definition)["trigger"]["verification"]["secret"] == {"set": True, "hint": ""}


def test_a_held_secret_comes_back_without_being_told() -> None:
    shown = definitions.public(parsed(trigger=TRIGGERS[1]))
    again = definitions.parse(shown)
    assert definitions.secret(again) is None
    assert definitions.public(again) == shown
    imported = definitions.without_secret(again)
    assert "secret" not in definitions.public(imported)["trigger"]["verification"]


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(Invalid) as caught:
        parsed(trigger={"type": "webhook", "verification": {"secret": SECRET * 200}})
    assert SECRET not in json.dumps(caught.value.fields) + caught.value.message


def test_walking() -> None:
    definition = parsed()
    assert [at for at, _ in definitions.walk(definition.steps)] == [
        "steps.0",
        "steps.1",
        "steps.2",
        "steps.2.steps.0",
        "steps.3",
        "steps.3.branches.0.steps.0",
        "steps.3.otherwise.0",
    ]
    assert definitions.order(definition) == ["only", "post", "each", "wait", "way", "made", "end"]
    found = definitions.find(definition, "wait")
    assert found is not None
    assert found.type == "delay"
    assert definitions.find(definition, "nope") is None
    assert definitions.integrations(definition) == {"i1": "steps.1.integrationId"}


@pytest.mark.parametrize(
    ("loops", "expected"),
    [([], "post"), ([("fetch", 3)], "fetch[3].post"), ([("a", 0), ("b", 12)], "a[0].b[12].post")],
)
def test_key(loops: list[tuple[str, int]], expected: str) -> None:
    assert definitions.key("post", loops) == expected
