"""What is said about a value as soon as it is there."""

from __future__ import annotations

import pytest

from components import entered, form_fields
from streamline_ui.providers import PROVIDERS

DISCORD = PROVIDERS["discord"]
URL = next(field for field in form_fields.fields_of(DISCORD.config) if field.name == "webhookUrl")
GOOD = "https://discord.com/api/webhooks/1433848841458679839/" + "a" * 68
TOKEN = "1234567890:A" + "b" * 34


@pytest.mark.parametrize(
    ("text", "value", "sentence", "tone"),
    [
        (GOOD, GOOD, "Looks like a webhook URL.", "ok"),
        (f" {GOOD}\n", GOOD, "Looks like a webhook URL. Spaces around it were removed.", "ok"),
        (GOOD[:-40], GOOD[:-40], "The last part of a Discord webhook URL usually has 68 characters.", "warn"),
        ("https://example.com", "https://example.com", "This is not a Discord webhook URL.", "bad"),
        ("   ", "", "Spaces around it were removed.", ""),
    ],
)
def test_a_value_is_judged_on_its_own(text: str, value: str, sentence: str, tone: str) -> None:
    verdict = entered.judge(DISCORD, URL, text)
    assert verdict.value == value
    assert verdict.sentence.startswith(sentence)
    assert verdict.tone == tone
    assert verdict.other is None


def test_another_services_key_is_recognised() -> None:
    verdict = entered.judge(DISCORD, URL, TOKEN)
    assert verdict.tone == "bad"
    assert verdict.other is not None
    assert (verdict.other.provider, verdict.other.field) == ("telegram", "botToken")
    assert TOKEN not in verdict.sentence
