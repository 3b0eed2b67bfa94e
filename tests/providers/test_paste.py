"""What people paste, and what is made of it."""

from __future__ import annotations

import pytest

from streamline_ui.providers import formats, named, paste
from streamline_ui.providers.paste import BEARER, CURL, HEADER, HIDDEN, NAMED, QUOTED, SPACES

HOOK = "https://discord.com/api/webhooks/1433848841458679839/" + "k" * 68
SENDGRID = "SG." + "a" * 22 + "." + "B" * 43

CLEANED = [
    ("abc", "abc", []),
    ("", "", []),
    ("  \n", "", [SPACES]),
    (f"  {HOOK}\n", HOOK, [SPACES]),
    (f'"{HOOK}"', HOOK, [QUOTED]),
    (f" “{HOOK}” ", HOOK, [SPACES, QUOTED]),
    (f"<{HOOK}>", HOOK, [QUOTED]),
    (f"\u200b{HOOK}\ufeff", HOOK, [HIDDEN]),
    ("ab\u00adc", "abc", [HIDDEN]),
    ("\u00a0abc\u00a0", "abc", [SPACES]),
    (f"Bearer {SENDGRID}", SENDGRID, [BEARER]),
    (f"Authorization: Bearer {SENDGRID}", SENDGRID, [HEADER, BEARER]),
    (f"X-Api-Key: {SENDGRID}", SENDGRID, [HEADER]),
    (f"SENDGRID_API_KEY={SENDGRID}", SENDGRID, [NAMED]),
    (f"export SENDGRID_API_KEY='{SENDGRID}'", SENDGRID, [NAMED]),
    (f"api_key = {SENDGRID}", SENDGRID, [NAMED]),
    (f'"apiKey": "{SENDGRID}",', SENDGRID, [NAMED]),
    (f"DEBUG_LEVEL=3\nSENDGRID_API_KEY={SENDGRID}", "3", [NAMED]),
    (f"level=3\nsendgrid_api_key={SENDGRID}", SENDGRID, [NAMED]),
    (f'curl -X POST {HOOK} -d \'{{"content":"x"}}\'', HOOK, [CURL]),
    (f"curl --request POST \\\n  --url '{HOOK}'", HOOK, [CURL]),
    (f"curl https://api.sendgrid.com/v3/scopes -H 'Authorization: Bearer {SENDGRID}'", SENDGRID, [CURL]),
    ("curl 'unfinished", "curl 'unfinished", []),
    ("QUJDREVG==", "QUJDREVG==", []),
    ("https://example.com/?token=abc", "https://example.com/?token=abc", []),
    ("a=b", "a=b", []),
]


@pytest.mark.parametrize(("text", "value", "removed"), CLEANED)
def test_clean(text: str, value: str, removed: list[str]) -> None:
    assert paste.clean(text) == (value, removed)


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "=" * 100_000, '"' * 100_000, "curl " + "'" * 99_999, "\u200b" * 99_999]
)
def test_endless_texts_take_no_time(text: str) -> None:
    paste.clean(text)
    paste.recognise(text)


RECOGNISED = [
    (HOOK, "Discord", "webhook", "discord", "webhookUrl"),
    (f"curl {HOOK}", "Discord", "webhook", "discord", "webhookUrl"),
    ("https://hooks.slack.com/services/T0/B0/abcdefgh", "Slack", "webhook", "slack", ""),
    ("xoxb-123456789012-abcdef", "Slack", "token", "slack", "apiKeys.accessToken"),
    ("xoxe.xoxb-1-" + "A" * 20, "Slack", "token", "slack", "apiKeys.accessToken"),
    ("xapp-1-A0123-abcdef", "Slack", "app token", "slack", ""),
    ("123456789:ABCdefGHIjklMNOpqrsTUVwxyz", "Telegram", "bot token", "telegram", "botToken"),
    ("https://api.telegram.org/bot123:ABC/getMe", "Telegram", "address", "telegram", "webhookUrl"),
    (SENDGRID, "SendGrid", "API key", "sendgrid", "apiKeys.apiKey"),
    (f" Bearer '{SENDGRID}'", "SendGrid", "API key", "sendgrid", "apiKeys.apiKey"),
    ("pat" + "A" * 14 + "." + "0" * 64, "Airtable", "token", "airtable", "apiKeys.accessToken"),
    ("https://airtable.com/appAbCdEfGhIjKlMn/tblAbCdEfGhIjKlMn", "Airtable", "address", "airtable", ""),
    ("key" + "A" * 14, "Airtable", "API key", "airtable", "apiKeys.accessToken"),
    ("AC" + "0" * 32, "Twilio", "Account SID", "twilio", "apiKeys.accountSid"),
    ("SK" + "0" * 32, "Twilio", "API key", "twilio", "apiKeys.apiKeySid"),
    ("ghp_" + "a" * 36, "GitHub", "token", None, ""),
    ("github_pat_" + "a" * 36, "GitHub", "token", None, ""),
    ("sk_live_" + "a" * 24, "Stripe", "secret key", None, ""),
    ("whsec_" + "a" * 24, "webhook", "signing secret", None, ""),
    ("sk-proj-" + "a" * 40, "OpenAI", "API key", None, ""),
    ("sk-ant-" + "a" * 40, "Anthropic", "API key", None, ""),
    ("AIza" + "a" * 35, "Google", "API key", None, ""),
    ("stl_" + "a" * 40, "Streamline", "API token", None, ""),
]


@pytest.mark.parametrize(("text", "service", "thing", "provider", "field"), RECOGNISED)
def test_recognise(text: str, service: str, thing: str, provider: str | None, field: str) -> None:
    found = paste.recognise(text)
    assert found == paste.Recognised(service, thing, provider, field)
    assert service in found.sentence
    assert found.sentence.endswith("instead?") == (provider is not None)
    assert text not in found.sentence


@pytest.mark.parametrize("text", ["", "hello", "https://example.com", "0" * 32, "noreply@example.com", "12:30"])
def test_what_could_be_anybodys_is_not_recognised(text: str) -> None:
    assert paste.recognise(text) is None


def test_weak_shapes_count_only_when_asked_for() -> None:
    found = paste.recognise("0123456789abcdef" * 2, weakly=True)
    assert found is not None
    assert found.service == "News API"


@pytest.mark.parametrize(
    "text", [f"  {HOOK}\n", f"'{HOOK}'", f"\u200b{HOOK}", f"DISCORD_URL={HOOK}", f"curl -d x {HOOK}"]
)
def test_the_server_cleans_as_the_dialog_does(text: str) -> None:
    config = formats.read(named("discord").config, {"webhookUrl": text})
    assert formats.plain(config) == {"webhookUrl": HOOK}
