"""What every provider promises. A new one is covered here by existing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from streamline_ui import providers, sandbox
from streamline_ui.errors import AuthFailed, Rejected, StreamlineError, Unavailable
from streamline_ui.providers import PROVIDERS, catalog, choices, formats, meanings
from streamline_ui.providers.configs import ServiceConfig
from streamline_ui.providers.describe import Connection, Provider

from .conftest import Desk

every_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
services = [each for each in PROVIDERS.values() if each.type in sandbox.DEMO]
every_service = pytest.mark.parametrize("provider", services, ids=[each.type for each in services])
SOUNDS_SECRET = re.compile(r"token(?!_url)|key$|secret|password|webhook_url|sid$")
ADDRESS = "https://service.example"
FORMS = {  # who sends forms says by its fields what happened, or in one of them
    "twilio": lambda form: "call" if "CallSid" in form else "message" if "Body" in form else "message_status",
    "sendgrid": lambda event: event["event"],
}
READING = re.compile(r"(list|read|find)_\w+")
HARMLESS_TWICE = {  # writes that leave the same behind when they are done again
    ("airtable", "update_record"),
    ("airtable", "upsert_record"),
    ("google_sheets", "update_range"),
    ("inbox", "write"),  # the same step of the same execution writes one entry
    ("newsapi", "everything"),
    ("newsapi", "top_headlines"),
}


def models(provider: Provider[Any]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = [provider.config, *(action.params for action in provider.actions.values())]
    for model in found:
        inner = (part for field in model.model_fields.values() for part in parts(field.annotation))
        found += [part for part in inner if issubclass(part, BaseModel) and part not in found]
    return found


def parts(annotation: Any) -> list[type]:
    return [part for part in (annotation, *getattr(annotation, "__args__", ())) if isinstance(part, type)]


def demo(provider: Provider[Any]) -> Any:
    values = sandbox.DEMO.get(provider.type, {})
    address = {"baseUrl": ADDRESS} if issubclass(provider.config, ServiceConfig) else {}
    return formats.read(provider.config, {**values, **address})


@every_provider
def test_guide_has_numbered_steps_and_links_are_https(provider: Provider[Any]) -> None:
    steps = re.findall(r"^(\d)\. ", provider.guide, re.MULTILINE)
    assert steps == [str(number) for number in range(1, len(steps) + 1)]
    assert len(steps) >= 3
    for link in (provider.docs, provider.console):
        assert link == "" or link.startswith("https://")
    assert provider.docs or not issubclass(provider.config, ServiceConfig)


@every_provider
def test_says_who_it_is(provider: Provider[Any]) -> None:
    assert provider.name
    assert 1 <= len(provider.needs.split()) <= 4
    assert provider.purpose.endswith(".")
    assert provider.can
    assert provider.brand or provider.icon != "plug"
    assert provider.aliases


@every_provider
def test_every_field_and_parameter_has_a_title(provider: Provider[Any]) -> None:
    for model in models(provider):
        for name, field in model.model_fields.items():
            assert field.title, f"{model.__name__}.{name}"


@every_provider
def test_what_sounds_secret_is_a_secret(provider: Provider[Any]) -> None:
    for model in models(provider)[: 1 + bool(catalog.secret_fields(provider.config))]:
        for name, field in model.model_fields.items():
            if SOUNDS_SECRET.search(name):
                assert SecretStr in parts(field.annotation), f"{model.__name__}.{name}"


@every_provider
def test_every_action_says_what_it_does_and_its_trial_is_valid(provider: Provider[Any]) -> None:
    assert provider.actions or provider.triggers
    for action in provider.actions.values():
        assert action.help.endswith(".")
        harmless = READING.fullmatch(action.name) or (provider.type, action.name) in HARMLESS_TWICE
        assert action.repeatable is bool(harmless)
        names = {field.alias for field in action.params.model_fields.values()}
        assert set(action.trial or {}) <= names


@every_provider
def test_samples_are_of_their_own_kind(provider: Provider[Any]) -> None:
    assert len({trigger.event for trigger in provider.triggers}) == len(provider.triggers)
    for trigger in provider.triggers:
        envelope = trigger.sample.get("event")  # Slack's, which names the event inside
        names = [envelope["type"]] if isinstance(envelope, dict) else list(trigger.sample)
        names += [FORMS[provider.type](trigger.sample)] if provider.type in FORMS else []
        polled = provider.feed(trigger.event)
        assert trigger.event in names or (polled and trigger.sample), trigger.event


@every_provider
def test_choices_depend_on_parameters_that_are_there(provider: Provider[Any]) -> None:
    models_ = [
        *(action.params for action in provider.actions.values()),
        *(feed.params for feed in provider.feeds.values()),
    ]
    for model in models_:
        for name in model.model_fields:
            offered = choices.of(model, name)
            assert offered is None or set(offered.depends_on) < set(model.model_fields), name
    assert not set(provider.actions) & {trigger.event for trigger in provider.triggers}


@every_provider
def test_every_meaning_says_what_to_do(provider: Provider[Any]) -> None:
    for row in provider.meanings:
        assert row.hint.endswith("."), row.message
        assert not row.message.endswith("."), row.message
        assert row.status is None or row.status >= 400


@pytest.mark.parametrize(("kind", "service"), [("telegram", "Telegram"), ("sendgrid", "SendGrid")])
def test_tiles_say_the_whole_name_and_sentences_the_services(kind: str, service: str) -> None:
    provider = PROVIDERS[kind]
    assert provider.name.startswith(f"{service} ")
    assert provider.service == provider.mentioned == service
    said = [provider.guide, provider.purpose, *provider.can, *(row.message + row.hint for row in provider.meanings)]
    said.append(str(provider.config.model_json_schema(by_alias=True)["properties"]))
    assert [sentence for sentence in said if provider.name in sentence] == []


@every_provider
def test_it_can_be_spoken_of_at_the_beginning_and_within_a_sentence(provider: Provider[Any]) -> None:
    assert provider.service[0].isupper()
    assert not provider.mentioned.startswith("The ")


@every_service
async def test_the_check_posts_nothing(provider: Provider[Any]) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        if provider.type == "google_sheets":  # is asked for what nobody has
            return httpx.Response(200, request=request, json={})
        everything = {
            "id": "usr1" if provider.type == "airtable" else request.url.path.split("/")[-2],
            "type": 1 if provider.type == "discord" else "Full",
            "sid": request.url.path.split("/")[-1].removesuffix(".json"),
            "articles": [],
            "team_id": "T1",
            "user_id": "U1",
            "version": "https://jsonfeed.org/version/1.1",
            "status": "ok" if provider.type == "newsapi" else "active",
            "name": "x",
            "scopes": ["mail.send", "data.records:read"],
            "result": {"id": 1, "is_bot": True, "username": "x"},
            "ok": True,
            "team": "x",
            "friendly_name": "x",
        }
        return httpx.Response(200, json=everything)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=ADDRESS) as http:
        assert provider.checker is not None
        connection = Connection(demo(provider), http, Desk())
        if provider.type == "google_sheets":
            with pytest.raises(Unavailable, match="does not understand"):
                await provider.checker(connection)
        else:
            assert (await provider.checker(connection)).message
    assert seen
    assert set(seen) == {"GET"}


STRANGE = {
    "an error": b'{"error":{"message":"no"},"ok":false,"code":40001}',
    "no number": b'{"ok":true,"result":NaN}',
    "nothing inside": b"{}",
    "a page": b"<!doctype html><title>Sign in</title>",
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "only that it is well": b'{"ok":true,"status":"ok"}',
    "an empty result": b'{"ok":true,"result":{},"scopes":[],"id":"","sid":"","status":"active"}',
    "a person": b'{"ok":true,"result":{"id":7,"is_bot":false,"first_name":"Ann","username":"ann"},"id":"7","type":1}',
    "no bot's number": b'{"ok":true,"result":{"id":0,"is_bot":true,"username":"ops_bot"},"team_id":"","user_id":""}',
    "a bot without a name": b'{"ok":true,"result":{"id":7,"is_bot":true},"team":"Acme","user":"ops"}',
}


@pytest.mark.parametrize("content", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("provider", [each for each in services if not each.anywhere], ids=lambda each: each.type)
async def test_whoever_answers_something_else_is_not_the_service(provider: Provider[Any], content: bytes) -> None:
    if provider.type == "oauth2" and not content.startswith(b"<"):
        pytest.skip("any API may answer so")
    values = {**formats.plain(demo(provider)), **({"checkPath": "/me"} if provider.type == "oauth2" else {})}
    wire = httpx.MockTransport(lambda request: httpx.Response(200, request=request, content=content))
    async with httpx.AsyncClient(transport=wire, base_url=ADDRESS) as http:
        assert provider.checker is not None
        with pytest.raises((Unavailable, Rejected)) as refused:
            await provider.checker(Connection(formats.read(provider.config, values), http, Desk()))
    assert refused.value.hints


def error(provider: Provider[Any], status: int, **answer: Any) -> StreamlineError:
    request = httpx.Request("POST", provider.base_url(demo(provider)) or ADDRESS)
    return meanings.translate(
        httpx.Response(status, request=request, **answer),
        service=provider.service,
        meanings=provider.meanings,
        problem=provider.problem,
        wait=provider.wait,
    )


BODIES: list[dict[str, Any]] = [
    {"content": b""},
    {"content": b"<html>gateway</html>"},
    {"json": []},
    {"json": "no"},
    {"json": {"errors": "x", "parameters": [], "retry_after": "soon", "code": {}, "error": 5}},
    {"json": {"errors": [5], "parameters": {"retry_after": -1, "migrate_to_chat_id": "x"}, "retry_after": 1e30}},
    {"content": b"[" * 100_000},
    {"content": b'{"message": "\xff\xfe"}'},
]


@every_provider
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_every_answer_becomes_an_error_of_ours(provider: Provider[Any], body: dict[str, Any]) -> None:
    for status in (400, 401, 402, 403, 404, 409, 410, 413, 418, 422, 429, 500, 502, 503, 504, 520):
        problem = error(provider, status, **body)
        assert f"({status}" in problem.message
        assert problem.hints
    assert isinstance(error(provider, 401, **body), AuthFailed)
    for status in (429, 500, 503):
        assert isinstance(error(provider, status, **body), Unavailable)
    for status in (400, 403, 413, 422):
        assert isinstance(error(provider, status, **body), Rejected)


@every_provider
def test_a_rate_limit_was_not_processed_and_says_how_long(provider: Provider[Any]) -> None:
    problem = error(provider, 429, headers={"Retry-After": "7"})
    assert isinstance(problem, Unavailable)
    assert problem.retry_after == 7
    assert not problem.unclear
    broken = error(provider, 503)
    assert isinstance(broken, Unavailable)
    assert broken.unclear


@every_service
def test_no_secret_in_errors_texts_or_views(provider: Provider[Any]) -> None:
    config = demo(provider)
    hidden = [each for each in formats.secrets(config) if len(each) >= 16]
    assert hidden or provider.auth_type == "none"
    hidden = hidden or ["no secret at all"]
    echoed = {"message": hidden[0], "description": hidden[0], "errors": [{"message": hidden[0], "field": hidden[0]}]}
    texts = [
        repr(config),
        str(config),
        str(formats.view(config)),
        str(formats.doubts(config)),
        repr(provider.auth(config)),
    ]
    for status in (400, 401, 403, 404, 429, 500):
        problem = error(provider, status, json=echoed)
        texts += [str(problem), *problem.hints]
    for secret in hidden:
        assert not any(secret in text for text in texts)


@every_provider
def test_catalog_entry_is_complete_json_schema(provider: Provider[Any]) -> None:
    entry = catalog.entry(provider)
    assert {"type", "name", "authType", "category", "configSchema", "actions", "triggers", "docsUrl"} <= set(entry)
    schemas = [entry["configSchema"], *(action["parameters"] for action in entry["actions"])]
    for schema in schemas:
        assert schema["type"] == "object"
        assert "$ref" not in str(schema)
        assert "anyOf" not in str(schema)
        for name, field in schema["properties"].items():
            assert field["title"], name
    for path in catalog.secret_fields(provider.config):
        node = entry["configSchema"]
        for part in path.split("."):
            node = node["properties"][part]
        assert node["format"] == "password"
        assert node["writeOnly"] is True


def test_everything_that_is_described_is_found() -> None:
    folder = Path(providers.__file__).parent
    described = {path.stem for path in folder.glob("*.py") if "\nprovider = Provider(" in path.read_text()}
    assert set(PROVIDERS) == described
    assert {"discord", "telegram", "sendgrid", "http", "inbox"} <= described
    assert [entry["type"] for entry in catalog.entries()]
