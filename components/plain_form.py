"""A short form: a few labelled fields, one button, and whatever is wrong said below the field it belongs to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nicegui.element import Element

from components import elements, form_inputs, form_parts
from components.form_parts import Words, tag
from streamline_ui.errors import Invalid, StreamlineError

Work = Callable[[dict[str, str]], Awaitable[None]]


class PlainForm:
    """Use it as `with PlainForm(work) as form: form.text(…); form.submit(…)`.

    `work` gets what was typed, by name; the errors that it raises are shown, and what was typed stays.
    """

    def __init__(self, work: Work, classes: str = "") -> None:
        self.work = work
        self.inputs: dict[str, Element] = {}
        self.hints: dict[str, tuple[Words, str]] = {}
        self.is_busy = False
        self.element = form_parts.form(self._send, f"sl-plain {classes}".strip())

    def __enter__(self) -> PlainForm:
        self.element.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.element.__exit__(*error)

    def text(self, name: str, label: str, *, value: str = "", hint: str = "", **attributes: Any) -> Element:
        """A field for a line of text."""
        with self._field(name, label, hint), tag("div", "sl-input"):
            usual: dict[str, Any] = {"type_": "text", "defaultValue": value, "name": name, "maxlength": 254}
            made = tag("input", **usual | attributes)
        return self._adopt(name, made)

    def password(self, name: str, label: str, *, hint: str = "", autocomplete: str = "new-password") -> Element:
        """A field that hides what is typed, with a button that shows it."""
        with self._field(name, label, hint):
            made = form_inputs.secret(label.lower(), name=name)
        made.props["autocomplete"] = autocomplete
        made.props.pop("data-1p-ignore", None)
        return self._adopt(name, made)

    def choice(self, name: str, label: str, choices: Sequence[tuple[str, str]], *, hint: str = "") -> Element:
        """A choice of pairs of value and label; the first is chosen."""
        with self._field(name, label, hint), tag("div", "sl-input select"):
            made = tag("select", name=name)
            with made:
                for value, words in choices:
                    Words(words, name="option").props["value"] = value
            elements.icon("chevron-down")
        return self._adopt(name, made)

    def tick(self, name: str, label: str, explanation: str = "", *, is_on: bool = False) -> Element:
        """A box to tick."""
        with tag("label", "sl-check"):
            box = tag("input", type_="checkbox", name=name)
            box.props["defaultChecked"] = is_on
            with tag("span"):
                Words(label, "b")
                if explanation:
                    Words(f" {explanation}", "sub")
        return box

    def submit(self, label: str, *, kind: str = "primary") -> Element:
        """The place for what is wrong with no field in particular, and the button."""
        self.note = tag("div", role="alert")
        self.button = elements.button(label, kind=kind, submits=True)
        return self.button

    def blame(self, sentences: Mapping[str, str], message: str = "") -> None:
        """Say below each field what is wrong with it and go to the first; the rest stands above the button."""
        for name, (line, hint) in self.hints.items():
            wrong = sentences.get(name, "")
            line.set_text(wrong or hint)
            line.classes(**{"add" if wrong else "remove": "bad"})
            line.set_visibility(bool(wrong or hint))
            _mark(self.inputs[name], is_wrong=bool(wrong))
        self.note.clear()
        first = next((name for name in self.inputs if name in sentences), None)
        if first is not None:
            form_parts.focus(self.inputs[first])
        elif message:
            with self.note:
                elements.callout("bad", message)

    def clear(self) -> None:
        """Empty the fields in the browser, and forget what was wrong."""
        self.blame({})
        self.element.client.run_javascript(f"getHtmlElement({self.element.id})?.reset()")

    def focus(self, name: str) -> None:
        """Put the keyboard into a field."""
        form_parts.focus(self.inputs[name])

    async def _send(self, typed: dict[str, str]) -> None:
        if self.is_busy:
            return
        self.is_busy = True
        elements.busy(self.button, True)
        try:
            await self.work(typed)
        except Invalid as error:
            self.blame(error.fields, error.message)
        except StreamlineError as error:
            self.blame({}, error.message)
        finally:
            self.is_busy = False
            if not self.button.is_deleted:
                elements.busy(self.button, False)

    @contextmanager
    def _field(self, name: str, label: str, hint: str) -> Iterator[None]:
        """The label above what is drawn inside, and the line below it."""
        with tag("div", "sl-field"):
            self.label = Words(label, name="label")
            yield
            line = Words(hint, "sl-help")
        line.set_visibility(bool(hint))
        self.hints[name] = (line, hint)

    def _adopt(self, name: str, made: Element) -> Element:
        """Tie the label and the line below to the field."""
        self.label.props["for"] = made.html_id
        made.props["id"] = made.html_id
        made.props["aria-describedby"] = self.hints[name][0].html_id
        self.inputs[name] = made
        return made


def _mark(made: Element, *, is_wrong: bool) -> None:
    if is_wrong:
        made.props["aria-invalid"] = "true"
    else:
        made.props.pop("aria-invalid", None)
    made.update()
