"""An integration's separate keys over REST."""

from __future__ import annotations

from datetime import timedelta

from streamline_ui import sandbox
from streamline_ui.storage.models import now
from tests.api.conftest import Person

OLD = sandbox.DEMO["sendgrid"]
NEW = "SG." + "separate" * 2 + "key001." + "separate-" * 4 + "1234567"


async def test_over_rest_the_value_goes_in_and_never_out(as_alice: Person, as_charlie: Person) -> None:
    made = await as_alice.connect("Mail", "sendgrid", **OLD)
    path = f"/integrations/{made['id']}/keys"
    until = (now() + timedelta(days=30)).isoformat()
    answer = await as_alice.ask("POST", path, {"name": "apiKey", "value": NEW, "expiresAt": until})
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "name", "createdAt", "lastUsedAt", "expiresAt"}
    listed = await as_alice.ask("GET", path)
    assert [each["name"] for each in listed.json()["items"]] == ["apiKey"]
    assert NEW not in answer.text + listed.text
    for method, where in (("GET", path), ("POST", path), ("DELETE", f"{path}/{answer.json()['id']}")):
        body = {"name": "apiKey", "value": NEW} if method == "POST" else None
        assert (await as_charlie.ask(method, where, body)).status_code == 404
    bad = await as_alice.ask("POST", path, {"name": "apiKey", "value": "xoxb-1"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "value")
    assert (await as_alice.ask("DELETE", f"{path}/{answer.json()['id']}")).status_code == 204
    assert (await as_alice.ask("DELETE", f"{path}/{answer.json()['id']}")).status_code == 404
