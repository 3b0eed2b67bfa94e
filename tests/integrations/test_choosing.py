"""What may be chosen for a parameter: asked once a minute, searched, and refused in sentences."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from streamline_ui.errors import AuthFailed, Invalid, NotFound
from streamline_ui.integrations import choosing, connections
from streamline_ui.providers import PROVIDERS, catalog, params
from streamline_ui.providers.choices import Choices, Pairs
from streamline_ui.providers.describe import Action, Connection, Result
from streamline_ui.storage.models import User
from tests.api.conftest import Person, as_alice, as_bob, rest

__all__ = ["as_alice", "as_bob", "rest"]
pytestmark = pytest.mark.usefixtures("hub")
asked: list[str] = []


async def shelves(_: Connection[Any]) -> Pairs:
    asked.append("shelves")
    return [("s1", "Ärmel & more"), ("s2", "")]


async def books(_: Connection[Any], shelf_id: str) -> Pairs:
    asked.append(shelf_id)
    if shelf_id == "locked":
        raise AuthFailed("The key was refused (401).", hints=["Create a new one."])
    return [(f"b{number}", f"Book {number} of {shelf_id}") for number in range(700)]


async def lend(
    _: Connection[Any],
    *,
    shelf_id: Annotated[str, Choices(shelves), Field(title="Shelf")],
    book: Annotated[str | None, Choices(books), Field(title="Book")] = None,
    note: Annotated[str, Field(title="Note")] = "",
) -> Result:
    """Lend a book."""
    return Result()


@pytest.fixture
def library(alice: User, monkeypatch: pytest.MonkeyPatch) -> str:
    """An Inbox that can lend books."""
    asked.clear()
    choosing._kept.clear()
    action: Action[Any] = Action("lend", "Lend a book", "Lend a book.", params.of(lend), False, None, lend)
    monkeypatch.setitem(PROVIDERS["inbox"].actions, "lend", action)
    return connections.add(alice.id, "inbox", "Notes", {}).id


async def test_choices_are_kept_for_a_minute(library: str, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        found = await connections.choices(alice.id, library, "lend", "shelfId", {})
        assert found == choosing.Offered([("s1", "Ärmel & more"), ("s2", "s2")], more=False)
    assert asked == ["shelves"]
    monkeypatch.setattr(choosing, "KEEP_SECONDS", 0.0)
    await connections.choices(alice.id, library, "lend", "shelfId", {})
    assert asked == ["shelves", "shelves"]


async def test_choices_that_depend_on_another_parameter(library: str, alice: User) -> None:
    found = await connections.choices(alice.id, library, "lend", "book", {"shelfId": " s1 ", "note": 5})
    assert (len(found.items), found.more) == (choosing.MOST, True)
    found = await connections.choices(alice.id, library, "lend", "book", {"shelfId": "s1"}, q="bOOK 699")
    assert found == choosing.Offered([("b699", "Book 699 of s1")], more=False)
    await connections.choices(alice.id, library, "lend", "book", {"shelfId": "s2"})
    assert asked == ["s1", "s2"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Fill in Shelf first."),
        ({"shelfId": "  "}, "Fill in Shelf first."),
        ({"shelfId": {"x": 1}}, "Fill in Shelf first."),
        ({"shelfId": "{{ trigger.shelf }}"}, "Shelf is known only when the workflow runs"),
    ],
)
async def test_what_is_to_be_filled_in_first(library: str, alice: User, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        await connections.choices(alice.id, library, "lend", "book", values)
    assert asked == []


async def test_a_refusal_is_told_and_not_kept(library: str, alice: User) -> None:
    for _ in range(2):
        with pytest.raises(AuthFailed, match=r"The key was refused \(401\)\."):
            await connections.choices(alice.id, library, "lend", "book", {"shelfId": "locked"})
    assert asked == ["locked", "locked"]


async def test_a_changed_configuration_asks_again_and_the_memory_is_bounded(library: str, alice: User) -> None:
    await connections.choices(alice.id, library, "lend", "shelfId", {})
    for number in range(choosing.MOST_KEPT + 5):
        choosing.keep((str(number),), [])
    assert len(choosing._kept) == choosing.MOST_KEPT
    await connections.choices(alice.id, library, "lend", "shelfId", {})
    assert asked == ["shelves", "shelves"]


async def test_unknown_names_and_foreign_connections(library: str, alice: User, bob: User) -> None:
    for name, field in (("lend", "note"), ("lend", "nothing"), ("steal", "book")):
        with pytest.raises(NotFound):
            await connections.choices(alice.id, library, name, field, {"shelfId": "s1"})
    with pytest.raises(NotFound):
        await connections.choices(bob.id, library, "lend", "shelfId", {})


def test_the_schema_says_what_can_be_chosen(library: str) -> None:
    found = next(each for each in catalog.entry(PROVIDERS["inbox"])["actions"] if each["name"] == "lend")
    properties = found["parameters"]["properties"]
    assert properties["shelfId"] == {"type": "string", "title": "Shelf", "choices": True}
    assert properties["book"] == {"type": "string", "title": "Book", "choices": True, "dependsOn": ["shelfId"]}


async def test_over_rest(library: str, as_alice: Person, as_bob: Person) -> None:
    path = f"/integrations/{library}/choices"
    answer = await as_alice.ask("POST", path, {"action": "lend", "field": "shelfId", "q": "more"})
    assert answer.json() == {"items": [{"value": "s1", "label": "Ärmel & more"}], "more": False}
    answer = await as_alice.ask("POST", path, {"action": "lend", "field": "book"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "shelfId")
    for body in ({"field": "x"}, {"action": "lend", "event": "x", "field": "x"}):
        answer = await as_alice.ask("POST", path, body)
        assert (answer.status_code, answer.json()["detail"]) == (422, "Name either an action or an event.")
    answer = await as_alice.ask("POST", path, {"action": "lend", "field": "book", "values": {"shelfId": "locked"}})
    assert (answer.status_code, answer.json()["hints"]) == (502, ["Create a new one."])
    assert (await as_bob.ask("POST", path, {"action": "lend", "field": "shelfId"})).status_code == 404
