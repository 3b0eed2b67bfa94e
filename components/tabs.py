"""Tabs that are drawn when they are chosen. Arrow keys move between them, as they do in every list of tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nicegui.element import Element

from components.form_parts import Words, tag

MOVES = """(e) => {
const step = {ArrowLeft: -1, ArrowRight: 1, Home: -99, End: 99}[e.key];
if (!step) return;
e.preventDefault();
const all = [...e.currentTarget.querySelectorAll('[role=tab]')];
const at = all.indexOf(document.activeElement) + step;
const next = all[Math.abs(step) === 99 ? (step > 0 ? all.length - 1 : 0) : (at + all.length) % all.length];
next.focus(); next.click();
}"""


class Tabs:
    """`draws` are the names of the tabs, with what fills the space below."""

    def __init__(self, draws: Mapping[str, Callable[[], None]], label: str, chosen: str) -> None:
        self.draws = draws
        self.chosen = ""
        self.buttons: dict[str, Element] = {}
        with tag("div", "sl-tabset", role="tablist", aria_label=label).on("keydown", js_handler=MOVES) as bar:
            for name in draws:
                button = tag("button", "", type_="button", role="tab", id=f"{bar.html_id}-{len(self.buttons)}")
                with button.on("click", lambda name=name: self.choose(name), args=[]):
                    Words(name)
                self.buttons[name] = button
        self.panel = tag("div", "sl-tabset-panel", role="tabpanel", tabindex="-1")
        self.choose(chosen if chosen in draws else next(iter(draws)))

    def choose(self, name: str) -> None:
        """Show this one."""
        if name == self.chosen:
            return
        self.chosen = name
        for each, button in self.buttons.items():
            button.props["aria-selected"] = "true" if each == name else "false"
            button.props["tabindex"] = "0" if each == name else "-1"
        self.panel.props["aria-labelledby"] = self.buttons[name].props["id"]
        self.panel.clear()
        with self.panel:
            self.draws[name]()
