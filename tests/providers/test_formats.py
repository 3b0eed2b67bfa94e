"""The forms of credentials: good ones, doubtful ones that are saved with a warning, and bad ones."""

from __future__ import annotations

import base64
import json
import re
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from streamline_ui.errors import Invalid
from streamline_ui.providers import PROVIDERS, formats, wording
from streamline_ui.providers.airtable_facts import BASE, TABLE
from streamline_ui.providers.airtable_facts import TOKEN as PAT
from streamline_ui.providers.configs import ApiConfig, Config, Keys
from streamline_ui.providers.discord import THREAD, WEBHOOK
from streamline_ui.providers.formats import EMAIL, Format
from streamline_ui.providers.newsapi_facts import DATE
from streamline_ui.providers.newsapi_facts import KEY as NEWS
from streamline_ui.providers.phones import PHONE, SENDER
from streamline_ui.providers.sendgrid import KEY
from streamline_ui.providers.slack import CHANNEL, EMOJI, STAMP
from streamline_ui.providers.slack_sign_in import SIGNING
from streamline_ui.providers.slack_sign_in import TOKEN as SLACK
from streamline_ui.providers.telegram import CHAT, PHOTO, TOKEN
from streamline_ui.providers.twilio import ACCOUNT
from streamline_ui.providers.twilio import KEY as TWILIO_KEY
from streamline_ui.providers.twilio import TOKEN as AUTH

HOOK = "https://discord.com/api/webhooks/1433848841458679839/"
LONG = "k" * 68

