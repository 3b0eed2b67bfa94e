"""Parameters before and after their templates are filled in."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from streamline_ui import providers
from streamline_ui.errors import Invalid
from streamline_ui.workflows import parameters


class Embed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    title: str


class Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
    text: str = Field(max_length=10)
    chat_id: str | int = ""
    count: int = 1
    ratio: float = 1.0
    silent: bool = False
    embeds: list[Embed] | None = None
    fields: dict[str, Any] | None = None


COMPLAINTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"text": "hi"}, set()),
    ({"text": "{{ trigger.body.a_long_path }}"}, set()),
    ({"text": "hi", "count": "{{ trigger.body.n }}", "silent": "{{ trigger.body.s }}"}, set()),
    ({"text": "hi", "embeds": "{{ trigger.body.list }}"}, set()),
    ({"text": "hi", "embeds": [{"title": "{{ a }}"}]}, set()),
    ({}, {"text"}),
    ({"txt": "{{ a }}"}, {"text", "txt"}),
    ({"text": 5}, {"text"}),
    ({"text": "hi", "count": "5"}, {"count"}),
    ({"text": "hi", "embeds": [{"title": "{{ a }}"}, {"titel": 1}]}, {"embeds.1.title", "embeds.1.titel"}),
    ({"text": "{{ a }}", "count": None}, {"count"}),
]


@pytest.mark.parametrize(("values", "fields"), COMPLAINTS)
def test_complaints(values: dict[str, Any], fields: set[str]) -> None:
    assert set(parameters.complaints(Message, values)) == fields


FITTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": 5}, {"text": "5"}),
    ({"text": True}, {"text": "true"}),
    ({"text": ["a"]}, {"text": '["a"]'}),
    ({"text": "a", "count": "12"}, {"text": "a", "count": 12}),
    ({"text": "a", "count": 12.0}, {"text": "a", "count": 12}),
    ({"text": "a", "ratio": "1.5"}, {"text": "a", "ratio": 1.5}),
    ({"text": "a", "silent": "true"}, {"text": "a", "silent": True}),
    ({"text": "a", "embeds": [{"title": 3}]}, {"text": "a", "embeds": [{"title": "3"}]}),
    ({"text": "a", "chatId": 5, "fields": {"a": 1}}, {"text": "a", "chatId": 5, "fields": {"a": 1}}),
    ({"text": 1, "count": "2", "embeds": [{"title": 3}]}, {"text": "1", "count": 2, "embeds": [{"title": "3"}]}),
]


@pytest.mark.parametrize(("values", "expected"), FITTED)
def test_fit(values: dict[str, Any], expected: dict[str, Any]) -> None:
    fitted = parameters.fit(Message, values)
    assert fitted == expected
    assert repr(fitted) == repr(expected)  # 1 equals 1.0 and True
    Message.model_validate(fitted)


@pytest.mark.parametrize("values", [{"content": 5}, {"content": "a", "silent": "true"}, {"content": ["a"]}])
def test_it_fits_a_real_action(values: dict[str, Any]) -> None:
    model = providers.named("discord").actions["send_message"].params
    model.model_validate(parameters.fit(model, values))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": None}, "text"),
        ({"text": 12345678901}, "text"),
        ({"text": "a", "count": "twelve"}, "count"),
        ({"text": "a", "count": 12.5}, "count"),
        ({"text": "a", "ratio": "nan"}, "ratio"),
        ({"text": "a", "count": "9" * 5000}, "count"),
        ({"text": "a", "silent": "maybe"}, "silent"),
        ({"text": "a", "embeds": "x"}, "embeds"),
        ({"text": "a", "other": 1}, "other"),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parameters.fit(Message, values)
    assert set(caught.value.fields) == {field}
