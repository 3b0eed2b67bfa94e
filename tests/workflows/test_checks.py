"""What keeps a workflow from being published."""

from __future__ import annotations

from typing import Any

import pytest

from streamline_ui import providers
from streamline_ui.workflows import definitions
from streamline_ui.workflows.steps import Action

LOOKUP = {
    "chat": "discord",
    "bot": "telegram",
    "page": "inbox",
    "old": "a_service_that_was_removed",
    "team": "slack",
    "feed": "rss",
    "base": "airtable",
    "mail": "sendgrid",
    "phone": "twilio",
}.get


def problems(*steps: dict[str, Any], **trigger: Any) -> list[tuple[str, str]]:
    values = {"name": "W", "trigger": trigger or {"type": "webhook"}, "steps": list(steps)}
    return [(each.path, each.message) for each in definitions.problems(definitions.parse(values), LOOKUP)]


def post(step_id: str = "post", content: str = "hi", **more: Any) -> dict[str, Any]:
    values = {"integrationId": "chat", "action": "send_message", "params": {"content": content}}
    return {"id": step_id, "type": "action", **values, **more}


def make(step_id: str, value: object = 1) -> dict[str, Any]:
    return {"id": step_id, "type": "set", "values": {"v": value}}


def loop(step_id: str, *steps: dict[str, Any], items: Any = "{{ trigger.body.items }}") -> dict[str, Any]:
    return {"id": step_id, "type": "for_each", "items": items, "steps": list(steps)}


def branch(step_id: str, *arms: tuple[str, list[dict[str, Any]]], otherwise: Any = ()) -> dict[str, Any]:
    listed = [{"condition": condition, "steps": steps} for condition, steps in arms]
    return {"id": step_id, "type": "branch", "branches": listed, "otherwise": list(otherwise)}


FINE: list[list[dict[str, Any]]] = [
    [post()],
    [post(content="Order {{ trigger.body.id }} {{ execution.id }}")],
    [make("a"), post(content="{{ steps.a.output.v }}")],
    [make("a"), post(content="{{ steps['a'].output.v | default: steps.a.error }}")],
    [loop("l", make("x", "{{ item.y }}"), post(content="{{ steps.x.output.v }} {{ item }}"))],
    [loop("l", make("x")), post(content="{{ steps.l.output }}")],
    [loop("l", loop("m", make("x", "{{ item }}"), items="{{ item.z }}"))],
    [loop("l", make("x"), items=[1, "{{ trigger.body.a }}"])],
    [make("a"), branch("b", ("steps.a.output.v == 1", [make("c", "{{ steps.a.output.v }}")]))],
    [branch("b", ("true", [make("c")])), make("d", "{{ steps.c.output.v | default: 1 }}")],
    [branch("b", ("true", [branch("bb", ("true", [make("c")]))])), make("d", "{{ steps.c.output.v }}")],
    [make("a", "{% for i in trigger.body.list %}{{ i.x }}{{ forloop.index }}{% endfor %}")],
    [make("a", "{% assign item2 = trigger.body.x %}{{ item2 }}")],
    [make("a"), {"id": "f", "type": "filter", "condition": "steps.a.output.v > 1 and trigger.body.limit == blank"}],
    [{"id": "d", "type": "delay", "seconds": 5}, {"id": "s", "type": "stop"}],
    [make("size"), make("first", "{{ steps.size.output.v }}")],
    [make("limit"), make("in"), make("b", "{{ steps.in.output.v }}{{ steps.limit.output.v }}")],
    [post(params={"content": "{{ trigger.body.x }}", "silent": "{{ trigger.body.y }}"})],
]


@pytest.mark.parametrize("steps", FINE)
def test_what_is_fine(steps: list[dict[str, Any]]) -> None:
    assert problems(*steps) == []


