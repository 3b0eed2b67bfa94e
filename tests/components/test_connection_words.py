"""How a connection is told in words: whose it is, what its button is called, and when it is ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from components import connection_card, shell
from components import connection_words as words
from components.snapshots import Glance, Snapshot
from streamline_ui.integrations import rows
from streamline_ui.storage.models import HealthCheck, Integration, Status, now
from streamline_ui.workflows.listening import hearing
from streamline_ui.workflows.listening.hearing import Tally, Trouble

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
    seen = Snapshot(row, [])
    assert button in connection_card._buttons(seen)
    assert ("data-until" in connection_card._foot(seen)) is countdown


@pytest.mark.parametrize(("pause", "button"), [(timedelta(seconds=5), ">Poll now<"), (None, ">Open<")])
def test_the_card_of_one_that_hears_nothing_says_so_and_offers_to_ask(pause: timedelta | None, button: str) -> None:
    at = now()
    trouble = Trouble(
        "1", "Telegram", "refused", "It <refused>.", "", at - timedelta(minutes=4), pause and at + pause, 3, True
    )
    row = hearing.as_seen(connection(status=Status.HEALTHY), trouble)
    assert words.GROUPS[words.status(row)] == "attention"
    seen = Snapshot(row, [], trouble)
    assert button in connection_card._buttons(seen)
    foot = connection_card._foot(seen)
    assert "Not hearing from Telegram for 4 min" in foot and "It &lt;refused&gt;." in foot
    assert ("data-until" in foot) is (pause is not None)


@pytest.mark.parametrize(
    ("polled", "problem", "line"),
    [
        (Tally(0, 0), None, "All pollers running"),
        (Tally(3, 0), None, "All pollers running"),
        (Tally(3, 1), None, "1 of 3 pollers fails"),
        (Tally(3, 2), None, "2 of 3 pollers fail"),
        (Tally(1, 1), None, "The only poller fails"),
        (Tally(3, 0), "the polling is not running", "Pollers have stopped"),
    ],
)
def test_the_rail_says_which_pollers_run(polled: Tally, problem: str | None, line: str) -> None:
    assert line in shell.line_html(Glance(3, 1, None, polled), problem)


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


@pytest.mark.parametrize(
    ("message", "button"),
    [
        ("Another program is polling this bot (409).", "Ask again"),
        ("This bot already sends its messages to another address (409).", "Switch to polling here"),
        ("A webhook was just set for this bot, which ends polling (409).", "Switch to polling here"),
    ],
)
def test_where_somebody_else_has_the_news_no_other_secret_is_asked_for(message: str, button: str) -> None:
    row = connection(type="telegram", status_message=message, failures=1)
    assert words.conflict(row) == button and not words.wants_secret(row)
    assert f">{button}<" in connection_card._buttons(Snapshot(row, []))
    trouble = Trouble("1", "Telegram", "occupied", message, "", now(), now(), 3, True)
    deaf = hearing.as_seen(connection(type="telegram", status=Status.HEALTHY, status_message=""), trouble)
    assert f">{button}<" in connection_card._buttons(Snapshot(deaf, [], trouble))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Up to you"),
        ({"next_check_at": now()}, "Up to Discord"),
        ({"next_check_at": now(), "type": "telegram", "name": "Telegram Bot"}, "Up to the service"),
        ({"next_check_at": now(), "type": "telegram", "name": "Ops"}, "Up to Telegram"),
    ],
)
def test_whose_move_it_is_never_sounds_like_the_connection_itself(values: dict[str, Any], said: str) -> None:
    assert words.up_to(connection(failures=1, **values)) == said


def test_an_address_that_has_worked_is_not_said_to_be_wrong() -> None:
    new = connection(status_message="localhost:8080 refuses connections.", failures=3, next_check_at=now())
    assert words.mend(new) == "Edit" and "address is right" in words.who_acts(new)
    known = connection(**new.model_dump() | {"status_hints": f'["{rows.WORKED}"]'})
    assert not words.is_elsewhere(known) and "nothing for you to do" in words.who_acts(known)
    assert ">Test now<" in connection_card._buttons(Snapshot(known, []))
