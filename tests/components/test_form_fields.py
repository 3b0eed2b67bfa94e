"""A model read as a form, and what was typed read back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, SecretStr

from components import form_fields
from streamline_ui.providers.configs import Config, Keys
from streamline_ui.providers.formats import Format


class Further(Keys):
    api_key: SecretStr = Field(title="API key")


class Everything(Config):
    token: Annotated[SecretStr, Format(r"t-\w+")] = Field(title="Token", json_schema_extra={"placeholder": "t-…"})
    mode: Literal["slow", "very_fast"] | None = Field("slow", title="Mode")
    is_on: bool | None = Field(True, title="On")
    pause: int | None = Field(None, title="Pause", json_schema_extra={"advanced": True, "unit": "ms"})
    note: str | None = Field(None, title="Note", description="Anything", json_schema_extra={"lines": 4})
    extra: dict[str, Any] | None = Field(None, title="Extra")
    api_keys: Further | None = Field(None, title="Keys")

    model_config = ConfigDict(title="Everything")


FIELDS = {field.name: field for field in form_fields.fields_of(Everything)}


def test_every_field_has_its_kind_and_its_dotted_name() -> None:
    kinds = {name: field.kind for name, field in FIELDS.items()}
    assert kinds == {
        "token": "secret", "mode": "choice", "isOn": "switch", "pause": "number", "note": "text", "extra": "json",
        "apiKeys.apiKey": "secret",
    }  # fmt: skip
    assert form_fields.open_ended(Everything) == ["apiKeys"]


def test_what_a_field_says_about_itself() -> None:
    assert FIELDS["token"].wanted
    assert FIELDS["token"].placeholder == "t-…"
    assert FIELDS["token"].formats[0].accept == r"t-\w+"
    assert FIELDS["mode"].choices == (("slow", "Slow"), ("very_fast", "Very fast"))
    assert FIELDS["pause"].advanced
    assert FIELDS["pause"].hint == "In ms."
    assert (FIELDS["note"].lines, FIELDS["note"].hint) == (4, "Anything")


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ({"token": "t-1", "note": "  "}, {"token": "t-1"}),
        ({"pause": "5000"}, {"pause": 5000}),
        ({"pause": "1.5"}, {"pause": 1.5}),
        ({"pause": "soon"}, {"pause": "soon"}),
        ({"isOn": "on", "isOn?": "1"}, {"isOn": True}),
        ({"isOn?": "1"}, {"isOn": False}),
        ({"extra": '{"a": [1]}'}, {"extra": {"a": [1]}}),
        ({"extra": "{"}, {"extra": "{"}),
        ({"extra": "[" * 100_000}, {"extra": "[" * 100_000}),
        ({"apiKeys.apiKey": "k"}, {"apiKeys": {"apiKey": "k"}}),
        (
            {"apiKeys.apiKey": "k", "apiKeys.+.1.name": " secret.Key ", "apiKeys.+.1.value": "s"},
            {"apiKeys": {"apiKey": "k", "secret.Key": "s"}},
        ),
        ({"apiKeys.+.1.name": "a", "apiKeys.+.1.value": " "}, {}),
        ({"apiKeys.+.1.name": "", "apiKeys.+.1.value": "b"}, {}),
        ({"unknown": "x"}, {}),
    ],
)
def test_what_was_typed_becomes_json(typed: dict[str, str], values: dict[str, Any]) -> None:
    assert form_fields.collect(list(FIELDS.values()), typed) == values


def test_reading_nested_values() -> None:
    values = {"a": {"b": "one"}, "c": "two", "d": 3}
    assert form_fields.at(values, "a.b") == "one"
    assert form_fields.at(values, "c.b") is None
    assert form_fields.texts(values) == {"one", "two"}
    assert form_fields.as_text({"ü": 1}) == '{\n  "ü": 1\n}'
