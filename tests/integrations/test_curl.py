"""An action as a curl command: the request as it would be sent, without what must stay secret."""

from __future__ import annotations

import pytest

from streamline_ui import sandbox
from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import connections, curl
from streamline_ui.storage.models import User


async def test_discord(alice: User) -> None:
    row = connections.add(alice.id, "discord", "Ops", sandbox.DEMO["discord"])
    command = await curl.command(alice.id, row.id, "send_message", {"content": "It's up"})
    assert command.startswith("curl -X POST 'https://discord.com/api/v10/webhooks/")
    assert "?wait=true" in command
    assert "-H 'Content-Type: application/json'" in command
    assert '''"content":"It'"'"'s up"''' in command
    assert "***" in command
    assert "sandbox-" not in command


async def test_the_key_of_an_api_is_masked(alice: User) -> None:
    config = {**sandbox.DEMO["sendgrid"], "baseUrl": "https://mail.example.com"}
    row = connections.add(alice.id, "sendgrid", "Mail", config)
    params = {"to": "a@example.com", "subject": "Hi", "text": "There"}
    command = await curl.command(alice.id, row.id, "send_email", params)
    assert "https://mail.example.com/" in command
    assert "Authorization: Bearer ***" in command
    assert "sandbox-" not in command


async def test_what_cannot_be_told(alice: User, bob: User) -> None:
    row = connections.add(alice.id, "discord", "Ops", sandbox.DEMO["discord"])
    inbox = connections.add(alice.id, "inbox", "Inbox", {})
    with pytest.raises(Invalid) as caught:
        await curl.command(alice.id, row.id, "send_message", {})
    assert "content" in caught.value.fields
    for user, found, action in (
        (alice, row, "nothing"),
        (bob, row, "send_message"),
        (alice, inbox, "write"),
    ):
        with pytest.raises(NotFound):
            await curl.command(user.id, found.id, action, {"content": "x"} if found is row else {"title": "x"})
