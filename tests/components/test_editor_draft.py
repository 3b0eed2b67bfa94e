"""The draft in an editor, as plain data: what is done to its steps, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from components.editor_draft import LEVELS, Draft


def step(step_id: str, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "stop", **more}


@pytest.fixture
def draft() -> Draft:
    """One step, a loop with two, and a last one."""
    loop = {"id": "loop", "type": "for_each", "items": "", "steps": [step("in1"), step("in2")]}
    return Draft({"name": "W", "trigger": {"type": "manual"}, "steps": [step("first"), loop, step("last")]})


def ids(draft: Draft) -> list[str]:
    return [each["id"] for _, each in draft.walk()]


def test_steps_know_where_they_are(draft: Draft) -> None:
    assert draft.place_of("in2") == "steps.1.steps.1"
    assert draft.at("steps.1.steps.1")["id"] == "in2"
    with pytest.raises(KeyError):
        draft.at("steps.9")


@pytest.mark.parametrize(
    ("step_id", "by", "place", "after"),
    [
        ("first", 1, "steps.0.steps.0", ["loop", "first", "in1", "in2", "last"]),
        ("last", -1, "steps.1.steps.2", ["first", "loop", "in1", "in2", "last"]),
        ("loop", 1, "steps.2", ["first", "last", "loop", "in1", "in2"]),
        ("loop", -1, "steps.0", ["loop", "in1", "in2", "first", "last"]),
        ("in1", 1, "steps.1.steps.1", ["first", "loop", "in2", "in1", "last"]),
        ("in1", -1, "steps.1", ["first", "in1", "loop", "in2", "last"]),
        ("in2", 1, "steps.2", ["first", "loop", "in1", "in2", "last"]),
    ],
)
def test_a_step_moves_into_and_out_of_what_stands_there(
    draft: Draft, step_id: str, by: int, place: str, after: list[str]
) -> None:
    before = ids(draft)
    assert draft.move(step_id, by)
    assert (draft.place_of(step_id), ids(draft)) == (place, after)
    assert draft.undo()
    assert ids(draft) == before
    assert draft.redo()
    assert draft.move(step_id, -by)
    assert ids(draft) == before


def test_a_step_does_not_move_past_the_ends(draft: Draft) -> None:
    assert not draft.move("first", -1)
    assert not draft.move("last", 1)
    assert not draft.can_undo


@pytest.mark.parametrize(
    ("step_id", "path", "index", "place"),
    [
        ("first", "steps.1.steps", 1, "steps.0.steps.1"),
        ("in2", "steps", 0, "steps.0"),
        ("first", "steps", 3, "steps.2"),
        ("last", "steps", 0, "steps.0"),
    ],
)
def test_a_step_is_put_wherever_it_is_dragged(draft: Draft, step_id: str, path: str, index: int, place: str) -> None:
    assert draft.relocate(step_id, path, index)
    assert draft.place_of(step_id) == place
    assert sorted(ids(draft)) == ["first", "in1", "in2", "last", "loop"]


@pytest.mark.parametrize(
    ("step_id", "path", "index"),
    [
        ("loop", "steps.1.steps", 0),
        ("first", "steps", 0),
        ("first", "steps", 1),
        ("first", "steps", 9),
        ("first", "steps", -1),
        ("first", "settings", 0),
        ("nobody", "steps", 0),
    ],
)
def test_a_step_stays_where_it_cannot_be_put(draft: Draft, step_id: str, path: str, index: int) -> None:
    before = ids(draft)
    assert not draft.relocate(step_id, path, index)
    assert (ids(draft), draft.can_undo) == (before, False)


def test_a_copy_has_ids_of_its_own_and_stands_right_after(draft: Draft) -> None:
    draft.duplicate("loop")
    assert ids(draft) == ["first", "loop", "in1", "in2", "loop_2", "in1_2", "in2_2", "last"]


def test_what_was_removed_comes_back_where_it_was(draft: Draft) -> None:
    removed = draft.remove("loop")
    assert removed is not None
    draft.insert("steps", 0, "delay")
    assert draft.put_back("steps.1", removed)
    assert ids(draft) == ["delay", "loop", "in1", "in2", "first", "last"]
    assert not draft.put_back("steps.1", removed)


def test_a_step_sees_what_ran_before_it_but_not_into_loops(draft: Draft) -> None:
    assert [each["id"] for each in draft.before("in2")] == ["first", "in1"]
    assert [each["id"] for each in draft.before("last")] == ["first", "loop"]
    assert (draft.in_loop("in2") or {})["id"] == "loop"
    assert draft.in_loop("last") is None


def test_twenty_changes_are_taken_back_and_done_again(draft: Draft) -> None:
    for _ in range(LEVELS + 5):
        draft.insert("steps", 0, "stop")
    total = len(ids(draft))
    while draft.undo():
        pass
    assert len(ids(draft)) == total - LEVELS
    while draft.redo():
        pass
    assert len(ids(draft)) == total


def test_typing_in_one_field_is_taken_back_at_once(draft: Draft) -> None:
    for letters in ("a", "ab", "abc"):
        draft.remember("first:name")
        draft.values["steps"][0]["name"] = letters
    assert draft.undo()
    assert "name" not in draft.values["steps"][0]
    assert not draft.can_undo
