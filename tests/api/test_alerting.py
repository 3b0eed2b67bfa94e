"""Alerts over REST: listed in parts, dismissed and put back, and everybody's own."""

from __future__ import annotations

from datetime import timedelta

from streamline_ui.integrations import alerts, connections
from streamline_ui.integrations.alerts import News
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Alert, Matter
from streamline_ui.storage.models import now
from tests.api.conftest import Person

ALERT = {
    "id", "matter", "subjectId", "title", "text", "hint", "link", "beganAt", "raisedAt", "endedAt", "dismissedAt",
}  # fmt: skip


def raise_(person: Person, count: int) -> None:
    for number in range(count):
        name, subject = f"Shop {number}", f"subject-{number}"
        alerts.begin(News(person.user.id, Matter.CONNECTION, subject, name, "It refused the key.", "Mend it."))


async def test_listed_newest_first_in_parts(as_alice: Person, as_charlie: Person) -> None:
    raise_(as_alice, 5)
    alerts.end(Matter.CONNECTION, "subject-0")
    first = (await as_alice.ask("GET", "/alerts?limit=2")).json()
    assert set(first["items"][0]) == ALERT
    second = (await as_alice.ask("GET", f"/alerts?limit=3&cursor={first['nextCursor']}")).json()
    subjects = [each["subjectId"] for each in first["items"] + second["items"]]
    assert subjects == [f"subject-{number}" for number in (4, 3, 2, 1, 0)]
    assert second["nextCursor"] is None
    assert "“Shop 4”" in first["items"][0]["title"]
    opened = (await as_alice.ask("GET", "/alerts?open=true")).json()["items"]
    assert len(opened) == 4
    assert (await as_charlie.ask("GET", "/alerts")).json() == {"items": [], "nextCursor": None}
    assert (await as_alice.ask("GET", "/alerts?cursor=abc")).status_code == 422
    assert alerts.unseen(as_alice.user.id) == 5, "a program has not looked for its owner"


async def test_those_of_one_moment_are_listed_once_each(as_alice: Person) -> None:
    raise_(as_alice, 5)
    at = now() - timedelta(hours=1)
    with db.writing() as session:
        for row in alerts.all_of(as_alice.user.id):
            session.get_one(Alert, row.id).raised_at = at
    seen, cursor = [], ""
    while cursor is not None:
        part = (await as_alice.ask("GET", f"/alerts?limit=2{cursor and f'&cursor={cursor}'}")).json()
        seen += [each["subjectId"] for each in part["items"]]
        cursor = part["nextCursor"]
    assert sorted(seen) == [f"subject-{number}" for number in range(5)]


async def test_dismissed_and_put_back(as_alice: Person, as_charlie: Person) -> None:
    raise_(as_alice, 1)
    (alert,) = (await as_alice.ask("GET", "/alerts")).json()["items"]
    for _ in range(2):
        answer = await as_alice.ask("POST", f"/alerts/{alert['id']}/dismiss")
        assert (answer.status_code, answer.json()["dismissedAt"] is None) == (200, False)
    assert (await as_alice.ask("GET", "/alerts")).json()["items"] == []
    for way in ("dismiss", "undismiss"):
        assert (await as_charlie.ask("POST", f"/alerts/{alert['id']}/{way}")).status_code == 404
    assert (await as_alice.ask("POST", f"/alerts/{alert['id']}/undismiss")).json() == alert
    assert (await as_alice.ask("GET", "/alerts")).json()["items"] == [alert]


async def test_channels_are_chosen_together_and_everybodys_own(as_alice: Person, as_charlie: Person) -> None:
    notes = connections.add(as_alice.user.id, "inbox", "Notes", {}).id
    more = connections.add(as_alice.user.id, "inbox", "More", {}).id
    news = connections.add(as_alice.user.id, "newsapi", "News", {"apiKeys": {"apiKey": "5c" * 16}}).id
    params = {"title": "{{ title }}", "text": "{{ alert }}"}
    one, other = ({"integrationId": each, "action": "write", "params": params} for each in (notes, more))
    answer = await as_alice.ask("PUT", "/alerts/channels", {"items": [one, {**other, "isOn": False}]})
    assert answer.status_code == 200, answer.text
    kept = (await as_alice.ask("GET", "/alerts/channels")).json()
    whole = [{**one, "isOn": True, "problem": None}, {**other, "isOn": False, "problem": None}]
    assert kept == answer.json()
    assert sorted(kept["items"], key=str) == sorted(whole, key=str)
    reading = {"integrationId": news, "action": "top_headlines", "params": {"q": "{{ alert }}"}}
    for wrong, field in (
        ([reading], "action"),
        ([one, one], "integrationId"),
        ([one, {**other, "params": {"title": "x"}}], "params"),
    ):
        refused = await as_alice.ask("PUT", "/alerts/channels", {"items": wrong})
        assert refused.status_code == 422 and field in refused.text, refused.text
        assert (await as_alice.ask("GET", "/alerts/channels")).json() == kept
    assert (await as_charlie.ask("GET", "/alerts/channels")).json() == {"items": []}
    assert (await as_charlie.ask("PUT", "/alerts/channels", {"items": [one]})).status_code == 422
    assert (await as_alice.ask("PUT", "/alerts/channels", {"items": [other]})).json()["items"][0]["isOn"]
    assert len((await as_alice.ask("GET", "/alerts/channels")).json()["items"]) == 1
