"""Begins a workflow: an empty one, the sample, or a recipe. Only a press of a button makes one, never an address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element

from components import elements, recipes
from components.form_parts import Words, tag
from streamline_ui.errors import StreamlineError
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog, drafts, samples


def sample_of(user_id: str) -> Workflow | None:
    """The sample workflow, where there is one already."""
    return next((row for row in catalog.all_of(user_id) if row.name == samples.NAME), None)


async def begin(user_id: str, button: Element) -> None:
    """Make an empty workflow and go to its editor."""
    await _make(button, lambda: f"/workflows/{drafts.new(user_id).id}")


async def begin_sample(user_id: str, button: Element) -> None:
    """Go to the sample, which is made where there is none."""
    await _make(button, lambda: f"/workflows/{(sample_of(user_id) or samples.create(user_id)).id}?open=trigger")


async def _make(button: Element, make: Callable[[], str]) -> None:
    if button.props.get("aria-busy"):
        return  # pressed twice
    elements.busy(button, True)
    try:
        path = await asyncio.to_thread(make)
    except StreamlineError as error:
        elements.busy(button, False)
        elements.toast(error.message)
        return
    ui.navigate.to(path)


def draw(user_id: str, *, sample_first: bool = False) -> None:
    """The page that addresses lead to: what can be begun, as buttons. The first has the keyboard."""
    with tag("header", "sl-page-head"), tag("div", "grow"):
        Words("New workflow", "sl-h1", "h1")
        Words("It stays a draft, and does nothing, until you publish it.", "sub", "p")
    begins: list[tuple[str, str, Callable[[str, Element], Any]]] = [
        ("Start from scratch", "plus", begin),
        ("Try the sample workflow", "play", begin_sample),
    ]
    with tag("div", "sl-card sl-empty sl-first"):
        elements.stream_line()
        Words("When something happens, do something", "sl-h2", "h2")
        Words("The sample needs no account; it runs in 10 seconds.", "sub", "p")
        with tag("div", "row wrap sl-first-buttons"):
            for number, (label, icon, work) in enumerate(reversed(begins) if sample_first else begins):
                _button(user_id, label, icon, work, is_first=number == 0)
    with tag("section", "sl-section"):
        recipes.draw(user_id)


def _button(user_id: str, label: str, icon: str, work: Callable[[str, Element], Any], *, is_first: bool) -> None:
    button = elements.button(label, kind="primary" if is_first else "", icon=icon)
    if is_first:
        button.props["autofocus"] = True
    button.on("click", lambda: work(user_id, button), args=[])