GOOD = [
    (WEBHOOK, HOOK + LONG),
    (WEBHOOK, f"https://discordapp.com/api/webhooks/1433848841458679839/{LONG}"),
    (WEBHOOK, f"https://canary.discord.com/api/webhooks/1433848841458679839/{LONG}"),
    (WEBHOOK, "https://ptb.discord.com/api/v10/webhooks/1433848841458679839/" + "-" * 68),
    (WEBHOOK, f"{HOOK}{LONG}?thread_id=1433848841458679840"),
    (THREAD, "1433848841458679840"),
    (TOKEN, "1234567890:AAE" + "x" * 32),
    (TOKEN, "987654321:AAF-_" + "9" * 30),
    (CHAT, "123456789"), (CHAT, "-100123456789"), (CHAT, "-599075523"), (CHAT, "@channelname"), (CHAT, "42"),
    (PHOTO, "https://example.com/a.jpg"), (PHOTO, "AgACAgIAAxkBAAMq"),
    (KEY, "SG." + "a" * 22 + "." + "B" * 43),
    (PAT, "patAbCdEfGhIjKlMn." + "0a" * 32), (PAT, "oaa" + "a" * 30), (BASE, "appAbCdEfGhIjKlMn"),
    (NEWS, "5f" + "0" * 30), (DATE, "2026-01-31"), (DATE, "2026-01-31T12:00:00"), (DATE, "2026-01-31T12:00Z"),
    (TABLE, "tblAbCdEfGhIjKlMn"), (TABLE, "Tasks & plans"),
    (EMAIL, "noreply@example.com"), (EMAIL, "a.b+c@sub.example.co.uk"),
    (SLACK, "xoxb-123456789012-1234567890123-" + "a" * 24), (SLACK, "xoxe.xoxb-1-" + "A" * 160),
    (SLACK, "xoxp-123456789012-123456789012-123456789012-" + "a" * 32), (SIGNING, "0a" * 16),
    (CHANNEL, "C012AB3CD"), (CHANNEL, "#general"), (CHANNEL, "general"), (CHANNEL, "@ann"), (CHANNEL, "D024BE91L"),
    (STAMP, "1503435956.000247"), (EMOJI, "thumbsup"), (EMOJI, ":wave::skin-tone-3:"),
    (ACCOUNT, "AC" + "0a" * 16), (AUTH, "0a" * 16), (TWILIO_KEY, "SK" + "0a" * 16), (PHONE, "+15551230000"),
    (SENDER, "+15551230000"), (SENDER, "55123"), (SENDER, "MG" + "0a" * 16),
]  # fmt: skip
DOUBTFUL = [
    (WEBHOOK, HOOK + "ts4FDenPhRq-wOF1z32d"),
    (WEBHOOK, "https://discord.com/api/webhooks/223704706495545344/" + "3d89bb75" * 12),
    (WEBHOOK, f"{HOOK}{LONG}/slack"),
    (TOKEN, "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"),
    (TOKEN, "123456789:ABCdefGHIjklMNOpqrsTUVwxyz"),
    (PAT, "patAbCdEfGhIjKlMn.short123456"), (NEWS, "5h79abcd128957edb3179y5da1nb36y9"),
    (KEY, "SG.xxxxxxxxxxxxx"), (KEY, "SG.short.key"), (KEY, "SG.xxx"),
    (SLACK, "xoxb-local-test"), (SLACK, "xoxp-local-test1"), (SIGNING, "0a" * 12),
    (ACCOUNT, "AC" + "0A" * 16), (AUTH, "A1" * 16), (PHONE, "whatsapp:+15551230000"), (SENDER, "Shop"),
]  # fmt: skip
BAD = [
    (WEBHOOK, "http://discord.com/api/webhooks/1433848841458679839/" + LONG),
    (WEBHOOK, "https://discord.com/channels/1/2"),
    (WEBHOOK, "https://evil.example/discord.com/api/webhooks/1433848841458679839/" + LONG),
    (WEBHOOK, "https://discord.com.evil.example/api/webhooks/1433848841458679839/" + LONG),
    (WEBHOOK, "https://discord.com@evil.example/api/webhooks/1433848841458679839/" + LONG),
    (WEBHOOK, "https://discord.com/api/webhooks/1433848841458679839"),
    (WEBHOOK, HOOK + LONG + "/../../x"),
    (THREAD, "12"), (THREAD, "general"),
    (TOKEN, "0123:abc"), (TOKEN, "bot123456:ABC-DEF1234ghIkl"), (TOKEN, "abc:def"), (TOKEN, "123456"),
    (TOKEN, "123456:ABC/DEF"), (TOKEN, "123456:" + "A" * 90),
    (CHAT, "channelname"), (CHAT, "@1abc"), (CHAT, "12.5"), (CHAT, "0"),
    (PHOTO, "photo"), (PHOTO, "file:///etc/passwd"),
    (KEY, "sg.abc.def"), (KEY, "a" * 69), (KEY, "SG.aaaa aaaa.bbbbbb"),
    (NEWS, ""), (NEWS, "a b"), (NEWS, "key-with-dashes-in-it!"), (DATE, "31.1.2026"), (DATE, "2026-13-01"),
    (PAT, "keyAbCdEfGhIjKlMn"), (PAT, "patAbCdEfGhIjKlMn"), (PAT, "Bearer patAbCdEfGhIjKlMn." + "0a" * 32),
    (BASE, "tblAbCdEfGhIjKlMn"), (BASE, "My base"), (BASE, "appAbCdEfGhIjKlM"), (TABLE, ""), (TABLE, "a\nb"),
    (EMAIL, "name"), (EMAIL, "a@b"), (EMAIL, "a b@example.com"), (EMAIL, "a@example.com, b@example.com"),
    (EMAIL, "a@example.com\nBcc: b@example.com"),
    (SLACK, "xapp-1-A000-1-abc"), (SLACK, "xoxe-1-My0xLTUt"), (SLACK, "xoxc-123456789"), (SLACK, "8f74" * 8),
    (SLACK, "https://hooks.slack.com/services/T0/B0/x"), (SLACK, "hello there"), (SLACK, "xoxb-1"),
    (CHANNEL, "two words"), (CHANNEL, ""), (STAMP, "1603435957"), (STAMP, "now"), (EMOJI, "👍"), (EMOJI, "a b"),
    (ACCOUNT, "SK" + "0a" * 16), (ACCOUNT, "AC123"), (ACCOUNT, "ACzz" + "z" * 30), (AUTH, "with space 0123456789"),
    (AUTH, ""), (TWILIO_KEY, "AC" + "0a" * 16), (PHONE, "4915112345678"), (PHONE, "+0123"), (PHONE, "+1 555 123"),
    (SENDER, "a name much too long"), (SENDER, "12"), (SENDER, "MG12345678901"), (SIGNING, "0a0a 0a0a"),
]  # fmt: skip


