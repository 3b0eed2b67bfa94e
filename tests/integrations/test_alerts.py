"""Who is told of what: a real database and real sweeps; time is given, the services are the stand-ins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.errors import AuthFailed, Invalid, Unavailable
from streamline_ui.integrations import alert_channel, alert_words, alerts, connections, health, inbox, outages, rows
from streamline_ui.integrations.alerts import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, AlertMessage, Matter
from streamline_ui.storage.models import ApiKey, Integration, Status, User, now

REFUSED = AuthFailed("Discord does not know this webhook (401).", hints=["Create a new one."])
DOWN = Unavailable("Discord did not answer within 10 s.")


def notes(user: User, name: str = "Notes") -> Integration:
    return connections.add(user.id, "inbox", name, {})


def break_(row: Integration, error: Exception = REFUSED, times: int = 1, minutes: int = 0) -> None:
    for _ in range(times):
        rows.record(row.user_id, row.id, health.failed(error))  # type: ignore[arg-type]
    with db.writing() as session:
        kept = session.get_one(Integration, row.id)
        kept.failing_since = now() - timedelta(minutes=minutes)
        session.add(kept)


def mend(row: Integration) -> None:
    rows.record(row.user_id, row.id, health.succeeded("@bot", "Connected.", 20))


def later(**time: int) -> Any:
    return now() + timedelta(**time)


def test_what_a_person_must_mend_is_told_once_and_once_when_it_is_back(alice: User) -> None:
    row = notes(alice)
    break_(row)
    for _ in range(3):
        outages.sweep()
    (alert,) = alerts.all_of(alice.id)
    assert (alert.matter, alert.name, alert.link) == (Matter.CONNECTION, "Notes", f"/integrations/{row.id}")
    assert "401" in alert.text and alert.hint == "Create a new one."
    mend(row)
    outages.sweep()
    assert alerts.all_of(alice.id, open_only=True), "back for a second only"
    outages.sweep(later(seconds=61))
    (alert,) = alerts.all_of(alice.id)
    assert alert.ended_at is not None and alert_words.title(alert) == "“Notes” is back"


@pytest.mark.parametrize(("times", "minutes", "told"), [(1, 5, 0), (3, 5, 0), (6, 0, 0), (6, 2, 1)])
def test_a_services_trouble_is_told_once_it_is_certain(alice: User, times: int, minutes: int, told: int) -> None:
    row = notes(alice)
    mend(row)
    break_(row, DOWN, times, minutes)
    outages.sweep()
    assert len(alerts.all_of(alice.id)) == told


def test_only_its_owner_is_told(alice: User, bob: User) -> None:
    break_(notes(alice))
    outages.sweep()
    assert alerts.unseen(alice.id) == 1 and alerts.unseen(bob.id) == 0
    (alert,) = alerts.all_of(alice.id)
    for change in (alerts.dismiss, alerts.restore):
        with pytest.raises(Exception, match="no such alert"):
            change(bob.id, alert.id)
    alerts.see(alice.id)
    assert alerts.unseen(alice.id) == 0


def test_a_paused_or_removed_connection_needs_nobody(alice: User) -> None:
    paused, removed = notes(alice, "Paused"), notes(alice, "Removed")
    for row in (paused, removed):
        break_(row)
    outages.sweep()
    connections.change(alice.id, paused.id, is_active=False)
    connections.remove(alice.id, removed.id)
    outages.sweep()
    assert alerts.all_of(alice.id, open_only=True) == []
    assert all(alert.end_told_at for alert in alerts.all_of(alice.id)), "a message would tell of it"


def test_a_first_sign_in_may_take_a_while(alice: User) -> None:
    row = notes(alice)
    with db.writing() as session:
        kept = session.get_one(Integration, row.id)
        kept.status, kept.status_since = Status.WAITING_FOR_SIGN_IN, now()
        session.add(kept)
    outages.sweep()
    assert not alerts.all_of(alice.id)
    outages.sweep(later(minutes=16))
    (alert,) = alerts.all_of(alice.id)
    assert alert.matter == Matter.SIGN_IN


def test_a_key_is_told_14_7_and_1_days_before_it_expires_and_then_once_more(alice: User) -> None:
    row = notes(alice)
    expires = now() + timedelta(days=20)
    with db.writing() as session:
        session.add(ApiKey(integration_id=row.id, name="apiKey", value_enc="x", expires_at=expires))
    said = []
    for days in (20, 15, 13.9, 13, 6.5, 5, 0.9, 0.5, -0.1, -3):
        for _ in range(2):
            outages.remind(expires - timedelta(days=days))
        said.append([alert.text for alert in alerts.all_of(alice.id, open_only=True)])
    texts = [texts[0] if texts else "" for texts in said]
    assert all(len(each) <= 1 for each in said)
    expected = ["expires in 14 days.", "expires in 7 days.", "expires in 1 day.", "has expired."]
    assert texts == ["", "", *(f"Its key “apiKey” {each}" for each in expected for _ in range(2))]
    assert len(alerts.all_of(alice.id)) == 1  # the newest reminder takes the place of the one before


async def tell(user: User, **time: int) -> None:
    """Let the alerts be so old that nothing more is waited for, and send."""
    with db.writing() as session:
        for alert in session.exec(select(Alert)).all():
            alert.raised_at -= timedelta(**time or {"minutes": 1})
            session.add(alert)
        for message in session.exec(select(AlertMessage)).all():
            message.created_at -= timedelta(**time or {"minutes": 1})
            session.add(message)
    await alert_channel.sweep()


def through_the_inbox(user: User) -> Integration:
    channel = notes(user, "Channel")
    alert_channel.choose(user.id, channel.id, "write", {"title": "{{ title }}", "text": "{{ alert }}"})
    return channel


async def test_one_message_for_what_breaks_together_and_one_when_it_is_back(hub: object, alice: User) -> None:
    through_the_inbox(alice)
    broken = [notes(alice, f"Number {n}") for n in range(12)]
    for row in broken:
        break_(row)
    outages.sweep()
    await alert_channel.sweep()
    assert inbox.entries(alice.id) == [], "more may come"
    await tell(alice)
    (entry,) = inbox.entries(alice.id)
    assert (
        entry.title == "12 need attention"
        and "And 2 more." in entry.text
        and "“Number 3” needs attention" in entry.text
    )
    for row in broken:
        mend(row)
    outages.sweep(later(seconds=61))
    with db.writing() as session:
        for alert in session.exec(select(Alert)).all():
            alert.ended_at = now() - timedelta(seconds=20)
            session.add(alert)
    await tell(alice, minutes=2)
    await tell(alice, minutes=2)
    assert len(inbox.entries(alice.id)) == 2 and inbox.entries(alice.id)[0].title == "12 are well again"


async def test_every_channel_is_told_once_and_what_is_about_one_goes_through_the_others(
    hub: object, alice: User
) -> None:
    one, other = notes(alice, "One"), notes(alice, "Other")
    for row, title in ((one, "First: {{ title }}"), (other, "Second: {{ title }}")):
        alert_channel.choose(alice.id, row.id, "write", {"title": title, "text": "{{ alert }}"})
    break_(notes(alice, "Shop"))
    outages.sweep()
    await tell(alice)
    await tell(alice)
    said = sorted(entry.title for entry in inbox.entries(alice.id))
    assert said == ["First: “Shop” needs attention", "Second: “Shop” needs attention"]
    break_(one)
    outages.sweep()
    await tell(alice, minutes=5)
    assert inbox.entries(alice.id)[0].title == "Second: “One” needs attention"
    assert len(inbox.entries(alice.id)) == 3
    assert alert_channel.forget(alice.id, one.id) and not alert_channel.forget(alice.id, one.id)
    assert [channel.integration_id for channel in alert_channel.channels(alice.id)] == [other.id]


async def test_a_channel_that_fails_is_told_of_through_another(hub: object, alice: User) -> None:
    through_the_inbox(alice)
    webhook = "https://discord.com/api/webhooks/112233445566778899/" + "a" * 68
    ops = connections.add(alice.id, "discord", "Ops", {"webhookUrl": webhook, "baseUrl": "http://127.0.0.1:9"})
    alert_channel.choose(alice.id, ops.id, "send_message", {"content": "{{ alert }}"})
    alerts.begin(News(alice.id, Matter.WORKFLOW, "w", "Forward orders", "It failed."))
    await tell(alice)
    assert set(alert_channel.failures(alice.id)) == {ops.id}
    with db.writing() as session:
        message = session.exec(select(AlertMessage).where(AlertMessage.integration_id == ops.id)).one()
        message.due_at, message.created_at = now(), message.created_at - alert_channel.GIVE_UP
        session.add(message)
    await alert_channel.sweep()
    await tell(alice, minutes=5)
    texts = [entry.text for entry in inbox.entries(alice.id)]
    assert len(texts) == 2 and "could not be sent through “Ops”" in texts[0]


async def test_an_alert_about_the_channel_never_goes_through_it(hub: object, alice: User) -> None:
    channel = through_the_inbox(alice)
    break_(channel)
    outages.sweep()
    await tell(alice)
    assert inbox.entries(alice.id) == [] and alerts.unseen(alice.id) == 1


async def test_a_storm_is_a_few_messages_an_hour(hub: object, alice: User) -> None:
    through_the_inbox(alice)
    for minute in range(90):
        alerts.begin(News(alice.id, Matter.WORKFLOW, f"workflow {minute}", f"Workflow {minute}", "It failed."))
        await tell(alice)
    assert 10 < len(inbox.entries(alice.id)) <= 2 * alert_channel.HOURLY


async def test_what_cannot_be_delivered_is_tried_again_and_told_in_the_app(
    hub: object, alice: User, stand_ins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = connections.add(
        alice.id,
        "discord",
        "Ops",
        {
            "webhookUrl": "https://discord.com/api/webhooks/112233445566778899/" + "a" * 68,
            "baseUrl": "http://127.0.0.1:9",
        },
    )
    alert_channel.choose(alice.id, row.id, "send_message", {"content": "{{ alert }}"})
    alerts.begin(News(alice.id, Matter.WORKFLOW, "w", "Forward orders", "It failed."))
    await tell(alice)
    with db.writing() as session:
        message = session.exec(select(AlertMessage)).one()
        assert message.sent_at is None and message.due_at is not None and message.tries == 1 and message.error
        message.due_at = now()
        message.created_at -= alert_channel.GIVE_UP
        session.add(message)
    await alert_channel.sweep()
    assert set(alert_channel.failures(alice.id)) == {row.id}
    assert {alert.matter for alert in alerts.all_of(alice.id)} >= {Matter.CHANNEL}
    await tell(alice)
    with db.reading() as session:
        assert len(session.exec(select(AlertMessage)).all()) == 1, "it complains through itself"


async def test_the_test_alert_says_that_nothing_is_wrong(hub: object, alice: User) -> None:
    row = notes(alice)
    await alert_channel.send_test(alice.id, row.id, "write", {"title": "{{ title }}", "text": "{{alert}} {{ link }}"})
    (entry,) = inbox.entries(alice.id)
    assert entry.title == "Test alert from Streamline" and "Nothing is wrong" in entry.text


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (("", "write", {"title": "{{ alert }}"}), "integrationId"),
        (("theirs", "write", {"title": "{{ alert }}"}), "integrationId"),
        (("mine", "fly", {"title": "{{ alert }}"}), "action"),
        (("mine", "write", {"title": "Something"}), "params"),
        (("mine", "write", {"text": "{{ alert }}"}), "title"),
        (("reading", "top_headlines", {"q": "{{ alert }}"}), "action"),
    ],
)
def test_what_cannot_tell_anything_is_refused(
    alice: User, bob: User, wanted: tuple[str, str, dict[str, str]], field: str
) -> None:
    integration, action, params = wanted
    reading = connections.add(alice.id, "newsapi", "News", {"apiKeys": {"apiKey": "5c" * 16}})
    ids = {"mine": notes(alice).id, "theirs": notes(bob).id, "reading": reading.id}
    with pytest.raises(Invalid) as refused:
        alert_channel.choose(alice.id, ids.get(integration, integration), action, params)
    assert field in refused.value.fields
    assert alert_channel.channels(alice.id) == []


@pytest.mark.parametrize(
    ("type_name", "telling"),
    [
        ("newsapi", []),
        ("rss", []),
        ("nothing", []),
        ("inbox", ["write"]),
        ("google_sheets", ["append_row", "update_range"]),
        ("slack", ["send_message", "update_message"]),
    ],
)
def test_only_what_tells_somebody_something_can_be_chosen(type_name: str, telling: list[str]) -> None:
    assert list(alert_channel.actions_of(type_name)) == telling


def test_of_what_is_over_the_cause_is_told_as_past() -> None:
    began = now() - timedelta(minutes=12)
    alert = Alert(user_id="1", matter=Matter.CONNECTION, subject_id="2", name="Ops", text="Gone.", began_at=began)
    assert alert_words.cause(alert) == "Gone."
    alert.ended_at = began + timedelta(minutes=12)
    assert alert_words.cause(alert) == "For 12 min: Gone."
