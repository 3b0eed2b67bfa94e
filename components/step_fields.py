"""The fields of one step's panel: tied to places in the draft, to what is wrong there, and to the data to insert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import background_tasks

from components import editor_words as words
from components.data_picker import DataPicker
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.template_field import Look, TemplateField

Write = Callable[[Json, str], None]


class StepFields:
    """`step` is always the draft's own: Undo puts another in its place."""

    def __init__(self, session: EditorSession, step_id: str) -> None:
        self.session, self.step_id = session, step_id
        self.picker: DataPicker | None = None
        self.by_place: dict[str, TemplateField] = {}

    @property
    def step(self) -> Json:
        """The step, or an empty one where it was deleted meanwhile."""
        return self.session.draft.step(self.step_id) or {"id": self.step_id, "type": "stop"}

    def scope(self) -> Mapping[str, Any]:
        """What its templates see."""
        return self.session.scope(self.step_id)

    def judged(self) -> Mapping[str, Any]:
        """The same without what is only an example: of that nobody knows whether the real data look so."""
        is_sure = self.session.sample.at is not None or self.session.draft.values[TRIGGER]["type"] == "integration"
        return {key: value for key, value in self.scope().items() if is_sure or key not in ("trigger", "item")}

    def edit(self, change: Callable[[Json], Any], key: str = "") -> None:
        """Change the step."""
        if self.session.draft.step(self.step_id) is not None:
            self.session.change(lambda: change(self.step), f"{self.step_id}:{key}" if key else "")

    def draw(self, at: str, look: Look, text: str, write: Write, *, picks: bool = True) -> TemplateField:
        """Draw a field. `at` is its place inside the step; `write` puts what was typed into the step."""
        field = TemplateField(
            look,
            text,
            lambda typed: self.edit(lambda step: write(step, typed), at),
            self.scope,
            self.insert if picks else None,
            judged=self.judged,
        )
        self.by_place[at] = field
        return field

    def draw_picker(self) -> None:
        """Draw the data to pick from here; it moves to the field that asks for it."""
        self.picker = DataPicker()
        self.refresh_picker()

    def refresh_picker(self) -> None:
        """Show the data as they are known now."""
        if self.picker is None or self.picker.box.is_deleted:
            return
        sample, scope = self.session.sample, self.scope()
        groups: dict[str, tuple[str, Any]] = {"Trigger": ("trigger", _without_noise(sample.trigger))}
        if scope.get("item") is not None:
            groups = {"Entry of the loop": ("item", scope["item"]), **groups}
        for step in self.session.draft.before(self.step_id):
            output = self.session.output(step["id"])
            title = words.title(self.session, step)
            if output is not None:
                groups[f"{title} ({step['id']})" if title in groups else title] = (f"steps.{step['id']}.output", output)
        source = f"From a real {sample.source.lower()}" if sample.at else "From an example"
        self.picker.show(
            groups, f"From {sample.source[:1].lower()}{sample.source[1:]}" if self.session.run_id else source
        )

    def insert(self, field: TemplateField) -> None:
        """Bring the data to this field, and the keyboard into it."""
        if self.picker is not None:
            self.picker.box.move(field.box)
        field.focus()

    def asked(self, element_id: str) -> None:
        """Somebody typed `{{` in the field with this id."""
        field = next((each for each in self.by_place.values() if each.field.html_id == element_id), None)
        if field is not None and self.picker is not None:
            self.picker.box.move(field.box)

    def update(self) -> None:
        """Say below each field what is wrong with it: at once where something is filled in, else after Publish."""
        place = self.session.draft.place_of(self.step_id)
        found = {each.path: each.message for each in self.session.problems}
        for at, field in self.by_place.items():
            sentence = found.get(f"{place}.{at}", "")
            is_due = self.session.insists or bool(field.text.strip())
            if not field.box.is_deleted:
                field.blame(sentence if is_due else "")

    def render(self) -> None:
        """Draw the previews anew, for what they are made of may be another."""
        self.refresh_picker()
        for field in self.by_place.values():
            if not field.box.is_deleted:
                background_tasks.create(field.render(), name="preview a field")


def _without_noise(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted most comes first."""
    first = [name for name in ("body", "query", "input") if trigger.get(name)]
    rest = [name for name in trigger if name not in first and trigger[name] not in (None, {}, "")]
    return {name: trigger[name] for name in (*first, *rest)}