WRONG: list[tuple[list[dict[str, Any]], str, str]] = [
    ([], "steps", "Add at least one step."),
    # integrations and actions
    ([post(integrationId="")], "steps.0.integrationId", "Choose a connection."),
    ([post(integrationId="charlies")], "steps.0.integrationId", "This connection does not exist. Choose another one."),
    ([post(integrationId="old")], "steps.0.integrationId", "This connection does not exist. Choose another one."),
    ([post(action="")], "steps.0.action", "Choose what to do."),
    ([post(action="send_fax")], "steps.0.action", "Discord has no action send_fax."),
    ([post(params={})], "steps.0.params.content", "is missing."),
    ([post(params={"content": 5})], "steps.0.params.content", "must be text."),
    (
        [post(params={"content": "a", "colour": "{{ trigger.body.x }}"})],
        "steps.0.params.colour",
        "There is no such field.",
    ),
    ([post(params={"content": "a", "silent": "yes"})], "steps.0.params.silent", "must be true or false."),
    # templates
    ([post(content="{{ trigger.body")], "steps.0.params.content", 'add }} after "{{ trigger.body"'),
    ([make("a", {"x": ["{{ y | nope }}"]})], "steps.0.values.v.x.0", "There is no filter nope."),
    ([post(content="{{ body.text }}")], "steps.0.params.content", "body is nothing a step knows."),
    ([post(content="{{ item.x }}")], "steps.0.params.content", "item only exists inside a loop."),
    ([loop("l", post(), items="{{ item }}")], "steps.0.items", "item only exists inside a loop."),
    # references
    ([post(content="{{ steps.post.output }}")], "steps.0.params.content", "A step cannot use its own result."),
    ([post(content="{{ steps.b.output }}"), make("b")], "steps.0.params.content", "b does not run before this step."),
    (
        [make("abc"), post(content="{{ steps.abd.output }}")],
        "steps.1.params.content",
        "There is no step abd. Did you mean abc?",
    ),
    ([make("a"), post(content="{{ steps.a.v }}")], "steps.1.params.content", "The result of a step is steps.a.output."),
    ([make("a"), post(content="{{ steps.a }}")], "steps.1.params.content", "The result of a step is steps.a.output."),
    (
        [loop("l", make("x")), make("y", "{{ steps.x.output.v }}")],
        "steps.1.values.v",
        "x runs inside the loop l: use steps.l.output.",
    ),
    ([loop("l", make("x", "{{ steps.l.output }}"))], "steps.0.steps.0.values.v", "l does not run before this step."),
    (
        [branch("b", ("true", [make("c")]), ("true", [make("d", "{{ steps.c.output.v }}")]))],
        "steps.0.branches.1.steps.0.values.v",
        "c does not run before this step.",
    ),
    (
        [branch("b", ("true", [loop("l", make("x"))])), make("y", "{{ steps.x.output.v }}")],
        "steps.1.values.v",
        "x runs inside the loop l",
    ),
    ([make("y", "{% if steps.gone.output %}{% endif %}")], "steps.0.values.v", "There is no step gone."),
    ([{"id": "f", "type": "filter", "condition": "steps.f.output == 1"}], "steps.0.condition", "its own result"),
    # the rest
    ([{"id": "f", "type": "filter"}], "steps.0.condition", "Enter a condition."),
    ([{"id": "f", "type": "filter", "condition": "a ="}], "steps.0.condition", "cannot be read"),
    ([branch("b")], "steps.0.branches", "Add a branch with a condition."),
    ([branch("b", ("", [make("x")]))], "steps.0.branches.0.condition", "Enter a condition."),
    ([branch("b", ("true", []))], "steps.0.branches.0.steps", "This branch does nothing."),
    ([loop("l")], "steps.0.steps", "This loop does nothing."),
    ([loop("l", make("x"), items="")], "steps.0.items", "Choose the list to go through."),
    ([loop("l", make("x"), items="a {{ trigger.body.b }}")], "steps.0.items", "This must be one list"),
    ([loop("l", make("x"), items="{{ trigger.b")], "steps.0.items", "not closed"),
    ([make("a"), loop("l", make("a"))], "steps.1.steps.0.id", "There is another step a."),
]


@pytest.mark.parametrize(("steps", "path", "says"), WRONG)
def test_a_problem_stands_at_its_place(steps: list[dict[str, Any]], path: str, says: str) -> None:
    found = problems(*steps)
    assert [each for each, _ in found] == [path]
    assert says in found[0][1]