def judge(form: Format, value: str) -> str:
    """ "", or the sentence of the refusal."""
    try:
        form.check(SecretStr(value), type("Info", (), {"context": None})())
    except PydanticCustomError as error:
        return error.message()
    return ""


@pytest.mark.parametrize(("form", "value"), GOOD)
def test_good_values_pass_without_a_doubt(form: Format, value: str) -> None:
    assert judge(form, value) == ""
    assert form.doubt(SecretStr(value)) == ""


@pytest.mark.parametrize(("form", "value"), DOUBTFUL)
def test_doubtful_values_pass_with_a_warning(form: Format, value: str) -> None:
    assert judge(form, value) == ""
    assert form.doubt(SecretStr(value)).endswith(".")
    assert value not in form.doubt(SecretStr(value))


@pytest.mark.parametrize(("form", "value"), BAD)
def test_bad_values_are_refused_without_repeating_them(form: Format, value: str) -> None:
    sentence = judge(form, value)
    assert sentence.endswith((".", "?"))
    assert len(value) < 9 or value not in sentence


def test_a_telegram_token_is_measured() -> None:
    assert judge(TOKEN, "123456789:ab cd").endswith("35 characters. Yours has 5.")
    assert judge(TOKEN, "123456789").endswith("Yours has no colon.")


def test_a_foreign_credential_is_named() -> None:
    assert "Slack webhook" in judge(WEBHOOK, "https://hooks.slack.com/services/T0/B0/abcdefgh")
    assert judge(KEY, "123456789:" + "A" * 35).endswith("Connect Telegram Bot instead?")


EXAMPLES = [
    ("discord", '{"webhookUrl":"https://discord.com/api/webhooks/1433848841458679839/ts4FDenPhRq-wOF1z32d"}'),
    ("sendgrid", '{"apiKeys":{"apiKey":"SG.xxxxxxxxxxxxx","fromEmail":"noreply@example.com"}}'),
    ("sendgrid", '{"apiKeys":{"apiKey":"SG.xxx","fromEmail":"noreply@example.com"}}'),
    ("sendgrid", '{"apiKeys":{"apiKey":"SG.xxx","secretKey":"xxx"}}'),
    (
        "telegram",
        '{"botToken":"123456789:ABCdefGHIjklMNOpqrsTUVwxyz","connectionMode":"polling","pollingEnabled":true,'
        '"pollingInterval":5000}',
    ),
    ("telegram", '{"webhookUrl":"https://api.telegram.org/bot123456789:ABCdefGHIjklMNOpqrsTUVwxyz/sendMessage"}'),
    ("telegram", '{"webhookUrl":"https://relay.example.com/telegram"}'),
    ("http", "{}"),
    ("inbox", "{}"),
]


@pytest.mark.parametrize(("type_name", "text"), EXAMPLES)
def test_examples_come_back_byte_for_byte(type_name: str, text: str) -> None:
    config = formats.read(PROVIDERS[type_name].config, json.loads(text))
    assert config.model_dump_json(by_alias=True, exclude_none=True) == text
    assert formats.plain_json(config) == text
    assert formats.plain(config) == json.loads(text)
    assert formats.load(type(config), json.loads(text)) == config


