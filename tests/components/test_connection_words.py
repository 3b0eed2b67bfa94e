"""How a connection is told in words: whose it is, what its button is called, and when it is ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from components import connection_card
from components import connection_words as words
from streamline_ui.storage.models import HealthCheck, Integration, Status, now

SECRET = '{"webhookUrl": {"set": true, "hint": "…ab12"}}'


def connection(**values: Any) -> Integration:
    usual = {"id": "1", "user_id": "alice", "type": "discord", "name": "Ops", "config_enc": "", "config_view": SECRET}
    return Integration(**usual | {"status": Status.NEEDS_ATTENTION, "status_message": "Discord refused it."} | values)


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({}, "Replace webhook URL"),
        ({"type": "telegram"}, "Replace bot token"),
        ({"type": "sendgrid"}, "Replace API key"),
        ({"type": "http"}, "Replace key"),
        ({"status_message": ""}, "Fix"),
        ({"status_message": "nowhere.invalid was not found."}, "Edit"),
        ({"status_message": "localhost is inside your network."}, "Edit"),
        ({"next_check_at": now()}, "Edit"),
        ({"config_view": "{}"}, "Edit"),
    ],
)
def test_the_button_is_called_after_what_mends_it(values: dict[str, Any], label: str) -> None:
    assert words.mend(connection(**values)) == label


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"type": "telegram", "account": "@ops_bot"}, "Telegram Bot · @ops_bot"),
        ({"type": "telegram", "config_view": '{"connectionMode": "polling"}'}, "Telegram Bot · Polling"),
        ({"type": "http", "config_view": "{}"}, "HTTP request · No account needed"),
        ({"type": "http", "config_view": '{"apiKeys": {"X": {"set": true}}}'}, "HTTP request · With a key"),
    ],
)
def test_the_line_below_the_name(values: dict[str, Any], line: str) -> None:
    assert words.line(connection(**values)) == line


@pytest.mark.parametrize(
    ("values", "button", "countdown"),
    [
        ({}, ">Fix<", False),
        ({"next_check_at": now()}, ">Test now<", True),
        ({"status": Status.DEGRADED, "next_check_at": now()}, ">Test now<", True),
        ({"next_check_at": now(), "status_message": "nowhere.invalid was not found."}, ">Fix<", False),
        ({"status": Status.WAITING_FOR_SIGN_IN}, ">Sign in<", False),
        ({"status": Status.WAITING_FOR_SIGN_IN, "account": "al@example.com"}, ">Sign in again<", False),
    ],
)
def test_the_card_offers_to_fix_only_what_a_person_can(values: dict[str, Any], button: str, countdown: bool) -> None:
    row = connection(failures=1, **values)
    assert button in connection_card._buttons(row)
    assert ("data-until" in connection_card._foot(row)) is countdown


@pytest.mark.parametrize(
    ("looks", "share"),
    [
        ([], "–"),
        ([(0, True)], "100 %"),
        ([(0, False)], "0 %"),
        ([(0, True), (95, False), (96, False), (98, False), (100, True)], "95 %"),
        ([(0, False), (50, True), (100, True)], "50 %"),
    ],
)
def test_the_share_is_one_of_time_not_of_checks(looks: list[tuple[int, bool]], share: str) -> None:
    start = now()
    checks = [
        HealthCheck(integration_id="1", at=start + timedelta(minutes=minute), kind="test", ok=ok, message="")
        for minute, ok in looks
    ]
    assert words.share(checks) == share


def test_what_has_nothing_to_test_is_ready_once_it_was_looked_at() -> None:
    fresh = connection(type="http", status=Status.NOT_TESTED)
    assert "Not tested" in words.pill_html(fresh)
    fresh.last_checked_at = now()
    assert "Ready" in words.pill_html(fresh)