TRIGGERS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"type": "webhook"}, []),
    ({"type": "webhook", "verification": {"scheme": "github", "secret": "abc"}}, []),
    ({"type": "webhook", "verification": {"scheme": "github", "secret": {"set": True}}}, []),
    ({"type": "webhook", "verification": {"scheme": "github"}}, [("trigger.verification.secret", "Enter the secret")]),
    (
        {"type": "webhook", "verification": {"scheme": "stripe", "secret": " "}},
        [("trigger.verification.secret", "Enter the secret")],
    ),
    (
        {
            "type": "webhook",
            "verification": {"scheme": "github", "secret": "abc"},
            "events": ["issues.opened", "fork", "Push Hook"],
        },
        [("trigger.events.2", "GitHub sends no event “Push Hook”. Did you mean push?")],
    ),
    (
        {"type": "webhook", "verification": {"scheme": "discord", "secret": "nothex"}},
        [("trigger.verification.secret", "The public key is not one: it has 64 characters")],
    ),
    (
        {"type": "webhook", "verification": {"scheme": "stripe", "secret": "sk_live_abc"}},
        [("trigger.verification.secret", "it starts with whsec_, while an API key does not.")],
    ),
    (
        {"type": "webhook", "verification": {"scheme": "hmac", "secret": "x"}},
        [("trigger.verification.header", "Enter the name of the header.")],
    ),
    (
        {"type": "webhook", "verification": {"scheme": "basic", "secret": "x"}},
        [("trigger.verification.username", "Enter the user name.")],
    ),
    ({"type": "integration", "integrationId": "bot", "event": "message"}, []),
    ({"type": "integration", "integrationId": "bot", "event": "fax"}, [("trigger.event", " offers ")]),
    ({"type": "integration", "integrationId": "chat", "event": "x"}, [("trigger.event", "Discord offers nothing.")]),
    ({"type": "integration"}, [("trigger.integrationId", "Choose a connection.")]),
    ({"type": "integration", "integrationId": "x"}, [("trigger.integrationId", "does not exist")]),
    ({"type": "schedule", "cron": "*/5 * * * *"}, []),
    ({"type": "schedule", "cron": "0 0 30 2 *"}, [("trigger.cron", "This schedule never comes")]),
    ({"type": "schedule"}, [("trigger.cron", "A schedule has 5 fields")]),
    (
        {"type": "schedule", "cron": "61 * * * *", "timezone": "Mars"},
        [("trigger.cron", "cannot be read"), ("trigger.timezone", "There is no time zone Mars.")],
    ),
    ({"type": "failure"}, []),
]