def test_what_is_stored_is_read_even_where_the_form_has_become_stricter() -> None:
    values = {"webhookUrl": "https://discord.com/old"}
    config = formats.load(PROVIDERS["discord"].config, values)
    assert formats.plain(config) == values


def test_a_view_has_the_end_of_long_secrets_only() -> None:
    key = "SG." + "a" * 22 + "." + "b" * 39 + "wxyz"
    given = {"apiKey": key, "secretKey": "short", "fromEmail": "a@example.com"}
    assert formats.view(formats.read(PROVIDERS["sendgrid"].config, given)) == {
        "apiKeys": {"apiKey": {"set": True, "hint": "…wxyz"}, "fromEmail": "a@example.com", "secretKey": {"set": True}}
    }


def test_secrets_contain_the_telling_parts_of_addresses() -> None:
    config = formats.read(PROVIDERS["discord"].config, {"webhookUrl": HOOK + LONG})
    assert HOOK + LONG in formats.secrets(config)
    assert LONG in formats.secrets(config)


def test_the_secrets_in_a_header_count_as_well() -> None:
    basic = base64.b64encode(b"shop-4711:open:sesame").decode()
    for value, parts in ((f"Bearer {LONG}", {LONG}), (f"Basic {basic}", {basic, "shop-4711", "open:sesame"})):
        keys = formats.read(Sample, {"one": "a", "Authorization": value})
        assert {value, *parts} <= set(formats.secrets(keys))


class Inner(Keys):
    one: Annotated[SecretStr, Format("[a-z]+", usual="a+", says="Letters only.")] = Field(title="First key")


class Sample(ApiConfig):
    api_keys: Inner = Field(title="Keys")
    mode: Annotated[str, Field(max_length=5)] = Field("x", title="Mode")
    count: int = Field(1, ge=1, le=9, title="Count")
    flag: bool = Field(False, title="Flag")


CANARY = "canary-0123456789"
SENTENCES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"apiKeys.one": "First key is missing."}),
    ({"one": ""}, {"apiKeys.one": "First key is missing."}),
    ({"one": "  \n"}, {"apiKeys.one": "First key is missing."}),
    ({"one": None}, {"apiKeys.one": "First key is missing."}),
    ({"one": 5}, {"apiKeys.one": "First key must be text."}),
    ({"one": {"a": CANARY}}, {"apiKeys.one": "First key must be text."}),
    ({"one": [CANARY]}, {"apiKeys.one": "First key must be text."}),
    ({"one": CANARY}, {"apiKeys.one": "Letters only."}),
    ({"apiKeys": CANARY}, {"apiKeys": "Keys must be an object of names and values."}),
    ({"apiKeys": [CANARY]}, {"apiKeys": "Keys must be an object of names and values."}),
    ({"one": "a", "mode": CANARY}, {"mode": "Mode may have at most 5 characters."}),
    ({"one": "a", "count": "5"}, {"count": "Count must be a whole number."}),
    ({"one": "a", "count": 0}, {"count": "Count must be at least 1."}),
    ({"one": "a", "count": 10}, {"count": "Count may be at most 9."}),
    ({"one": "a", "count": 1.5}, {"count": "Count must be a whole number."}),
    ({"one": "a", "flag": "yes"}, {"flag": "Flag must be true or false."}),
    (
        {"one": "a\x00b"},
        {"apiKeys.one": "First key contains a line break or another character that cannot be seen."},
    ),
    ({"one": "a" * 5000}, {"apiKeys.one": "First key may have at most 4096 characters."}),
    ({"one": "a", "x" * 101: "1"}, {"apiKeys": "The name of a key is a line of at most 100 characters."}),
    ({"one": "a", "x\ny": "1"}, {"apiKeys": "The name of a key is a line of at most 100 characters."}),
    ({"one": "a", "other": "1" * 5000}, {"apiKeys": "The value may have at most 4096 characters."}),
    ({"one": "a", **{f"k{n}": "1" for n in range(60)}}, {"apiKeys": "There may be at most 50 keys."}),
    ({"one": "a", "baseUrl": "ftp://x"}, {"baseUrl": "The address must start with http:// or https://."}),
    ({"one": "a", "baseUrl": 5}, {"baseUrl": "Service address must be text."}),
]


