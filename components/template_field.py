"""A field in whose text data can be inserted, with a preview of what becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components import elements, form_inputs, form_parts, template_marks
from components.form_parts import Words, tag
from components.schema_form import Line
from components.template_marks import Wrong
from streamline_ui.errors import Invalid
from streamline_ui.providers import texts
from streamline_ui.workflows import templates

TYPING = 0.25  # seconds between two looks at what is being typed
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Look:
    """How a field looks. `template` is "text", "alone" (one lone value) or "path" (without braces).

    `limit` is how many characters the service takes; 0 where it does not say.
    """

    title: str
    help: str = ""
    lines: int = 1
    wanted: bool = True
    placeholder: str = ""
    template: str = "text"
    is_code: bool = False
    limit: int = 0


class TemplateField:
    """`changed` is called with the text while it is typed; `scope` gives the data for the preview.

    `judged` gives the data that paths are judged by: those that are sure to look like the real ones.
    """

    def __init__(
        self,
        look: Look,
        text: str,
        changed: Callable[[str], Any],
        scope: Callable[[], Mapping[str, Any]],
        insert: Callable[[TemplateField], Any] | None = None,
        *,
        judged: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self.look, self.text, self.changed, self.scope = look, text, changed, scope
        self.judged = judged or scope
        self.wrong: list[Wrong] = []
        with tag("div", "sl-field sl-template") as self.box:
            with tag("div", "row between"):
                label = Words(look.title, "sl-label", "label")
                self._draw_insert(insert)
            self.field = self._draw_field()
            label.props["for"] = self.field.html_id
            self.line = Line()
            described = [self.line.box.html_id]
            with tag("div", "row between sl-below"):
                if look.help:
                    described.append(Words(look.help, "sl-help", "div").html_id)
                self.count = Words("", "tiny muted num sl-count")
            self.doubts = tag("div", "sl-doubts", aria_live="polite")
            self.preview = tag("div", "sl-preview", aria_live="polite")
            self.preview.set_visibility(False)
            self.field.props["aria-describedby"] = " ".join(described)
        listen(self.field, self._typed)

    def _draw_insert(self, insert: Callable[[TemplateField], Any] | None) -> None:
        if insert is None:
            if not self.look.wanted:
                Words("Optional", "small muted")
            return
        with tag("span", "row"):
            if not self.look.wanted:
                Words("Optional", "small muted")
            button = tag("button", "sl-insert", type_="button", aria_label=f"Insert data into {self.look.title}")
            with button:
                elements.icon("braces")
                Words("Insert data")
            button.on("mousedown", js_handler="(e) => e.preventDefault()")
            button.on("click", lambda: insert(self), args=[])

    def _draw_field(self) -> Element:
        common: dict[str, Any] = {
            "data_template": self.look.template,
            "placeholder": self.look.placeholder or None,
            "aria_required": "true" if self.look.wanted else None,
            "defaultValue": self.text,
        }
        if self.look.lines > 1:
            with tag("div", "sl-input area" if self.look.is_code else "sl-input area prose"):
                self._draw_mirror()
                return tag("textarea", rows=max(self.look.lines, 3), **common)
        with tag("div", "sl-input"):
            self._draw_mirror()
            return tag("input", type_="text", **form_inputs.PRIVATE, **common)

    def _draw_mirror(self) -> None:
        """Where the browser shows what is filled in as chips; a whole condition has none."""
        if not (self.look.template == "path" and self.look.is_code):
            tag("div", "sl-mirror", aria_hidden="true", hidden=True)

    async def _typed(self, text: str) -> None:
        self.text = text
        self.changed(text)
        await self.render()

    def focus(self) -> None:
        """Bring the keyboard here."""
        form_parts.focus(self.field)

    def blame(self, sentence: str) -> None:
        """Say what is wrong with it, or nothing."""
        if sentence:
            self.field.props["aria-invalid"] = "true"
        else:
            self.field.props.pop("aria-invalid", None)
        self.line.say(sentence, "bad" if sentence else "")

    async def render(self) -> None:
        """Show what becomes of it with the sample, and which paths lead to nothing."""
        text = self.text
        is_bare = self.look.template == "path"
        wrong: list[Wrong] = []
        if is_bare or templates.is_template(text):
            wrong = await asyncio.to_thread(template_marks.wrong, text, self.judged(), is_bare=is_bare)
        said, problem = None, ""
        if not is_bare and templates.is_template(text):
            try:
                said = _words(await asyncio.to_thread(templates.render, text, self.scope()))
            except Invalid as error:
                problem = template_marks.untested(text, self.scope()) or error.message
        if text != self.text or self.preview.is_deleted:
            return
        self._show_wrong(wrong)
        self._show_count(text if said is None else said)
        self._show_preview(said, "" if wrong else problem)

    def _show_count(self, text: str) -> None:
        """How much of what the service takes is used: of a long text always, of a short one where it gets close."""
        limit, number = self.look.limit, texts.length(text)
        is_near = number > limit * 0.8
        is_shown = bool(limit) and (is_near or (self.look.lines > 1 and number > 0))
        self.count.set_text(f"{number:,} of {limit:,}" if is_shown else "")
        self.count.classes(replace=f"tiny num sl-count {'warn' if number > limit else 'muted'}")

    def _show_preview(self, said: str | None, problem: str) -> None:
        self.preview.clear()
        self.preview.set_visibility(said is not None or bool(problem))
        with self.preview:
            if problem:
                Words("No preview", "tiny muted block")
                Words(problem[:LONGEST], "sl-preview-text warn")
            elif said is not None:
                Words("Preview with the sample", "tiny muted block")
                Words(said[:LONGEST] or "(empty)", "sl-preview-text")

    def _show_wrong(self, wrong: list[Wrong]) -> None:
        if wrong == self.wrong:
            return
        self.wrong = wrong
        self.box.props["data-wrong"] = json.dumps([each.path for each in wrong])
        self.doubts.clear()
        with self.doubts:
            for each in wrong:
                with tag("p", "sl-help line warn"):
                    elements.icon("triangle-alert")
                    Words(each.sentence)
                    for near in each.near:
                        attributes = {"data_replace": self.field.html_id, "data_from": each.path, "data_to": near}
                        with tag("button", "link", type_="button", **attributes):
                            Words(f"Use {near}")


def listen(field: Element, action: Callable[[str], Any]) -> None:
    """Hear what is typed, while it is typed, but not each letter."""

    def heard(event: GenericEventArguments) -> Any:
        return action(event.args) if isinstance(event.args, str) else None

    field.on("input", heard, js_handler="(e) => emit(e.target.value)", throttle=TYPING, leading_events=False)
    field.on("change", heard, js_handler="(e) => emit(e.target.value)")  # left at once: before anything is redrawn


def _words(value: object) -> str:
    return value if isinstance(value, str) else templates.text(value)