@pytest.mark.parametrize(("trigger", "expected"), TRIGGERS)
def test_triggers(trigger: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = problems(post(), **trigger)
    assert [path for path, _ in found] == [path for path, _ in expected]
    assert all(says in said for (_, said), (_, says) in zip(found, expected, strict=True))


SCHEDULE = {"type": "schedule", "cron": "0 9 * * *"}
BOT = {"type": "integration", "integrationId": "bot", "event": "message"}
RECORD = BOT | {
    "integrationId": "base",
    "event": "record_created",
    "params": {"baseId": "app" + "b" * 14, "table": "T"},
}
NEVER: list[tuple[dict[str, Any], str, str]] = [
    (BOT, "trigger.body.text", "Telegram Bot's “Message received” has no trigger.body. Available: trigger.message.te"),
    (BOT, "trigger.mesage.text", "Available: trigger.message.text."),
    (BOT, "trigger.edited_message.text", "Available: trigger.message"),
    (
        BOT | {"integrationId": "team"},
        "trigger.body.event.text",
        "Slack's “Message posted” has no trigger.body. Available: trigger.event.text.",
    ),
    (BOT | {"integrationId": "feed", "event": "item"}, "trigger.headline", "RSS feed's “New entry” has no"),
    (BOT | {"integrationId": "feed", "event": "item"}, "trigger.titel", "Available: trigger.title."),
    (RECORD, "trigger.Name", "Available: trigger.fields.Name."),
    (SCHEDULE, "trigger.body.id", "A schedule has no trigger.body. Available: trigger.scheduledAt, trigger.firedAt"),
    (SCHEDULE, "trigger.scheduled_at", "Available: trigger.scheduledAt."),
    ({"type": "manual"}, "trigger.body.id", "A run by hand has no trigger.body. Did you mean trigger.input.id?"),
    ({"type": "manual"}, "trigger.id", "Did you mean trigger.input.id?"),
    ({"type": "failure"}, "trigger.message", "A failure has no trigger.message. Available: trigger."),
    ({"type": "webhook"}, "trigger.order.id", "An incoming webhook has no trigger.order. Did you mean trigger.body.or"),
]


@pytest.mark.parametrize(("trigger", "path", "says"), NEVER)
def test_a_key_that_what_starts_it_never_has_is_refused(trigger: dict[str, Any], path: str, says: str) -> None:
    places = {
        "steps.0.params.content": post(content=f"Order {{{{ {path} | upcase }}}}"),
        "steps.0.items": loop("l", make("x"), items=f"{{{{ {path} }}}}"),
        "steps.0.condition": {"id": "f", "type": "filter", "condition": f"{path} == 1"},
        "steps.0.steps.0.values.v": loop("l", make("x", f"{{% for i in {path} %}}x{{% endfor %}}"), items=[1]),
    }
    for at, step in places.items():
        assert [place for place, _ in problems(step, **trigger)] == [at]
        assert says in problems(step, **trigger)[0][1]


PERHAPS: list[tuple[dict[str, Any], str]] = [
    (BOT, "{{ trigger.message.photo[0].file_id }} {{ trigger.update_id }} {{ trigger.type }} {{ trigger.size }}"),
    (BOT, "{{ trigger.body.text | default: 'none' }}{% if trigger.body %}{{ trigger.body.text }}{% endif %}"),
    (RECORD, "{{ trigger.fields.Anything.at_all }}"),
    (BOT | {"integrationId": "team"}, "{{ trigger.enterprise_id }}"),
    (BOT | {"integrationId": "mail", "event": "delivered"}, "{{ trigger.body }} {{ trigger.our_own_argument }}"),
    (BOT | {"integrationId": "phone"}, "{{ trigger.body }} {{ trigger.MediaUrl0 }}"),
    (SCHEDULE, "{{ trigger.firedAt }} {{ trigger.input.region }} {{ trigger.region | default: 'eu' }}"),
    (
        {"type": "webhook"},
        "{{ trigger.query.a }} {{ trigger.headers['x-a'] }} {{ trigger.files }} {{ trigger['body'] }}",
    ),
    ({"type": "failure"}, "{{ trigger.error }} {{ trigger.workflowName }} {{ trigger.executionId }}"),
]


@pytest.mark.parametrize(("trigger", "content"), PERHAPS)
def test_what_may_be_there_is_left_alone(trigger: dict[str, Any], content: str) -> None:
    assert problems(post(content=content), **trigger) == []


def test_where_the_event_is_not_known_its_keys_are_not_judged() -> None:
    for trigger in (BOT | {"event": "fax"}, BOT | {"integrationId": "x"}, BOT | {"integrationId": ""}):
        assert [at for at, _ in problems(post(content="{{ trigger.body.x }}"), **trigger)] == [
            "trigger.event" if trigger["integrationId"] == "bot" else "trigger.integrationId"
        ]


def test_everything_is_told_at_once() -> None:
    found = problems(post(integrationId="", content="{{"), {"id": "post", "type": "filter"})
    assert [path for path, _ in found] == [
        "steps.1.id",
        "steps.0.integrationId",
        "steps.0.params.content",
        "steps.1.condition",
    ]


@pytest.mark.parametrize(("own", "expected"), [(None, False), (True, True), (False, False)])
def test_may_repeat(own: bool | None, expected: bool) -> None:
    step = Action(id="a", type="action", integration_id="chat", action="send_message", repeatable=own)
    assert definitions.may_repeat(step, providers.named("discord")) is expected


def test_what_nobody_knows_may_not_repeat() -> None:
    step = Action(id="a", type="action", integration_id="chat", action="nope")
    assert definitions.may_repeat(step, providers.named("discord")) is False
