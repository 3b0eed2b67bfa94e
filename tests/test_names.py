"""Names show as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from streamline_ui import names
from streamline_ui.access import tokens, users
from streamline_ui.errors import Invalid
from streamline_ui.integrations import connections
from streamline_ui.storage.models import User
from streamline_ui.workflows import definitions

INVISIBLE = [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xAD, 0xE0041]


@pytest.mark.parametrize("code", INVISIBLE, ids=hex)
def test_invisible_characters_are_refused(code: int) -> None:
    assert names.problem(f"Alerts{chr(code)}") == "The name has invisible characters in it."


@pytest.mark.parametrize(
    "name",
    [
        "Alerts",
        "\u00dcberwachung \u2764\ufe0f",
        "\u8b66\u5831",
        "\u05d4\u05ea\u05e8\u05d0\u05d5\u05ea",
        "e\u0301",
        "x" * 100,
    ],
)
def test_names_of_all_tongues_are_fine(name: str) -> None:
    assert names.problem(name) is None


@pytest.mark.parametrize(
    ("name", "word"), [("a\u202eb", "invisible"), ("a\nb", "control"), ("x" * 101, "longer"), ("a\u2028b", "control")]
)
def test_every_name_is_looked_at(alice: User, name: str, word: str) -> None:
    def refused(work: Any) -> str:
        with pytest.raises(Invalid) as caught:
            work()
        return caught.value.fields["name"]

    assert word in refused(lambda: connections.add(alice.id, "inbox", name, {}))
    assert word in refused(lambda: tokens.make(alice.id, name))
    assert word in refused(lambda: users.change(alice.id, name=name))
    assert word in refused(lambda: users.create("eve@example.com", "quiet-river-paper-lamp", name=name))
    if word == "invisible":
        assert word in refused(lambda: definitions.parse({"name": name, "trigger": {"type": "manual"}, "steps": []}))
