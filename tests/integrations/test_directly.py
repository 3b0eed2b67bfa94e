"""What is asked for directly is done once: whoever asked is told to send it again, and when."""

from __future__ import annotations

import httpx
import pytest

from streamline_ui import sandbox
from streamline_ui.errors import Rejected, StreamlineError, Unavailable
from streamline_ui.integrations import calls, connections, directly
from streamline_ui.storage.models import User

pytestmark = pytest.mark.usefixtures("hub")


async def asked(stand_ins: str, alice: User, **fault: object) -> Unavailable:
    config = {**sandbox.DEMO["telegram"], "baseUrl": f"{stand_ins}/telegram"}
    row = connections.add(alice.id, "telegram", "Bot", config)
    async with httpx.AsyncClient() as http:
        (await http.post(f"{stand_ins}/telegram/_faults", json=fault)).raise_for_status()
    with pytest.raises(Unavailable) as caught:
        await connections.perform(alice.id, row.id, "send_message", {"chatId": "42", "text": "Hello"})
    return caught.value


async def test_a_service_that_asks_to_wait_is_to_be_asked_again(stand_ins: str, alice: User) -> None:
    error = await asked(stand_ins, alice, status=429, retryAfter=7)
    assert error.hints == ("It was not sent. Send it again in 7 s.",)
    assert error.retry_after == 7


async def test_what_may_have_arrived_is_looked_for_first(stand_ins: str, alice: User) -> None:
    error = await asked(stand_ins, alice, status=500)
    assert error.hints[0] == "It may have arrived all the same. Look there; if it did not, send it again in a moment."
    assert "by itself" not in " ".join(error.hints)


@pytest.mark.parametrize(
    ("hint", "left"),
    [
        ("Nothing is lost; Streamline continues by itself.", ()),
        ("Streamline tries again by itself.", ()),
        ("Nothing is lost; Streamline goes on by itself within a minute. Fewer requests help.",
         ("Fewer requests help.",)),
        ("Pause broken connections; Streamline continues by itself.", ("Pause broken connections.",)),
        ("Create a new token.", ("Create a new token.",)),
    ],
)  # fmt: skip
async def test_no_promise_is_left_among_the_hints(
    alice: User, monkeypatch: pytest.MonkeyPatch, hint: str, left: tuple[str, ...]
) -> None:
    async def refuse(*_: object) -> None:
        raise Rejected("No.", hints=[hint])

    monkeypatch.setattr(calls, "perform", refuse)
    with pytest.raises(StreamlineError) as caught:
        await directly.perform(alice.id, "any", "any", {})
    assert caught.value.hints == left
