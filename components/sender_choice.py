"""Which of a sender's events start the workflow, each with a sample to build against."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui.events import GenericEventArguments

from components import elements, form_parts
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from streamline_ui.providers import sender_events


def draw(session: EditorSession, use_sample: Callable[[str], Any]) -> None:
    """A box for each event that the sender of this check offers; nothing where it is anybody.

    `use_sample` is called with the event whose sample is wanted.
    """
    trigger: Json = session.draft.values[TRIGGER]
    offered = sender_events.of(trigger.get("verification", {}).get("scheme", "none"))
    if not offered:
        return
    chosen: list[str] = trigger.get("events", [])

    def choose(event: str, is_on: bool) -> None:
        others = [each for each in session.draft.values[TRIGGER].get("events", []) if each != event]
        session.change(lambda: session.draft.values[TRIGGER].update(events=[*others, *([event] if is_on else [])]))

    box = form_parts.folded("Events")
    box.props["open"] = bool(chosen)
    with box:
        Words("Without a choice, every event starts the workflow.", "small muted", "p")
        with tag("ul", "sl-lines"):
            for each in offered:
                with tag("li"):
                    with tag("label", "sl-check grow"):
                        box = tag("input", type_="checkbox", value=each.event)
                        box.props["defaultChecked"] = each.event in chosen
                        box.on("change", _heard(choose, each.event), js_handler="(event) => emit(event.target.checked)")
                        Words(each.title)
                    button = elements.button("Use sample", partial(use_sample, each.event), kind="sm ghost")
                    button.props["aria-label"] = f"Use the sample of {each.title}"


def _heard(choose: Callable[[str, bool], None], name: str) -> Callable[[GenericEventArguments], None]:
    return lambda event: choose(name, bool(event.args))