@pytest.mark.parametrize(("values", "expected"), SENTENCES)
def test_every_mistake_has_a_sentence(values: dict[str, Any], expected: dict[str, str]) -> None:
    with pytest.raises(Invalid) as raised:
        formats.read(Sample, values)
    assert raised.value.fields == expected
    assert CANARY not in str(raised.value.fields) + raised.value.message
    with pytest.raises(ValidationError) as also:
        Sample.model_validate(values)
    assert formats.sentences(also.value) == expected
    assert CANARY not in str(also.value)


@pytest.mark.parametrize("address", ["https://x.example/?a=1", "https://x.example/#a", "https://x.example/?"])
def test_a_service_address_has_no_query(address: str) -> None:
    with pytest.raises(Invalid) as raised:
        formats.read(Sample, {"one": "a", "baseUrl": address})
    assert "question mark" in raised.value.fields["baseUrl"]


def test_an_address_loses_its_last_slash_and_warns_without_tls() -> None:
    config = formats.read(Sample, {"one": "aa", "baseUrl": "http://api.example.com/"})
    assert config.base_url == "http://api.example.com"
    assert "not encrypted" in formats.doubts(config)["baseUrl"]


def test_flat_and_nested_keys_meet_and_blank_pairs_are_dropped() -> None:
    given = {"one": "b", "apiKeys": {"one": "a", "more": " v ", "": "x", "blank": "  ", "none": None}, " ": "y"}
    assert formats.plain(formats.read(Sample, given)) == {
        "apiKeys": {"one": "b", "more": "v"}, "mode": "x", "count": 1, "flag": False,
    }  # fmt: skip


def test_further_keys_keep_their_scheme_and_warn_about_spaces() -> None:
    config = formats.read(Sample, {"one": "a", "Authorization": "Bearer abc", "other": "a b"})
    assert config.api_keys.further == {"Authorization": "Bearer abc", "other": "a b"}
    assert formats.doubts(config) == {"apiKeys.other": "There is a space inside."}


def test_only_credentials_are_taken_out_of_what_surrounds_them() -> None:
    key = "SG." + "a" * 22 + "." + "b" * 43
    given = {"apiKey": f"Bearer {key}", "fromEmail": " <a@example.com> ", "fromName": " Token Shop "}
    config = formats.read(PROVIDERS["sendgrid"].config, given)
    assert formats.plain(config) == {"apiKeys": {"apiKey": key, "fromEmail": "a@example.com", "fromName": "Token Shop"}}


class Flat(Config):
    name: str = Field(title="Name")


def test_unknown_fields_are_refused_without_repeating_their_names() -> None:
    for unknown in ("colour", "SG." + "a" * 22 + "." + "B" * 43, "MyPasswordIsHere"):
        with pytest.raises(Invalid) as raised:
            formats.read(Flat, {"name": "x", unknown: "1"})
        assert raised.value.fields == {"": "There is a field here that is not known. Known are: name."}


def test_every_error_that_pydantic_knows_has_a_sentence() -> None:
    for kind in get_args(core_schema.ErrorType):
        sentence = wording.sentence(kind, {}, "Field")
        assert re.fullmatch(r"(Field|It|There|The names).*\.", sentence), (kind, sentence)
        assert "{" not in sentence, (kind, sentence)


def test_titles_are_made_from_names_where_the_model_is_unknown() -> None:
    class Plain(BaseModel):
        webhookUrl: str  # noqa: N815 - as JSON has it
        chat_id: str

    with pytest.raises(ValidationError) as raised:
        Plain.model_validate({})
    assert formats.sentences(raised.value) == {
        "webhookUrl": "Webhook URL is missing.",
        "chat_id": "Chat ID is missing.",
    }
