"""A connection may be well and yet hear nothing: that shows wherever it is shown, and is told once, and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from streamline_ui.errors import AuthFailed
from streamline_ui.integrations import alert_words, alerts, connections, health, rows
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, Matter
from streamline_ui.storage.models import Integration, User, now
from streamline_ui.storage.polling_tables import Poller
from streamline_ui.workflows import catalog
from streamline_ui.workflows.listening import hearing, hearing_alerts

from .polls import bot, listen, token

HOST = "https://bots.example.com"
REFUSED = {"problem": "refused", "failures": 3, "last_error": "Telegram refused: Bad Request."}
UNKNOWN = AuthFailed("Telegram does not know this token (401).")


@pytest.fixture
def row(alice: User) -> Integration:
    """A bot that a workflow listens to."""
    found = bot(alice, HOST)
    listen(alice, found)
    return found


def poll(row: Integration, **values: Any) -> str:
    given = {"owner": "here", "next_poll_at": now(), "last_polled_at": now(), "failing_since": now(), **values}
    return change(Poller(integration_id=row.id, key="updates", feed="updates"), **given)


def change(poller: Poller | str, **values: Any) -> str:
    with db.writing() as session:
        kept = session.get_one(Poller, poller) if isinstance(poller, str) else poller
        for name, value in values.items():
            setattr(kept, name, value)
        session.add(kept)
    return kept.id


def hears(poller: str) -> None:
    change(poller, failures=0, problem="", last_error="", last_hint="", failing_since=None, next_poll_at=now())


def mended(row: Integration) -> None:
    """Its tests go well, and have for a while."""
    rows.record(row.user_id, row.id, health.succeeded("@bot", "Connected.", 20))
    with db.writing() as session:
        kept = session.get_one(Integration, row.id)
        kept.status_since -= timedelta(minutes=2)
        session.add(kept)


def seen_now(row: Integration) -> Integration:
    return hearing.as_seen(connections.one(row.user_id, row.id), hearing.of(row.user_id).get(row.id))


def told(row: Integration) -> list[Alert]:
    return alerts.all_of(row.user_id)


@pytest.mark.parametrize(
    ("values", "is_deaf", "is_told"),
    [
        ({}, False, False),
        ({"failures": 2, "problem": "unavailable"}, False, False),
        ({"failures": 3, "problem": "unavailable"}, True, False),
        ({"failures": 6, "problem": "unavailable"}, True, False),
        ({"failures": 6, "problem": "unavailable", "failing_since": timedelta(minutes=-2)}, True, True),
        ({"failures": 1, "problem": "refused"}, True, False),
        ({"failures": 3, "problem": "refused"}, True, True),
        (
            {"failures": 1, "problem": "occupied", "last_error": "Another program is polling this bot (409)."},
            True,
            True,
        ),
        ({"next_poll_at": timedelta(minutes=-4)}, False, False),
        ({"next_poll_at": timedelta(minutes=-6)}, True, True),
        ({"next_poll_at": timedelta(minutes=-6), "owner": ""}, False, False),
    ],
)
def test_who_does_not_hear_is_shown_and_told_once(
    row: Integration, values: dict[str, Any], is_deaf: bool, is_told: bool
) -> None:
    at = now()  # of the test, not of the moment when it was collected
    poller = poll(row, **{key: at + value if isinstance(value, timedelta) else value for key, value in values.items()})
    assert (row.id in hearing.of(row.user_id)) is is_deaf
    for _ in range(2):
        hearing_alerts.sweep()
    assert [alert.ended_at is None for alert in told(row)] == ([True] if is_told else [])
    hears(poller)
    hearing_alerts.sweep()
    assert [alert.ended_at is None for alert in told(row)] == ([False] if is_told else [])
    assert not hearing.of(row.user_id)


def test_it_is_seen_as_one_that_needs_attention_while_its_tests_go_well(row: Integration, bob: User) -> None:
    mended(row)
    began = now() - timedelta(minutes=3)
    poll(row, **REFUSED, failing_since=began, last_hint="Look at the bot.")
    kept = connections.one(row.user_id, row.id)
    assert kept.status == "healthy"
    seen = hearing.as_seen(kept, hearing.of(row.user_id)[row.id])
    assert (seen.status, seen.status_since) == ("needs_attention", began)
    assert seen.status_message.startswith("Not hearing from Telegram") and "Bad Request" in seen.status_message
    assert connections.one(row.user_id, row.id).status == "healthy", "what the tests say stays"
    assert not hearing.of(bob.id)


def test_what_a_connection_says_itself_is_not_talked_over(row: Integration) -> None:
    rows.record(row.user_id, row.id, health.failed(UNKNOWN))
    poll(row, **REFUSED)
    assert seen_now(row).status_message == UNKNOWN.message


def test_the_alert_says_what_the_service_said_and_where_to_begin(row: Integration) -> None:
    poll(row, **REFUSED, last_hint="Look at the bot.")
    hearing_alerts.sweep()
    (alert,) = told(row)
    assert alert.text == REFUSED["last_error"] and alert.link == f"/integrations/{row.id}"
    assert HOST in alert.hint, "what answers there may not be Telegram at all"


def test_at_its_own_address_the_services_advice_is_told(alice: User) -> None:
    found = connections.add(alice.id, "telegram", "Bot", {"botToken": token()})
    listen(alice, found)
    poll(found, **REFUSED, last_hint="Look at the bot.")
    hearing_alerts.sweep()
    assert told(found)[0].hint == "Look at the bot."


def test_of_three_pollers_the_failing_are_counted_for_their_owner_only(row: Integration, bob: User) -> None:
    assert hearing.tally(row.user_id).sentence == ""
    poll(row, **REFUSED)
    assert hearing.tally(row.user_id).sentence == "The only poller fails"
    others = [bot(row_owner, HOST) for row_owner in (bob, bob)]
    for other in others:
        listen(bob, other)
    poll(others[0])
    poll(others[1], **REFUSED)
    assert hearing.tally(bob.id).sentence == "1 of 2 pollers fails"
    assert hearing.tally().sentence == "2 of 3 pollers fail"


def test_of_a_broken_connection_it_is_told_once_why(row: Integration) -> None:
    rows.record(row.user_id, row.id, health.failed(UNKNOWN))
    poll(row, problem="auth", failures=1, last_error=UNKNOWN.message)
    hearing_alerts.sweep()
    assert [alert.matter for alert in told(row)] == [Matter.CONNECTION]


def test_one_cause_is_one_alert_whoever_notices_it_first_and_one_end(row: Integration) -> None:
    poller = poll(row, **REFUSED)
    hearing_alerts.sweep()
    (first,) = told(row)
    assert first.matter == Matter.LISTENER
    alerts.see(row.user_id)
    rows.record(row.user_id, row.id, health.failed(UNKNOWN))
    hearing_alerts.sweep()
    (second,) = told(row)
    assert (second.id, second.matter, second.text) == (
        first.id,
        Matter.CONNECTION,
        f"{UNKNOWN.message} 1 workflow uses it.",
    )
    assert second.began_at == first.began_at and alerts.unseen(row.user_id) == 1
    mended(row)
    for _ in range(2):
        hearing_alerts.sweep()
        (third,) = told(row)
        assert (third.id, third.matter, third.ended_at) == (first.id, Matter.LISTENER, None), "it does not hear yet"
    hears(poller)
    hearing_alerts.sweep()
    (last,) = told(row)
    assert last.ended_at is not None and alert_words.title(last).endswith("listens again")


def test_both_that_were_open_before_become_one(row: Integration) -> None:
    """An older version told of both, or another process did in the same moment."""
    poll(row, **REFUSED)
    hearing_alerts.sweep()
    assert alerts.begin(alerts.News(row.user_id, Matter.CONNECTION, row.id, row.name, "Broken."))
    rows.record(row.user_id, row.id, health.failed(UNKNOWN))
    hearing_alerts.sweep()
    assert [alert.matter for alert in alerts.all_of(row.user_id, open_only=True)] == [Matter.CONNECTION]


def test_who_is_paused_need_not_hear(row: Integration) -> None:
    poll(row, **REFUSED)
    hearing_alerts.sweep()
    connections.change(row.user_id, row.id, is_active=False)
    hearing_alerts.sweep()
    assert told(row) == []


def test_where_nobody_listens_any_more_nobody_is_told_that_it_listens_again(row: Integration) -> None:
    poll(row, **REFUSED)
    hearing_alerts.sweep()
    for workflow in catalog.all_of(row.user_id):
        catalog.change(row.user_id, workflow.id, is_active=False)
    hearing_alerts.sweep()
    assert told(row) == []


def test_who_is_listened_to_while_polling_is_off_says_so_and_is_not_told_elsewhere(row: Integration, bob: User) -> None:
    mended(row)
    poll(row)
    connections.change(row.user_id, row.id, config={"pollingEnabled": False})
    mended(row)
    trouble = hearing.of(row.user_id, row.id)[row.id]
    assert (trouble.problem, trouble.title, trouble.next_poll_at) == ("off", "Polling is off", None)
    seen = seen_now(row)
    assert seen.status == "needs_attention" and seen.status_message.startswith("Polling is off: No workflow")
    assert not hearing.of(bob.id) and hearing.tally(bob.id).sentence == ""
    assert hearing.tally(row.user_id).sentence == "Polling is off at one connection"
    hearing_alerts.sweep()
    assert told(row) == [], "who turned it off knows"
    connections.change(row.user_id, row.id, config={"pollingEnabled": True})
    assert not hearing.of(row.user_id)


def test_nobody_misses_the_news_of_one_that_is_off_where_nobody_listens_or_its_service_calls(alice: User) -> None:
    off = bot(alice, HOST, pollingEnabled=False)
    workflow = listen(alice, off)
    assert off.id in hearing.of(alice.id)
    catalog.change(alice.id, workflow.id, is_active=False)
    assert not hearing.of(alice.id)
    catalog.change(alice.id, workflow.id, is_active=True)
    with db.writing() as session:
        kept = session.get_one(Integration, off.id)
        kept.config_view = kept.config_view.replace('"polling"', '"webhook"')
        session.add(kept)
    assert not hearing.of(alice.id)


def test_an_address_that_only_sends_is_said_to_hear_nothing(alice: User) -> None:
    relay = connections.add(alice.id, "telegram", "Relay", {"webhookUrl": "https://relay.example.com/x"})
    listen(alice, relay)
    assert hearing.of(alice.id)[relay.id].problem == "sends_only"


def test_an_open_alert_says_why_it_is_so_now_and_nobody_is_told_twice(row: Integration) -> None:
    poller = poll(row, **REFUSED)
    hearing_alerts.sweep()
    alerts.see(row.user_id)
    change(poller, problem="occupied", last_error="Another program is polling this bot (409).", last_hint="Stop it.")
    hearing_alerts.sweep()
    (alert,) = told(row)
    assert alert.text == "Another program is polling this bot (409)." and alert.hint.startswith("Stop it.")
    assert alert.matter == Matter.LISTENER and alerts.unseen(row.user_id) == 0


def test_the_alert_of_a_token_that_was_mended_tells_of_the_program_that_came_after_it(row: Integration) -> None:
    rows.record(row.user_id, row.id, health.failed(UNKNOWN))
    hearing_alerts.sweep()
    rows.record(row.user_id, row.id, health.succeeded("@bot", "Connected.", 20))
    poll(row, problem="occupied", failures=1, last_error="Another program is polling this bot (409).")
    hearing_alerts.sweep()
    (alert,) = told(row)
    assert alert.text == "Another program is polling this bot (409)." and alert.ended_at is None
    rows.record(row.user_id, row.id, health.failed(AuthFailed("Telegram was told that this token is void (401).")))
    hearing_alerts.sweep()
    assert [each.text for each in told(row)] == ["Telegram was told that this token is void (401). 1 workflow uses it."]


def test_the_address_is_not_doubted_where_it_was_heard_at_before(row: Integration) -> None:
    poller = poll(row, problem="unavailable", failures=3, last_error="It refuses connections.", last_hint="Look.")
    assert HOST in hearing.of(row.user_id)[row.id].hint
    change(poller, last_hint=rows.WORKED)
    assert hearing.of(row.user_id)[row.id].hint == rows.WORKED
